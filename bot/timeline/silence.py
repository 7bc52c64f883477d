"""Whoever turns everybody away is told of by nobody else: lines that mean little on good days tell it then."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from bot.timeline.joining import Enrolment
from bot.timeline.marks import Mark
from bot.timeline.outages import Group

MOST = 20_000
"""Such lines that are kept, the last ones."""
_MANY, _LONG = 10, timedelta(minutes=30)  # lines since the last success, and from the first to the last of them
_MORE_OFTEN = 10  # times than before: scanners leave the same lines all the time
_USED = 3  # enrolments that went well before, without which nothing has ended


def silenced(faint: Iterable[Mark], enrolments: Sequence[Enrolment]) -> list[Group]:
    """What stops everybody since the last success, where faint lines come all the time since then; nothing else is
    known to stop anything. Times are in UTC."""
    good = [mark.at for one in enrolments for mark in one.marks if mark.at and mark.verdict.kind == "good"]
    timed = sorted(((mark.at, mark) for mark in faint if mark.at), key=lambda one: one[0])
    if not good or sum(not one.has_failed for one in enrolments) < _USED:
        return []
    first, last = min(good), max(good)
    since = [mark for at, mark in timed if at > last]
    if len(since) < _MANY or timed[-1][0] - last < _LONG:
        return []
    before = sum(first <= at <= last for at, _ in timed)
    rate = len(since) / (timed[-1][0] - last).total_seconds()
    if before and rate < _MORE_OFTEN * before / max(1.0, (last - first).total_seconds()):
        return []
    return [Group(since[0].verdict.step, since[0], [], since)]
