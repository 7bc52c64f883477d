"""Times as logs of all languages write them."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone

from bot.timeline.lines import DATELESS

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:\s?(Z|UTC|[+-]\d\d:?\d\d)(?![\d:]))?"
)
_LOCAL = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4}),?\s+(\d{1,2}):(\d\d)(?::(\d\d))?(?:[.,](\d{1,7}))?"
    r"(?:\s?(AM|PM|a\.\s?m\.|p\.\s?m\.))?",
    re.IGNORECASE,
)
_NEAR = 48  # characters of a line in which its time stands
_BRACKET = 1  # characters before a time with which a line begins
_CLOCK = re.compile(r"\b(\d\d):(\d\d):(\d\d)(?:[.:,](\d{1,7}))?(?:\s?(Z|[+-]\d\d:?\d\d)(?!\d))?")


def iso(text: str) -> datetime | None:
    """The first `2024-05-14T08:01:12.5Z` in a text; aware where a zone stands behind it."""
    found = _ISO.search(text)
    return _iso(found) if found else None


def _iso(found: re.Match[str]) -> datetime | None:
    *numbers, fraction, zone = found.groups()
    year, month, day, hour, minute, sec = map(int, numbers)
    try:
        at = datetime(year, month, day, hour, minute, sec, _micro(fraction))
        return at.replace(tzinfo=_zone(zone)).astimezone(UTC) if zone else at
    except (ValueError, OverflowError):
        return None


def local(text: str, day_first: bool | None = None) -> datetime | None:
    """A time as a person's Windows writes it: `14.05.2024 10:01:12`, `5/14/2024 10:01:12 AM`, `2024/05/14 10:01`.

    With slashes, `day_first` decides where both readings are possible; without it a.m. and p.m. are American.
    """
    if at := iso(text):
        return at
    found = _LOCAL.search(text)
    return _local(found, day_first) if found else None


def _local(found: re.Match[str], day_first: bool | None = None) -> datetime | None:
    first, mark, second, third, hour, minute, sec, fraction, half = found.groups()
    days_first = not half if day_first is None else day_first
    year, month, day = _ordered(int(first), int(second), int(third), mark, days_first, len(first) == 4)
    hours = int(hour) % 12 + (12 if half.lower().startswith("p") else 0) if half else int(hour)
    try:
        return datetime(year, month, day, hours, int(minute), int(sec or 0), _micro(fraction))
    except ValueError:
        return None


def _ordered(a: int, b: int, c: int, mark: str, day_first: bool, year_first: bool) -> tuple[int, int, int]:
    if year_first:
        return a, b, c
    year = c + 2000 if c < 100 else c
    if mark == "/" and not day_first and b <= 31 and a <= 12:
        return year, a, b
    return (year, a, b) if b > 12 else (year, b, a)


def clock(text: str) -> datetime | None:
    """The first time of day in a text, of the year `DATELESS`: aware where a zone stands behind it."""
    found = _CLOCK.search(text)
    return _clock(found) if found else None


def _clock(found: re.Match[str]) -> datetime | None:
    hour, minute, sec, fraction, zone = found.groups()
    try:
        at = datetime(DATELESS, 1, 2, int(hour), int(minute), int(sec), _micro(fraction))
    except ValueError:
        return None
    return at.replace(tzinfo=_zone(zone)).astimezone(UTC).replace(day=2) if zone else at


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], datetime | None]], ...] = (
    (_ISO, _iso),
    (_LOCAL, _local),
    (_CLOCK, _clock),
)


def stamped(line: str) -> tuple[datetime | None, str]:
    """The time near the beginning of a line, if one stands there, and what follows it; the whole line where it does
    not begin with one."""
    head = line[:_NEAR]
    for form, read in _FORMS:
        if (found := form.search(head)) and (at := read(found)):
            return at, line[found.end() :] if found.start() <= _BRACKET else line
    return None, line


def is_day_first(samples: Sequence[str]) -> bool:
    """Whether the days of a log stand before its months. Where each of its times could be read either way, the reading
    with a.m. and p.m. is American; else that in which they lie closer together is right, or days stand first."""
    found = [one for sample in samples if (one := _LOCAL.search(sample)) and one[2] == "/" and len(one[1]) < 4]
    for one in found:
        if int(one[3]) > 12 or int(one[1]) > 12:
            return int(one[1]) > 12
    if any(one[9] for one in found):
        return False
    return _days(found, True) <= _days(found, False)


def _days(times: Sequence[re.Match[str]], day_first: bool) -> int:
    """From the first to the last of some times, read in one way; 0 for none."""
    read = [at.toordinal() for time in times if (at := local(time[0], day_first))]
    return max(read) - min(read) if read else 0


def _micro(fraction: str | None) -> int:
    return int(fraction[:6].ljust(6, "0")) if fraction else 0


def _zone(text: str) -> timezone:
    if text in ("Z", "UTC"):
        return UTC
    digits = text[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return timezone(timedelta(minutes=(-1 if text[0] == "-" else 1) * min(minutes, 1439)))
