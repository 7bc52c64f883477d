"""Lists that an admin center exports: a row a device or profile, in any order, with the time of its last word."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from bot.timeline.lines import Line
from connectors.cells import cells, mark_of
from connectors.logs import Reader
from connectors.streams import Stream
from connectors.times import is_day_first, local
from knowledge.sieve import of_interest

_TIME = re.compile(
    r"\b(?:date|time|updated?|modified|check-?in|contact)\b|datum|zeit|aktualisiert|\bheure\b|mise \xe0 jour|\bfecha\b",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\b(?:device|profile|policy|upn|user ?principal ?name)\b|ger\xe4t|profil|appareil|dispositivo", re.I
)
_LEAST = 4  # columns of such a list
_LONGEST = 4_000


def _fits(head: str) -> float:
    names = _names(head)
    return 0.3 if len(names) >= _LEAST and _time_in(names) is not None and any(map(_ABOUT.search, names)) else 0.0


def _names(head: str) -> list[str]:
    first = head.lstrip("\ufeff").partition("\n")[0][:_LONGEST]
    return cells(first, mark_of(first))


def _time_in(names: list[str]) -> int | None:
    """Which column says when; where several do, the last one is of the last word."""
    return next((i for i in reversed(range(len(names))) if _TIME.search(names[i])), None)


def _lines(stream: Stream) -> Iterator[Line]:
    head = stream.head
    names, day_first = _names(head), is_day_first(head.splitlines()[1:400])
    mark, column = mark_of(head.partition("\n")[0]), _time_in(names)
    utc = column is not None and "UTC" in names[column]
    for number, line in stream.numbered():
        if number == 1 or not of_interest(line[:_LONGEST]):
            continue
        words = cells(line[:_LONGEST], mark)
        at = local(words[column], day_first) if column is not None and column < len(words) else None
        yield Line(number, _aware(at) if utc else at, "portal", line[:_LONGEST].strip())


def _aware(at: datetime | None) -> datetime | None:
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)


READER = Reader("portal", "list of an admin center", _fits, _lines)
