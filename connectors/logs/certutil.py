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
_PROXY = re.compile(r"netsh winhttp|WinHTTP[ -]?[Pp]roxy|\((?:no proxy server|kein Proxyserver)\)", re.IGNORECASE)
"""The proxy settings that people look up beside it: facts, none of which is a failure by itself."""


def _fits(head: str) -> float:
    return 0.8 if _SHAPE.search(head) and "Row 1:" not in head else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    for number, line in stream.numbered():
        if line.strip():
            grave = False if _PROXY.search(line) else None
            yield Line(number, None, "certutil", f"certutil: {line.strip()[:_LONGEST]}", grave)


READER = Reader("certutil", "output of certutil", _fits, _lines)
