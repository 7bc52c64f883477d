"""Whoever turns everybody away is told of by nobody else: lines that mean little on good days tell it then."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import pairwise

from bot.timeline.joining import Enrolment
from bot.timeline.marks import Mark
from bot.timeline.outages import Group

MOST = 20_000
"""Such lines that are kept, the last ones."""
_MANY, _LONG = 10, timedelta(minutes=30)  # lines since the last success, and from the first to the last of them
_MORE_OFTEN = 10  # times than before: scanners leave the same lines all the time
_QUIETER = 3  # times the longest pause of enrolments before: nights are quiet, too
_SURE = 0.7  # how sure such a line is then
_USED = 3  # enrolments that went well before, without which nothing has ended


def silenced(faint: Iterable[Mark], enrolments: Sequence[Enrolment]) -> list[Group]:
    """What stops everybody since the last success, where faint lines come all the time since then; nothing else is
    known to stop anything. Times are in UTC."""
    good = sorted(mark.at for one in enrolments for mark in one.marks if mark.at and mark.verdict.kind == "good")
    if not good or sum(not one.has_failed for one in enrolments) < _USED:
        return []
    last = good[-1]
    timed = sorted(((mark.at, mark) for mark in faint if mark.at), key=lambda one: one[0])
    since = [mark for at, mark in timed if at > last]
    if len(since) < _MANY or timed[-1][0] - timed[-len(since)][0] < _LONG:
        return []
    lasted = timed[-1][0] - last
    if lasted < _QUIETER * max((after - before for before, after in pairwise(good)), default=timedelta()):
        return []
    before = sum(good[0] <= at <= last for at, _ in timed)
    if before * _MORE_OFTEN * lasted > len(since) * (last - good[0]):
        return []
    sure = [mark._replace(verdict=mark.verdict._replace(kind="bad", confidence=_SURE)) for mark in since]
    return [Group(sure[0].verdict.step, sure[0], [], sure)]
