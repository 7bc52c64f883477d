"""Times and lengths of time as people say them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.times import ahead, clock, day, lasted, many, roughly, weekday

NOW = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)  # in Berlin it is the 22nd already
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=14, seconds=50), "14 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=3, hours=4, minutes=59), "3 days 4 h"),
        (timedelta(days=12, hours=4), "12 days"),
    ],
)
def test_a_length_of_time_in_words(passed: timedelta, words: str) -> None:
    assert lasted(passed) == words


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=30), "less than a minute"),
        (timedelta(minutes=1), "one minute"),
        (timedelta(minutes=20), "20 minutes"),
        (timedelta(hours=2, minutes=10), "two hours"),
        (timedelta(days=1, hours=3), "one day"),
    ],
)
def test_a_length_of_time_in_a_sentence(passed: timedelta, words: str) -> None:
    assert roughly(passed) == words


@pytest.mark.parametrize(
    ("days", "words"),
    [(0, "today"), (1, "tomorrow"), (-1, "yesterday"), (21, "in 21 days"), (-3, "3 days ago")],
)
def test_days_are_those_of_the_calendar_on_the_wall(days: int, words: str) -> None:
    assert ahead(NOW + timedelta(days=days), NOW, BERLIN) == words
    assert ahead(NOW + timedelta(minutes=20), NOW, UTC) == "today"
    assert ahead(NOW + timedelta(minutes=40), NOW, UTC) == "tomorrow"


def test_a_date_is_that_of_the_reader() -> None:
    assert (day(NOW, UTC), day(NOW, BERLIN)) == ("21 Nov 2026", "22 Nov 2026")
    assert (weekday(NOW, UTC), weekday(NOW, BERLIN)) == ("Sat 21 Nov", "Sun 22 Nov")
    assert clock(NOW, NOW, BERLIN) == "00:30 CET"
    assert clock(NOW - timedelta(hours=1), NOW, BERLIN) == "Sat 21 Nov, 23:30 CET"


def test_one_thing_is_not_many() -> None:
    assert [many(count, "server") for count in (0, 1, 2)] == ["0 servers", "1 server", "2 servers"]
