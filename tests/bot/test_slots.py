"""When a digest or a check is due, on the days on which clocks change too."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.diary import Period, Subscription
from bot.errors import BadRequest
from bot.slots import check_slot, earlier, latest_slot, next_slot, period_of, proven
from bot.types import Place

PLACE = Place("slack", "C1")
BERLIN, NEW_YORK, LORD_HOWE, APIA = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"


def wants(when: str = "daily", hour: int = 8, minute: int = 0, zone: str = BERLIN) -> Subscription:
    return Subscription(PLACE, when, hour, minute, zone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def slots(subscription: Subscription, begins: datetime, ends: datetime) -> list[datetime]:
    """Every slot of a time, one after the other."""
    found: list[datetime] = []
    at: datetime | None = begins
    while at is not None and (at := next_slot(subscription, at)) is not None and at <= ends:
        found.append(at)
    return found


@pytest.mark.parametrize(
    ("subscription", "now", "latest", "following"),
    [
        # an ordinary day, in winter and in summer
        (wants(), "2026-01-15 12:00", "2026-01-15 07:00", "2026-01-16 07:00"),
        (wants(), "2026-07-15 12:00", "2026-07-15 06:00", "2026-07-16 06:00"),
        # a second before, the very moment, a second after
        (wants(), "2026-01-15 06:59:59", "2026-01-14 07:00", "2026-01-15 07:00"),
        (wants(), "2026-01-15 07:00", "2026-01-15 07:00", "2026-01-16 07:00"),
        (wants(), "2026-01-15 07:00:01", "2026-01-15 07:00", "2026-01-16 07:00"),
        # half past two does not exist on 29 March 2026: the clocks jump from 2 to 3 at 01:00 UTC
        (wants(hour=2, minute=30), "2026-03-29 00:59:59", "2026-03-28 01:30", "2026-03-29 01:00"),
        (wants(hour=2, minute=30), "2026-03-29 01:15", "2026-03-29 01:00", "2026-03-30 00:30"),
        (wants(hour=2, minute=30), "2026-03-29 01:30", "2026-03-29 01:00", "2026-03-30 00:30"),
        # and comes twice on 25 October, at 00:30 and at 01:30 UTC
        (wants(hour=2, minute=30), "2026-10-25 00:29", "2026-10-24 00:30", "2026-10-25 00:30"),
        (wants(hour=2, minute=30), "2026-10-25 01:10", "2026-10-25 00:30", "2026-10-26 01:30"),
        (wants(hour=2, minute=30), "2026-10-25 01:45", "2026-10-25 00:30", "2026-10-26 01:30"),
        # three o'clock is both its own hour and where the missing ones go
        (wants("0 2,3 * * *"), "2026-03-29 00:30", "2026-03-28 02:00", "2026-03-29 01:00"),
        (wants("0 2,3 * * *"), "2026-03-29 01:00", "2026-03-29 01:00", "2026-03-30 00:00"),
        # the other edges of the world: by half an hour, and by a whole day that never was
        (wants(hour=2, minute=15, zone=LORD_HOWE), "2026-10-03 15:30", "2026-10-03 15:30", "2026-10-04 15:15"),
        (wants(hour=8, zone=APIA), "2011-12-30 11:00", "2011-12-30 10:00", "2011-12-30 18:00"),
        (wants(hour=2, minute=30, zone=NEW_YORK), "2026-03-08 07:00", "2026-03-08 07:00", "2026-03-09 06:30"),
        # weeks begin on Monday
        (wants("weekly", zone="UTC"), "2026-11-21 12:00", "2026-11-16 08:00", "2026-11-23 08:00"),
        # months, over the end of a year and in a leap year
        (wants("monthly", zone="UTC"), "2026-01-01 07:59", "2025-12-01 08:00", "2026-01-01 08:00"),
        (wants("0 8 29 2 *", zone="UTC"), "2026-01-01 00:00", "2024-02-29 08:00", "2028-02-29 08:00"),
        # the first is a Sunday, a Saturday, a Monday
        (wants("first-working-day", zone="UTC"), "2026-11-21 00:00", "2026-11-02 08:00", "2026-12-01 08:00"),
        (wants("first-working-day", zone="UTC"), "2026-08-01 12:00", "2026-07-01 08:00", "2026-08-03 08:00"),
        (wants("first-working-day", zone="UTC"), "2026-06-01 08:00", "2026-06-01 08:00", "2026-07-01 08:00"),
        # cron: working days; the last Friday of a month
        (wants("30 7 * * 1-5"), "2026-11-21 12:00", "2026-11-20 06:30", "2026-11-23 06:30"),
        (wants("0 9 * * 5L"), "2026-11-21 12:00", "2026-10-30 08:00", "2026-11-27 08:00"),
    ],
)
def test_the_slot_before_and_the_slot_after(subscription: Subscription, now: str, latest: str, following: str) -> None:
    assert latest_slot(subscription, utc(now)) == utc(latest)
    assert next_slot(subscription, utc(now)) == utc(following)


def test_a_channel_owes_nothing_of_the_time_before_it_subscribed() -> None:
    subscription = replace(wants(zone="UTC"), since=utc("2026-11-21 09:00"))
    assert latest_slot(subscription, utc("2026-11-22 07:00")) is None
    assert latest_slot(subscription, utc("2026-11-22 08:00")) == utc("2026-11-22 08:00")
    assert period_of(subscription, utc("2026-11-22 08:00")) == Period(utc("2026-11-21 08:00"), utc("2026-11-22 08:00"))


def test_a_period_is_as_long_as_its_day_on_the_wall_clock() -> None:
    short, long = (period_of(wants(), utc(day)) for day in ("2026-03-29 06:00", "2026-10-25 07:00"))
    assert (short.length, long.length) == (timedelta(hours=23), timedelta(hours=25))
    assert earlier(wants(), short)[0].length == timedelta(hours=24)


def test_months_are_compared_with_months() -> None:
    march = period_of(wants("monthly", zone="UTC"), utc("2026-04-01 08:00"))
    february, january = earlier(wants("monthly", zone="UTC"), march)
    assert (march.length.days, february.length.days, january.length.days) == (31, 28, 31)


def test_with_cron_three_days_are_compared_with_three_days() -> None:
    subscription = wants("0 8 * * 1,4")
    weekend = period_of(subscription, utc("2026-11-23 07:00"))  # Thursday to Monday
    nearest, farthest = earlier(subscription, weekend)
    assert {period.length.days for period in (weekend, nearest, farthest)} == {4}
    assert (nearest.ends, farthest.ends) == (weekend.begins, nearest.begins)


def test_a_period_that_makes_up_for_missed_ones_is_compared_with_as_long_ones() -> None:
    caught_up = Period(utc("2026-03-27 07:00"), utc("2026-03-30 06:00"))
    nearest, farthest = earlier(wants(), caught_up)
    assert nearest == Period(utc("2026-03-24 07:00"), utc("2026-03-27 07:00"))
    assert farthest == Period(utc("2026-03-21 07:00"), utc("2026-03-24 07:00"))


# --- any subscription, any zone, any year ----------------------------------------------------

ZONES = (BERLIN, NEW_YORK, LORD_HOWE, APIA, "UTC", "Africa/Casablanca", "America/Santiago", "Asia/Tehran")
CRON = ("0 8 * * *", "*/15 * * * *", "30 1-3 * * *", "0 2,3 * * *", "0 0 L * *", "15 2 1,15 * *", "0 0 * * 1#1")
SUBSCRIPTION = st.builds(
    wants,
    st.sampled_from(("daily", "weekly", "monthly", "first-working-day", *CRON)),
    st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from(ZONES),
)
TIME = st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC))


@settings(max_examples=300, deadline=None)
@given(SUBSCRIPTION, TIME)
def test_no_slot_lies_between_the_last_and_the_next(subscription: Subscription, now: datetime) -> None:
    latest, following = latest_slot(subscription, now), next_slot(subscription, now)
    assert latest
    assert following
    assert latest <= now < following
    assert next_slot(subscription, latest) == following
    assert latest_slot(subscription, following) == following
    assert latest_slot(subscription, following - timedelta(seconds=1)) == latest
    assert period_of(subscription, following) == Period(latest, following)


@settings(max_examples=60, deadline=None)
@given(SUBSCRIPTION, TIME, st.lists(st.integers(1, 100_000), min_size=5, max_size=40))
def test_whoever_looks_now_and_then_meets_slots_in_order_and_each_once(
    subscription: Subscription, begins: datetime, pauses: list[int]
) -> None:
    looks = [begins]
    for pause in pauses:
        looks.append(looks[-1] + timedelta(seconds=pause))
    seen = list(dict.fromkeys(latest_slot(subscription, look) for look in looks))
    assert seen == sorted(slot for slot in seen if slot)
    every = slots(subscription, begins, looks[-1])
    assert set(seen) - {seen[0]} <= set(every)
    assert len(every) == len(set(every))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(ZONES), st.integers(0, 23), st.integers(0, 59), st.integers(2000, 2037))
def test_a_year_of_days_has_a_slot_for_each_date(zone: str, hour: int, minute: int, year: int) -> None:
    assume(not (zone == APIA and year == 2011))  # where 30 December never came
    subscription = wants(hour=hour, minute=minute, zone=zone)
    begins = datetime(year, 2, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC) - timedelta(seconds=1)
    ends = datetime(year, 5, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC) - timedelta(seconds=1)
    days = Counter(slot.astimezone(ZoneInfo(zone)).date() for slot in slots(subscription, begins, ends))
    assert set(days.values()) == {1}
    assert len(days) == (date(year, 5, 1) - date(year, 2, 1)).days


@settings(max_examples=150, deadline=None)
@given(SUBSCRIPTION, TIME)
def test_the_periods_before_follow_each_other_without_a_gap(subscription: Subscription, now: datetime) -> None:
    slot = latest_slot(subscription, now)
    assert slot
    period = period_of(subscription, slot)
    nearest, farthest = earlier(subscription, period)
    assert farthest.begins < farthest.ends == nearest.begins < nearest.ends == period.begins < period.ends == slot


# --- what people write -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subscription", "reason"),
    [
        (wants(zone="Europe/Atlantis"), "No time zone is called 'Europe/Atlantis'"),
        (wants(zone="../../etc/passwd"), "No time zone is called"),
        (wants(zone="America"), "No time zone is called"),
        (wants(zone=""), "No time zone is called"),
        (wants(hour=24), "There is no such time of day"),
        (wants("hourly"), "or five fields of cron"),
        (wants("0 0 8 * * *"), "or five fields of cron"),
        (wants("* * * * *"), "once an hour at most"),
        (wants("0 8 * * 9"), "is not cron as I know it: Bad day-of-week"),
        (wants("0 8 31 2 *"), "is not cron as I know it"),
        (wants("61 8 * * *"), "is not cron as I know it: Bad minute"),
    ],
)
def test_a_wrong_time_is_refused_with_a_sentence(subscription: Subscription, reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        proven(subscription)


@pytest.mark.parametrize("when", ["daily", "weekly", "monthly", "first-working-day", "0 8 * * MON-FRI", "30 6 LW * *"])
def test_a_right_time_is_kept_as_it_is(when: str) -> None:
    assert proven(wants(when)) == wants(when)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text("0123456789*/-,#LWMONa ", max_size=5), min_size=5, max_size=5).map(" ".join))
def test_whatever_is_written_as_cron_is_taken_or_refused(when: str) -> None:
    try:
        subscription = proven(wants(when))
    except BadRequest:
        return
    assert next_slot(subscription, utc("2026-11-21 00:00"))


# --- checks ----------------------------------------------------------------------------------


@given(st.text(max_size=63), st.integers(60, 200_000), TIME)
def test_each_check_comes_once_in_its_period(server: str, seconds: int, now: datetime) -> None:
    every = timedelta(seconds=seconds)
    slot = check_slot(server, every, now)
    assert slot <= now < slot + every
    assert check_slot(server, every, slot) == slot
    assert check_slot(server, every, slot + every) == slot + every
    assert check_slot(server, every, slot - timedelta(microseconds=1)) == slot - every


def test_the_checks_of_many_servers_come_evenly() -> None:
    every = timedelta(hours=1)
    now = utc("2026-11-21 12:00")
    due = Counter(
        (now - check_slot(f"ndes{number:05}", every, now)) // timedelta(minutes=1) for number in range(10_000)
    )
    assert len(due) == 60
    assert max(due.values()) < 10_000 / 60 * 1.4


def test_a_server_keeps_its_place_on_every_computer_and_for_good() -> None:
    slot = check_slot("ndes01", timedelta(minutes=15), utc("2026-11-21 12:00"))
    assert slot.isoformat(timespec="seconds") == "2026-11-21T11:48:51+00:00"


def test_slots_of_a_long_time_are_in_order() -> None:
    found = slots(wants("*/15 * * * *"), utc("2026-10-24 00:00"), utc("2026-10-26 00:00"))
    assert all(a < b for a, b in pairwise(found))
    assert len(found) == 48 * 4 - 4  # the hour that comes twice is taken once
