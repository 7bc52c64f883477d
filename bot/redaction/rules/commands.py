"""Secrets in the arguments of commands: PowerShell, certutil, curl, net use and their like."""

from bot.redaction.judges import next_argument, unless_odd
from bot.redaction.rules.wording import VALUE, WORD
from bot.redaction.types import Rule

_FLAG = r"pass|passin|passout|password|passwd|passphrase|pwd|secret|token|challenge|-key|storepass|keypass"
_PROGRAM = r"certutil|certreq|sscep|openssl|psexec\w*|curl|keytool|mysql|sshpass|winrs|sqlcmd|osql|bcp"
_AT = r"(?:^|[\s\"'(`,])"
_TO = r"[\"']?[ \t:=,]+"
"""Around an option: `-p X`, `/p:X`, `'-p', 'X'`."""
_NET_USE = r"\bnet(?:1|\.exe)? use\b"

RULES = (
    Rule(
        "`-Password X`, `--client-secret=X`, `/pass:X`, `-passin pass:X`",
        rf"(?i){_AT}(?:--?|/)[\w-]*(?:{_FLAG}){_TO}(?:pass:)?{VALUE}",
        next_argument,
    ),
    Rule("`/p:X`, `-pw X`, `/rp X`: too short to trust", rf"(?i){_AT}[-/](?:pw?|rp|pd){_TO}{WORD}", unless_odd),
    Rule(
        "`-p X` of a program that takes a password there",
        rf"(?i)\b(?:(?:{_PROGRAM})\b[^\n\x00]{{0,200}}?{_AT}[-/]p|ldap[a-z]+\s[^\n\x00]{{0,200}}?\s-w){_TO}{VALUE}",
        next_argument,
    ),
    Rule(
        "`curl -u admin:X`, `-sku admin:X`",
        rf"(?i)(?:\s-u|\s--user|\s--proxy-user|\bcurl\s-[a-z]{{1,4}}u)[ =]+[\"']?[^\s:\"'\x00]+:{VALUE}",
        next_argument,
    ),
    Rule(
        "`net use \\\\srv\\c$ /user:svc X`",
        rf"(?i){_NET_USE}[^\n\x00]{{0,200}}?/u(?:ser)?:[^\s\x00]+\s+{VALUE}",
        next_argument,
    ),
    Rule(
        "`net use z: \\\\srv\\c$ X /user:svc`",
        rf"(?i){_NET_USE}\s+[^\s\x00]+(?:\s+\\\\[^\s\x00]+)?\s+{VALUE}\s+/u",
        next_argument,
    ),
    Rule("`net user svc X`", rf"(?i)\bnet(?:1|\.exe)? user\s+[^\s\x00]+\s+{VALUE}", next_argument),
    Rule("a secure string made of a plain one", rf"(?i)ConvertTo-SecureString\s+(?:-\w+\s+)*{VALUE}", next_argument),
    Rule("the same behind a pipe", r"(?i)([\"'][^\"'\n\x00]+[\"'])\s*\|\s*ConvertTo-SecureString"),
    Rule("credentials made in place", r"(?i)(?:NetworkCredential|PSCredential)\s*\(([^)\n\x00]+)"),
)
