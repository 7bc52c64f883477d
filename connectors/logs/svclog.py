"""svclog of the old connector: trace events in XML without a root, often without line breaks, often cut off. UTC."""

from collections.abc import Iterator
from datetime import UTC

from bot.timeline.lines import Line
from connectors.events.record import DEVICE_ID
from connectors.logs import Reader
from connectors.streams import Stream
from connectors.times import iso
from connectors.xml_pieces import Element, elements

_LONGEST = 8_000
_GRAVE = frozenset({"1", "2", "4"})
"""Levels of an error or a warning; failures are written at others too."""


def _fits(head: str) -> float:
    return 1.0 if "<E2ETraceEvent" in head else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    who = ""
    for element in elements(stream, "E2ETraceEvent"):
        if text := _text(element):
            who = _device(text, who)
            at = iso(element.values.get("TimeCreated.SystemTime", ""))
            source = element.values.get("Source.Name", "svclog")[:100]
            flow = element.values.get("Execution.ThreadID", "")
            yield Line(
                element.line,
                at if at is None or at.tzinfo else at.replace(tzinfo=UTC),
                source,
                f"{source}: {text}",
                True if element.values.get("Level", "") in _GRAVE else None,
                flow=flow,
                who=who,
            )


def _device(text: str, before: str) -> str:
    """Whose request is checked from here on: a line says it before the outcome, which names nobody."""
    if text.startswith("VerifyRequest Started"):
        return ""
    found = DEVICE_ID.search(text)
    return found[1].lower() if found else before


def _text(element: Element) -> str:
    """What the program wrote: the application's data, or the description of a trace record in it."""
    values = element.values
    said = values.get("ApplicationData") or values.get("Description") or values.get("Message") or ""
    exception = values.get("ExceptionString") or values.get("ExceptionType") or ""
    return f"{said} {exception}".strip()[:_LONGEST]


READER = Reader("svclog", "svclog of the connector", _fits, _lines)
