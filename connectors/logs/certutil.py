"""What certutil and certreq print, line by line."""

import re
from collections.abc import Iterator

from bot.timeline.lines import Line
from connectors.logs import Reader
from connectors.streams import Stream

_SHAPE = re.compile(
    r"^\s*CertUtil:|^Certificate Request Processor:|^certreq\b|ICertRequest2|^PS [A-Z]:.*certutil", re.M
)
_LONGEST = 2_000


def _fits(head: str) -> float:
    return 0.8 if _SHAPE.search(head) and "Row 1:" not in head else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    for number, line in stream.numbered():
        if line.strip():
            yield Line(number, None, "certutil", f"certutil: {line.strip()[:_LONGEST]}")


READER = Reader("certutil", "output of certutil", _fits, _lines)
