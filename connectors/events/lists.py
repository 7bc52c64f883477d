"""Events as lists of fields (`Format-List`, `wevtutil /f:text`, copied from Event Viewer) and as rows of a console."""

import re
from collections.abc import Iterator
from itertools import islice

from connectors.events.fields import labelled
from connectors.events.record import LEVELS, Record, level
from connectors.streams import Stream
from connectors.times import is_day_first, local

_WORDS = "|".join(sorted((re.escape(word) for word in LEVELS if not word.isdigit()), key=len, reverse=True))
_ROW = re.compile(
    rf"^\s*((?:\d[\d./-]{{5,9}}[ T]\d[\d:.]{{3,12}}(?:\s?[AP]M)?Z?)\s+)?(\d{{1,5}})\s+({_WORDS})\b\s*(.*)$",
    re.IGNORECASE,
)
_NEW = re.compile(r"^Event\[\d+\]:?\s*$")
_MOST_LINES = 400  # of one message
_LONGEST = 8_000


def likeness(head: str) -> float:
    """How surely a text is a list of events: its fields or rows among the first lines."""
    lines = head.splitlines()[:200]
    fields = {found[0] for line in lines if (found := labelled(line))}
    if "id" in fields and len(fields & {"provider", "level", "at", "log", "message"}) >= 2:
        return 0.7
    rows = sum(1 for line in islice(lines, 100) if _ROW.match(line[:200]))
    return 0.65 if rows and rows * 3 >= sum(1 for line in lines[:100] if line.strip()) else 0.0


def records(stream: Stream) -> Iterator[Record]:
    """The events of a list or of a table of rows."""
    head = stream.head
    reader = _Reader(is_day_first(head.splitlines()[:400]))
    for number, line in stream.numbered():
        yield from reader.take(number, line)
    yield from reader.done()


class _Reader:
    """Collects the fields of one event until the next begins."""

    def __init__(self, day_first: bool) -> None:
        self._day_first = day_first
        self._provider = ""  # stands above a table of rows
        self._clear()

    def _clear(self) -> None:
        self._first = 0
        self._values: dict[str, str] = {}
        self._message: list[str] | None = None

    def take(self, number: int, line: str) -> Iterator[Record]:
        """Take in a line; gives the event that it ends, if it ends one."""
        found = labelled(line)
        if found and self._message and found[0] == "message" and not self._is_new(found[0]):
            found = None
        if _NEW.match(line):
            yield from self.done()
            self._first = number
        elif found and (self._message is None or self._is_new(found[0])):
            if found[0] in self._values or (found[0] != "message" and self._message is not None):
                yield from self.done()
            yield from self._field(number, *found)
        elif not found and (row := _ROW.match(line[:_LONGEST])) and "id" not in self._values:
            yield from self.done()
            yield self._row(number, row)
        elif self._message is not None and len(self._message) < _MOST_LINES:
            self._message.append(line[:_LONGEST].strip())

    def _is_new(self, field: str) -> bool:
        """Whether a field seen within a message begins the next event: a field that events begin with, seen before."""
        return field in ("log", "at", "provider", "id") and field in self._values and "id" in self._values

    def _field(self, number: int, field: str, value: str) -> Iterator[Record]:
        self._first = self._first or number
        if field == "message":
            self._message = [value[:_LONGEST]] if value else []
            self._values["message"] = ""
        else:
            self._values[field] = value[:400]
            if field == "provider" and "id" not in self._values:
                self._provider = value[:100]
        yield from ()

    def _row(self, number: int, row: re.Match[str]) -> Record:
        at = local(row[1], self._day_first) if row[1] else None
        return Record(number, at, self._provider, row[2], level(row[3]), row[4])

    def done(self) -> Iterator[Record]:
        """The event collected so far, if it is one."""
        values, message, first = self._values, self._message, self._first
        self._clear()
        if values.get("id", "").isdigit():
            at = local(values["at"], self._day_first) if "at" in values else None
            provider = values.get("provider") or values.get("log", "")
            text = "\n".join(message or []).strip()
            yield Record(first, at, provider, values["id"], level(values.get("level", "")), text)
