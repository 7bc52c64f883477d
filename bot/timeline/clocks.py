"""Logs of one site are stamped by different clocks: how far each is from UTC, found from lines that belong together."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from bot.timeline.lines import DATELESS, Tick, no_tick
from bot.timeline.marks import Mark

_ZONE = 900  # seconds: no zone of the earth is finer than a quarter of an hour
_QUARTERS = frozenset({20_700, 31_500, 45_900, 49_500})  # the zones ahead by a quarter to an hour; none is by one past
_HALVES = frozenset({-34_200, -12_600, -9_000, 12_600, 16_200, 19_800, 23_400, 34_200, 37_800})  # those by half an hour
_CLOSE = 3  # seconds that lines of one event may be apart
_FAR = 14.5 * 3600  # seconds that a local time may be from UTC
_TAKEN = 150  # lines of a log that are compared
_COMPARED = 1_500  # lines of the reference that they are compared with
_DATED = 40  # lines of a log without dates that are compared with each day
_DAYS = 31  # of the reference, the last ones, that a log without dates may be of
_FEW = 3  # pairs of lines that show a zone
_MANY = 6  # pairs of lines that show a clock that is wrong
_OF_RETRIES = timedelta(minutes=10)  # in which what failed is tried again and told once more
_BELIEVED = 0.5  # of the lines in place: the clock of a log that says its zone is right
_DOUBTED = 0.8  # of the lines in place elsewhere: it is wrong


@dataclass(frozen=True, slots=True)
class FileClock:
    """The clock of one file. `ahead`: how much it is ahead of UTC; `pairs`: the pairs of lines that show it; `said`:
    the log itself says its zone."""

    ahead: timedelta
    pairs: int
    said: bool

    @property
    def is_known(self) -> bool:
        """Whether it is known how far it is from UTC."""
        return self.said or bool(self.pairs or self.ahead)

    @property
    def words(self) -> str:
        """For a person: where the times of this file stand."""
        if self.said and not self.ahead:
            return "UTC"
        seconds = round(self.ahead.total_seconds())
        hours, rest = divmod(abs(seconds), 3600)
        minutes, odd = divmod(rest, 60)
        told = f"{'+' if seconds >= 0 else '-'}{hours}:{minutes:02}" + (f":{odd:02}" if odd else "")
        if self.pairs:
            return f"local time, UTC{told}, found from {self.pairs} pair{'s'[: self.pairs > 1]} of lines"
        return "local time, taken as it stands: nothing in these files shows its zone"


def aligned(
    files: Sequence[Sequence[Mark]], trusted: Sequence[bool], known: Sequence[bool], tick: Tick = no_tick
) -> tuple[list[list[Mark]], list[FileClock]]:
    """The marks of each file with their times in UTC, and each file's clock. `trusted` ones are UTC by their nature,
    `known` ones say their zone."""
    reference = _reference(files, known, trusted)
    dated = [_dated(marks, reference, tick) for marks in files]
    clocks: list[FileClock] = []
    for marks, aware, trust in zip(dated, known, trusted, strict=True):
        tick()
        as_written = FileClock(timedelta(), 0, trust or aware)
        clocks.append(as_written if trust or not marks else _clock(marks, aware, reference))
    clocks = _agreed(_seconded(clocks, dated, reference, tick), dated, reference)
    fixed = [[_by(mark, clock) for mark in marks] for marks, clock in zip(dated, clocks, strict=True)]
    return fixed, clocks


def _by(mark: Mark, clock: FileClock) -> Mark:
    """A mark in UTC."""
    if mark.at is None or (mark.at.tzinfo and not clock.ahead):
        return mark
    return mark._replace(at=_utc(mark.at) - clock.ahead)


def _seconded(
    clocks: Sequence[FileClock], files: Sequence[Sequence[Mark]], reference: Sequence[Mark], tick: Tick
) -> list[FileClock]:
    """The clocks, where those that few pairs of lines show are compared again with every log whose clock is sure: a
    crash stands beside the last words of the program that crashed, and beside nothing in the log of IIS."""
    if all(clock.said or _is_sure(clock) for clock in clocks):
        return list(clocks)
    sure = [
        _by(mark, clock)
        for clock, marks in zip(clocks, files, strict=True)
        if clock.said or _is_sure(clock)
        for mark in marks
        if mark.at and not mark.verdict.of_service
    ]
    wider = sorted(sure, key=lambda mark: _utc(mark.at))
    if len(wider) <= len(reference):
        return list(clocks)
    seconded: list[FileClock] = []
    for clock, marks in zip(clocks, files, strict=True):
        tick()
        again = clock
        if not clock.said and not _is_sure(clock) and marks and not _is_of(marks, reference):
            again = _clock(marks, False, wider)
        seconded.append(again if _is_sure(again) else clock)
    return seconded


def _agreed(clocks: Sequence[FileClock], files: Sequence[Sequence[Mark]], reference: Sequence[Mark]) -> list[FileClock]:
    """The clocks, where those that few pairs of lines show follow the others: the servers of a site mostly stand in one
    zone; else the zone in which what failed in them is followed, and not preceded, by what failed elsewhere."""
    zone = next(iter(Counter(clock.ahead for clock in clocks if _is_sure(clock)).most_common(1)), None)
    agreed: list[FileClock] = []
    for clock, marks in zip(clocks, files, strict=True):
        if not clock.said and not _is_sure(clock) and marks and not _is_of(marks, reference):
            found = zone[0] if zone else _followed(marks, reference)
            clock = clock if found is None else replace(clock, ahead=found)
        agreed.append(_as_beside(clock, clocks))
    return agreed


def _as_beside(clock: FileClock, clocks: Sequence[FileClock]) -> FileClock:
    """A clock that is off by minutes from one beside it which many more pairs show is that one: a retry comes minutes
    after the failure, and computers of one domain keep the same time."""
    if clock.said or not clock.pairs or _is_zone(clock.ahead.total_seconds()):
        return clock
    beside = [
        other.ahead
        for other in clocks
        if _is_sure(other) and _is_zone(other.ahead.total_seconds()) and other.pairs >= 2 * clock.pairs
    ]
    near = next((ahead for ahead in beside if abs(ahead - clock.ahead) <= _OF_RETRIES), None)
    return clock if near is None else replace(clock, ahead=near)


def _is_sure(clock: FileClock) -> bool:
    """Whether enough pairs of lines show a clock: more of them where it would be wrong by what no zone explains."""
    return not clock.said and clock.pairs >= (_FEW if _is_zone(clock.ahead.total_seconds()) else _MANY)


def _is_zone(ahead: float) -> bool:
    """Whether clocks stand so somewhere on earth."""
    return ahead % 3600 == 0 or ahead in _HALVES or ahead in _QUARTERS


def _followed(marks: Sequence[Mark], reference: Sequence[Mark]) -> timedelta | None:
    """The one zone of whole hours in which the first failure of a file lies between the last success of the reference
    and the first failure after it."""
    mine = min((_utc(mark.at) for mark in marks if mark.at and mark.verdict.kind == "bad"), default=None)
    failed = next((_utc(mark.at) for mark in reference if mark.verdict.kind == "bad"), None)
    if mine is None or failed is None:
        return None
    good = [_utc(mark.at) for mark in reference if mark.verdict.kind == "good" and _utc(mark.at) < failed]
    if not good:
        return None
    slack = timedelta(seconds=_CLOSE)
    hours = [timedelta(hours=hour) for hour in range(-14, 15)]
    fitting = [hour for hour in hours if good[-1] - slack <= mine - hour <= failed + slack]
    return fitting[0] if len(fitting) == 1 else None


def righted(before: Sequence[Mark], after: Sequence[Mark], clock: FileClock) -> Callable[[datetime], datetime]:
    """Puts further times of a file right as its marks were: `before` and `after` are those that `aligned` took and
    gave."""
    pairs = [(_utc(old.at), _utc(new.at)) for old, new in zip(before, after, strict=True) if old.at and new.at]
    by = {old.year == DATELESS: new - old for old, new in reversed(pairs)}

    def right(at: datetime) -> datetime:
        try:
            return _utc(at) + by.get(at.year == DATELESS, -clock.ahead)
        except OverflowError:
            return _utc(at)

    return right


def _reference(files: Sequence[Sequence[Mark]], known: Sequence[bool], trusted: Sequence[bool]) -> list[Mark]:
    """The marks whose times are believed: of logs that are UTC by nature, else of those that say their zone, else of
    the longest."""
    for believed in (trusted, known):
        marks = [
            mark
            for file, yes in zip(files, believed, strict=True)
            if yes
            for mark in file
            if mark.at and not mark.verdict.of_service
        ]
        if marks and any(mark.at and mark.at.year != DATELESS for mark in marks):
            return sorted(marks, key=lambda mark: _utc(mark.at))
    dated = [[mark for mark in file if mark.at and mark.at.year != DATELESS] for file in files]
    return sorted(max(dated, key=lambda marks: sum(1 for _ in marks), default=[]), key=lambda mark: _utc(mark.at))


def _clock(marks: Sequence[Mark], aware: bool, reference: Sequence[Mark]) -> FileClock:
    if not reference or _is_of(marks, reference):
        return FileClock(timedelta(), 0, aware)
    taken = _telling(marks)
    counts, total = _differences(taken, reference)
    likely = {ahead: pairs for ahead, pairs in counts.items() if _is_zone(ahead) or pairs >= _MANY}
    if not likely:  # few pairs at a distance that no zone explains are a coincidence
        return FileClock(timedelta(), 0, aware)
    ahead, pairs = max(likely.items(), key=lambda item: (item[1], _is_zone(item[0]), -abs(item[0])))
    if aware and (pairs < max(_FEW, _DOUBTED * total) or counts[0] >= _BELIEVED * total):
        return FileClock(timedelta(), 0, True)
    return FileClock(timedelta(seconds=ahead), pairs, False)


def _telling(marks: Sequence[Mark]) -> list[Mark]:
    """Bad marks first, for they are rare; then good ones."""
    timed = [mark for mark in marks if mark.at and not mark.verdict.of_service]
    bad = [mark for mark in timed if mark.verdict.kind == "bad"][: _TAKEN // 2]
    return bad + [mark for mark in timed if mark.verdict.kind == "good"][: _TAKEN - len(bad)]


def _differences(taken: Sequence[Mark], reference: Sequence[Mark]) -> tuple[Counter[int], int]:
    """How many of the marks have a fitting one in the reference at each difference of seconds, and their number.

    Differences near a quarter of an hour are taken for a zone; others, of a clock that is wrong, count if nothing else
    explains them.
    """
    near = reference if len(reference) <= _COMPARED else _thinned(reference, taken)
    stamps = [(_utc(mark.at).timestamp(), mark) for mark in near]
    counts: Counter[int] = Counter()
    for mark in taken:
        mine = _utc(mark.at).timestamp()
        found: set[int] = set()
        for other, partner in stamps:
            apart = mine - other
            if abs(apart) <= _FAR and _fit(mark, partner):
                zone = round(apart / _ZONE) * _ZONE
                slack = _CLOSE + partner.took
                found.add(zone if abs(apart - zone) <= slack else round(apart / 2) * 2)
        counts.update(found)
    return counts, len(taken)


def _thinned(reference: Sequence[Mark], taken: Sequence[Mark]) -> list[Mark]:
    """Of the marks that a zone may put beside those taken: bad ones, then requests that were sent, then others."""
    times = [_utc(mark.at).timestamp() for mark in taken]
    first, last = min(times, default=0) - _FAR, max(times, default=0) + _FAR
    near = [mark for mark in reference if first <= _utc(mark.at).timestamp() <= last]
    bad = [mark for mark in near if mark.verdict.kind == "bad"][: _COMPARED // 2]
    good = sorted((mark for mark in near if mark.verdict.kind == "good"), key=lambda mark: not mark.ends)
    return bad + good[: _COMPARED - len(bad)]


def _fit(mark: Mark, other: Mark) -> bool:
    """Whether two lines could tell of the same moment: both bad, both good at steps that follow each other, or one
    within the request of a device."""
    if other.ends and ((mark.verdict.step or 3) > 2 or mark.verdict.kind == "bad"):
        return True
    if mark.verdict.kind != other.verdict.kind:
        return False
    mine, theirs = mark.verdict.step, other.verdict.step
    return mark.verdict.kind == "bad" or mine is None or theirs is None or abs(mine - theirs) <= 1


def _dated(marks: Sequence[Mark], reference: Sequence[Mark], tick: Tick) -> list[Mark]:
    """Times of day get the day of the reference on which most of them have a fitting line; the first if none has."""
    if not any(mark.at and mark.at.year == DATELESS for mark in marks):
        return list(marks)
    days = sorted({_utc(mark.at).date() for mark in reference if mark.at and mark.at.year != DATELESS})[-_DAYS:]

    def fitting(moved: list[Mark]) -> int:
        tick()
        return _fitting(moved, reference)

    return max((_on(day, marks) for day in days), key=fitting, default=list(marks))


def _on(day: date, marks: Sequence[Mark]) -> list[Mark]:
    by = day - date(DATELESS, 1, 2)
    return [mark._replace(at=mark.at + by) if mark.at and mark.at.year == DATELESS else mark for mark in marks]


def _fitting(marks: Sequence[Mark], reference: Sequence[Mark]) -> int:
    """How many marks have a fitting one in the reference: at the same moment, or in a zone where none is said."""
    counts, _ = _differences(_telling(marks)[:_DATED], reference)
    return counts[0] if _is_aware(marks) else max((n for ahead, n in counts.items() if _is_zone(ahead)), default=0)


def _is_of(marks: Sequence[Mark], reference: Sequence[Mark]) -> bool:
    """Whether the reference is made of this file."""
    return any(mark.file == marks[0].file for mark in reference)


def _is_aware(marks: Iterable[Mark]) -> bool:
    first = next((mark.at for mark in marks if mark.at), None)
    return first is not None and first.tzinfo is not None


def _utc(at: datetime | None) -> datetime:
    """As if UTC, where no zone is said. None is never asked for: callers look first."""
    assert at is not None  # noqa: S101 - a programming error, not an input
    return at if at.tzinfo else at.replace(tzinfo=UTC)
