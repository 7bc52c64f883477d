"""Events as XML: of Event Viewer, of `wevtutil qe`, with or without a root and rendered words. Times are UTC."""

import re
from collections.abc import Iterator
from datetime import UTC

from connectors.events.record import Record, level
from connectors.streams import Stream
from connectors.times import iso
from connectors.xml_pieces import Element, elements

_EVENT = re.compile(r"<Event(?:\s[^>]{0,200})?>\s*<System>")
_USER_DATA = re.compile(r"<UserData>(.*?)</UserData>", re.DOTALL)


def likeness(head: str) -> float:
    """How surely a text is events as XML."""
    return 0.95 if _EVENT.search(head) else 0.0


def records(stream: Stream) -> Iterator[Record]:
    """Every whole event."""
    for element in elements(stream, "Event"):
        yield record(element)


def record(element: Element) -> Record:
    """An event from its XML element."""
    values = element.values
    at = iso(values.get("TimeCreated.SystemTime", ""))
    user = _USER_DATA.search(element.raw)
    data = "\n".join(f"{name}: {said}" if name else said for name, said in element.named)
    return Record(
        element.line,
        at if at is None or at.tzinfo else at.replace(tzinfo=UTC),
        values.get("Provider.Name", ""),
        values.get("EventID", ""),
        level(values.get("Level", "")) if "Level" in values else "",
        values.get("Message", ""),
        user[1] if user else data,
    )
