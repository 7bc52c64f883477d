"""What the Console of a Mac shows of an iPhone or iPad: type, time of day with its zone, process, message."""

import re
from collections.abc import Iterator

from bot.timeline.lines import Line
from connectors.logs import Reader
from connectors.streams import Stream
from connectors.times import clock, iso

_LINE = re.compile(
    r"^(?:(default|debug|info|error|fault|standard|fehler)\s+)?"
    r"((?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d(?:\.\d+)?\s*[+-]\d{4})\s+"
    r"([\w.-]+)(?:\[\d+\])?:?\s+(.*)$",
    re.IGNORECASE,
)
_SHAPE = re.compile(
    r"^(?:default|debug|info|error|fault)\s+\d\d:\d\d:\d\d\.\d+ ?[+-]\d{4}\s+\S+\s", re.MULTILINE | re.IGNORECASE
)
_LONGEST = 4_000


def _fits(head: str) -> float:
    return 1.0 if _SHAPE.search(head) else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    for number, found, below in stream.records(_LINE):
        if found:
            at, process = iso(found[2]) or clock(found[2]), found[3]
            yield Line(number, at, process, f"{process} {found[4][:_LONGEST]}\n{below}".rstrip())
        else:
            yield Line(number, None, "console", f"console {below}")


READER = Reader("ios", "console of an iPhone or iPad", _fits, _lines)
