"""HTTPERR of http.sys: what never reached IIS. Times are UTC; the reason decides."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from bot.timeline.lines import Line
from connectors.logs import Reader
from connectors.streams import Stream

_USUAL = (
    "date time c-ip c-port s-ip s-port cs-version cs-method cs-uri streamid sc-status s-siteid s-reason s-queuename"
)
_OLD = _USUAL.replace("streamid ", "")
_SHAPE = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+ \S+ \S+ \S+ (?:HTTP/\d\.\d|-) \S+ \S+ (?:\S+ )?\S+ \S+ [A-Za-z_]+ \S+\s*$",
    re.MULTILINE,
)
_NOISE = ("Timer_", "Connection_Dropped", "Client_Reset")
"""Reasons that healthy servers log all day."""
_TOO_LONG = {"FieldLength", "RequestLength", "URL_Length", "UrlLength"}
"""Reasons that keep http.sys from knowing what was asked for."""
_OURS = re.compile(r"scep|certsrv|ndes|certificateregistration", re.IGNORECASE)


def _fits(head: str) -> float:
    if "#Fields:" in head and "s-reason" in head:
        return 1.0
    return 0.95 if _SHAPE.search(head[:20_000]) else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    names: list[str] = []
    for number, line in stream.numbered():
        if line.startswith("#Fields:"):
            names = line[8:].split()[:50]
            continue
        words = line.split(" ")
        if line.startswith("#") or len(words) < 12:
            continue
        fields = dict(zip(_fitting(names, len(words)), words, strict=False))
        if (failure := _failure(number, fields)) is not None:
            yield failure


def _fitting(names: list[str], width: int) -> list[str]:
    if len(names) == width:
        return names
    return (_OLD if width == 13 else _USUAL).split()


def _failure(number: int, fields: dict[str, str]) -> Line | None:
    reason = fields.get("s-reason", "-")
    method, uri = fields.get("cs-method", "-"), fields.get("cs-uri", "-")[:200]
    queue = fields.get("s-queuename", "-")
    ours = _OURS.search(f"{uri} {queue}") or reason in _TOO_LONG
    if reason == "-" or reason.startswith(_NOISE) or not ours:
        return None
    text = (
        f"HTTPERR {fields.get('cs-version', '-')} {method} {uri} - {fields.get('sc-status', '-')} "
        f"{fields.get('s-siteid', '-')} {reason} {queue}"
    )
    begins = "operation=getcac" in uri.lower()
    return Line(number, _time(fields), "httperr", text, client=fields.get("c-ip", ""), begins=begins)


def _time(fields: dict[str, str]) -> datetime | None:
    try:
        return datetime.fromisoformat(f"{fields.get('date', '')}T{fields.get('time', '')}").replace(tzinfo=UTC)
    except ValueError:
        return None


READER = Reader("httperr", "HTTPERR log", _fits, _lines)
