"""The unified log of macOS (`log show`), and the log of the Jamf agent."""

import re
from collections.abc import Iterator

from bot.timeline.lines import Line
from connectors.logs import Reader
from connectors.streams import Stream
from connectors.times import iso

_UNIFIED = re.compile(
    r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+[+-]\d{4})\s+0x[0-9a-f]+\s+(\w+)"
    r"\s+0x[0-9a-f]+\s+\d+\s+\d+\s+([\w. -]+?):\s+(.*)$"
)
_SHAPE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+[+-]\d{4}\s+0x[0-9a-f]+\s+\w+", re.MULTILINE)
_HEADER = re.compile(r"^Timestamp\s+Thread\s+Type\s+Activity", re.MULTILINE)
_LONGEST = 4_000


def _fits(head: str) -> float:
    return 1.0 if _SHAPE.search(head) or _HEADER.search(head) else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    at, process = None, "macos"
    for number, line in stream.numbered():
        if found := _UNIFIED.match(line):
            at, process, text = iso(found[1]), found[3].strip(), found[4]
        elif line.strip():
            text = line.strip()
        else:
            continue
        yield Line(number, at, process, f"{process}: {text[:_LONGEST]}")


READER = Reader("macos", "log of macOS", _fits, _lines)
