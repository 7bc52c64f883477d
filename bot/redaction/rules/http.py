"""Secrets in headers, cookies, parameters and addresses of HTTP."""

from bot.redaction.judges import ordinary, port, unless_odd
from bot.redaction.rules.wording import VALUE
from bot.redaction.types import Rule

_SCHEME = r"Basic|Bearer|Negotiate|NTLM|Digest|Kerberos|Token|SharedAccessSignature|ApiKey"
_TOKEN = r"[A-Z0-9._~+/=-]"  # noqa: S105
_PAIR = r"[^\s=;\"\x00]+(?:=[^\s;\"\x00]*)?"

RULES = (
    Rule(
        "`Authorization: Basic X`, also quoted as JSON",
        rf"(?i)authori[sz]ation[\"'\\]*\s*[:=]\s*[\"'\\]*(?:(?:{_SCHEME})\s+)?{VALUE}",
        ordinary,
    ),
    Rule(
        "a scheme and its token, without the header's name",
        rf"(?i)\b(?:Basic|Bearer|Negotiate|NTLM)[\s:]+({_TOKEN}*[0-9]{_TOKEN}{{7,}}|{_TOKEN}{{20,}})",
        ordinary,
    ),
    Rule("`bearer: X`, a short one", r"(?i)bearer: ?([^\s\x00]{6,})", unless_odd),
    Rule(
        "a cookie is as good as a login",
        rf"(?i)cookie2?[\"'\\]*\s*[:=]\s*[\"'\\]*([^\s=;\"\x00]+=[^\s;\"\x00]+(?:;\s*{_PAIR})*)",
    ),
    Rule(
        "`&sig=X`: parameters that sign or log in",
        r"(?i)\b(?:sig|signature|code|assertion|state|ticket|\w*session\w*|sid|key)=([A-Z0-9._~+/%=*-]{16,})",
        unless_odd,
    ),
    Rule("`https://name:X@host`", r"://([^\s:/@?#\x00]*:[^\s\x00]+|[^\s/?#@\x00]+)@", port),
    Rule("`name:X@host`", r"[\w.-]:([^\s@:/\x00]{4,})@\w", unless_odd),
)
