"""A long text is cut down to the passages that could matter, in one linear pass over its lines."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

from knowledge.patterns import Span, pattern

LONG = 64_000
"""Characters up to which a text is read as a whole."""
_LINE = 4_000  # a longer line is looked at in pieces
_SHORTEST = 3  # a shorter line says nothing
_OVERLAP = 200  # pieces of one line share so much, that no word is cut in two
_ALIKE = 4  # passages of the same make that are read; the rest would say the same again
_PASSAGES = 400
_PASSAGE = 16_000  # characters of one passage

_INTEREST = pattern(
    r"0x[89c][0-9a-f]{7}|\b[89][0-9a-f]{7}\b|-21\d\d\d\d\d\d\d\d|\b21[45]\d\d\d\d\d\d\d\b|\b12\d\d\d\b|[ \"][345]\d\d[ .]\d{1,3}[ .]\d{1,9}|"
    r"\b(?:error|fehler|erreur|fail(?:ed|ure)?|denied|refused|invalid|expired|exception|timed? ?out|unreachable|warn(?:ing)?)\b|"
    r"event ?id\W{1,4}\d{1,5}|pki ?status|fail ?info|m?scep|ndes|certificateregistration"
)

Marks = Callable[[bytes], list[int]]
"""The ids of the patterns that occur in a line."""


def passages(text: str, marks: Marks) -> Iterator[Span]:
    """Spans of a long text worth reading, in order, at most 400 of 16,000 characters each.

    Lines that show the same signs are alike; after the fourth of a make the others are passed over.
    """
    seen: Counter[tuple[object, ...]] = Counter()
    kept: list[Span] = []
    for span in _lines(text):
        if span.end - span.start < _SHORTEST:
            continue
        data = text[span.start : span.end].lower().encode("latin-1", "replace")
        word = _INTEREST.search(data)
        found = marks(data)
        if not word and not found:
            continue
        make = (word.group() if word else b"", *sorted(found))
        seen[make] += 1
        if seen[make] <= _ALIKE:
            kept.append(_with_neighbours(text, span))
            if len(kept) == 4 * _PASSAGES:
                break
    yield from islice(_joined(kept), _PASSAGES)


def _lines(text: str) -> Iterator[Span]:
    at, length = 0, len(text)
    while at < length:
        end = text.find("\n", at)
        end = length if end < 0 else end
        for start in range(at, end, _LINE - _OVERLAP):
            yield Span(start, min(start + _LINE, end))
            if start + _LINE >= end:
                break
        at = end + 1


def _with_neighbours(text: str, span: Span) -> Span:
    """The line with the one before and the one after it: an event's text stands below its number."""
    start = text.rfind("\n", 0, max(0, span.start - 1)) + 1
    end = text.find("\n", min(len(text), span.end + 1))
    end = len(text) if end < 0 else end
    return Span(max(start, span.start - _LINE), min(end, span.end + _LINE))


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
