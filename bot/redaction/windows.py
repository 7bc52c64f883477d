"""In a very long text, the parts around some places in which every secret that touches them is whole."""

from collections.abc import Iterable

from bot.redaction.types import Span

_NEAR = 2_000  # characters around a place in which the word that makes a secret of another stands
_LONGEST = 200_000  # characters of a key or a message that is searched for its beginning and its end
_BEGIN, _END = ("BEGIN ", "begin "), ("END ", "end ")
_BLANKS = (" ", "\n")


def windows(text: str, places: Iterable[Span]) -> list[Span]:
    """What is to be looked at around the places, in order; a key, a message and a long word are in it whole."""
    kept: list[Span] = []
    for start, end in sorted(places):
        first, last = _beginning(text, max(0, start - _NEAR)), _ending(text, min(len(text), end + _NEAR))
        if kept and first <= kept[-1][1]:
            kept[-1] = kept[-1][0], max(last, kept[-1][1])
        else:
            kept.append((first, last))
    return kept


def _beginning(text: str, at: int) -> int:
    """A place before `at` where no secret is open, as far as can be seen."""
    low = max(0, at - _LONGEST)
    begin = _last_of(text, _BEGIN, low, at)
    if begin > _last_of(text, _END, low, at):
        at = max(low, begin - 10)
    return max(low, _last_of(text, _BLANKS, low, at))


def _ending(text: str, at: int) -> int:
    """A place behind `at` where no secret is open."""
    high, low = min(len(text), at + _LONGEST), max(0, at - 2 * _NEAR)
    if _last_of(text, _BEGIN, low, at) > _last_of(text, _END, low, at):
        end = _first_of(text, _END, at, high)
        at = min(high, end + 100) if end >= 0 else at
    blank = _first_of(text, _BLANKS, at, high)
    return blank if blank >= 0 else high


def _last_of(text: str, words: Iterable[str], start: int, end: int) -> int:
    return max(text.rfind(word, start, end) for word in words)


def _first_of(text: str, words: Iterable[str], start: int, end: int) -> int:
    return min((found for word in words if (found := text.find(word, start, end)) >= 0), default=-1)
