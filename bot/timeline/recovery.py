"""Failures that were over by themselves: of a few devices that came through with a later try, nobody needs to hear."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from bot.timeline.joining import Enrolment
from bot.timeline.marks import DEVICE, WEB, Mark

START = timedelta(minutes=10)
"""In which a server starts, with all it needs."""
FEW, _ONE_IN = 3, 50  # failed enrolments, and the share of all, that are no outage
_TRIES = 12  # enrolments of one device; what has more is many devices behind one address
_SENT = 2  # the step at which a device sends its request


def recovered(enrolments: Sequence[Enrolment]) -> set[int]:
    """The failed enrolments (by `id`) whose devices came through later. Where many failed alike for longer than a
    server takes to start, it was an outage, over or not, and none of them is meant."""
    alike: dict[tuple[int | None, str], list[Enrolment]] = {}
    for enrolment, mark in _come_through(enrolments):
        alike.setdefault((enrolment.step_of(mark), mark.verdict.entry), []).append(enrolment)
    few = max(FEW, len(enrolments) // _ONE_IN)
    return {id(one) for group in alike.values() if len(group) <= few or _was_short(group) for one in group}


def _come_through(enrolments: Iterable[Enrolment]) -> Iterator[tuple[Enrolment, Mark]]:
    """Those that failed and of which the device came through, each with what it failed of."""
    for tries in _by_device(enrolments):
        for number, enrolment in enumerate(tries, 1):
            if not enrolment.has_failed:
                continue
            failed = [mark for mark in enrolment.marks if mark.verdict.kind == "bad"]
            if mark := enrolment.failure:
                if any(_goes_on(enrolment, mark, later) for later in tries[number:]):
                    yield enrolment, mark
            elif failed and all(mark.depth == WEB for mark in failed):
                yield enrolment, failed[0]


def _by_device(enrolments: Iterable[Enrolment]) -> Iterator[list[Enrolment]]:
    """The enrolments of each device that can be told from others."""
    tries: dict[str, list[Enrolment]] = {}
    for enrolment in enrolments:
        if device := _device(enrolment):
            tries.setdefault(device, []).append(enrolment)
    return (of_one for of_one in tries.values() if len(of_one) <= _TRIES)


def _device(enrolment: Enrolment) -> str:
    """The address, the id, or the own log of a device; empty where nothing tells it."""
    file = enrolment.marks[0].file
    own = all(mark.depth <= DEVICE and mark.file == file for mark in enrolment.marks)
    return enrolment.device or enrolment.who or (f"log {file}" if own else "")


def _goes_on(failed: Enrolment, mark: Mark, later: Enrolment) -> bool:
    """Whether a later try of the device came past the step at which one failed."""
    step = max(failed.step_of(mark) or 0, _SENT)
    sent = later.ended or later.furthest > _SENT
    agents = {one.marks[0].agent for one in (failed, later)} - {""}  # not every log tells it
    came_past = sent and later.furthest >= step and later.failure is None
    return came_past and later.last > failed.last and len(agents) < 2


def _was_short(group: Sequence[Enrolment]) -> bool:
    """Whether all of it happened while a server may have been starting."""
    times = [enrolment.last for enrolment in group]
    return max(times) - min(times) <= START
