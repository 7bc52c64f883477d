"""SetupMsi.log of the connector: a verbose log of Windows Installer, mostly UTF-16, with times of day only."""

import re
from collections.abc import Iterator
from datetime import datetime

from bot.timeline.lines import Line
from connectors.logs import Reader
from connectors.streams import Stream
from connectors.times import clock, local

_SHAPE = re.compile(
    r"^MSI \([csN]\) \([0-9A-F!:]+\) \[\d\d:\d\d:\d\d:\d{3}\]|=== (?:Verbose )?[Ll]ogging started", re.M
)
_TELLING = re.compile(
    r"returned actual error code|error status: \d|Return value [03]\.?$|Product: |Installation (?:completed|failed)|"
    r"\bError \d{3,5}\b|Fehler \d{3,5}\b|Exception|rror:",
)
_LONGEST = 2_000


def _fits(head: str) -> float:
    return 1.0 if _SHAPE.search(head) else 0.6 if "returned actual error code" in head else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    """The lines that tell how the installation went; the others name files and properties by the thousand."""
    day, last = None, None
    for number, line in stream.numbered():
        if "ogging started" in line:
            day = local(line)
        stamp = clock(line[:60]) if line.startswith("MSI (") else None
        if stamp:
            last = _on(day, stamp)
        if _TELLING.search(line[:_LONGEST]):
            yield Line(number, last, "SetupMsi", f"SetupMsi: {line[:_LONGEST].strip()}")


def _on(day: datetime | None, time: datetime) -> datetime:
    return time.replace(year=day.year, month=day.month, day=day.day) if day else time


READER = Reader("setupmsi", "SetupMsi.log", _fits, _lines)
