"""Keys, certificates and requests between BEGIN and END, and messages of SCEP."""

from bot.redaction.types import Rule

_DASHED = r"[A-Z0-9][\w +]{1,60}?"
_BEGIN = rf"(?:-*(?:--|-- )BEGIN[ +]{_DASHED}\s?-{{2,}}|\bBEGIN\s(?:\w+\s){{0,3}}PRIVATE\sKEY\b[^\w\n]*)"
_END = rf"-*(?:--|-- )END[ +]{_DASHED}\s?-{{2,}}"
_BREAK = r"(?:[\s>|\"'`]|\\[nr])"
_HEADER_LINES = r"(?:[\w-]{3,20}: [^\n\x00]*\s+)*"
_LINE = r"(?:[A-Z0-9+/=]+[ \t\r]*$|[A-Z0-9+/=_-]{8,})"
_PEM = "[PEM removed]"

_CHARACTER = r"(?:[A-Za-z0-9+/=_*-]|%[0-9A-Fa-f]{2}|<wbr ?/?>|\.\.\.)"
_CHANGING = rf"[A-Za-z0-9+/%]*(?-i:[a-z][A-Z]|[A-Z]{{2}}[a-z]|[0-9][a-z]|[+/%=]){_CHARACTER}*"
_WRAPPED = rf"(?:\s+(?:[A-Za-z0-9+/]{{20,}}|{_CHANGING}))*"
"""The rest of a message that a chat or a mail has cut into lines."""

RULES = (
    Rule("whole, however many lines and whatever headers", rf"(?i){_BEGIN}(?:[^-]|-{{1,3}}[^-])*?{_END}", note=_PEM),
    Rule(
        "cut off before its end",
        rf"(?im){_BEGIN}{_BREAK}*{_HEADER_LINES}[A-Z0-9+/=_%-]*"
        rf"(?:{_BREAK}+[A-Z0-9+/=]{{20,}}|(?:\r?\n|\\n)[ \t>|]*{_LINE})*",
        note=_PEM,
    ),
    Rule(
        "cut off behind its beginning",
        rf"(?im)(?:^[ \t>|]*[A-Z0-9+/=]+[ \t\r]*\n)*(?:[A-Z0-9+/=]+{_BREAK}*)?{_BREAK}*{_END}",
        note=_PEM,
    ),
    Rule(
        "what a device sent in the query, the challenge in it encrypted; also half undone, also cut short",
        rf"(?i)message[\"']?\s?(?:=|%(?:25)?3D|:)\s?[\"']?((?:(?-i:MI[A-Z]){_CHARACTER}*|{_CHARACTER}{{24,}}){_WRAPPED})",
        note="[SCEP message removed]",
    ),
    Rule(
        "a message, request, certificate or container without its frame: so DER begins in base64",
        rf"\b(?:MII|MIAGC){_CHARACTER}{{4,}}{_WRAPPED}",
        note="[base64 removed]",
    ),
)
