"""The nouns: a place in a text, what a rule says, and what goes because of it."""

from collections.abc import Callable
from typing import NamedTuple

SECRET = "[secret removed]"  # noqa: S105

Span = tuple[int, int]
"""Where something stands in a text: first character, and the one behind the last."""

Judge = Callable[[str, str], bool]
"""(what a rule found, the characters before it) -> whether it stays."""


class Rule(NamedTuple):
    """`pattern` is RE2 over Latin-1 bytes; what its group holds goes, or all it found where it has none.

    `why` gives the reason, or shows what is caught; `stays` spares what is no secret though it was found;
    `note` is left in the place of what goes.
    """

    why: str
    pattern: str
    stays: Judge | None = None
    note: str = SECRET


class Hit(NamedTuple):
    """What goes, from `start` to before `end`, and the note that is left there."""

    start: int
    end: int
    note: str
