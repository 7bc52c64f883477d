"""A long text is cut down to the passages that could matter: what is rare in it, not what comes first."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import NamedTuple

from knowledge.patterns import Span, pattern

LONG = 64_000
"""Characters up to which a text is read as a whole."""
_LINE = 4_000  # a longer line is looked at in pieces
_OVERLAP = 200  # pieces of one line share so much, that no word is cut in two
_ALIKE = 4  # lines of the same make that are kept; the rest would say the same again
_NOVEL = 150_000  # characters of lines unlike all before that are looked at closely
_PASSAGE = 16_000  # characters of one passage
_READ = 250_000  # characters of all passages

_INTEREST = pattern(
    r"0x[89c][0-9a-f]{7}|\b[89][0-9a-f]{7}\b|-21\d\d\d\d\d\d\d\d|\b21[45]\d\d\d\d\d\d\d\b|\b12\d\d\d\b|[ \"][1345]\d\d[ .]\d{1,3}[ .]\d{1,9}|"
    r"\b(?:error|fehler|erreur|fail(?:ed|ure|s)?|denied|refused|invalid|expired|exception|timed? ?out|unreachable|warn(?:ing)?|stopped|false)\b|"
    r"event ?id\W{1,4}\d{1,5}|pki ?status|fail ?info|m?scep|ndes|certificateregistration|certenroll|intune|connector|challenge|certsvc|capi2|"
    r"zertifi|registrierung|enrol|\bcrl\b"
)
_DIGITS = b"0123456789abcdef"  # left out of a line, what remains is its make

Marks = Callable[[bytes], list[int]]
"""The ids of the patterns that occur in a line."""


class _Kept(NamedTuple):
    """A line worth reading, and what makes it so: the words of interest and the patterns in it."""

    span: Span
    shows: frozenset[object]


def of_interest(line: str) -> bool:
    """Whether a line has a word or a number in it that could matter."""
    return _INTEREST.search(line.lower().encode("latin-1", "replace")) is not None


def passages(text: str, marks: Marks) -> Iterator[Span]:
    """Spans of a long text worth reading, in order: 250,000 characters at most, no span over 16,000.

    Lines of the same make say the same, so four of each are kept; where too many are left, those that
    show what is rare in the text win.
    """
    kept, seen = _interesting(text, marks)
    spans: list[Span] = []
    budget = _READ
    for one in sorted(kept, key=lambda one: -sum(1 / seen[sign] for sign in one.shows)):
        spans.append(_with_neighbours(text, one.span))
        budget -= spans[-1].end - spans[-1].start
        if budget < 0:
            break
    yield from _joined(sorted(spans))


def _interesting(text: str, marks: Marks) -> tuple[list[_Kept], Counter[object]]:
    """The lines to choose from, and how many lines of the text show each sign."""
    kept: list[_Kept] = []
    seen: Counter[object] = Counter()
    makes: Counter[object] = Counter()
    budget = _NOVEL
    for span, words in _lines(text):
        data = text[span.start : span.end].lower().encode("latin-1", "replace")
        make = hash((words, data.translate(None, _DIGITS)))
        makes[make] += 1
        seen.update(words)
        if makes[make] > _ALIKE:
            continue
        found: list[int] = []
        if budget > 0:
            budget -= len(data) if makes[make] == 1 else 0
            found = marks(data)
            seen.update(found)
        kept.append(_Kept(span, words.union(found)))
    return kept, seen


def _lines(text: str) -> Iterator[tuple[Span, frozenset[object]]]:
    """Each line in which a word of interest stands, with those words; long lines in pieces."""
    for span, hits in groupby(_hits(text), key=lambda hit: hit[0]):
        yield span, frozenset(word for _, word in hits)


def _hits(text: str) -> Iterator[tuple[Span, bytes]]:
    for base in range(0, len(text), 1 << 20):
        start = text.rfind("\n", max(0, base - _LINE), base) + 1 if base else 0
        data = text[start : base + (1 << 20)].lower().encode("latin-1", "replace")
        line = Span(0, 0)
        for found in _INTEREST.finditer(data):
            at = start + found.start()
            if at < base:
                continue
            if not line.start <= at < line.end:
                line = _line_at(text, at)
            yield line, found.group()


def _line_at(text: str, at: int) -> Span:
    """The line around a place, or the piece of it where it is long."""
    start = text.rfind("\n", max(0, at - _LINE), at) + 1
    if not start:
        start = max(0, at - _OVERLAP)
    end = text.find("\n", at, start + _LINE)
    return Span(start, end if end >= 0 else min(len(text), start + _LINE))


def _with_neighbours(text: str, span: Span) -> Span:
    """The line with the one before and the one after it: an event's text stands below its number."""
    start = text.rfind("\n", max(0, span.start - _LINE), max(0, span.start - 1)) + 1
    end = text.find("\n", min(len(text), span.end + 1), span.end + _LINE)
    return Span(start or max(0, span.start - _OVERLAP), end if end >= 0 else min(len(text), span.end + _OVERLAP))


def _joined(spans: list[Span]) -> Iterator[Span]:
    current: Span | None = None
    for span in spans:
        if current and span.start <= current.end and span.end - current.start <= _PASSAGE:
            current = Span(current.start, max(current.end, span.end))
        else:
            if current:
                yield current
            current = span
    if current:
        yield current
