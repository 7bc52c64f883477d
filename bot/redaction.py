"""Secrets and names out, before anything is kept, logged or shown again.

Runs on RE2: a paste is hostile, and this must stay linear in its length.
"""

from collections.abc import Callable
from typing import Any

import re2

_Put = str | Callable[[Any], str]


_KEPT = (
    r"\b(?:NT AUTHORITY|NT SERVICE|APPPOOL|BUILTIN|HKLM|HKCU|HKEY_[A-Z_]+)\\\S*"  # the system's own names
    r"|[\w.$:-]*\\[\w.$-]+\\[\w.$\\-]*|\\\\[\w.$-]+\\[\w.$\\-]*|\b[A-Z]:\\[\w.$-]*"  # paths
    r"|\b(?:certsrv|inetpub|system32|windows|bin|logs?|temp|certificates|mscep|software)\\[\w.$-]*"
    r"|\b[\w-]+\\[\w-]+\.(?:dll|exe|log|svclog|ps1|msi|config|cer|crt|crl|inf|txt|aspx|evtx|etl)\b"
    r"|\b[\w-]+\\(?:[nrt]\b|(?-i:[nrt][A-Z0-9<]\S*))"  # escapes of a text that was pasted as code
)
"""What has a backslash in it and is no account."""


def _account(found: Any) -> str:
    return found[1] or "[account removed]"


_RULES: tuple[tuple[str, _Put], ...] = (
    (r"(?s)-----BEGIN [A-Z0-9 ]{1,40}-----(?:[^-]|-[^-])*(?:-----END [A-Z0-9 ]{1,40}-----)?", "[PEM removed]"),
    (r"(?i)(message=)(?:[A-Za-z0-9+/=_-]|%[0-9A-Fa-f]{2}){24,}(?:\.{3})?", r"\1[SCEP message removed]"),
    (r"\bMII[A-Za-z0-9+/=_-]{20,}", "[base64 removed]"),
    (r"(?i)(challenge password is:?(?:\s|<b>)*)(?:\[secret removed\]|[A-Z]*[0-9][0-9A-Z]{2,})", r"\1[secret removed]"),
    (
        r"(?i)((?:challenge|password|passwd|pwd|secret|token|api[_-]?key|passwort|kennwort)[\"']?\s*[:=](?:\s|<b>)*[\"']?)(?:\[secret removed\]|[^\s\"'<>,;]{3,})",
        r"\1[secret removed]",
    ),
    (r"(?i)(authorization\s*[:=]\s*\w+\s+)(?:\[secret removed\]|[^\s\"']+)", r"\1[secret removed]"),
    (r"(?i)(\bbearer\s+)[A-Z._~+/=-]*[0-9][A-Z0-9._~+/=-]{7,}", r"\1[secret removed]"),
    (r"\b(?:xox[abposr]-|xapp-|eyJ)[A-Za-z0-9._-]{10,}", "[token removed]"),
    (r"\b(?:[0-9A-Fa-f]{40,}|(?:[0-9A-Fa-f]{2}[ :]){19,}[0-9A-Fa-f]{2})\b", "[hex removed]"),
    (r"\b[A-Za-z0-9+/]{60,}={0,2}", "[base64 removed]"),
    (r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+", "[address removed]"),
    (r"\bS-1-\d{1,3}(?:-\d{1,12}){3,}", "[SID removed]"),
    (rf"(?i)({_KEPT})|\b[A-Z][A-Z0-9-]{{1,14}}\\{{1,2}}[A-Z][A-Z0-9._-]{{1,40}}\$?", _account),
    (r"(?i)\b(CN=)[A-Za-z\xc0-\xff]+(?:[ .][A-Za-z\xc0-\xff]+)+", r"\1[name removed]"),
)


def _compiled() -> tuple[tuple[Any, _Put], ...]:
    options = re2.Options()
    options.log_errors = False
    return tuple((re2.compile(rule, options), replacement) for rule, replacement in _RULES)


_COMPILED = _compiled()


def redact(text: str) -> str:
    """The text without secrets (challenges, keys, messages, tokens) and personal names."""
    text = text.encode("utf-8", "replace").decode("utf-8")  # RE2 takes no half characters
    for rule, replacement in _COMPILED:
        text = rule.sub(replacement, text)
    return text


def is_clean(text: str) -> bool:
    """Whether nothing in the text would be removed."""
    return redact(text) == text.encode("utf-8", "replace").decode("utf-8")


def secrets(text: str) -> list[tuple[int, int]]:
    """Where in the text (start, end) something must go; may overlap."""
    text = "".join("?" if "\ud800" <= c <= "\udfff" else c for c in text)
    found = []
    for rule, _ in _COMPILED:
        for match in rule.finditer(text):
            start = match.end(1) if rule.groups and match[1] else match.start()
            if start < match.end():
                found.append((start, match.end()))
    return found
