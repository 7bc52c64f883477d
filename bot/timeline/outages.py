"""What stops enrolments, sorted into outages: bad marks with the same cause, or beside each other in time, are one."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.timeline.joining import Enrolment
from bot.timeline.marks import Mark
from bot.timeline.recovery import FEW, START, recovered
from bot.timeline.strangers import NDES_PAGE
from bot.timeline.verdicts import SPECIFIC

_RELATED = timedelta(minutes=3)  # between a failure of the service and the enrolments it stops
_PASSING = frozenset(
    {
        "crp-challenge-expired-411",
        "ndes-500-ca-unreachable",
        "ndes-500-crl-not-retrievable",
        "ndes-submit-rpc-unavailable",
        "ndes-timeout",
        "policy-module-winhttp-other",
        "scep-app-pool-stopped-503",
        "scep-worker-process-died",
    }
)
"""Problems that may be over by themselves: something was away for a moment, or came too late once."""
_PAST_THE_CA = 4  # the step that shows that challenges are accepted
_AT_WORK = 3  # the step from which on a success shows that the service works


@dataclass(slots=True)
class Group:
    """What stops for the same reason at the same step, its bad marks in time."""

    step: int | None
    telling: Mark
    stopped: list[Enrolment]
    marks: list[Mark]
    delayed: int = 0
    """Enrolments that went on all the same."""


def grouped(enrolments: Sequence[Enrolment], alone: Sequence[Mark]) -> list[Group]:
    """By step and entry; failures that tell no cause go with the one beside them in time that does."""
    groups: dict[tuple[int | None, str], Group] = {}

    def group(mark: Mark, step: int | None) -> Group:
        return groups.setdefault((step, mark.verdict.entry), Group(step, mark, [], []))

    over = recovered(enrolments)
    for enrolment in enrolments:
        if id(enrolment) in over:
            continue
        if mark := enrolment.failure:
            found = group(mark, enrolment.step_of(mark))
            found.stopped.append(enrolment)
            found.marks += [one for one in enrolment.marks if one.verdict.kind == "bad"]
        elif (trouble := enrolment.trouble) and trouble.verdict.entry in _PASSING:
            found = group(trouble, trouble.verdict.step)
            found.delayed += 1
            found.marks += [one for one in enrolment.marks if one.verdict.kind == "bad"]
        else:
            for one in enrolment.marks:
                if one.verdict.kind == "bad" and not one.verdict.retried:
                    group(one, one.verdict.step).marks.append(one)
    for mark in alone:
        group(mark, mark.verdict.step).marks.append(mark)
    for each in groups.values():
        each.marks.sort(key=_when)
    successes = _Successes(enrolments)
    lasting = [group for group in groups.values() if not _means_nothing(group, successes)]
    return _merged(lasting, successes)


def _means_nothing(group: Group, successes: "_Successes") -> bool:
    """Whether enrolments went on as ever after failures that no entry knows and that tell no step, or after something
    could not be reached once."""
    times = [mark.at for mark in group.marks if mark.at]
    if not times:
        return False
    if group.telling.verdict.entry == NDES_PAGE:
        return successes.since(min(times), _PAST_THE_CA)
    if group.telling.verdict.entry in _PASSING:
        if group.delayed and not group.stopped:
            return group.delayed <= FEW
        once = len(group.stopped) <= FEW and max(times) - min(times) <= START
        step = group.step or _AT_WORK
        return once and not successes.between(min(times), max(times), step) and successes.since(max(times), step)
    unknown = group.step is None and all(mark.verdict.match is None for mark in group.marks)
    return unknown and successes.since(max(times), _AT_WORK)


class _Successes:
    """When something went well, by step: an outage lasts from one such moment to the next. A good line of the step at
    which an enrolment stops shows only that it was tried."""

    def __init__(self, enrolments: Iterable[Enrolment]) -> None:
        self._times: dict[int, list[datetime]] = {}
        for enrolment in enrolments:
            stopped = (enrolment.step_of(mark) or 1) if (mark := enrolment.failure) else 7
            for mark in enrolment.marks:
                step = mark.verdict.step or 0
                if mark.at and mark.verdict.kind == "good" and 0 < step < stopped:
                    self._times.setdefault(step, []).append(mark.at)
        for times in self._times.values():
            times.sort()

    def between(self, start: datetime, end: datetime, step: int) -> bool:
        """Whether a step, or one behind it, went well between two moments."""
        behind = (times for of, times in self._times.items() if of >= step)
        return any(bisect_left(times, start) < bisect_right(times, end) for times in behind)

    def since(self, moment: datetime, step: int) -> bool:
        """Whether a step, or one behind it, went well after a moment."""
        return any(times[-1] > moment for of, times in self._times.items() if of >= step)


def _merged(groups: list[Group], successes: _Successes) -> list[Group]:
    """Groups that tell of the same outage as one: a cause told by the service, or elsewhere, right before or within."""
    kept: list[Group] = []
    # Specific ones first, those that stop most enrolments before others: they take the rest in.
    order = sorted(groups, key=lambda g: (g.telling.verdict.confidence < SPECIFIC, -len(g.stopped), -len(g.marks)))
    for group in order:
        home = next((other for other in kept if _same_outage(other, group, successes)), None)
        if home is None:
            kept.append(group)
            continue
        home.stopped += group.stopped
        home.marks = sorted(home.marks + _near(group, home, successes), key=_when)
    return kept


def _near(group: Group, home: Group, successes: "_Successes") -> list[Mark]:
    """The marks of a group that may be of the outage it is told with; not those from before it began, when all went
    well once more in between."""
    begin = min((mark.at for mark in home.marks if mark.at), default=None)
    if begin is None:
        return group.marks
    before = (mark for mark in group.marks if mark.at and mark.at < begin - _RELATED)
    old = {id(mark) for mark in before if mark.at and successes.between(mark.at, begin, home.step or _AT_WORK)}
    return [mark for mark in group.marks if id(mark) not in old]


def _same_outage(main: Group, other: Group, successes: _Successes) -> bool:
    timed, others = ([mark.at for mark in group.marks if mark.at] for group in (main, other))
    if not (timed and others):
        return False
    generic = other.telling.verdict.confidence < SPECIFIC
    of_service = not other.stopped or not main.stopped
    if not (generic or of_service or main.step == other.step):
        return False
    if main.step and main.step == other.step:
        apart = (max(timed), min(others)) if min(timed) < min(others) else (max(others), min(timed))
        if apart[0] < apart[1] and not successes.between(*apart, main.step):
            return True
    start, end = min(timed) - _RELATED, max(timed) + _RELATED
    inside = sum(1 for at in others if start <= at <= end)
    return inside * 2 >= len(others)


def first_of(bad: Sequence[Mark]) -> Mark:
    """The first of bad marks in time; many logs tell whole seconds only, so within one the deepest program's."""
    earliest = bad[0]
    if earliest.at is None:
        return earliest
    second = earliest.at.replace(microsecond=0) + timedelta(seconds=1)
    same = [mark for mark in bad[:20] if mark.at and mark.at < second]
    whole = any(mark.at and not mark.at.microsecond for mark in same)
    return min(same, key=lambda mark: (-mark.depth, _when(mark))) if whole else earliest


def _when(mark: Mark) -> tuple[datetime, float, int, int]:
    at = mark.at or datetime.max.replace(tzinfo=UTC)
    return at, -mark.verdict.confidence, mark.file, mark.number
