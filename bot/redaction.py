"""Secrets and names out, before anything is kept, logged or shown again.

Runs on RE2: a paste is hostile, and this must stay linear in its length.
"""

from typing import Any

import re2

_RULES: tuple[tuple[str, str], ...] = (
    (r"(?s)-----BEGIN [A-Z0-9 ]{1,40}-----[^-]*(?:-----END [A-Z0-9 ]{1,40}-----)?", "[PEM removed]"),
    (r"(?i)(message=)(?:[A-Za-z0-9+/=_-]|%[0-9A-Fa-f]{2}){24,}(?:\.{3})?", r"\1[SCEP message removed]"),
    (r"\bMII[A-Za-z0-9+/=_-]{20,}", "[base64 removed]"),
    (r"(?i)(challenge password is:?\s*)[0-9A-Za-z]{3,}", r"\1[challenge removed]"),
    (r"(?i)(challenge(?: ?password)?\s*[:=]\s*[\"']?)[^\s\"'<>,;]{4,}", r"\1[challenge removed]"),
    (
        r"(?i)(\b(?:password|passwd|pwd|secret|token|api[_-]?key|passwort|kennwort)\s*[:=]\s*[\"']?)[^\s\"'<>,;]{3,}",
        r"\1[secret removed]",
    ),
    (r"(?i)(authorization:\s*\w+\s+)\S+", r"\1[secret removed]"),
    (r"\b(?:xox[abposr]-|xapp-|eyJ)[A-Za-z0-9._-]{10,}", "[token removed]"),
    (r"\b[0-9A-Fa-f]{40,}\b", "[hex removed]"),
    (r"\b[A-Za-z0-9+/]{60,}={0,2}", "[base64 removed]"),
    (r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+", "[address removed]"),
    (r"\bS-1-\d{1,3}(?:-\d{1,12}){3,}", "[SID removed]"),
    (r"\b[A-Z][A-Z0-9-]{1,14}\\[A-Za-z][A-Za-z0-9._-]{1,40}", "[account removed]"),
    (r"(?i)\b(CN=)[A-Za-z\xc0-\xff]+(?:[ .][A-Za-z\xc0-\xff]+)+", r"\1[name removed]"),
)


def _compiled() -> tuple[tuple[Any, str], ...]:
    options = re2.Options()
    options.log_errors = False
    return tuple((re2.compile(rule, options), replacement) for rule, replacement in _RULES)


_COMPILED = _compiled()


def redact(text: str) -> str:
    """The text without secrets (challenges, keys, messages, tokens) and personal names."""
    for rule, replacement in _COMPILED:
        text = rule.sub(replacement, text)
    return text


def is_clean(text: str) -> bool:
    """Whether nothing in the text would be removed."""
    return not any(rule.search(text) for rule, _ in _COMPILED)
