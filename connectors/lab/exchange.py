"""One HTTP/1 conversation as http.sys and IIS hold it: requests read strictly, answers to the byte, or none at all."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final, NamedTuple, Protocol
from urllib.parse import unquote

from connectors.lab.door import finish, hang, reset
from connectors.lab.pages import Answer, bytes_of

_LARGEST_BODY = 16 * 1024 * 1024  # bytes of a request
_SHOWN = 300  # characters of a target that are remembered
_GARBAGE: Final = bytes(range(256)) * 2
_TOKEN: Final = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

Act = str
"""What is done in place of an answer: a word of `faults.ACTS`."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names in lower case, `target` as it came."""

    method: str
    target: str
    version: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path, decoded, in lower case as IIS compares it."""
        return unquote(self._parts[0]).lower()

    @property
    def query(self) -> str:
        """What follows the question mark, as it came."""
        return self._parts[1]

    @property
    def _parts(self) -> tuple[str, str]:
        target = self.target
        if not target.startswith("/"):  # the form of a proxy: http://host/path
            target = "/" + target.split("//", 1)[-1].partition("/")[2]
        path, _, query = target.partition("?")
        return path, query

    @property
    def persists(self) -> bool:
        """Whether the client may ask again on this connection."""
        return self.version == "HTTP/1.1" and "close" not in self.headers.get("connection", "").lower()


class Seen(NamedTuple):
    """A request that reached the lab: `target` shortened to 300 characters, `status` 0 where no answer
    was sent, `secure` whether it came over TLS. Of what could not be read, as much as could be."""

    method: str
    target: str
    status: int
    secure: bool


class Site(Protocol):
    """Who answers on a connection."""

    @property
    def longest_head(self) -> int:
        """Bytes of a request's line and headers that are taken."""
        ...

    @property
    def clock(self) -> int:
        """Seconds that the site's clock is ahead."""
        ...

    async def reply(self, request: Request) -> Answer | Act:
        """The answer, or what is done in its place."""
        ...

    def refusal(self, name: str) -> Answer:
        """The answer to what is no request: `too-long`, or the name of an answer of http.sys."""
        ...

    def note(self, seen: Seen) -> None:
        """Remember a request."""
        ...


class _Refused(Exception):
    """What came is no request that is passed on: the name of the answer, and how it began."""

    def __init__(self, answer: str, head: str = "") -> None:
        super().__init__(answer)
        self.answer = answer
        method, _, rest = head.partition("\r\n")[0].partition(" ")
        self.method, self.target = method[:_SHOWN], rest.rpartition(" ")[0][:_SHOWN]


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, site: Site) -> None:
    """Answer requests until one of both sides closes."""
    secure = writer.get_extra_info("sslcontext") is not None
    while True:
        try:
            request = await _request(reader, site.longest_head)
        except _Refused as refused:
            answer = site.refusal(refused.answer)
            site.note(Seen(refused.method, refused.target, answer.status, secure))
            await _send(writer, answer, site.clock, None)
            return
        if request is None:
            return
        reply = await site.reply(request)
        status = reply.status if isinstance(reply, Answer) else 0
        site.note(Seen(request.method, request.target[:_SHOWN], status, secure))
        if not isinstance(reply, Answer):
            await _do(reply, reader, writer)
            return
        if await _send(writer, reply, site.clock, request):
            return


async def _send(writer: asyncio.StreamWriter, answer: Answer, clock: int, request: Request | None) -> bool:
    """Whether that was the end of the connection."""
    closes = answer.closes or answer.breaks_off or request is None or not request.persists
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=clock), usegmt=True)
    with_body = request is None or request.method != "HEAD"
    writer.write(bytes_of(answer, date, with_body=with_body, closes=closes and not answer.breaks_off))
    await writer.drain()
    if closes:
        await finish(writer)
    return closes


async def _do(act: Act, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    match act:
        case "reset":
            reset(writer)
        case "hang":
            await hang(reader)
        case "garbage":
            writer.write(_GARBAGE)
            await finish(writer)
        case _:  # drop: closed without a byte, and without a good-bye of TLS
            writer.transport.abort()


# --- reading ---------------------------------------------------------------------------------


async def _request(reader: asyncio.StreamReader, longest_head: int) -> Request | None:
    """The next request, None at the end. Raises `_Refused` with the name of the answer."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise _Refused("too-long") from None
    if len(head) > longest_head:
        raise _Refused("too-long", head)
    request = _head(head)
    return await _with_body(request, reader)


def _head(text: str) -> Request:
    line, *fields = text.removesuffix("\r\n\r\n").split("\r\n")
    parts = line.split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.0", "HTTP/1.1"):
        raise _Refused("httpsys-400", text)
    method, target, version = parts
    if not set(method) <= _TOKEN:
        raise _Refused("httpsys-400-verb", text)
    if not target.startswith(("/", "http://", "https://")):
        raise _Refused("httpsys-400-url", text)
    headers: dict[str, str] = {}
    for field in fields:
        name, colon, value = field.partition(":")
        if not colon or not name or not set(name) <= _TOKEN:
            raise _Refused("httpsys-400", text)
        headers[name.lower()] = value.strip()
    if version == "HTTP/1.1" and not headers.get("host"):
        raise _Refused("httpsys-400-hostname", text)
    return Request(method, target, version, headers)


async def _with_body(request: Request, reader: asyncio.StreamReader) -> Request | None:
    length = request.headers.get("content-length")
    if length is None:
        if request.method == "POST":
            raise _Refused("httpsys-411", _line(request))
        return request
    if not (length.isascii() and length.isdigit()):
        raise _Refused("httpsys-400", _line(request))
    if int(length) > _LARGEST_BODY:
        raise _Refused("iis-413", _line(request))
    try:
        body = await reader.readexactly(int(length))
    except asyncio.IncompleteReadError:
        return None
    return Request(request.method, request.target, request.version, request.headers, body)


def _line(request: Request) -> str:
    return f"{request.method} {request.target} {request.version}"
