"""Whoever turns everybody away is told of by nobody else: lines that mean little on good days tell it then."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from bot.timeline.joining import Enrolment
from bot.timeline.marks import Mark
from bot.timeline.outages import Group
from bot.timeline.templates import Righted
from knowledge.schema import Entry

_MOST = 20_000  # such lines that are kept; where there are more, nobody can say how often they came before
_LONGEST = 500  # characters of one
_MANY, _LONG = 10, timedelta(minutes=30)  # lines since the last success, and from the first to the last of them
_MORE_OFTEN = 10  # times than before: scanners leave the same lines all the time
_QUIETER = 3  # times the longest pause of enrolments before: nights are quiet, too
_USED = 3  # enrolments that went well before, without which nothing has ended
_ANY_ZONE = timedelta(hours=14, minutes=30)  # that a clock of which nothing is known may be from UTC
_SURE = 0.7  # how sure such a line is then


class Covered(NamedTuple):
    """From when to when a log tells, in UTC as far as it is known: `sure` says whether it is."""

    first: datetime
    last: datetime
    sure: bool


class Faint:
    """The faint lines of all logs, as they come."""

    def __init__(self) -> None:
        self._lines: list[tuple[Mark, str]] = []

    def take(self, mark: Mark, text: str) -> None:
        """Take one in."""
        if len(self._lines) <= _MOST:
            self._lines.append((mark, text[:_LONGEST]))

    def noted(self) -> tuple[tuple[Entry, int], ...]:
        """What many of them tell, with how many; at most one more than are kept."""
        lines = Counter(mark.verdict.entry for mark, _ in self._lines)
        matches = {mark.verdict.entry: mark.verdict.match for mark, _ in self._lines}
        return tuple((match.entry, n) for entry, n in lines.items() if n >= _MANY and (match := matches[entry]))

    def told(
        self,
        covered: Sequence[Covered | None],
        clock_of: Sequence[Righted],
        enrolments: Sequence[Enrolment],
        groups: Iterable[Group],
    ) -> list[Group]:
        """What stops everybody, unless failures of the given groups last as long and tell it. `covered` and `clock_of`
        are those of each file."""
        if not 0 < len(self._lines) <= _MOST:
            return []
        faint = [
            (mark._replace(at=clock_of[mark.file](mark.at)), log)
            for mark, _ in self._lines
            if mark.at and (log := covered[mark.file])
        ]
        failed = [mark.at for group in groups for mark in group.marks if mark.at]
        return [silent for silent in silenced(faint, enrolments) if not _fails_on(failed, silent.telling)]

    def texts(self, groups: Iterable[Group]) -> dict[tuple[int, int], str]:
        """What the first line of each group says, by file and number."""
        first = {group.telling[:2] for group in groups}
        return {mark[:2]: text for mark, text in self._lines if mark[:2] in first}


def _fails_on(failed: Iterable[datetime], first: Mark) -> bool:
    return first.at is not None and any(at >= first.at for at in failed)


def silenced(faint: Sequence[tuple[Mark, Covered]], enrolments: Sequence[Enrolment]) -> list[Group]:
    """What stops everybody since the last success, where faint lines, of logs that cover so much, began to come then
    and come until their log ends. Times are in UTC."""
    good = sorted(mark.at for one in enrolments for mark in one.marks if mark.at and mark.verdict.kind == "good")
    timed = sorted(((mark.at, mark, log) for mark, log in faint if mark.at), key=lambda one: one[0])
    if not good or not timed or sum(not one.has_failed for one in enrolments) < _USED:
        return []
    (_, _, log), (end, *_) = timed[0], timed[-1]
    last, pause = good[-1], max((after - before for before, after in pairwise(good)), default=timedelta())
    since = [mark for at, mark, _ in timed if at > last]
    lasted = end - last
    goes_on = log.last - end <= max(_LONG, pause)
    is_long = len(since) >= _MANY and end - timed[-len(since)][0] >= _LONG and lasted >= _QUIETER * pause
    if not (goes_on and is_long and (log.sure or log.first + _ANY_ZONE <= timed[0][0])):
        return []
    before, watched = len(timed) - len(since), last - min(log.first, timed[0][0])
    if before * _MORE_OFTEN * lasted >= len(since) * watched:  # where nothing was watched before, nobody can tell
        return []
    sure = [mark._replace(verdict=mark.verdict._replace(kind="bad", confidence=_SURE)) for mark in since]
    return [Group(sure[0].verdict.step, sure[0], [], sure)]
