"""A date as Windows prints it in any country: all that it can mean."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from knowledge.enclosed.types import Moment
from knowledge.patterns import pattern

_WEST, _EAST = timedelta(hours=12), timedelta(hours=14)  # the clocks farthest from UTC
_DATE = pattern(
    r"(\d{1,4})([./-])[ ]?(\d{1,2})[./-][ ]?(\d{1,4})(?:[ ,T]+(\d{1,2})[:.](\d{2})(?:[:.]\d{2})?[ ]?([ap]\.?m\.?)?)?"
)


def moment(text: str) -> Moment | None:
    """What `3/1/2026 10:00 AM` or `01.03.2026 10:00` can mean; None for what is no date."""
    found = _DATE.search(text[:80].encode("latin-1", "replace"))
    if not found:
        return None
    meant = sorted(_meant(int(found[1]), int(found[3]), int(found[4]), found[2].decode(), _hours(found)))
    day = timedelta(days=1) if found[5] is None else timedelta()  # without a time of day it may be any
    return Moment(found[0].decode("latin-1").strip(), meant[0] - _EAST, meant[-1] + day + _WEST) if meant else None


def _hours(found: Any) -> timedelta:
    hour, minute, half = found[5], found[6], found[7]
    if hour is None:
        return timedelta()
    hours = int(hour) % 12 if half else int(hour)
    afternoon = 12 if half and half[:1] in b"pP" else 0
    return timedelta(hours=min(hours + afternoon, 23), minutes=min(int(minute), 59))


def _meant(one: int, two: int, three: int, mark: str, time: timedelta) -> Iterator[datetime]:
    """Year first; or day and month in either order, but for points, before which the day always stands."""
    orders = [(one, two, three)] if one > 31 else [(three, two, one)]
    if one <= 31 and mark != ".":
        orders.append((three, one, two))
    for year, month, day in orders:
        try:
            yield datetime(year + 2000 * (year < 100), month, day, tzinfo=UTC) + time
        except (ValueError, OverflowError):
            continue
