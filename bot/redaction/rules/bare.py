"""Secrets that are told by their looks alone, whatever stands around them."""

from bot.redaction.judges import unless_base64, unless_mixed_hex, unless_strong
from bot.redaction.types import Rule

_BASE64 = r"[A-Za-z0-9+/]{20,}"
_ID = (
    r"(?:publickeytoken|serial[ _-]?(?:number|no\.?|nr\.?)|seriennummer|num.ro de s.rie|n.mero de serie|serienummer|"
    r"(?:trans(?:action)?|correlation|activity|request|trace|tenant|client|device|object)[ _-]?id|transaktions-?id|guid|uuid)"
)
"""What has a name and is public: a diagnosis needs it to find the same request elsewhere."""

RULES = (
    Rule(
        "beginnings that say whose token it is: Slack, JSON web tokens, AWS, GitHub, GitLab, Google",
        r"\b(?:(?:xox[abeposr][.-]|xapp-|eyJ)[A-Za-z0-9._-]{10,}|AKIA[A-Z0-9]{16}\b|(?:gh[opsur]_|github_pat_|glpat-|sk-|AIza)[A-Za-z0-9_-]{16,})",
        note="[token removed]",
    ),
    Rule("a client secret of Entra ID", r"\b[A-Za-z0-9_.~-]{3}\dQ~[A-Za-z0-9_.~-]{31,}", note="[token removed]"),
    Rule(
        "a fingerprint tells which certificate it is, and so whose",
        r"\b(?:[0-9A-Fa-f]{40,}|(?:[0-9A-Fa-f]{2}[ :]){19,}[0-9A-Fa-f]{2})\b",
        note="[hex removed]",
    ),
    Rule(
        "a challenge of NDES has 16 or 32 digits, letters and digits mixed; so has the hash of a password",
        rf"(?i)(?:{_ID}[\s\"'#:=]{{1,6}}[0-9A-F]+|\b([0-9A-F]{{16}}|[0-9A-F]{{32}})\b)",
        unless_mixed_hex,
    ),
    Rule(
        "base64, in one line or several",
        rf"(?m)(\b[A-Za-z0-9_-]*{_BASE64}[A-Za-z0-9+/_-]*={{0,2}}(?:(?:[\s>]|\\[nr])+{_BASE64}={{0,2}})*"
        r"(?:[ \t\r]*\n(?:[>|] ?)?[A-Za-z0-9+/]+={0,2}[ \t\r]*$)?)",
        unless_base64,
        "[base64 removed]",
    ),
    Rule(
        "capitals, small letters, digits and signs in one word: a password",
        r"([^\s\x00\"'<>()]{0,64}[!$#*~^@\xa7][^\s\x00\"'<>()]{0,64})",
        unless_strong,
    ),
)
