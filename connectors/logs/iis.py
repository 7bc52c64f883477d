"""IIS in the W3C format: any `#Fields`, several headers in one file, times in UTC.

A log is large and nearly all of it is well, so a screen on RE2 finds the blocks in which a request of enrolment
failed; those are read line by line, and of the others enough to know what is usual.
"""

import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from bot.timeline.lines import Line
from connectors.logs import Reader
from connectors.streams import Stream
from connectors.texts import decoded
from knowledge.patterns import pattern

FOLLOWED = 5_000
"""Requests of enrolment at the beginning of a log that are followed one by one, whatever they say."""
CLOSELY = 100_000
"""Requests around failures that are followed one by one; of further failures only their own lines."""

_PIECE = 1 << 16  # bytes that are read closely at once
_THREADS = 2  # that screen
_AHEAD = 32  # blocks that are screened before they are asked for
_OURS = ("scep", "certsrv", "certificateregistration")
_METHODS = ("GET", "POST", "CCM_POST")  # of enrolment; with others, probes and scanners ask
_SHOWN = 120  # characters of a query that are kept; a SCEP message is long, encrypted and of no use
_TOO_LONG = "..."  # what stands for a query of more than 4,096 characters: of SCEP, only a message is so long
_MESSAGE = 1_700  # of a query with a SCEP message: whom it is encrypted to stands at its beginning
_SHAPE = re.compile(
    r"^(?:\S+ )?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+ (?:\S+ )*?(?:GET|POST|HEAD|OPTIONS|PUT|PROPFIND) /.*"
    r" [1-5]\d\d \d{1,3} \d{1,10}(?: \d+){0,3}\s*$",
    re.MULTILINE,
)
_HEADER = b"#Fields:"
_TRAILING = re.compile(r"(?: \d+)+$")
_USUAL = ["date", "time", "s-ip", "cs-method", "cs-uri-stem", "cs-uri-query", "s-port", "cs-username", "c-ip"]
_USUAL.append("cs(user-agent)")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the fields stand (-1 for one that is not there), and what finds a failed request among whole lines."""

    width: int
    date: int
    time: int
    method: int
    stem: int
    query: int
    client: int
    forwarded: int
    agent: int
    status: int
    substatus: int
    win32: int
    taken: int
    screen: Any


@lru_cache(maxsize=64)
def layout(names: tuple[str, ...]) -> Layout | None:
    """The layout of the fields named, None where path or status is not among them."""
    at = {name.lower(): i for i, name in enumerate(names)}
    if not {"cs-uri-stem", "sc-status"} <= at.keys():
        return None
    return Layout(
        width=len(names),
        date=at.get("date", -1),
        time=at.get("time", -1),
        method=at.get("cs-method", -1),
        stem=at["cs-uri-stem"],
        query=at.get("cs-uri-query", -1),
        client=at.get("c-ip", -1),
        forwarded=at.get("x-forwarded-for", -1),
        agent=at.get("cs(user-agent)", -1),
        status=at["sc-status"],
        substatus=at.get("sc-substatus", -1),
        win32=at.get("sc-win32-status", -1),
        taken=at.get("time-taken", -1),
        screen=_screen(at, len(names)),
    )


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


class _Piece(NamedTuple):
    """Whole lines of a block: `block[at:end]`, the first line of the block being `first`."""

    block: bytes
    first: int
    at: int
    end: int
    fields: Layout

    @property
    def number(self) -> int:
        """The number of its first line."""
        return self.first + self.block.count(b"\n", 0, self.at)

    @property
    def shows_failure(self) -> bool:
        """Whether a request of enrolment failed in it, or nothing can screen it. RE2 lets other threads go on."""
        screen = self.fields.screen
        return screen is None or screen.search(self.block, self.at, self.end) is not None

    @property
    def last(self) -> "_Piece":
        """Its end."""
        return self._replace(at=self.block.rfind(b"\n", self.at, max(self.at, self.end - _PIECE)) + 1 or self.at)

    def parts(self) -> Iterator["_Piece"]:
        """The same in pieces of a size to be read closely."""
        at = self.at
        while at < self.end:
            end = self.block.find(b"\n", at + _PIECE, self.end) + 1 or self.end
            yield self._replace(at=at, end=end)
            at = end


def _lines(stream: Stream) -> Iterator[Line]:
    """The requests of enrolment: all at first, then those in and right before a piece where one failed."""
    follower = _Follower()
    for piece, screened in _screened(stream):
        yield from follower.lines(piece, screened)
    stream.sieved = follower.sieved


class _Follower:
    """Decides how closely each piece of a log is read. `sieved`: some were passed over."""

    def __init__(self) -> None:
        self.sieved = False
        self._followed = self._closely = 0
        self._before: _Piece | None = None

    def lines(self, piece: _Piece, screened: Future[bool]) -> Iterator[Line]:
        """The requests of the next piece that are worth telling."""
        if self._followed >= FOLLOWED and not screened.result():
            self._before, self.sieved = piece.last, True
            return
        for part in piece.parts():
            if self._followed < FOLLOWED or part.fields.screen is None:
                for line in _requests(part):
                    self._followed += 1
                    yield line
                self._before = None
            elif not part.shows_failure:
                self._before, self.sieved = part, True
            else:
                yield from self._around(part)

    def _around(self, part: _Piece) -> Iterator[Line]:
        """A piece with a failure and the one before it; where there are too many such, only the failures."""
        if self._closely >= CLOSELY:
            self.sieved = True
            yield from _failures(part)
            return
        for near in (self._before, part):
            for line in _requests(near) if near else ():
                self._closely += 1
                yield line
        self._before = None


def _screened(stream: Stream) -> Iterator[tuple[_Piece, Future[bool]]]:
    """Pieces in order, some of them screened ahead in other threads."""
    with ThreadPoolExecutor(_THREADS) as pool:
        ahead: deque[tuple[_Piece, Future[bool]]] = deque()
        for piece in _pieces(stream):
            ahead.append((piece, pool.submit(getattr, piece, "shows_failure")))
            if len(ahead) > _AHEAD:
                yield ahead.popleft()
        yield from ahead


def _pieces(stream: Stream) -> Iterator[_Piece]:
    """The lines between the headers, a block at a time."""
    fields: Layout | None = None
    for first, block in stream.blocks():
        at, marked = 0, b"#" in block  # one byte is found much faster than a word
        while at < len(block):
            header = block.find(_HEADER, at) if marked else -1
            if at == header:
                end = block.find(b"\n", at) + 1 or len(block)
                names = decoded(block[at + len(_HEADER) : end]).split()
                fields = layout(tuple(names[:100])) or fields
            else:
                end = header if header >= 0 else len(block)
                fields = fields or _guessed(decoded(block[at : at + 20_000]))
                if fields:
                    yield _Piece(block, first, at, end, fields)
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


def _requests(piece: _Piece) -> Iterator[Line]:
    lines = piece.block[piece.at : piece.end].split(b"\n")
    for number, line in enumerate(lines, piece.number):
        small = line.lower()
        ours = b"scep" in small or b"certsrv" in small or b"certificateregistration" in small
        if ours and (request := _request(number, line, piece.fields)):
            yield request


def _failures(piece: _Piece) -> Iterator[Line]:
    block = piece.block
    for found in piece.fields.screen.finditer(block, piece.at, piece.end):
        start = block.rfind(b"\n", 0, found.start()) + 1
        number = piece.first + block.count(b"\n", 0, start)
        if request := _request(number, block[start : found.end()].rstrip(b"\r\n"), piece.fields):
            yield request


def _request(number: int, line: bytes, fields: Layout) -> Line | None:
    words = decoded(line.rstrip(b"\r")).split(" ")
    if len(words) != fields.width or line.startswith(b"#"):
        return None
    words.append("-")  # what a field says that is not there
    stem, query, agent, taken = words[fields.stem], words[fields.query], words[fields.agent][:200], words[fields.taken]
    status, small, operation = words[fields.status], stem.lower(), query[:40].lower()
    if not status.isdigit() or not any(word in small for word in _OURS):
        return None
    method = words[fields.method].upper() if fields.method >= 0 else "GET"
    if method not in _METHODS:
        return None
    device = "mscep.dll" in small or "pkiclient" in small
    pki = "pkioperation" in operation or (device and query == _TOO_LONG)
    asked = "operation=PKIOperation" if pki else query[:_SHOWN]
    numbers = f"{status} {_number(words[fields.substatus])} {_number(words[fields.win32])}"
    return Line(
        number,
        _time(words[fields.date], words[fields.time]),
        "iis" if device else "iis, CertificateRegistrationPoint",
        f"{method} {stem[:300]} {asked} 443 - - {agent} - {numbers}",
        client=_asking(words[fields.client], words[fields.forwarded]) if device else "",
        agent=agent if device else "",
        took=min(int(taken), 600_000) / 1000 if taken.isascii() and taken.isdigit() and len(taken) < 9 else 0.0,
        begins=device and "getcac" in operation,
        ends=device and pki,
        message=query[:_MESSAGE] if pki and "message=" in query else "",
    )


def _asking(client: str, forwarded: str) -> str:
    """The address of the device: what a proxy in front says of it comes first."""
    first = forwarded.partition(",")[0].strip("+ ")[:60]
    return client if first in ("", "-") else first


def _number(word: str) -> str:
    return word if word.isdigit() else "0"


@lru_cache(maxsize=10_000)
def _time(day: str, time: str) -> datetime | None:
    try:
        return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=UTC)
    except ValueError:
        return None


READER = Reader("iis", "IIS log", _fits, _lines)
