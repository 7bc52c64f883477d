"""Names of people: nobody's error is kept under his name."""

from bot.redaction.judges import authority
from bot.redaction.types import Rule

_HOST = r"[A-Za-z0-9\xc0-\xff-]{1,63}(?:\.[A-Za-z0-9\xc0-\xff-]{1,63})+"
_ADDRESS = "[address removed]"
_NO_ACCOUNT = (
    r"\b(?:NT AUTHORITY|NT SERVICE|APPPOOL|BUILTIN|HKLM|HKCU|HKEY_[A-Z_]+)\\\S*"  # the system's own names
    r"|[\w.$:-]*\\[\w.$-]+\\[\w.$\\-]*|\\\\[\w.$-]+\\[\w.$\\-]*|\b[A-Z]:\\[\w.$-]*"  # paths
    r"|\b(?:certsrv|inetpub|system32|windows|bin|logs?|temp|certificates|mscep|software|files|intune|ca|policy|exit|chain|localmachine|currentuser)\\[\w.$-]*"
    r"|\b[\w-]+\\[\w-]+\.(?:dll|exe|log|svclog|ps1|msi|config|cer|crt|crl|inf|txt|aspx|evtx|etl)\b"
    r"|\b[\w-]+\\(?:[nrt]\b|(?-i:[nrt][A-Z0-9<]\S*))"  # escapes of a text that was pasted as code
)
"""What has a backslash in it and is no account."""

RULES = (
    Rule("an address of mail, or a UPN", rf"[A-Za-z0-9\xc0-\xff._%+-]+@{_HOST}", note=_ADDRESS),
    Rule(
        "`john.doe (at) contoso.com`",
        rf"[A-Za-z0-9\xc0-\xff_-]+\.[A-Za-z0-9\xc0-\xff._-]+(?: @|\s?[(\[]at[)\]]) ?{_HOST}",
        note=_ADDRESS,
    ),
    Rule("the identifier of an account", r"\bS-1-\d{1,3}(?:-\d{1,12}){3,}", note="[SID removed]"),
    Rule(
        r"`DOMAIN\name`, but not what only has a backslash in it",
        rf"(?i)(?:{_NO_ACCOUNT})|(\b[A-Z][A-Z0-9-]{{1,14}}\\{{1,2}}[A-Z][A-Z0-9._-]{{1,40}}\$?)",
        note="[account removed]",
    ),
    Rule(
        "a subject of several words is a person's",
        r"(?i)\bCN=([A-Za-z\xc0-\xff]+(?:[ .][A-Za-z\xc0-\xff]+)+)",
        authority,
        "[name removed]",
    ),
)
