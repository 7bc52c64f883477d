"""IIS in the W3C format: any `#Fields`, several headers in one file, times in UTC.

A log is large and nearly all of it is well, so a screen on RE2 finds the blocks in which a request of enrolment
failed; those are read line by line, and of the others enough to know what is usual.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from bot.timeline.lines import Line
from connectors.logs import Reader
from connectors.streams import Stream, decoded
from knowledge.patterns import pattern

FOLLOWED = 20_000
"""Requests of enrolment at the beginning of a log that are followed one by one, whatever they say."""
CLOSELY = 200_000
"""Requests around failures that are followed one by one; of further failures only their own lines."""

_PIECE = 1 << 18  # bytes that are screened at once
_OURS = ("mscep", "certsrv", "certificateregistration", "scep", "pkiclient")
_OURS_BYTES = tuple(word.encode() for word in _OURS)
_SHOWN = 120  # characters of a query that are kept; a SCEP message is long, encrypted and of no use
_SHAPE = re.compile(
    r"^(?:\S+ )?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+ (?:\S+ )*?(?:GET|POST|HEAD|OPTIONS|PUT|PROPFIND) /.*"
    r" [1-5]\d\d \d{1,3} \d{1,10}(?: \d+){0,3}\s*$",
    re.MULTILINE,
)
_HEADER = b"#Fields:"
_TRAILING = re.compile(r"(?: \d+)+$")
_USUAL = ["date", "time", "s-ip", "cs-method", "cs-uri-stem", "cs-uri-query", "s-port", "cs-username", "c-ip", "agent"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the fields stand, and what finds a failed request of enrolment among whole lines."""

    width: int
    at: dict[str, int]
    screen: Any

    def holds(self, *names: str) -> bool:
        """Whether all these fields are there."""
        return all(name in self.at for name in names)


@lru_cache(maxsize=64)
def layout(names: tuple[str, ...]) -> Layout | None:
    """The layout of the fields named, None where method, path or status is not among them."""
    at = {name.lower(): i for i, name in enumerate(names)}
    at["agent"] = at.get("cs(user-agent)", at.get("agent", -1))
    if not {"cs-uri-stem", "sc-status"} <= at.keys():
        return None
    return Layout(len(names), at, _screen(at, len(names)))


def _screen(at: dict[str, int], width: int) -> Any:
    """A pattern for a failed request (status from 400, or a win32 status); None where the fields stand too oddly."""
    status = at["sc-status"]
    if at["cs-uri-stem"] > status or at.get("sc-substatus") != status + 1 or at.get("sc-win32-status") != status + 2:
        return None
    behind = width - status - 3
    words = "|".join(_OURS)
    return pattern(rf"(?:{words})[^\n]* (?:[45]\d\d \d+ \d+|\d+ \d+ [1-9]\d*)(?: [^ \n]+){{{behind}}}\r?\n")


def _fits(head: str) -> float:
    if "#Fields:" in head and "sc-status" in head and "cs-uri" in head and "s-reason" not in head:
        return 1.0
    return 0.9 if _SHAPE.search(head[:20_000]) else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    """The requests of enrolment: all at first, then those in and right before a block where one failed."""
    followed, closely = 0, 0
    before: tuple[int, bytes, Layout] | None = None
    for first, piece, fields in _pieces(stream):
        if followed < FOLLOWED or fields.screen is None:
            for line in _requests(first, piece, fields):
                followed += 1
                yield line
            before = None
        elif not fields.screen.search(piece):
            before = first, piece, fields
        elif closely < CLOSELY:
            for part in (before, (first, piece, fields)):
                for line in _requests(*part) if part else ():
                    closely += 1
                    yield line
            before = None
        else:
            yield from _failures(first, piece, fields)


def _pieces(stream: Stream) -> Iterator[tuple[int, bytes, Layout]]:
    """(number of the first line, whole lines, their layout)."""
    fields: Layout | None = None
    for start, block in stream.blocks():
        first, at = start, 0
        while at < len(block):
            end = block.find(b"\n", at + _PIECE) + 1 or len(block)
            header = block.find(_HEADER, at, end)
            if header >= 0:
                if header == at:
                    end = block.find(b"\n", at) + 1 or len(block)
                    names = decoded(block[at + len(_HEADER) : end]).split()
                    fields = layout(tuple(names[:100])) or fields
                else:
                    end = header
            piece = block[at:end]
            fields = fields or _guessed(decoded(piece[:20_000]))
            if fields and header != at:
                yield first, piece, fields
            first += piece.count(b"\n")
            at = end


def _guessed(text: str) -> Layout | None:
    """The layout of lines that stand without their header, from the first that looks like a request."""
    found = _SHAPE.search(text)
    if not found:
        return None
    line = found[0].strip()
    words = line.split(" ")
    numbers = len(_TRAILING.search(line[-80:])[0].split())  # type: ignore[index]
    method = next((i for i, word in enumerate(words) if word in ("GET", "POST", "HEAD", "OPTIONS", "PUT")), 3)
    names = [f"x{i}" for i in range(max(0, method - 3))] + _USUAL[max(0, 3 - method) :]
    more = ["sc-bytes", "cs-bytes"][: max(0, numbers - 4)]
    names += [f"y{i}" for i in range(len(words) - len(names) - min(numbers, 6))]
    names += ["sc-status", "sc-substatus", "sc-win32-status", *more, "time-taken"][: min(numbers, 6)]
    return layout(tuple(names[: len(words)])) if len(names) == len(words) else None


def _requests(first: int, piece: bytes, fields: Layout) -> Iterator[Line]:
    for number, line in enumerate(piece.split(b"\n"), first):
        small = line.lower()
        if any(word in small for word in _OURS_BYTES) and (request := _request(number, line, fields)):
            yield request


def _failures(first: int, piece: bytes, fields: Layout) -> Iterator[Line]:
    for found in fields.screen.finditer(piece):
        start = piece.rfind(b"\n", 0, found.start()) + 1
        number = first + piece.count(b"\n", 0, start)
        if request := _request(number, piece[start : found.end()].rstrip(b"\r\n"), fields):
            yield request


def _request(number: int, line: bytes, fields: Layout) -> Line | None:
    words = decoded(line.strip(b"\r")).split(" ")
    if len(words) != fields.width or words[0].startswith("#"):
        return None
    at = fields.at

    def of(name: str, missing: str = "-") -> str:
        place = at.get(name, -1)
        return words[place] if place >= 0 else missing

    stem, query = of("cs-uri-stem"), of("cs-uri-query")
    status = of("sc-status")
    small = stem.lower()
    if not status.isdigit() or not any(word in small for word in _OURS):
        return None
    operation = query[:40].lower()
    pki = "pkioperation" in operation
    asked = query.partition("&")[0] if pki else query[:_SHOWN]
    verdict = f"{status} {of('sc-substatus', '0')} {of('sc-win32-status', '0')}"
    text = f"{of('cs-method', 'GET')} {stem[:300]} {asked} 443 - - {of('agent')[:200]} - {verdict}"
    device = "mscep.dll" in small or "pkiclient" in small
    taken = of("time-taken", "0")
    return Line(
        number,
        _time(of("date", ""), of("time", "")),
        "iis" if device else "iis, CertificateRegistrationPoint",
        text,
        client=of("c-ip", "") if device else "",
        agent=of("agent", "")[:200] if device else "",
        took=min(int(taken), 600_000) / 1000 if taken.isdigit() and len(taken) < 9 else 0.0,
        begins=device and "getcac" in operation,
        ends=device and pki,
    )


def _time(day: str, time: str) -> datetime | None:
    try:
        return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=UTC)
    except ValueError:
        return None


READER = Reader("iis", "IIS log", _fits, _lines)
