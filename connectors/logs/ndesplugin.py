"""NDESPlugin.log and other logs in the CMTrace format; lines of which only the text was kept are read as well."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

from bot.timeline.lines import Line
from connectors.logs import Reader
from connectors.streams import Stream

_START, _END = "<![LOG[", "]LOG]!>"
_LONGEST = 8_000  # characters of one entry that are kept: the page of an error answer stands in some
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
    for number, line in stream.numbered():
        if open_at and (_START in line or len(parts) > _MOST_LINES):
            yield _entry(open_at, parts)  # the entry before was never closed
            open_at, parts = 0, []
        if not open_at and _START not in line:
            if line.strip():
                yield _trailed(number, line)
            continue
        open_at = open_at or number
        parts.append(line)
        if _END in line:
            yield _entry(open_at, parts)
            open_at, parts = 0, []
    if parts:
        yield _entry(open_at, parts)


def _trailed(number: int, line: str) -> Line:
    end = line.rfind("$$<")
    if end < 0 or not (found := _TRAILED.match(line, end)):
        return Line(number, None, "NDESPlugin", f"NDESPlugin: {line.strip()[:_LONGEST]}")
    component, month, day, year, hour, minute, second, fraction, bias, thread = found.groups()
    at = _time(hour, minute, second, fraction, bias, month, day, year)
    component = component or "NDESPlugin"
    return Line(number, at, component, f"{component}: {line[:end].strip()[:_LONGEST]}", flow=thread or "")


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
