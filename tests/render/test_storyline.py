"""The time line of logs: small, readable without colours, with the same in words, whatever the logs hold."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from bot.timeline import Story
from bot.timeline.joining import Enrolment
from bot.timeline.lines import Where
from bot.timeline.marks import Mark
from bot.timeline.story import Stop
from bot.timeline.verdicts import Verdict
from bot.types import Answer, Picture
from connectors.render import teams
from connectors.render.pens import WIDTH
from connectors.render.storyline import storyline
from connectors.surveying import Surveying
from knowledge.library import Library
from tests.logs.compose import compose, large_healthy

START = datetime(2026, 5, 14, 6, 0, tzinfo=UTC)
LARGEST = 30 * 1024
GOOD_MARK = Verdict("good", 2, "", 1.0, None, 1)
BAD_MARK = Verdict("bad", 3, "", 0.95, None, 2)


def story(*began: tuple[timedelta, bool]) -> Story:
    """Enrolments that began so long after the start, and whether they stop."""
    enrolments = []
    for number, (after, stops) in enumerate(began):
        marks = [Mark(0, number + 1, START + after, GOOD_MARK)]
        marks += [Mark(0, number + 1, START + after, BAD_MARK)] if stops else []
        enrolments.append(Enrolment(str(number), marks))
    bad = [after for after, stops in began if stops]
    first = Where("iis.log", 1)
    stops = [Stop(3, BAD_MARK, first, START + min(bad), START + max(bad), len(bad), 1, len(bad), "", "")] if bad else []
    return Story((), tuple(enrolments), tuple(stops), {2: len(began)})


def drawn(given: Story) -> Picture:
    found = storyline(given)
    assert found
    return found


@pytest.mark.parametrize("length", [1, 59, 3_600, 86_400, 86_400 * 365 * 20])
def test_any_length_of_time_is_one_small_picture(length: int) -> None:
    found = drawn(story((timedelta(), False), (timedelta(seconds=length / 2), True), (timedelta(seconds=length), True)))
    image = Image.open(io.BytesIO(found.png))
    assert (image.format, image.width) == ("PNG", WIDTH)
    assert len(found.png) <= LARGEST


def test_what_the_picture_shows_stands_in_its_words() -> None:
    minutes = [(timedelta(minutes=n), n >= 40) for n in range(60)]
    assert drawn(story(*minutes)).alt == (
        "From 2026-05-14 06:00:00 to 2026-05-14 07:00:00 UTC: 60 enrolments began, 40 without a failure, 20 stopped. "
        "The first stops at 2026-05-14 06:40:00. Proven to have gone well: step 2 60 times."
    )


def test_what_went_through_stands_above_the_line_and_what_stopped_below() -> None:
    found = drawn(story((timedelta(), False), (timedelta(minutes=59), True)))
    image = Image.open(io.BytesIO(found.png)).convert("RGB")
    right = [(y, image.getpixel((WIDTH - 28, y))) for y in range(100, 240)]
    left = [(y, image.getpixel((24, y))) for y in range(100, 240)]
    reddish = [y for y, (red, green, _) in right if red > green + 60]
    greenish = [y for y, (red, green, _) in left if green > red + 30]
    assert max(greenish) < min(reddish)


def test_logs_without_times_have_no_picture() -> None:
    timeless = Story((), (Enrolment("a", [Mark(0, 1, None, GOOD_MARK)]),), (), {})
    assert storyline(timeless) is None
    assert storyline(Story((), (), (), {})) is None


def test_real_logs_are_drawn_and_fit_into_a_card_of_teams(library: Library) -> None:
    for composed in (compose("verify-403-16", 2), compose("pool-stopped", 1), large_healthy(1)):
        surveying = Surveying(library)
        for name, data in composed.files.items():
            surveying.read(io.BytesIO(data), name)
        found = drawn(surveying.done().story)
        assert len(found.png) <= LARGEST
        (card,) = teams.render(Answer("Logs", "info", (found,)), str).cards
        assert [part for part in card["body"] if part["type"] == "Image"]
