"""All entries, and the question asked of them: which of these is it, and which words decided?"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from math import prod
from pathlib import Path
from typing import NamedTuple, Protocol, Self

from knowledge.patterns import Patterns, Span
from knowledge.reading import Reading, read
from knowledge.schema import Entry, Kind, Signal
from knowledge.sieve import LONG, passages
from knowledge.signs import STRENGTH, Cell, Eye, Hit, Sign, cells
from knowledge.typos import LONGEST, Typos

SURE = 0.82
"""Confidence from which the bot speaks without being asked."""
CERTAIN = 0.96
"""The same where no word of the text speaks of certificates or enrolment."""
SHOWN = 0.15
"""Confidence below which a match is not worth a line."""
MOST = 8
"""Matches returned, at most."""

_CALIBRATION = (
    (0.0, 0.0),
    (0.44, 0.485),
    (0.5, 0.5),
    (0.52, 0.72),
    (0.65, 0.84),
    (0.8, 0.93),
    (0.96, 0.985),
    (1.0, 0.995),
)
"""(score, share of right answers) over labelled pastes that nobody tuned for; straight lines between."""
_FEW_DIGITS = re.compile(r"(?:\\b)?\\?\(?\d{1,2}\)?(?:\\b)?")
_GUESS = 0.5  # a score below this leaves room to look for typos
_STORY = 0.5  # a problem of this score is what the text is about
_GOOD_NEWS = 0.55  # what a success counts beside such a problem
_FURTHER = 0.5  # what a second sign of the same entry adds
_TYPO = 0.85  # what a phrase with a typo is worth beside the phrase itself


class Evidence(NamedTuple):
    """Words of the paste that decided: `text[start:end] == quote`, in characters of the paste."""

    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Match:
    """An entry that fits. `confidence` is the share of such answers that are right, 0 to 1."""

    entry: Entry
    confidence: float
    because: tuple[Evidence, ...]


class _Spanned(Protocol):
    @property
    def span(self) -> Span: ...


_Weighed = tuple[Entry, float, list[Span]]
_Added = tuple[str, Signal, tuple[int, ...], tuple[int, ...]]
_EVERYDAY = (
    b"ndes scep intune connector certificate ca request event failed policy module iis template name profile server "
    b"error user not no has shows which works mscep.dll url old page"
)
"""Words that stand in nearly every paste: a pattern found here tells little, so no sign is looked for by it."""


def _is_phrase(signal: Signal) -> bool:
    """Whether a signal is one literal phrase and nothing more."""
    more = (
        signal.shared,
        signal.pattern,
        signal.unless,
        signal.code,
        signal.http,
        signal.event,
        signal.scep,
        signal.log,
    )
    return len(signal.text) == 1 and not any(more)


def _signs(added: Sequence[_Added], everyday: frozenset[int]) -> Iterator[Sign]:
    """The signs of all signals; the key of each is its rarest pattern, if it has one that is rare."""
    uses = Counter(number for _, _, needed, _ in added for number in needed)
    for entry, signal, needed, barred in added:
        key = min(needed, key=lambda number: (number in everyday, uses[number], number), default=None)
        observed = signal.code or signal.event or signal.http or signal.scep
        loose = any(map(_FEW_DIGITS.fullmatch, signal.pattern))
        yield Sign(
            entry, signal, None if key in everyday and observed else key, frozenset(needed), frozenset(barred), loose
        )


class Library:
    """Entries in memory, indexed by their signals; matching is pure and deterministic."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: dict[str, Entry] = {e.id: e for e in entries if e.status != "retired"}
        self._patterns = Patterns()
        added = [(e.id, s, *self._patterns.add(s)) for e in self.entries.values() for s in e.signals]
        self._patterns.compile()
        self._signs = list(_signs(added, frozenset(self._patterns.marks(_EVERYDAY))))
        self._index = _Index(self._signs)
        self._typos: Typos | None = None

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Every entry of a folder. Raises `BadEntry` with file, line and reason."""
        from knowledge.entry_files import read_entries  # YAML is only imported where a file is really read

        return cls(read_entries(folder))

    def match(self, text: str) -> list[Match]:
        """The entries that fit a text, best first; linear in the text, whatever it holds.

        A text of more than `sieve.LONG` characters is read in the passages that could matter.
        """
        if len(text) <= LONG:
            return self.match_reading(text, read(text))
        best: dict[str, Match] = {}
        for start, end in passages(text, self._patterns.marks):
            piece = text[start:end]
            for match in self.match_reading(piece, read(piece)):
                known = best.get(match.entry.id)
                if known is None or match.confidence > known.confidence:
                    best[match.entry.id] = _moved(match, start)
        found = _ranked([(match.entry, match.confidence, []) for match in best.values()])
        return [replace(best[entry.id], confidence=round(score, 4)) for entry, score, _ in found[:MOST]]

    def match_reading(self, text: str, reading: Reading, *, typed: bool = True) -> list[Match]:
        """The same for a text already read (`reading` must be of `text`). Not `typed`: a program wrote all of it, and
        misspells nothing."""
        found = self._weighed(reading)
        if typed and all(score < _GUESS for _, score, _ in found) and len(reading.bytes) <= LONGEST:
            found = self._with_typos(reading, found)
        ranked = _ranked(found)
        return [self._told(text, reading, *item) for item in ranked[:MOST]]

    def _with_typos(self, reading: Reading, found: list[_Weighed]) -> list[_Weighed]:
        """What was found, and entries of which a phrase stands in the text with a typo in it."""
        if self._typos is None:
            phrases = [(i, sign.signal.text[0]) for i, sign in enumerate(self._signs) if _is_phrase(sign.signal)]
            self._typos = Typos(phrases)
        best = {entry.id: (entry, score, spans) for entry, score, spans in found}
        for owner, likeness, span in self._typos.search(reading.bytes.decode("latin-1")):
            entry_id = self._signs[owner].entry
            score = STRENGTH[self._signs[owner].signal.weight] * likeness * _TYPO * (1.0 if reading.topic else 0.5)
            if entry_id not in best or score > best[entry_id][1]:
                best[entry_id] = self.entries[entry_id], score, [span]
        return list(best.values())

    def _weighed(self, reading: Reading) -> list[_Weighed]:
        """The entries that a reading shows; those that cannot come among the first are left out."""
        eye = Eye(reading, self._patterns)
        hits = self._hits(reading, eye)
        bounds = sorted(((_bound(seen), entry_id) for entry_id, seen in hits.items()), reverse=True)
        found: list[_Weighed] = []
        for bound, entry_id in bounds:
            worst = _worst(found)
            if (worst >= _STORY or bound < _STORY) and sum(_told_after(w, worst) > bound for w in found) >= MOST:
                break
            if weighed := self._weigh(self.entries[entry_id], hits[entry_id], eye):
                found.append(weighed)
        return found

    def _hits(self, reading: Reading, eye: Eye) -> dict[str, list[Hit]]:
        """The signs that a reading shows, each once, where it is seen first, by entry."""
        hits: dict[str, list[Hit]] = defaultdict(list)
        done: set[int] = set()
        for cell in cells(reading, self._patterns):
            for number in self._index.candidates(cell):
                sign = self._signs[number]
                if number not in done and sign.marked(cell) and (hit := eye.hit(sign, cell)):
                    hits[sign.entry].append(hit)
                    done.add(number)
        return hits

    def _weigh(self, entry: Entry, seen: list[Hit], eye: Eye) -> _Weighed | None:
        """Signs add up only where they rest on different words."""
        doubt, spans = 1.0, list[Span]()
        for hit in sorted(seen, key=lambda hit: -hit.worth):
            places = eye.spans(hit)
            if all(any(_touch(span, old) for old in spans) for span in places):
                continue
            doubt *= 1 - hit.worth * (_FURTHER if spans else 1.0)
            spans += places
        return (entry, 1 - doubt, spans) if spans else None

    def _told(self, text: str, reading: Reading, entry: Entry, score: float, spans: list[Span]) -> Match:
        because = []
        for span in _merged(spans)[:6]:
            start, end = reading.cleaned.original(*span)
            because.append(Evidence(text[start:end], start, end))
        return Match(entry, _calibrated(score), tuple(because))


class _Index:
    """Signs by the part that is looked for first: a pattern, else a number, an event, a status."""

    def __init__(self, signs: Sequence[Sign]) -> None:
        self._by_pattern: dict[int, list[int]] = defaultdict(list)
        self._by_number: dict[int, list[int]] = defaultdict(list)
        self._by_event: dict[int, list[int]] = defaultdict(list)
        self._by_status: dict[tuple[int | None, int | None], list[int]] = defaultdict(list)
        self._by_scep: list[int] = []
        self._keys = {sign.key for sign in signs if sign.key is not None}
        for number, sign in enumerate(signs):
            for shelf in self._shelves(sign):
                shelf.append(number)

    def _shelves(self, sign: Sign) -> Iterator[list[int]]:
        signal = sign.signal
        if sign.key is not None:
            yield self._by_pattern[sign.key]
        elif signal.code:
            yield from (self._by_number[code.value] for code in signal.code)
        elif signal.event:
            yield from (self._by_event[event] for event in signal.event)
        elif signal.http:
            http = signal.http
            yield from (self._by_status[pair] for pair in product(http.status or (None,), http.substatus or (None,)))
        else:
            yield self._by_scep

    def candidates(self, cell: Cell) -> list[int]:
        """The numbers of the signs whose key part stands in the cell, in order."""
        found: set[int] = set()
        for number in self._keys & cell.own:
            found.update(self._by_pattern[number])
        for code in filter(_inside(cell), cell.codes):
            found.update(self._by_number.get(code.number.value, ()))
        for event in filter(_inside(cell), cell.events):
            found.update(self._by_event.get(event.id, ()))
        for exchange in filter(_inside(cell), cell.exchanges):
            for pair in product({exchange.status, None}, {exchange.substatus, None}):
                found.update(self._by_status.get(pair, ()))
        if any(map(_inside(cell), cell.statuses)):
            found.update(self._by_scep)
        return sorted(found)


def _inside(cell: Cell) -> Callable[[_Spanned], bool]:
    return lambda seen: cell.holds(seen.span)


def _bound(seen: list[Hit]) -> float:
    """What an entry is worth at most, if all its signs rest on different words."""
    first, *further = sorted((hit.worth for hit in seen), reverse=True)
    return 1 - (1 - first) * prod(1 - _FURTHER * worth for worth in further)


def _worst(found: list[_Weighed]) -> float:
    return max((score for entry, score, _ in found if entry.kind is Kind.PROBLEM), default=0.0)


def _told_after(weighed: _Weighed, worst: float) -> float:
    """The score by which an entry is ranked: good news is told after bad, for one failed call among
    ten that went well is the story."""
    entry, score, _ = weighed
    return score * (_GOOD_NEWS if entry.kind is not Kind.PROBLEM and worst >= _STORY else 1.0)


def _ranked(found: list[_Weighed]) -> list[_Weighed]:
    """Best first."""
    worst = _worst(found)
    weighed = [(item[0], _told_after(item, worst), item[2]) for item in found]
    kept = [item for item in weighed if item[1] >= SHOWN]
    return sorted(kept, key=lambda item: (-round(item[1], 4), item[0].kind is not Kind.PROBLEM, item[0].id))


def _calibrated(score: float) -> float:
    """A score as the share of such answers that are right; keeps the order."""
    for (low, from_), (high, to) in pairwise(_CALIBRATION):
        if score <= high:
            return round(from_ + (to - from_) * (score - low) / (high - low), 4)
    return _CALIBRATION[-1][1]


def _moved(match: Match, by: int) -> Match:
    because = tuple(Evidence(old.quote, old.start + by, old.end + by) for old in match.because)
    return replace(match, because=because)


def _touch(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _merged(spans: list[Span]) -> list[Span]:
    """Spans in order of weight, those inside or across an earlier one joined with it."""
    kept: list[Span] = []
    for span in spans:
        for i, old in enumerate(kept):
            if _touch(span, old):
                kept[i] = Span(min(span.start, old.start), max(span.end, old.end))
                break
        else:
            kept.append(span)
    return kept
