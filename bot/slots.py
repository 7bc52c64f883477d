"""When a digest or a check is due: times go in, times come out, and no clock is looked at.

A slot is a moment at which something is to be done, always told in UTC so that it can be compared and kept. The hours
that people choose are those of a wall clock: one that does not exist on the day the clocks go forward is taken at the
moment they change, one that comes twice on the day they go back is taken the first time.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from bot.diary import Period, Subscription
from bot.errors import BadRequest

FIXED = ("daily", "weekly", "monthly", "first-working-day")
"""What `Subscription.when` may say instead of cron."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = {"daily": "* * *", "weekly": "* * 1", "monthly": "1 * *", "first-working-day": "1-3 * *"}
_FIRST_WORKING = "first-working-day"
_MICROSECOND = timedelta(microseconds=1)
_MOST_WALLS = 5_000  # times of a wall clock looked at for one slot: a day has 1440


# --- digests ---------------------------------------------------------------------------------


def latest_slot(subscription: Subscription, now: datetime) -> datetime | None:
    """The last slot up to `now`, itself included; None where none came since the channel wants a digest."""
    zone = zone_of(subscription)
    for wall in _walls_before(subscription, now.astimezone(zone)):
        slot = _moment(wall, zone)
        if slot <= now:
            return slot if subscription.since is None or slot > subscription.since else None
    return None


def next_slot(subscription: Subscription, now: datetime) -> datetime | None:
    """The first slot after `now`; None where none ever comes."""
    zone = zone_of(subscription)
    slots = (_moment(wall, zone) for wall in _walls_after(subscription, now.astimezone(zone)))
    return next((slot for slot in slots if slot > now), None)


def period_of(subscription: Subscription, slot: datetime) -> Period:
    """What the digest of a slot tells about: all since the slot before it."""
    ever = replace(subscription, since=None)  # the first digest tells of a whole period too
    before = latest_slot(ever, slot - _MICROSECOND)
    return Period(before or slot, slot)


def earlier(subscription: Subscription, period: Period) -> tuple[Period, Period]:
    """The two periods before, the nearest first, each ending where the next begins.

    Months are compared with months. Any other is compared with as many hours of the wall clock: a day on which the
    clocks change is a day, and with cron three days are never held against four.
    """
    if subscription.when in FIXED and period == period_of(subscription, period.ends):
        nearest = period_of(subscription, period.begins)
        return nearest, period_of(subscription, nearest.begins)
    zone = zone_of(subscription)
    begins, ends = (time.astimezone(zone).replace(tzinfo=None) for time in (period.begins, period.ends))
    long = ends - begins
    first, second = (_moment(begins - times * long, zone) for times in (1, 2))
    return Period(first, period.begins), Period(second, first)


def proven(subscription: Subscription) -> Subscription:
    """The same, if it can be kept; else `BadRequest` with a sentence on what to write instead."""
    zone_of(subscription)
    if subscription.when in FIXED:
        if not (0 <= subscription.hour <= 23 and 0 <= subscription.minute <= 59):
            raise BadRequest("There is no such time of day; write it as 08:00.")
        return subscription
    fields = subscription.when.split()
    if len(fields) != 5:
        raise BadRequest(f"Say {', '.join(FIXED)}, or five fields of cron such as `0 8 * * 1-5`.")
    if not fields[0].isdecimal():
        raise BadRequest(
            "A digest comes once an hour at most: the first field of cron is one number, as in `0 8 * * *`."
        )
    try:
        ever = next_slot(subscription, _EPOCH)
    except CronSimError as error:
        raise BadRequest(f"`{subscription.when[:60]}` is not cron as I know it: {error}.") from None
    if ever is None:
        raise BadRequest(f"`{subscription.when[:60]}` names a day that never comes.")
    return subscription


def zone_of(subscription: Subscription) -> ZoneInfo:
    """The subscription's own time zone; `BadRequest` where there is none of that name."""
    try:
        return ZoneInfo(subscription.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadRequest(f"No time zone is called {subscription.zone[:60]!r}; say one such as Europe/Berlin.") from None


def _cron(subscription: Subscription) -> str:
    if subscription.when in FIXED:
        return f"{subscription.minute} {subscription.hour} {_DAYS[subscription.when]}"
    return subscription.when


def _walls_after(subscription: Subscription, local: datetime) -> Iterator[datetime]:
    """The times that a wall clock shows at slots from here on, the nearest first."""
    return _fitting(subscription, CronSim(_cron(subscription), local.replace(tzinfo=None)))


def _walls_before(subscription: Subscription, local: datetime) -> Iterator[datetime]:
    """The same backwards. While the clocks show an hour again, all of that hour has come already."""
    start = local.replace(tzinfo=None, microsecond=0) + (timedelta(days=1) if local.fold else timedelta(seconds=1))
    return _fitting(subscription, CronSim(_cron(subscription), start, reverse=True))


def _fitting(subscription: Subscription, walls: Iterator[datetime]) -> Iterator[datetime]:
    if subscription.when == _FIRST_WORKING:  # Monday to Friday; holidays differ from town to town
        walls = (wall for wall in walls if wall.weekday() < 5 and (wall.day == 1 or wall.weekday() == 0))
    return islice(walls, _MOST_WALLS)


def _moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """When a wall clock shows this: the first time, or where it never does, when the clocks jump over it."""
    first = wall.replace(tzinfo=zone, fold=0)
    moment = first.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    # In a gap, fold=0 counts with the offset before the jump and fold=1 with that after it: the jump lies between.
    low, high = first.replace(fold=1).astimezone(UTC), moment
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    return high.replace(microsecond=0)


# --- checks ----------------------------------------------------------------------------------


def check_slot(server: str, every: timedelta, now: datetime) -> datetime:
    """The last time up to `now` at which this server was due. All servers together come evenly over the period:
    each has its place in it by its name, on any computer and for good."""
    place = int.from_bytes(sha256(server.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    offset = timedelta(microseconds=every // _MICROSECOND * place // 2**64)
    return _EPOCH + offset + (now - _EPOCH - offset) // every * every
