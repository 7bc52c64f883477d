"""Whole sites, composed apart from the product, in the forms that admins send: step, first bad line, healthy ones."""

import io

import pytest

from connectors.surveying import Surveying
from knowledge.library import Library
from tests.logs.sites.sets import composed

NOT_TOLD = {
    "two-2-then-4": "of two faults the one that stops more is told first, not the earlier one",
    "two-4-then-2": "the same",
    "two-6-then-3": "the same",
}
"""What is known not to be told as composed, and why."""


@pytest.fixture(scope="module")
def told(
    library: Library,
) -> list[tuple[str, int | None, list[tuple[str, int, int]], int | None, tuple[str, int] | None]]:
    """(name, step, first bad lines, the step that was told, the line that was told) of every site."""
    return [_told(library, *one) for one in composed()]


def _told(library, name, step, site, files):
    surveying = Surveying(library)
    for file, data in sorted(files.items()):
        surveying.read(io.BytesIO(data), file)
    stops = surveying.done().story.stops
    line = (stops[0].first.file.rpartition("/")[2], stops[0].first.line) if stops else None
    return name, step, site.first_bad(), stops[0].step if stops else None, line


def test_healthy_sites_have_no_finding(told) -> None:
    wrong = {name for name, step, _, _, line in told if step is None and line}
    assert wrong <= NOT_TOLD.keys()
    assert sum(1 for _, step, *_ in told if step is None) >= 12


def test_the_step_is_named_right(told) -> None:
    wrong = {name for name, step, _, said, _ in told if step and step != said}
    assert wrong <= NOT_TOLD.keys()
    assert len(told) >= 70


def test_the_first_bad_line_is_exact(told) -> None:
    wrong = {
        name
        for name, step, places, _, line in told
        if step and not (line and any(line[0] == file and first <= line[1] <= last for file, first, last in places))
    }
    assert wrong <= NOT_TOLD.keys()
