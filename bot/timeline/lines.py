"""The nouns of a time line: a line of a log, its place, its time."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, TypeVar

DATELESS: Final = 1904
"""The year of a time whose log gives no date."""
_FIRST, _LAST = 1990, 2200  # years in which a log may have been written
_DAY, _HALF = timedelta(days=1), timedelta(hours=12)
_MOST_DAYS = timedelta(days=300)  # that are counted in a log without dates: its year must not end
_STRIDE = 200  # lines from one tick to the next

T = TypeVar("T")
Tick = Callable[[], None]
"""Is called again and again while something takes long; what it raises ends that."""


class Ended(Exception):
    """What a tick raises: somebody wants no more of it."""


def no_tick() -> None:
    """Where nobody wants to end it."""


def ticking(items: Iterable[T], tick: Tick) -> Iterator[T]:
    """The same items, with a tick now and then."""
    for number, item in enumerate(items):
        if number % _STRIDE == 0:
            tick()
        yield item


def plausible(at: datetime | None) -> datetime | None:
    """A time of a log; None for one at which no log was written: reckoning with it could go past the calendar."""
    return at if at and (at.year == DATELESS or _FIRST <= at.year < _LAST) else None


class Days:
    """Counts midnights in a log that gives times of day only, so that its next morning comes after its evening."""

    def __init__(self) -> None:
        self._passed = timedelta(0)
        self._last: datetime | None = None

    def __call__(self, at: datetime | None) -> datetime | None:
        """The next time of the log; what has a date, or no time at all, as it is."""
        if at is None or at.year != DATELESS:
            return at
        at += self._passed
        ahead = at.replace(tzinfo=None) - (self._last or at.replace(tzinfo=None))
        if ahead > _HALF and self._passed:
            return at - _DAY  # threads do not write in order
        if ahead < -_HALF and self._passed < _MOST_DAYS:
            self._passed += _DAY
            at += _DAY
        self._last = at.replace(tzinfo=None)
        return at


def alike(at: datetime, first: datetime | None) -> datetime:
    """A time of a log that says its zone where the first one did: a log put together of two may do both."""
    if first is None or bool(at.tzinfo) == bool(first.tzinfo):
        return at
    return at.replace(tzinfo=UTC if first.tzinfo else None)


def iso_of(at: datetime | None) -> str:
    """A time of a log in ISO 8601: only the time of day where its log gives no date; empty where there is none."""
    if at is None:
        return ""
    return at.time().isoformat("seconds") if at.year == DATELESS else at.isoformat()


def moment(at: datetime) -> str:
    """The same for people."""
    return f"{at:%H:%M:%S}" if at.year == DATELESS else f"{at:%Y-%m-%d %H:%M:%S}"


class Line(NamedTuple):
    """One line (or record) of a log, as its reader understands it.

    `number` is that of its first physical line, from 1. `at` is aware where the log says its zone; naive on the clock
    of the machine that wrote it; of the year `DATELESS` where only the time of day is known. `text` is what it says,
    without its time. `grave`: its log marks it as an error or a warning (None: the log does not say; False: it is
    certainly none). `took` are seconds before `at` in which it happened. `begins` and `ends`: a device starts an
    enrolment, or sends its request. `message`: the beginning of a query with a SCEP message in it. `who`: the device
    that the line names by its id, or the account that asked a CA.
    """

    number: int
    at: datetime | None
    source: str
    text: str
    grave: bool | None = None
    client: str = ""
    agent: str = ""
    transaction: str = ""
    flow: str = ""
    took: float = 0.0
    begins: bool = False
    ends: bool = False
    message: str = ""
    who: str = ""


class Where(NamedTuple):
    """A line of a file."""

    file: str
    line: int
