"""svclog of the old connector: trace events in XML without a root, often without line breaks, often cut off. UTC."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

from bot.timeline.lines import Line
from connectors.events.record import DEVICE_ID
from connectors.logs import Reader
from connectors.streams import Stream
from connectors.times import iso
from connectors.xml_pieces import Element, elements

_LONGEST = 8_000
_THREADS = 10_000  # that are told apart
_GRAVE = frozenset({"1", "2", "4"})
"""Levels of an error or a warning; failures are written at others too."""
_TRANSACTION = re.compile(r"\btransaction\W{1,5}([0-9A-F]{16,64})\b", re.IGNORECASE)


@dataclass(slots=True)
class _Call:
    """Whose request a thread checks, as its lines before the outcome say it: the outcome itself names nobody."""

    who: str = ""
    transaction: str = ""

    def goes_on(self, text: str) -> None:
        """Take in the next line."""
        if text.startswith("VerifyRequest Started"):
            self.who = self.transaction = ""
        if found := DEVICE_ID.search(text):
            self.who = found[1].lower()
        if found := _TRANSACTION.search(text):
            self.transaction = found[1]


def _fits(head: str) -> float:
    return 1.0 if "<E2ETraceEvent" in head else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    calls: dict[str, _Call] = {}
    for element in elements(stream, "E2ETraceEvent"):
        if text := _text(element):
            flow = element.values.get("Execution.ThreadID", "")[:20]
            if flow not in calls and len(calls) < _THREADS:
                calls[flow] = _Call()
            call = calls.get(flow) or _Call()
            call.goes_on(text)
            at = iso(element.values.get("TimeCreated.SystemTime", ""))
            source = element.values.get("Source.Name", "svclog")[:100]
            yield Line(
                element.line,
                at if at is None or at.tzinfo else at.replace(tzinfo=UTC),
                source,
                f"{source}: {text}",
                True if element.values.get("Level", "") in _GRAVE else None,
                transaction=call.transaction,
                flow=flow,
                who=call.who,
            )
            if text.startswith("VerifyRequest Finished"):
                call.transaction = ""


def _text(element: Element) -> str:
    """What the program wrote: the application's data, or the description of a trace record in it."""
    values = element.values
    said = values.get("ApplicationData") or values.get("Description") or values.get("Message") or ""
    exception = values.get("ExceptionString") or values.get("ExceptionType") or ""
    return f"{said} {exception}".strip()[:_LONGEST]


READER = Reader("svclog", "svclog of the connector", _fits, _lines)
