"""OMADM.log of the Company Portal on Android (and CloudExtension.log): columns apart by tabs or spaces, UTC."""

import re
from collections.abc import Iterator
from datetime import UTC

from bot.timeline.lines import Line
from connectors.logs import Reader
from connectors.streams import Stream
from connectors.times import iso

_LINE = re.compile(
    r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?)\s+(VERB|DBUG|DEBUG|INFO|WARN|ERROR|FATAL)\s+(\S+)\s+([\w.$]+)\s+"
    r"(\d+)\s+(\d+)\s+(.*)$"
)
_SHAPE = re.compile(r"^\d{4}-\d\d-\d\dT\S+\s+(?:VERB|DBUG|DEBUG|INFO|WARN|ERROR|FATAL)\s+\S+\s+[\w$]+\.", re.M)
_LONGEST = 4_000


def _fits(head: str) -> float:
    return 1.0 if _SHAPE.search(head) else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    at, name, thread = None, "omadm", ""
    for number, line in stream.numbered():
        found = _LINE.match(line)
        if found:
            at, name, thread = iso(found[1]), found[4], found[6]
            at = at.replace(tzinfo=UTC) if at and not at.tzinfo else at
            text = found[7]
        elif not line.strip():
            continue
        else:
            text = line.strip()  # the lines of a stack trace
        yield Line(number, at, name.rpartition(".")[2], f"{name} {text[:_LONGEST]}", flow=thread)


READER = Reader("omadm", "OMADM log of Android", _fits, _lines)
