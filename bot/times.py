"""Times and lengths of time in words, on the wall clock of those who read them."""

from datetime import datetime, timedelta, tzinfo

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def many(count: int, noun: str) -> str:
    """A number of things: `1 server`, `3,000 servers`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def lasted(passed: timedelta) -> str:
    """How long something took, in two units at most: `14 min`, `2 h 5 min`, `3 days 4 h`."""
    if passed < _MINUTE:
        return "less than a minute"
    if passed < _HOUR:
        return f"{passed // _MINUTE} min"
    if passed < _DAY:
        return _two(f"{passed // _HOUR} h", passed % _HOUR // _MINUTE, "min")
    return _two(many(passed.days, "day"), passed % _DAY // _HOUR if passed.days < 7 else 0, "h")


def _two(first: str, rest: int, unit: str) -> str:
    return f"{first} {rest} {unit}" if rest else first


def roughly(passed: timedelta) -> str:
    """The same in one unit and a word for the number, for a sentence: `two hours`, `20 minutes`."""
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if passed >= unit:
            count = round(passed / unit)
            word = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
            return f"{word} {name}{'' if count == 1 else 's'}"
    return "less than a minute"


def day(at: datetime, zone: tzinfo) -> str:
    """A date, its month in letters so that nobody takes it for the day: `12 Dec 2026`."""
    local = at.astimezone(zone)
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"


def weekday(at: datetime, zone: tzinfo) -> str:
    """A day of a week that is near: `Mon 23 Nov`."""
    local = at.astimezone(zone)
    return f"{_WEEKDAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}"


def clock(at: datetime, now: datetime, zone: tzinfo) -> str:
    """A time of day with its zone: `10:41 CET`; on another day than `now` with the date before it."""
    local = at.astimezone(zone)
    when = f"{local:%H:%M} {local.tzname()}"
    return when if local.date() == now.astimezone(zone).date() else f"{weekday(at, zone)}, {when}"


def ahead(at: datetime, now: datetime, zone: tzinfo) -> str:
    """How many days a date is away, as a calendar on the wall counts: `tomorrow`, `in 21 days`, `3 days ago`."""
    days = (at.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days in (-1, 0, 1):
        return ("yesterday", "today", "tomorrow")[days + 1]
    return f"in {days} days" if days > 0 else f"{-days} days ago"
