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
_PLACE = ("at ", "... ")  # how the lines of a stack trace begin that name no exception


def _fits(head: str) -> float:
    return 1.0 if _SHAPE.search(head) else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    """Each with the exceptions that caused it; the places in the program that they went by say nothing."""
    for number, found, below in stream.records(_LINE):
        causes = "\n".join(line for line in below.split("\n") if not line.startswith(_PLACE))
        if not found:
            yield Line(number, None, "omadm", f"omadm {causes}")
            continue
        at, name = iso(found[1]), found[4]
        at = at.replace(tzinfo=UTC) if at and not at.tzinfo else at
        text = f"{name} {found[7][:_LONGEST]}\n{causes}".rstrip()
        yield Line(number, at, name.rpartition(".")[2], text, flow=found[6])


READER = Reader("omadm", "OMADM log of Android", _fits, _lines)
