"""One HTTP exchange: sent once, read as it comes, and never more of it than asked for."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, AddressFamily
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, cast
from weakref import WeakSet

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.errors import ProbeError
from bot.ports import Reply
from connectors.guard import Guard, Target
from connectors.wire_sockets import guarded_socket
from connectors.wire_troubles import CutOff, probe_error

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.connector import AddrInfoType, Connection
    from aiohttp.tracing import Trace

LANES: Final = 4
"""Connections to one host that are used at a time, at most: each costs a handshake."""

_QUEUE: Final = (0.0, 0.05, 0.5, 0.5)
"""Seconds that a request waits before one more is opened: a near server answers sooner on the one that there
is, a far one has two, and the others are for requests that stand behind pages that hang."""

OP_LEGACY_SERVER_CONNECT: Final = 0x4
"""OpenSSL: speak with a server that lacks secure renegotiation (RFC 5746). Python names it from 3.12 on."""

_MOST_FIELDS = 100  # header fields that are kept of an answer
_LONGEST_VALUE = 1_000  # characters that are kept of a header value
_LONGEST_REASON = 200
_FIELDS_READ = 500  # header fields at which an answer is given up
_LINE_READ = 32_768  # bytes of one header line at which an answer is given up
_PIECE = 65_536  # bytes that are received ahead of the reader

Addresses = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses behind a host name that may be asked on a port."""
Sent = Callable[[], None]


class Exchanges:
    """The HTTP client of a run: few connections, kept open; no proxy, no cookie, no password, no redirect.

    `addresses` gives those of a host that the guard allows; the guard judges the one that a socket is opened to
    once more. `on_sent` is called for each request that goes out.
    """

    def __init__(self, guard: Guard, addresses: Addresses, on_sent: Sent) -> None:
        self._guard = guard
        self._addresses = addresses
        self._on_sent = on_sent
        self._open = AsyncExitStack()
        self._shared: aiohttp.ClientSession | None = None
        self._asked: set[tuple[str, int]] = set()

    async def get(self, target: Target, most: int, *, anew: bool = False) -> Reply:
        """One GET, up to `most` bytes of body. Raises `ProbeError`; `CutOff` where the connection was lost later.

        A kept connection that the server gave up in the meantime looks like one on which it fell over. So where
        none of its kept connections has served yet, the request goes out once more, on a new one. With `anew`
        it has a new one from the start.
        """
        place = (target.host, target.port)
        if self._shared is None:
            self._shared = await self._open.enter_async_context(self._session())
        if not (anew and place in self._asked):
            self._asked.add(place)
            with suppress(_Stale):
                return await _exchange(self._shared, "GET", target, most)
        async with self._session() as fresh:
            return await _exchange(fresh, "GET", target, most)

    async def post(self, target: Target, most: int, body: bytes, content_type: str) -> Reply:
        """One POST on a connection of its own, since it is never sent twice. Raises as `get` does."""
        async with self._session() as fresh:
            return await _exchange(fresh, "POST", target, most, body, {"Content-Type": content_type})

    async def close(self) -> None:
        """Close every connection."""
        await self._open.aclose()

    def _session(self) -> aiohttp.ClientSession:
        connector = _Connector(self._guard, self._addresses, self._on_sent)
        return aiohttp.ClientSession(
            connector=connector,
            middlewares=(connector.send_once,),
            headers={"User-Agent": _user_agent(), "Accept": "*/*", "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            trust_env=False,
            auto_decompress=False,
            read_bufsize=_PIECE,
            max_line_size=_LINE_READ,
            max_field_size=_LINE_READ,
            max_headers=_FIELDS_READ,
        )


class Lanes:
    """The queue for one host: a page that hangs does not hold up all others."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(1)
        self._open = 1

    @asynccontextmanager
    async def free(self) -> AsyncIterator[None]:
        """A lane of one's own; whoever waited too long opens one more."""
        began = perf_counter()
        while self._free.locked() and self._open < LANES:
            try:
                async with asyncio.timeout(began + _QUEUE[self._open] - perf_counter()):
                    await self._free.acquire()
                break
            except TimeoutError:
                if self._open < LANES and perf_counter() - began >= _QUEUE[self._open]:
                    self._open += 1
                    self._free.release()
        else:
            await self._free.acquire()
        try:
            yield
        finally:
            self._free.release()


class _Stale(Exception):
    """A kept connection was closed before a byte of the answer came: the server may only have tidied up."""


class _Lost(Exception):
    """The connection went after the request had gone out. Not one of aiohttp's: it sends a GET again for those."""

    def __init__(self, error: Exception, stale: bool) -> None:
        super().__init__()
        self.error = error
        self.stale = stale


@dataclass(slots=True)
class _Carrier:
    """The connection that a request goes over."""

    transport: asyncio.Transport | None
    reused: bool


class _Connector(aiohttp.TCPConnector):
    """Connections to guarded addresses, the certificate unverified; it knows which of them were used before."""

    def __init__(self, guard: Guard, addresses: Addresses, on_sent: Sent) -> None:
        def open_socket(info: "AddrInfoType") -> Any:
            return guarded_socket(guard, str(info[4][0]), int(info[4][1]))

        super().__init__(
            resolver=_Known(addresses),
            use_dns_cache=False,
            ssl=unverified(),
            limit_per_host=LANES,
            socket_factory=open_socket,
        )
        self._on_sent = on_sent
        self._used: WeakSet[ResponseHandler] = WeakSet()
        self._carriers: dict[aiohttp.ClientRequest, _Carrier] = {}
        self._keeping: set[object] = set()  # the services whose kept connections have served

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list["Trace"], timeout: aiohttp.ClientTimeout
    ) -> "Connection":
        """A connection for this request, which goes out next."""
        connection = await super().connect(req, traces, timeout)
        protocol = cast("ResponseHandler", connection.protocol)
        self._carriers[req] = _Carrier(connection.transport, protocol in self._used)
        self._used.add(protocol)
        self._on_sent()
        return connection

    async def send_once(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """A middleware that keeps aiohttp from sending a request again by itself, and leaves no broken connection."""
        carrier = _Carrier(None, False)
        try:
            response = await handler(request)
        except BaseException as error:
            carrier = self._carriers.pop(request, carrier)
            if carrier.transport:
                carrier.transport.abort()  # closing politely would wait for a server that does not read
            if isinstance(error, aiohttp.ClientConnectionError) and not isinstance(error, aiohttp.ClientConnectorError):
                stale = carrier.reused and request.connection_key not in self._keeping
                raise _Lost(error, stale) from error
            raise
        if self._carriers.pop(request, carrier).reused:
            self._keeping.add(request.connection_key)
        return response


class _Known(AbstractResolver):
    """Hands aiohttp the addresses that the run knows and the guard allows."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Every allowed address of the host."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=AF_INET6 if ip_address(address).version == 6 else AF_INET,
                proto=0,
                flags=0,
            )
            for address in await self._addresses(host, port)
        ]

    async def close(self) -> None:
        """Nothing is held."""


async def _exchange(
    session: aiohttp.ClientSession,
    method: str,
    target: Target,
    most: int,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    where = f"{target.host}:{target.port}"
    url = URL(target.url, encoded=True)
    began = perf_counter()
    try:
        async with session.request(method, url, data=body, headers=headers, allow_redirects=False) as response:
            received = await _body(response, most, where)
            fields = _fields(response.raw_headers, where)
    except ProbeError:
        raise
    except _Lost as lost:
        if lost.stale and method == "GET":
            raise _Stale from lost
        raise probe_error(lost.error, where, CutOff) from lost
    except (aiohttp.ClientConnectorError, aiohttp.ClientResponseError) as error:
        raise probe_error(error, where) from error
    except Exception as error:  # whatever a hostile answer provokes in the client is told as trouble
        raise probe_error(error, where, CutOff) from error
    reason = (response.reason or "").encode("utf-8", "surrogateescape").decode("latin-1")[:_LONGEST_REASON]
    return Reply(target.url, response.status, reason, fields, received, (perf_counter() - began) * 1000)


async def _body(response: aiohttp.ClientResponse, most: int, where: str) -> bytes:
    connection = response.connection  # gone once the body is complete
    received = bytearray()
    try:
        if (response.content_length or 0) > most:
            raise _too_large(where, most)
        async for piece in response.content.iter_any():
            received += piece
            if len(received) > most:
                raise _too_large(where, most)
    except BaseException:
        if connection and connection.transport:
            connection.transport.abort()
        raise
    return bytes(received)


def _too_large(where: str, most: int) -> ProbeError:
    return ProbeError("too-large", f"The answer of {where} is larger than {most:,} bytes.")


def _fields(raw: Sequence[tuple[bytes, bytes]], where: str) -> dict[str, str]:
    """Header fields as they came: bytes are characters, repeated fields are joined, all of it is bounded."""
    if not raw:
        raise ProbeError("malformed", f"{where} answered without a single header field, which no web server does.")
    fields: dict[str, str] = {}
    for name, value in raw[:_MOST_FIELDS]:
        key = name[:_LONGEST_VALUE].decode("latin-1").lower()
        text = value[:_LONGEST_VALUE].decode("latin-1")
        fields[key] = f"{fields[key]}, {text}"[:_LONGEST_VALUE] if key in fields else text
    return fields


@cache
def unverified() -> ssl.SSLContext:
    """TLS for asking: whoever answers is heard, however weak its certificate; from TLS 1.2 on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.options |= OP_LEGACY_SERVER_CONNECT | ssl.OP_IGNORE_UNEXPECTED_EOF
    return context


@cache
def _user_agent() -> str:
    return f"ndesbot/{version('ndesbot')} (read-only check)"
