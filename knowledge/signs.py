"""Which signals does a reading show, where, and what are they worth there?

A text is seen in cells of 600 characters. The key part of a signal must stand in a cell, the other
parts in it or beside it, and nothing that bars the signal may stand there.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from knowledge.observations import FOREIGN, Code, Exchange
from knowledge.patterns import Patterns, Span
from knowledge.reading import CORE, NEAR, NEAR_BY, Reading
from knowledge.schema import Http, Path, Scep, Signal, Weight

STRENGTH = {Weight.DECISIVE: 0.96, Weight.STRONG: 0.8, Weight.FAIR: 0.52, Weight.WEAK: 0.24}
"""How likely one sign alone is to be right, by its author's word for it."""

_WHOLE = 1500  # a text of up to this many characters is one cell
_SHARED = 160  # characters a cell shares with the next, so that no phrase is cut in two
_BARE = 4  # a text of fewer words than this is a number with company, not a story
_UNNAMED = 0.87  # what an event number is worth whose log nobody named, beside words of PKI only
_UNSAID = 0.75  # what a sign is worth whose source or path the text leaves out
_ALONE = 0.85  # what a sign is worth that is all the text there is
_OUTSIDE = 0.4  # what a sign is worth among words of something else
_UNMARKED = 0.5  # what a number is worth that looks like no error code, in a text about other things
_BESIDE = 0.7  # what an unmarked number is worth in a text that marks another one as its error
_LOOSE = 500  # characters of a text in which a number of one or two digits still says something
_DIGITS = re.compile(r"(?:\\b|[\d\[\](). |?:,]|\\.|\\s[*+]?)+")  # a pattern of nothing but numbers
_WIN32 = 0xFFFF  # error numbers up to here belong to all of Windows, not to certificates
_COVERS = {Path.CRP: {Path.CRP, Path.VERIFY, Path.NOTIFY}}

Marks = frozenset[int]
"""The numbers of the patterns that occur in a cell."""
Seen = tuple[float, Span]
"""A part of a signal: what it is worth where it stands, from 0 to 1, and the place."""


class Sign(NamedTuple):
    """A signal of an entry with the numbers of its patterns; `key` is the pattern to look for first.

    A `loose` one rests on a number of one or two digits, which a log is full of.
    """

    entry: str
    signal: Signal
    key: int | None
    needed: frozenset[int]
    barred: frozenset[int]
    loose: bool

    def marked(self, cell: "Cell") -> bool:
        """Whether all its patterns occur in or beside the cell, and none that bars it."""
        missing = self.needed
        for marks in cell.marks:
            missing = missing - marks
            if not self.barred.isdisjoint(marks):
                return False
        return not missing


class Cell:
    """A part of a text with what stands in it (`own`) and, cell for cell, in it or beside it (`marks`)."""

    def __init__(self, reading: Reading, span: Span, near: Span, own: Marks, marks: Sequence[Marks]) -> None:
        self.span = span
        self.near = near
        self.own = own
        self.marks = marks
        self.exchanges = [x for x in reading.exchanges if near.start <= x.span.start < near.end]
        self.codes = [x for x in reading.codes if near.start <= x.span.start < near.end]
        self.events = [x for x in reading.events if near.start <= x.span.start < near.end]
        self.statuses = [x for x in reading.statuses if near.start <= x.span.start < near.end]

    def holds(self, span: Span) -> bool:
        """Whether a place is in the cell itself."""
        return self.span.start <= span.start < self.span.end


def cells(reading: Reading, patterns: Patterns) -> Iterator[Cell]:
    """The cells of a reading, in order."""
    length = len(reading.bytes)
    size = length + 1 if length <= _WHOLE else NEAR
    starts = range(0, max(length, 1), size)
    own = [frozenset(patterns.marks(reading.bytes[at : at + size + _SHARED])) for at in starts]
    for i, at in enumerate(starts):
        near = Span(max(0, at - size), min(length, at + 2 * size) + 1)
        yield Cell(reading, Span(at, at + size), near, own[i], own[max(0, i - 1) : i + 2])


class Hit(NamedTuple):
    """A sign seen in a cell, what it is worth there, and where the observations it rests on stand."""

    worth: float
    sign: Sign
    cell: Cell
    observed: tuple[Span, ...]


class Eye:
    """Looks for signs in the cells of one reading."""

    def __init__(self, reading: Reading, patterns: Patterns) -> None:
        self._reading = reading
        self._patterns = patterns
        self._places: dict[tuple[int, int], Span | None] = {}

    def hit(self, sign: Sign, cell: Cell) -> Hit | None:
        """The sign, if all its parts stand in or beside the cell. `marked` must be true of them."""
        signal = sign.signal
        if sign.loose and len(self._reading.bytes) > _LOOSE:
            return None
        if signal.log and not self._reading.logs.intersection(signal.log):
            return None
        parts = list(self._observed(signal, cell))
        if not all(parts):
            return None
        anchor = (cell.span.start + min(cell.span.end, cell.near.end)) // 2
        chosen = [min(part, key=lambda seen: abs(seen[1].start - anchor)) for part in parts]
        worth = STRENGTH[signal.weight] * self._setting(sign, chosen)
        for part_worth, _ in chosen:
            worth *= part_worth
        return Hit(worth, sign, cell, tuple(span for _, span in chosen))

    def spans(self, hit: Hit) -> list[Span]:
        """Where all parts of a hit stand, the longest first; none if a word was only cut out of a longer one."""
        places = [self._place(number, hit.cell) for number in hit.sign.needed]
        found = [place for place in places if place is not None]
        return sorted((*hit.observed, *found), key=_length) if len(found) == len(places) else []

    def _place(self, number: int, cell: Cell) -> Span | None:
        """The first place of a pattern in the cell, else beside it."""
        key = (number, cell.span.start)
        if key not in self._places:
            data = self._reading.bytes
            end = min(len(data), cell.span.end + _SHARED)
            place = self._patterns.find(number, data, cell.span.start, end) if number in cell.own else None
            self._places[key] = place or self._patterns.find(
                number, data, cell.near.start, min(len(data), cell.near.end + _SHARED)
            )
        return self._places[key]

    def _observed(self, signal: Signal, cell: Cell) -> Iterator[list[Seen]]:
        """For each observation the signal names, the places near the cell where it is seen."""
        if signal.code:
            yield [(self._number_worth(code), code.span) for code in cell.codes if code.number in signal.code]
        if signal.http:
            yield [seen for exchange in cell.exchanges if (seen := self._exchange(signal.http, exchange))]
        if signal.event:
            yield list(_events(signal, cell))
        if signal.scep:
            yield list(_statuses(signal.scep, cell))

    def _number_worth(self, code: Code) -> float:
        """A number that nobody marks as an error code may be an invoice, or be named beside the one that is."""
        if not code.marked and any(other.marked and other.number != code.number for other in self._reading.codes):
            return _BESIDE
        if code.marked or self._reading.topic >= NEAR_BY or len(self._reading.bytes) < 24:
            return 1.0 if code.marked or code.number.value > _WIN32 else 0.9
        return _UNMARKED

    def _exchange(self, wanted: Http, seen: Exchange) -> Seen | None:
        plain = (
            not seen.foreign
            and (not wanted.status or seen.status in wanted.status)
            and (not wanted.substatus or seen.substatus in wanted.substatus)
            and (not wanted.win32 or seen.win32 in wanted.win32)
            and (not wanted.operation or seen.operation in wanted.operation)
            and (wanted.method is None or seen.method in (None, wanted.method))
        )
        if not plain:
            return None
        if not wanted.path:
            return 1.0, seen.span
        if seen.path is None:
            return (_UNSAID, seen.span) if self._reading.topic == CORE else None
        fits = any(seen.path in _COVERS.get(path, {path}) for path in wanted.path)
        return (1.0, seen.span) if fits else None

    def _setting(self, sign: Sign, chosen: list[Seen]) -> float:
        """What a sign that also occurs elsewhere is worth in this text."""
        signal = sign.signal
        if not _everyday(signal):
            return 1.0
        topic = self._reading.topic
        if topic:
            unnamed_event = bool(signal.event) and not signal.shared
            return topic * (_UNNAMED if unnamed_event and topic < CORE else 1.0)
        bare = self._reading.words < _BARE and not sign.needed and all(self._stands_alone(s) for _, s in chosen)
        return _ALONE if bare else _OUTSIDE

    def _stands_alone(self, span: Span) -> bool:
        """Whether a code makes up the best part of a text, or is marked as one."""
        return any(code.marked for code in self._reading.codes if code.span == span) or len(self._reading.bytes) < 24


def _length(span: Span) -> int:
    return span.start - span.end


def _everyday(signal: Signal) -> bool:
    """Whether the sign occurs in texts about anything: its author says so, it is nothing but a
    number, or its number belongs to all of Windows."""
    worded = signal.text or not all(map(_DIGITS.fullmatch, signal.pattern))
    number = not worded and not (signal.http and signal.http.path) and not signal.scep
    of_windows = bool(signal.code) and not signal.text and all(code.value <= _WIN32 for code in signal.code)
    return signal.shared or number or of_windows


def _events(signal: Signal, cell: Cell) -> Iterator[Seen]:
    for event in cell.events:
        if event.id not in signal.event or event.source == FOREIGN:
            continue
        if not signal.source or event.source in signal.source:
            yield 1.0, event.span
        elif event.source is None:
            yield _UNSAID, event.span


def _statuses(wanted: Scep, cell: Cell) -> Iterator[Seen]:
    for seen in cell.statuses:
        if wanted.status in (None, seen.status) and wanted.failinfo in (None, seen.failinfo):
            yield 1.0, seen.span
