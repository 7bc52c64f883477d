"""Secrets and names out, before anything is kept, logged or shown again.

Where to look: what goes, and why, is said by the tables in `rules/`; what is spared though a rule found
it, by `judges.py` and `words.py`; how a text is looked at, by `views.py`; how it is searched, by `search.py`.
"""

from collections.abc import Iterable

from bot.redaction.types import Hit, Span
from bot.redaction.windows import windows

__all__ = ["Span", "is_clean", "redact", "secrets", "secrets_near"]

_WHOLE = 64_000  # characters of a text that is always looked at whole
_ROUNDS = 8  # what is removed may bring to light what was no secret before; seldom more than once


def redact(text: str) -> str:
    """The text without secrets (challenges, keys, messages, tokens) and personal names."""
    text = _whole_characters(text)
    for _ in range(_ROUNDS):
        found = _hits(text)
        if not found:
            return text
        text = _without(text, found)
    return "[text removed]"


def is_clean(text: str) -> bool:
    """Whether nothing in the text would be removed or replaced."""
    return not _hits(text) and text == _whole_characters(text)


def secrets(text: str) -> list[Span]:
    """Where in the text (start, end) something must go, in order; none overlap."""
    return [(hit.start, hit.end) for hit in _hits(text)]


def secrets_near(text: str, places: Iterable[Span]) -> list[Span]:
    """The same, but in a long text only around some places: time is bounded by their number."""
    if len(text) <= _WHOLE:
        return secrets(text)
    return [
        (base + start, base + end) for base, last in windows(text, places) for start, end in secrets(text[base:last])
    ]


def _hits(text: str) -> list[Hit]:
    """The rules are loaded for the first text, not before: that takes longer than the rest of a small command."""
    from bot.redaction.search import hits

    return hits(text)


def _whole_characters(text: str) -> str:
    """Half characters cannot be kept anywhere."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _without(text: str, found: Iterable[Hit]) -> str:
    parts: list[str] = []
    at = 0
    for hit in found:
        parts += [text[at : hit.start], hit.note]
        at = hit.end
    return "".join(parts) + text[at:]
