"""Composed sets of logs: the step and the first bad line are named right, and a healthy site has no finding."""

import io
from collections.abc import Iterator

import pytest

from bot.timeline import Story
from connectors.surveying import Surveying
from knowledge.library import Library
from tests.logs.compose import VARIANTS, Composed, compose, large_healthy
from tests.logs.faults import FAULTS

SETS = [(fault, variant) for i, fault in enumerate(FAULTS) for variant in range(VARIANTS) if (variant + i) % 2]
"""Half of all sets: every fault in every second variant, 96 in all."""


def told(composed: Composed, library: Library) -> Story:
    surveying = Surveying(library)
    for name, data in composed.files.items():
        surveying.read(io.BytesIO(data), name)
    return surveying.done().story


@pytest.fixture(scope="module")
def stories(library: Library) -> list[tuple[Composed, Story]]:
    return [(composed, told(composed, library)) for composed in (compose(*one) for one in SETS)]


def first_bad(story: Story) -> tuple[str, int] | None:
    return tuple(story.stops[0].first) if story.stops else None


def test_the_step_is_named_right(stories: list[tuple[Composed, Story]]) -> None:
    wrong = [c.name for c, story in stories if (story.stops[0].step if story.stops else None) != c.step]
    assert len(stories) >= 60
    assert len(wrong) <= 0.03 * len(stories), wrong


def test_the_first_bad_line_is_exact(stories: list[tuple[Composed, Story]]) -> None:
    wrong = [c.name for c, story in stories if first_bad(story) != c.bad]
    assert len(wrong) <= 0.05 * len(stories), wrong


def test_the_enrolments_are_counted(stories: list[tuple[Composed, Story]]) -> None:
    """Where all logs are there; from one log alone, or beside a device with a trouble of its own, nobody could."""
    whole = [(c, s) for c, s in stories if not c.name.endswith(("-4", "-6", "-7"))]
    right = [c for c, s in whole if len(s.enrolments) == c.total and _stopped(s) == c.stopped]
    assert len(right) >= 0.9 * len(whole), [c.name for c, _ in whole if c not in right]


def _stopped(story: Story) -> int:
    return sum(1 for enrolment in story.enrolments if enrolment.failure)


def test_the_clock_of_each_log_is_found(stories: list[tuple[Composed, Story]]) -> None:
    """In the second variant all local times are two hours ahead; only there is enough to find it by."""
    ahead = [
        file.clock.ahead.total_seconds()
        for composed, story in stories
        if composed.name.endswith("-1") and composed.step in (3, 4)
        for file in story.files
        if file.kind in ("event", "connector") and file.clock and file.clock.pairs
    ]
    assert ahead
    assert ahead.count(7200) >= 0.9 * len(ahead)


def _healthy() -> Iterator[Composed]:
    yield from (large_healthy(seed) for seed in range(4))


def test_twenty_thousand_good_lines_have_no_finding(library: Library) -> None:
    lines = 0
    for composed in _healthy():
        story = told(composed, library)
        lines += composed.lines
        assert story.stops == (), composed.name
        assert len(story.enrolments) >= composed.total
    assert lines >= 20_000
