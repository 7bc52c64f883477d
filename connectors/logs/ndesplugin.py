"""NDESPlugin.log and other logs in the CMTrace format; lines of which only the text was kept are read as well."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

from bot.timeline.lines import Line
from connectors.logs import Reader
from connectors.streams import Stream
from connectors.times import is_day_first, local

_START, _END = "<![LOG[", "]LOG]!>"
_LONGEST = 8_000  # characters of one entry that are kept: the page of an error answer stands in some
_LONGEST_TIME = 40  # characters of a column with a time
_MOST_LINES = 300  # of one entry; what runs longer has lost its end
_MARK = re.compile(
    r'<time="(\d\d?):(\d\d):(\d\d)(?:\.(\d{1,7}))?([+-]\d{1,4})?" date="(\d\d?)-(\d\d?)-(\d{4})"'
    r'(?: component="([^"]{0,80})")?(?: context="[^"]{0,200}")?(?: type="(\d)")?(?: thread="(\w{0,12})")?'
)
_TRAILED = re.compile(
    r"\$\$<([^<>]{0,80})><(\d\d?)-(\d\d?)-(\d{4}) (\d\d?):(\d\d):(\d\d)(?:\.(\d{1,7}))?([+-]\d{1,4})?>"
    r"(?:<thread=(\w{0,12}))?"
)
"""The older shape of the format: one line, with component, time and thread behind it."""
_COPIED = re.compile(
    r"(\d\d?)-(\d\d?)-(\d{4}) (\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,7}))?([+-]\d{1,4})?\s+"
    r"(?:(\w{1,80})\s+(\d{1,10})\s+(?:\(0x[0-9A-Fa-f]{1,8}\)\s+)?)?(?=\S)"
)
"""How it looks where the marks were taken off: the time, and mostly component and thread, before the text. Months
stand first."""
_WORDS = re.compile(r"Calling VerifyRequest|Verify challenge returns|Exiting VerifyRequest|registration point\.$", re.M)


def _fits(head: str) -> float:
    if _START in head and "<time=" in head:
        return 1.0
    first = head.partition("\n")[0]
    if "$$<" in first and _TRAILED.match(first, first.rfind("$$<")):
        return 0.9
    return 0.5 if _WORDS.search(head[:20_000]) and "<E2ETrace" not in head else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    open_at, parts = 0, list[str]()
    day_first = is_day_first([line.rpartition("\t")[0].rpartition("\t")[2] for line in stream.head.splitlines()[:400]])
    for number, line in stream.numbered():
        if open_at and (_START in line or len(parts) > _MOST_LINES):
            yield _entry(open_at, parts)  # the entry before was never closed
            open_at, parts = 0, []
        if not open_at and _START not in line:
            if line.strip():
                yield _alone(number, line, day_first)
            continue
        open_at = open_at or number
        parts.append(line)
        if _END in line:
            yield _entry(open_at, parts)
            open_at, parts = 0, []
    if parts:
        yield _entry(open_at, parts)


def _alone(number: int, line: str, day_first: bool) -> Line:
    at, component, thread, text = _parts(line, day_first)
    component = component.strip()[:80] or "NDESPlugin"
    return Line(number, at, component, f"{component}: {text.strip()[:_LONGEST]}", flow=thread.strip()[:12])


def _parts(line: str, day_first: bool) -> tuple[datetime | None, str, str, str]:
    """Time, component, thread and text of an entry in one line, whichever way it was written or copied."""
    end = line.rfind("$$<")
    if end >= 0 and (found := _TRAILED.match(line, end)):
        component, month, day, year, hour, minute, second, fraction, bias, thread = found.groups()
        return _time(hour, minute, second, fraction, bias, month, day, year), component, thread or "", line[:end]
    if found := _COPIED.match(line):
        month, day, year, hour, minute, second, fraction, bias, component, thread = found.groups()
        at = _time(hour, minute, second, fraction, bias, month, day, year)
        return at, component or "", thread or "", line[found.end() :]
    columns = line.rsplit("\t", 3)  # as the viewer copies it
    if len(columns) == 4 and (at := local(columns[2][:_LONGEST_TIME], day_first)):
        return at, columns[1], columns[3].partition(" ")[0], columns[0]
    return None, "", "", line


def _entry(number: int, parts: list[str]) -> Line:
    whole = "\n".join(parts)
    text, _, rest = whole.partition(_START)[2].partition(_END)
    mark = _MARK.search(rest)
    component = (mark and mark[9]) or "NDESPlugin"
    return Line(
        number,
        _time(*mark.groups()[:8]) if mark else None,
        component,
        f"{component}: {text.strip()[:_LONGEST]}",
        flow=(mark and mark[11]) or "",
    )


def _time(
    hour: str, minute: str, second: str, fraction: str | None, bias: str | None, month: str, day: str, year: str
) -> datetime | None:
    """CMTrace writes local time and what must be added to it, in minutes, to come to UTC."""
    try:
        local = datetime(
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            int(second),
            int((fraction or "0").ljust(6, "0")[:6]),
        )
        if not bias or abs(int(bias)) >= 1440:
            return local
        return local.replace(tzinfo=timezone(timedelta(minutes=-int(bias)))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


READER = Reader("ndesplugin", "NDESPlugin.log", _fits, _lines)
