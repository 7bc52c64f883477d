"""What the logs together tell: how many enrolments, how far they come, where they stop, and since when."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.timeline.clocks import FileClock, aligned, righted
from bot.timeline.joining import Enrolment, joined
from bot.timeline.judge import Judge
from bot.timeline.lines import Days, Line, Tick, Where, alike, no_tick, plausible, ticking
from bot.timeline.marks import Mark
from bot.timeline.outages import Group, first_of, grouped
from bot.timeline.recipients import Recipient, Recipients
from bot.timeline.silence import Covered, Faint
from bot.timeline.strangers import Askers, of_ours, without_others
from bot.timeline.subjects import Subjects
from bot.timeline.templates import Righted, Templates, Unknown
from bot.timeline.verdicts import KNOWN, SPECIFIC, Verdict
from knowledge.library import Library
from knowledge.schema import Entry

MOST_GOOD = 120_000
"""Good lines that are kept, over all files."""
MOST_BAD = 60_000
"""Bad lines that are kept; more are counted."""

_TEXTS = 5_000  # of bad lines that are kept
_OPEN = 10_000  # questions of one log that wait for an answer at a time
_UTC_BY_NATURE = frozenset({"iis", "httperr"})
_CHALLENGES = "mscep_admin"
_ANSWERED = timedelta(minutes=2)  # in which an answer comes, if one does
_INSTALLATIONS = "CERT_INSTALL"
_TURNS = (_CHALLENGES, _INSTALLATIONS)
"""What is in turns, told by lines of several callers or threads: whatever comes next is the answer to one before."""


@dataclass(slots=True)
class LogFile:
    """One log that was read: what it is, how long, which time it covers, how its clock stands. `sieved`: it is so
    long that of what went well only a part was followed."""

    name: str
    kind: str
    title: str
    lines: int = 0
    first: datetime | None = None
    last: datetime | None = None
    clock: FileClock | None = None
    sieved: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """Enrolments that stop for the same reason, at `step` (None: no log tells it).

    `enrolments` of `devices` are the ones stopped, `lines` the bad lines; `text` is the first bad line as its reader
    understood it, `telling` the one that tells the reason, `verdict` what the knowledge says of that.
    """

    step: int | None
    verdict: Verdict
    first: Where
    since: datetime | None
    until: datetime | None
    enrolments: int
    devices: int
    lines: int
    text: str
    telling: str
    proven: tuple[tuple[int, Where], ...] = ()
    """For each step before, the first line that proves it for the stopped enrolments."""
    beside: tuple[tuple[Entry, Where], ...] = ()
    """What other logs call the same outage, each with the first line that does."""


@dataclass(frozen=True, slots=True)
class Story:
    """All of it; `stops` with the one that matters most first, none where all is well."""

    files: tuple[LogFile, ...]
    enrolments: tuple[Enrolment, ...]
    stops: tuple[Stop, ...]
    reached: dict[int, int]
    """How many enrolments are proven to have passed each step."""
    unknown: tuple[Unknown, ...] = ()
    """Failures that no entry knows, by their shape, most lines first."""
    beyond: int = 0
    """Further such lines, of shapes that were too many."""
    at_least: bool = False
    """Whether there may be more enrolments than these: a log was too long for all that went well to be followed."""
    recipients: tuple[Recipient, ...] = ()
    """Whom requests are encrypted to, as they came."""
    faint: tuple[tuple[Entry, int], ...] = ()
    """What healthy servers log all day and nothing here shows to be a fault, with how many lines of it there are."""


class Survey:
    """Takes in the lines of one file after another; memory does not grow with them beyond the bounds."""

    def __init__(self, library: Library, tick: Tick = no_tick) -> None:
        """`tick` is called while lines are read and while they are joined."""
        self._judge = Judge(library)
        self._tick = tick
        self._files: list[LogFile] = []
        self._marks: list[list[Mark]] = []
        self._askers = Askers()
        self._good = self._bad = 0
        self._challenges = 0
        self._dropped: Counter[tuple[int | None, str]] = Counter()
        self._faint = Faint()
        self._texts: dict[tuple[int, int], str] = {}
        self._unknown = Templates()
        self._recipients = Recipients()
        self._subjects = Subjects()

    def take(self, file: LogFile, lines: Iterable[Line]) -> None:
        """Read a file to its end. What the reader raises goes through; what was read before is kept."""
        self._files.append(file)
        self._marks.append([])
        waiting = _Questions(self._keep_unanswered)
        try:
            self._read(file, lines, waiting)
            waiting.end()  # of a log that is cut off here, the answers may stand behind
        finally:
            self._marks[-1].sort(key=lambda mark: mark.number)

    def _read(self, file: LogFile, lines: Iterable[Line], waiting: "_Questions") -> None:
        number = len(self._files) - 1
        days = Days()
        for line in ticking(lines, self._tick):
            at = days(line.at) if plausible(line.at) else None
            at = alike(at, file.first) if at else None
            if at is not line.at:
                line = line._replace(at=at)
            if line.at is not None:
                file.first = file.first or line.at
                file.last = line.at
            self._askers.take(line)
            self._recipients.take(file.name, line)
            self._subjects.take(line)
            verdict = self._judge(line)
            subject = _subject(line)
            if verdict is None:
                self._challenges += subject == _CHALLENGES
                if subject in _TURNS:
                    waiting.answered(subject)
                continue
            if verdict.is_unknown:
                self._unknown.take(line, number, verdict.make)
            if verdict.kind == "odd":
                continue
            mark = Mark.of(line, number, verdict)
            if verdict.kind == "faint":
                self._faint.take(mark, line.text)
            elif verdict.kind == "open":
                self._remember(mark, line.text)
                waiting.asked(subject, mark)
            else:
                waiting.answered(subject)
                waiting.explained(verdict)
                self._keep(mark, line.text)

    def _keep_unanswered(self, mark: Mark) -> None:
        self._keep(mark._replace(verdict=mark.verdict._replace(kind="bad")), "")

    def _keep(self, mark: Mark, text: str) -> None:
        if mark.verdict.kind == "bad":
            self._bad += 1
            if self._bad > MOST_BAD:
                self._dropped[_like(mark)] += 1
                return
            self._remember(mark, text)
        else:
            self._good += 1
            if self._good > MOST_GOOD:
                return
        self._marks[mark.file].append(mark)

    def _remember(self, mark: Mark, text: str) -> None:
        if len(self._texts) < _TEXTS:
            self._texts.setdefault((mark.file, mark.number), text)

    def story(self) -> Story:
        """What everything taken in so far tells."""
        trusted = [file.kind in _UTC_BY_NATURE for file in self._files]
        marks = self._subjects.told(self._marks, self._texts, self._judge)
        taken = of_ours(marks, self._askers, self._challenges)
        known = [file.first is not None and file.first.tzinfo is not None for file in self._files]
        files, clocks = aligned(taken, trusted, known, self._tick)
        for file, clock in zip(self._files, clocks, strict=True):
            file.clock = clock if file.first else None
        found = joined((mark for marks in files for mark in marks), [file.kind for file in self._files], self._tick)
        enrolments, alone = without_others(*found)
        reached: Counter[int] = Counter()
        for enrolment in enrolments:
            reached.update(enrolment.steps)
        clock_of = [righted(*one) for one in zip(taken, files, clocks, strict=True)]
        groups = grouped(enrolments, alone)
        covered = [_covered(file, right) for file, right in zip(self._files, clock_of, strict=True)]
        silent = self._faint.told(covered, clock_of, enrolments, groups)
        self._texts |= self._faint.texts(silent)
        return Story(
            tuple(self._files),
            tuple(enrolments),
            (*self._stops(silent), *self._stops(groups)),
            dict(reached),
            tuple(self._unknown.told([file.name for file in self._files], clock_of)),
            self._unknown.beyond,
            self._good > MOST_GOOD
            or self._bad > MOST_BAD
            or any(file.sieved for file in self._files)
            or self._recipients.sampled,
            self._recipients.told(),
            () if silent else self._faint.noted(),
        )

    def _stops(self, groups: Sequence[Group]) -> list[Stop]:
        dropped = self._dropped.copy()  # what was not kept counts once, where most of its like was
        largest = sorted(groups, key=lambda group: -len(group.marks))
        stops = [self._stop(group, dropped.pop(_like(group.telling), 0)) for group in largest]
        return sorted(stops, key=_weight, reverse=True)

    def _stop(self, group: Group, dropped: int) -> Stop:
        bad = group.marks
        first, telling = first_of(bad), group.telling
        times = [mark.at for mark in bad if mark.at]
        return Stop(
            group.step,
            telling.verdict,
            Where(self._files[first.file].name, first.number),
            min(times, default=None),
            max(times, default=None),
            len(group.stopped),
            len({enrolment.device for enrolment in group.stopped if enrolment.device}),
            len(bad) + dropped,
            self._texts.get((first.file, first.number), ""),
            self._texts.get((telling.file, telling.number), ""),
            tuple(self._proven(group.stopped)),
            tuple(self._beside(bad, telling)),
        )

    def _beside(self, bad: Iterable[Mark], telling: Mark) -> Iterator[tuple[Entry, Where]]:
        seen = {telling.verdict.entry}
        for mark in bad:
            match = mark.verdict.match
            if mark.file == telling.file or mark.verdict.of_request or mark.verdict.confidence < KNOWN:
                continue  # what one request met is a consequence
            if match and match.entry.id not in seen:
                seen.add(match.entry.id)
                yield match.entry, Where(self._files[mark.file].name, mark.number)

    def _proven(self, stopped: Iterable[Enrolment]) -> Iterator[tuple[int, Where]]:
        seen: set[int] = set()
        for mark in (mark for enrolment in stopped for mark in enrolment.marks):
            step = mark.verdict.step
            if mark.verdict.kind == "good" and step and step not in seen:
                seen.add(step)
                yield step, Where(self._files[mark.file].name, mark.number)


def _covered(file: LogFile, right: Righted) -> Covered | None:
    """From when to when a log tells; lists may begin with the newest."""
    if not (file.first and file.last and file.clock):
        return None
    first, last = sorted((right(file.first), right(file.last)))
    return Covered(first, last, file.clock.is_known)


def _subject(line: Line) -> str:
    """What a line asks about, or answers."""
    for turn in _TURNS:
        if turn in line.text:
            return turn
    return line.flow


class _Questions:
    """Lines that are good news or bad, as what comes next in their thread tells; one thread may ask again before it is
    answered."""

    def __init__(self, unanswered: Callable[[Mark], None]) -> None:
        """`unanswered` hears of each that nobody answered."""
        self._unanswered = unanswered
        self._open: dict[str, list[Mark]] = {}
        self._entries: Counter[str] = Counter()

    def asked(self, subject: str, mark: Mark) -> None:
        """Something waits for an answer; what did for long has none. What is in turns waits for one answer only."""
        before = self._open.get(subject, [])
        if subject in _TURNS and before:
            return
        while before and not (mark.at and before[0].at and mark.at - before[0].at < _ANSWERED):
            self._unanswered(before[0])
            self._closed(subject, 0)
        self._open.setdefault(subject, before).append(mark)
        self._entries[mark.verdict.entry] += 1
        if self._entries.total() > _OPEN:
            eldest = next(iter(self._open))
            self._unanswered(self._open[eldest][0])
            self._closed(eldest, 0)

    def answered(self, subject: str) -> None:
        """Whatever was asked last has its answer."""
        if subject in self._open:
            self._closed(subject, -1)

    def explained(self, verdict: Verdict) -> None:
        """What was asked last is not open any more where a line says outright that it failed."""
        if verdict.kind == "bad" and self._entries[verdict.entry]:
            for subject, waiting in list(self._open.items()):
                if waiting[-1].verdict.entry == verdict.entry:
                    self._closed(subject, -1)

    def _closed(self, subject: str, which: int) -> None:
        waiting = self._open[subject]
        self._entries[waiting.pop(which).verdict.entry] -= 1
        if not waiting:
            del self._open[subject]

    def end(self) -> None:
        """No answer comes any more."""
        for waiting in self._open.values():
            for mark in waiting:
                self._unanswered(mark)


def _like(mark: Mark) -> tuple[int | None, str]:
    return mark.verdict.step, mark.verdict.entry


def _weight(stop: Stop) -> tuple[float, float]:
    known = 1.0 if stop.verdict.confidence >= SPECIFIC else 0.3 if stop.verdict.match else 0.1
    return known * (stop.enrolments + min(stop.lines, 1_000) / 1_000), stop.verdict.confidence
