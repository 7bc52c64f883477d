"""Event logs as Windows keeps them (EVTX), read by the Rust library `evtx`."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

from bot.errors import BadRequest
from bot.timeline.lines import Line
from connectors.events.xml import record
from connectors.logs import Reader
from connectors.streams import Stream
from connectors.unpacking import spooled
from connectors.xml_pieces import read

MAGIC = "ElfFile\0"
_LARGEST = 4 << 30  # bytes of one file; Windows itself makes none that large


def _fits(head: str) -> float:
    return 1.0 if head.startswith(MAGIC) else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    """The records, numbered as they stand; one that is damaged is left out."""
    try:
        parser = import_module("evtx").PyEvtxParser
    except ImportError:
        raise BadRequest(
            f"{stream.name}: this is an exported event log (EVTX); to read those, install the package `evtx`, "
            "or save it as text or XML in Event Viewer and give me that."
        ) from None
    with spooled(stream, _LARGEST) as file:
        for number, found in enumerate(_records(parser, file), 1):
            if found is not None and (element := read(found)):
                stream.lines = number
                yield replace(record(element), number=number).line()


def _records(parser: Any, file: Any) -> Iterator[str | None]:
    """The XML of each record, None for a damaged one. The library raises what its Rust half thought of."""
    try:
        found = iter(parser(file).records())
    except (OSError, RuntimeError, ValueError):
        return
    while True:
        try:
            yield next(found)["data"]
        except StopIteration:
            return
        except OSError:
            return
        except (RuntimeError, ValueError, KeyError, TypeError):
            yield None


READER = Reader("evtx", "event log (EVTX)", _fits, _lines)
