"""All entries, and the question asked of them: which of these is it, and which words decided?"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path as File
from typing import Any, NamedTuple, Self

import re2

from knowledge.reading import CORE, FOREIGN, NEAR, Exchange, Reading, Span, pattern, read
from knowledge.schema import Entry, Http, Kind, Path, Scep, Signal, Weight
from knowledge.sieve import LONG, passages
from knowledge.typos import LONGEST, Typos

STRENGTH = {Weight.DECISIVE: 0.96, Weight.STRONG: 0.8, Weight.FAIR: 0.52, Weight.WEAK: 0.24}
"""How likely one sign alone is to be right, by its author's word for it."""

SURE = 0.82
"""Confidence from which the bot speaks without being asked."""
CERTAIN = 0.96
"""The same where no word of the text speaks of certificates or enrolment."""
SHOWN = 0.15
"""Confidence below which a match is not worth a line."""
MOST = 8
"""Matches returned, at most."""

_WHOLE = 1500  # a paste of up to this many characters is one neighbourhood
_SPANS = 12  # places of one pattern that are looked at
_BARE = 4  # a text of fewer words than this is a number with company, not a story
_CALIBRATION = ((0.0, 0.0), (0.44, 0.485), (0.5, 0.5), (0.52, 0.72), (0.65, 0.84), (0.8, 0.93), (0.96, 0.985), (1.0, 0.995))
"""(score, share of right answers) over labelled pastes that nobody tuned for; straight lines between."""
_UNNAMED = 0.87  # an event number whose log nobody named
_GUESS = 0.5  # a score below this leaves room to look for typos
_TYPO = 0.85  # what a phrase with a typo is worth beside the phrase itself
_WIN32 = 0xFFFF  # error numbers up to here belong to all of Windows, not to certificates
_SET_MEMORY = 256 << 20

_COVERS = {Path.CRP: {Path.CRP, Path.VERIFY, Path.NOTIFY}, Path.SCEP: {Path.SCEP}, Path.SCEP_FOLDER: {Path.SCEP_FOLDER}}


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


class _Hit(NamedTuple):
    """One signal seen: what it is worth here, and where its parts stand."""

    worth: float
    spans: tuple[Span, ...]


_Weighed = tuple[Entry, float, list[Span]]


def _is_phrase(signal: Signal) -> bool:
    """Whether a signal is one literal phrase and nothing more."""
    return len(signal.text) == 1 and not (signal.pattern or signal.code or signal.http or signal.event or signal.unless)


class Library:
    """Entries in memory, indexed by their signals; matching is pure and deterministic."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: dict[str, Entry] = {e.id: e for e in entries if e.status != "retired"}
        self._signals: list[tuple[str, Signal, tuple[int, ...], tuple[int, ...]]] = []
        self._patterns = _Patterns()
        self._by_pattern: dict[int, list[int]] = defaultdict(list)
        self._by_number: dict[int, list[int]] = defaultdict(list)
        self._by_event: dict[int, list[int]] = defaultdict(list)
        self._by_status: dict[int | None, list[int]] = defaultdict(list)
        self._by_scep: list[int] = []
        self._typos: Typos | None = None
        for entry in self.entries.values():
            for signal in entry.signals:
                self._index(entry, signal)
        self._patterns.compile()

    @classmethod
    def load(cls, folder: File) -> Self:
        """Every entry of a folder. Raises `BadEntry` with file, line and reason."""
        from knowledge.entry_files import read_entries  # YAML is only imported where a file is really read

        return cls(read_entries(folder))

    def _index(self, entry: Entry, signal: Signal) -> None:
        number = len(self._signals)
        needed, barred = self._patterns.add(signal)
        self._signals.append((entry.id, signal, needed, barred))
        if needed:
            self._by_pattern[needed[0]].append(number)
        elif signal.code:
            for code in signal.code:
                self._by_number[code.value].append(number)
        elif signal.event:
            for event in signal.event:
                self._by_event[event].append(number)
        elif signal.http:
            for status in signal.http.status or (None,):
                self._by_status[status].append(number)
        else:
            self._by_scep.append(number)

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

    def match_reading(self, text: str, reading: Reading) -> list[Match]:
        """The same for a text already read (`reading` must be of `text`)."""
        page = _Page(reading, self._patterns)
        hits: dict[str, list[_Hit]] = defaultdict(list)
        for number in self._candidates(page):
            entry_id, signal, needed, barred = self._signals[number]
            if hit := page.hit(signal, needed, barred):
                hits[entry_id].append(hit)
        found = [self._weigh(entry_id, seen) for entry_id, seen in hits.items()]
        if all(score < _GUESS for _, score, _ in found) and len(reading.bytes) <= LONGEST:
            found = self._with_typos(reading, found)
        ranked = _ranked(found)
        return [self._told(text, reading, *item) for item in ranked[:MOST]]

    def _with_typos(self, reading: Reading, found: list[_Weighed]) -> list[_Weighed]:
        """What was found, and entries of which a phrase stands in the text with a typo in it."""
        if self._typos is None:
            phrases = [(i, s[1].text[0]) for i, s in enumerate(self._signals) if _is_phrase(s[1])]
            self._typos = Typos(phrases)
        best = {entry.id: (entry, score, spans) for entry, score, spans in found}
        for owner, likeness, span in self._typos.search(reading.bytes.decode("latin-1")):
            entry_id, signal = self._signals[owner][:2]
            score = STRENGTH[signal.weight] * likeness * _TYPO * (1.0 if reading.topic else 0.5)
            if entry_id not in best or score > best[entry_id][1]:
                best[entry_id] = self.entries[entry_id], score, [span]
        return list(best.values())

    def _candidates(self, page: "_Page") -> Iterable[int]:
        numbers: set[int] = set()
        for index in page.present:
            numbers.update(self._by_pattern.get(index, ()))
        for code in page.reading.codes:
            numbers.update(self._by_number.get(code.number.value, ()))
        for event in page.reading.events:
            numbers.update(self._by_event.get(event.id, ()))
        for exchange in page.reading.exchanges:
            numbers.update(self._by_status.get(exchange.status, ()))
            numbers.update(self._by_status.get(None, ()))
        if page.reading.statuses:
            numbers.update(self._by_scep)
        return sorted(numbers)

    def _weigh(self, entry_id: str, seen: list[_Hit]) -> _Weighed:
        """Signs add up only where they rest on different words."""
        seen.sort(key=lambda hit: -hit.worth)
        doubt, spans = 1.0, list(seen[0].spans)
        for i, hit in enumerate(seen):
            if i and all(any(_touch(span, old) for old in spans) for span in hit.spans):
                continue
            doubt *= 1 - hit.worth * (1.0 if i == 0 else 0.5)
            if i:
                spans += hit.spans
        return self.entries[entry_id], 1 - doubt, spans

    def _told(self, text: str, reading: Reading, entry: Entry, score: float, spans: list[Span]) -> Match:
        because = []
        for span in _merged(spans)[:6]:
            start, end = reading.cleaned.original(*span)
            because.append(Evidence(text[start:end], start, end))
        return Match(entry, _calibrated(score), tuple(because))


def _ranked(found: list[_Weighed]) -> list[_Weighed]:
    """Best first. Good news is told after bad: one failed call among ten that went well is the story."""
    worst = max((score for entry, score, _ in found if entry.kind is Kind.PROBLEM), default=0.0)
    weighed = [
        (entry, score * (0.55 if entry.kind is not Kind.PROBLEM and worst >= 0.5 else 1.0), spans)
        for entry, score, spans in found
    ]
    kept = [item for item in weighed if item[1] >= SHOWN]
    return sorted(kept, key=lambda item: (-round(item[1], 4), item[0].kind is not Kind.PROBLEM, item[0].id))


class _Patterns:
    """Every word and pattern of every signal in one RE2 set: which occur at all, in one pass."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self.compiled: list[Any] = []
        options = re2.Options()
        options.log_errors = False
        options.case_sensitive = False
        options.encoding = re2.Options.Encoding.LATIN1
        options.max_mem = _SET_MEMORY
        self._set = re2.Set.SearchSet(options)

    def add(self, signal: Signal) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Take in a signal's patterns: the ids of those that must be seen, the longest (rarest)
        first, and of those that must not."""
        texts = sorted((*map(literal, signal.text), *signal.pattern), key=len, reverse=True)
        return tuple(map(self._id, texts)), tuple(map(self._id, signal.unless))

    def _id(self, text: str) -> int:
        if text not in self._ids:
            self._ids[text] = self._set.Add(text.encode("latin-1", "replace"))
        return self._ids[text]

    def compile(self) -> None:
        self._set.Compile()
        self.texts = list(self._ids)
        self.compiled = [None] * len(self._ids)

    def marks(self, data: bytes) -> list[int]:
        """The ids of the patterns that occur in a text."""
        return self._set.Match(data) or [] if self._ids else []

    def spans(self, index: int, data: bytes) -> list[Span]:
        if self.compiled[index] is None:
            self.compiled[index] = pattern(self.texts[index])
        return [Span(*hit.span()) for hit in islice(self.compiled[index].finditer(data), _SPANS)]


def literal(text: str) -> str:
    """The pattern of literal words: white space is any run of it, word edges hold where the text has them."""
    body = r"\s+".join(re2.escape(word) for word in text.split())
    first = r"\b" if text[0].isalnum() and text[0].isascii() else ""
    last = r"\b" if text[-1].isalnum() and text[-1].isascii() else ""
    return first + body + last


class _Page:
    """One reading under the eyes of the library: which signals does it show, and where?"""

    def __init__(self, reading: Reading, patterns: _Patterns) -> None:
        self.reading = reading
        self.present = set(patterns.marks(reading.bytes))
        self._patterns = patterns
        self._spans: dict[int, list[Span]] = {}
        self._near = 10**9 if len(reading.bytes) <= _WHOLE else NEAR

    def spans(self, index: int) -> list[Span]:
        if index not in self._spans:
            self._spans[index] = self._patterns.spans(index, self.reading.bytes) if index in self.present else []
        return self._spans[index]

    def hit(self, signal: Signal, needed: tuple[int, ...], barred: tuple[int, ...]) -> _Hit | None:
        """The signal, if all its parts are seen close together and nothing near bars it."""
        if signal.log and not self.reading.logs.intersection(signal.log):
            return None
        if not self.present.issuperset(needed):
            return None
        parts = self._observed(signal)
        if not all(parts):
            return None
        parts = [[(1.0, span) for span in self.spans(index)] for index in needed] + parts
        bars = [span for index in barred for span in self.spans(index)]
        for anchor in parts[0]:
            chosen = [min(part, key=lambda seen: abs(seen[1].start - anchor[1].start)) for part in parts]
            if any(abs(seen[1].start - anchor[1].start) > self._near for seen in chosen):
                continue
            if any(abs(bar.start - anchor[1].start) <= self._near for bar in bars):
                continue
            worth = STRENGTH[signal.weight]
            for seen in chosen:
                worth *= seen[0]
            spans = sorted((seen[1] for seen in chosen), key=lambda span: span.start - span.end)
            return _Hit(worth * self._setting(signal, chosen), tuple(spans))
        return None

    def _observed(self, signal: Signal) -> list[list[tuple[float, Span]]]:
        """For each observation the signal names, the places where it is seen and what it is worth there."""
        parts: list[list[tuple[float, Span]]] = []
        if signal.code:
            parts.append(self._codes(signal))
        if signal.http:
            parts.append([item for x in self.reading.exchanges if (item := self._exchange(signal.http, x))])
        if signal.event:
            parts.append(self._events(signal))
        if signal.scep:
            parts.append(self._statuses(signal.scep))
        return parts

    def _codes(self, signal: Signal) -> list[tuple[float, Span]]:
        return [
            (1.0 if code.marked or code.number.value > 0xFFFF else 0.9, code.span)
            for number in signal.code
            for code in self.reading.by_number.get(number, ())
        ]

    def _exchange(self, wanted: Http, seen: Exchange) -> tuple[float, Span] | None:
        if seen.foreign:
            return None
        if wanted.status and seen.status not in wanted.status:
            return None
        if wanted.substatus and seen.substatus not in wanted.substatus:
            return None
        if wanted.win32 and seen.win32 not in wanted.win32:
            return None
        if wanted.method and seen.method and seen.method != wanted.method:
            return None
        worth = 1.0
        if wanted.path:
            if seen.path is None:
                if self.reading.topic < 1.0:
                    return None
                worth = 0.75
            elif not any(seen.path in _COVERS.get(path, {path}) for path in wanted.path):
                return None
        if wanted.operation and seen.operation not in wanted.operation:
            return None
        return worth, seen.span

    def _events(self, signal: Signal) -> list[tuple[float, Span]]:
        found = []
        for event in self.reading.events:
            if event.id not in signal.event or event.source == FOREIGN:
                continue
            if not signal.source or event.source in signal.source:
                found.append((1.0, event.span))
            elif event.source is None:
                found.append((0.75, event.span))
        return found

    def _statuses(self, wanted: Scep) -> list[tuple[float, Span]]:
        return [
            (1.0, seen.span)
            for seen in self.reading.statuses
            if (wanted.status is None or wanted.status == seen.status)
            and (wanted.failinfo is None or wanted.failinfo == seen.failinfo)
        ]

    def _setting(self, signal: Signal, chosen: list[tuple[float, Span]]) -> float:
        """What a sign that also occurs elsewhere is worth in this text."""
        worded = bool(signal.text or signal.pattern)
        unnamed = not worded and not (signal.http and signal.http.path) and not signal.scep
        everyday = bool(signal.code) and not signal.text and all(code.value <= _WIN32 for code in signal.code)
        if not signal.shared and not unnamed and not everyday:
            return 1.0
        if self.reading.topic:
            unnamed_event = bool(signal.event) and not signal.shared
            return self.reading.topic * (_UNNAMED if unnamed_event and self.reading.topic < CORE else 1.0)
        bare = self.reading.words < _BARE and all(self._stands_alone(span) for _, span in chosen)
        return 0.85 if bare else 0.4

    def _stands_alone(self, span: Span) -> bool:
        """Whether a code makes up the best part of a text, or is marked as one."""
        return any(code.marked for code in self.reading.codes if code.span == span) or len(self.reading.bytes) < 24


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
