"""The wire: everything that a check may ask of a server, once, bounded, and only at addresses the guard allows."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from time import perf_counter
from types import TracebackType
from typing import Final, Self

from bot.errors import ProbeError
from bot.ports import NameLook, Reply, TlsLook
from connectors import tls_look
from connectors.guard import Guard, Target, read_address, read_host, read_url
from connectors.wire_http import Exchanges, Lanes
from connectors.wire_looks import Begin, Look, Looks
from connectors.wire_names import Names, Resolver
from connectors.wire_sockets import connected
from connectors.wire_troubles import CutOff, probe_error

MOST_FETCHED: Final = 10
"""CRLs and certificates that a run follows."""
LARGEST_FILE: Final = 5 * 1024 * 1024
"""Bytes of one of them."""
RPC: Final = 135
"""The port of the RPC end point mapper: opened for the CA of the server, and only to connect to."""

_CONNECT = 5.0  # seconds until a connection has to stand
_FETCH = 10.0  # seconds for a CRL or certificate
_GET = 10.0  # seconds for the bare URL, where a check of another one comes first
_LARGEST_ANSWER = 262_144  # bytes of the answer to a POST
_OWN = 60.0  # seconds: more than any look takes that has a deadline of its own
_MOST_TRIED = 8  # addresses of one name that are tried
_POOL = "/certsrv/"
_FELL = ("dropped", "reset", "truncated")


@dataclass(frozen=True, slots=True)
class _Way:
    """Where a request goes: its URL, the one address to ask (None: those of the name), and whether a SCEP pool
    serves it."""

    target: Target
    at: str | None = None
    scep: bool = False

    @property
    def where(self) -> str:
        """In words."""
        return _where(self.target.host, self.target.port, self.at)


class RunWire:
    """The `Wire` of one run against one server; used as `async with RunWire(...) as wire`.

    `base_url` is the bare SCEP URL. `roots` are PEM certificates to judge TLS with, instead of those of this
    computer. `resolve` gives names an address of one's own choice: name and SNI stay as they are. Every name is
    resolved once in a run and every address judged by the guard, so an answer that changes changes nothing.
    Of `ca_host` alone `tcp` may also try port 135, where the guard allows its address.

    The SCEP pool is everything under /certsrv/ that is asked in a run: the internal name leads to the same worker
    process. Once a connection is lost there, nothing of it is asked again by any name or scheme, for each crash
    counts. Only a node that is asked at an address of its own stands and falls by itself.
    """

    def __init__(
        self,
        base_url: str,
        guard: Guard,
        *,
        roots: str = "",
        resolve: Mapping[str, str] | None = None,
        ca_host: str | None = None,
        resolver: Resolver | None = None,
        name_servers: Sequence[tuple[str, int]] | None = None,
    ) -> None:
        """`resolver` replaces the system's and `name_servers` the public ones, for tests. Raises `ProbeError`
        where `base_url` cannot be read."""
        self.requests = 0
        self._base = read_url(base_url)
        self._guard = guard
        self._roots = roots
        self._ca_host = (ca_host or "").lower()
        self._names = Names(resolve, resolver, name_servers)
        self._looks = Looks()
        self._exchanges: dict[str | None, Exchanges] = {}
        self._lanes: dict[tuple[str, int, str | None], Lanes] = {}
        self._base_looks: dict[str | None, Look[Reply]] = {}
        self._fell: set[str | None] = set()
        self._fetched: set[str] = set()
        self._opened: dict[tuple[Guard, str, int, str | None], tuple[str, ...]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._looks.close()
        for exchanges in self._exchanges.values():
            await exchanges.close()

    # --- the looks -------------------------------------------------------------------------------

    async def get(
        self,
        url: str,
        *,
        deadline: float = _GET,
        most: int = _LARGEST_ANSWER,
        fresh: bool = False,
        at: str | None = None,
    ) -> Reply:
        """One HTTP GET, as `Wire.get`. The deadline counts from when the request has its turn."""
        way = self._way(url, at)
        return await self._look_at(way, deadline, most, fresh=fresh).found(deadline)

    async def post(self, url: str, body: bytes, *, content_type: str, deadline: float = _GET) -> Reply:
        """One HTTP POST, as `Wire.post`: never shared, never sent twice."""
        way = self._way(url)

        async def work(begin: Begin) -> Reply:
            async with self._turn(way, begin):
                return await self._exchanges_at(None).post(way.target, _LARGEST_ANSWER, body, content_type)

        look = self._looks.of(("post", url), work, where=way.where, deadline=deadline, fresh=True)
        return await look.found(deadline)

    async def tls(self, host: str, port: int = 443, *, legacy: bool = False, at: str | None = None) -> TlsLook:
        """One look at a TLS service, as `Wire.tls`: at most three connections."""
        host = read_host(host)
        at = _read_at(host, at)
        where = _where(host, port, at)

        async def work(_: Begin) -> TlsLook:
            opens = partial(self._connected, host, port, self._guard, at)
            return await tls_look.look(opens, host, where, roots=self._roots, legacy=legacy)

        return await self._looks.of(("tls", host, port, legacy, at), work, where=where, deadline=_OWN).found(_OWN)

    async def tcp(self, host: str, port: int = 443) -> float:
        """Milliseconds until the connection stood, as `Wire.tcp`; looking the name up is not counted."""
        host = read_host(host)
        guard = self._guard.opening(RPC) if (host, port) == (self._ca_host, RPC) else self._guard

        async def work(_: Begin) -> float:
            await self._open_addresses(host, port, guard)
            began = perf_counter()
            (await self._connected(host, port, guard)).close()
            return (perf_counter() - began) * 1000

        return await self._looks.of(("tcp", host, port), work, where=f"{host}:{port}", deadline=_OWN).found(_OWN)

    async def names(self, host: str, *, public: bool = False) -> NameLook:
        """The addresses of a name, as `Wire.names`; every one, also those that the guard does not allow."""
        host = read_host(host)

        async def work(_: Begin) -> NameLook:
            return await (self._names.public(host) if public else self._look_up(host))

        return await self._looks.of(("names", host, public), work, where=host, deadline=_OWN).found(_OWN)

    async def fetch(self, url: str) -> bytes:
        """A CRL or certificate, as `Wire.fetch`. Raises "malformed" where the answer is not 200."""
        target = read_url(url)
        way = _Way(target, scep=target.host == self._base.host and self._is_scep(target))
        if target.scheme != "http":
            raise ProbeError("guarded", f"{way.where} is not asked: CRLs and certificates are read by http only.")
        if target.url not in self._fetched and len(self._fetched) >= MOST_FETCHED:
            raise ProbeError("guarded", f"{way.where} is not asked: a run reads {MOST_FETCHED} files at most.")
        self._fetched.add(target.url)
        reply = await self._look_at(way, _FETCH, LARGEST_FILE).found(_FETCH)
        if reply.status != 200:
            raise ProbeError("malformed", f"{way.where} answered {reply.status} instead of the file.")
        return reply.body

    # --- asking ----------------------------------------------------------------------------------

    def _way(self, url: str, at: str | None = None) -> _Way:
        target = read_url(url)
        return _Way(target, _read_at(target.host, at), self._is_scep(target))

    def _look_at(self, way: _Way, deadline: float, most: int, fresh: bool = False) -> Look[Reply]:
        async def work(begin: Begin) -> Reply:
            async with self._turn(way, begin):
                return await self._exchanges_at(way.at).get(way.target, most, anew=way.target == self._base)

        key = ("get", way.target.url, most, way.at)
        look = self._looks.of(key, work, where=way.where, deadline=deadline, fresh=fresh)
        if way.target == self._base:
            self._base_looks.setdefault(way.at, look)
        return look

    @asynccontextmanager
    async def _turn(self, way: _Way, begin: Begin) -> AsyncIterator[None]:
        """What comes before a request: the bare URL, the address, a free lane, and whether the pool still stands."""
        host, port, at = way.target.host, way.target.port, way.at
        if way.scep and self._is_beside_base(way.target) and way.target != self._base:
            base = self._base_looks.get(at) or self._look_at(_Way(self._base, at, scep=True), _GET, _LARGEST_ANSWER)
            with suppress(ProbeError):
                await base.found(_GET)
        await self._open_addresses(host, port, self._guard, at)
        async with self._lanes.setdefault((host, port, at), Lanes()).free():
            if way.scep and self._left_alone(at):
                raise ProbeError("left-alone", f"{way.where} was not asked again: it dropped a connection.")
            begin()
            try:
                yield
            except CutOff as error:
                if way.scep and error.trouble in _FELL and self._counts(way.target):
                    self._fell.add(at)
                raise

    def _is_scep(self, target: Target) -> bool:
        """Whether the path is one that a SCEP pool serves, whatever the name."""
        folders = (_POOL, self._base.path.lower()) if self._base.path != "/" else (_POOL,)
        return target.path.lower().startswith(folders)

    def _is_beside_base(self, target: Target) -> bool:
        """Whether this has scheme, name and port of the bare URL."""
        base = self._base
        return (target.scheme, target.host, target.port) == (base.scheme, base.host, base.port)

    def _counts(self, target: Target) -> bool:
        """Whether a connection lost here is the pool's. On another port of the name it may be the port's own."""
        return target.host != self._base.host or self._is_beside_base(target)

    def _left_alone(self, at: str | None) -> bool:
        """Whether the pool lost a connection. By a name any node may answer, at an address only that one."""
        return bool(self._fell) if at is None else not self._fell.isdisjoint((None, at))

    def _exchanges_at(self, at: str | None) -> Exchanges:
        """The HTTP client: kept connections to one address serve nobody who asks another."""
        if at not in self._exchanges:
            opens = partial(self._open_addresses, guard=self._guard, at=at)
            self._exchanges[at] = Exchanges(self._guard, opens, self._sent)
        return self._exchanges[at]

    def _sent(self) -> None:
        self.requests += 1

    # --- addresses -------------------------------------------------------------------------------

    async def _look_up(self, host: str) -> NameLook:
        began = perf_counter()
        aliases = asyncio.create_task(self._names.aliases(host))
        try:
            addresses, known = await self._addresses(host), await aliases
            return NameLook(addresses, known or (), (perf_counter() - began) * 1000, known is not None)
        finally:
            aliases.cancel()

    async def _addresses(self, host: str) -> tuple[str, ...]:
        async def work(_: Begin) -> tuple[str, ...]:
            return await self._names.addresses(host)

        return await self._looks.of(("addresses", host), work, where=host, deadline=_OWN).found(_OWN)

    async def _open_addresses(self, host: str, port: int, guard: Guard, at: str | None = None) -> tuple[str, ...]:
        """The addresses of a host that may be asked. Raises "guarded" where there is none."""
        if known := self._opened.get((guard, host, port, at)):
            return known
        addresses = (at,) if at else await self._addresses(host)
        refusals = {address: guard.refusal(address, port) for address in addresses}
        allowed = tuple(address for address, refusal in refusals.items() if refusal is None)[:_MOST_TRIED]
        if not allowed:
            address, refusal = next(iter(refusals.items()))
            raise ProbeError("guarded", f"{host}:{port} is not asked: {address} {refusal}.")
        self._opened[guard, host, port, at] = allowed
        return allowed

    async def _connected(self, host: str, port: int, guard: Guard, at: str | None = None) -> socket.socket:
        addresses = await self._open_addresses(host, port, guard, at)
        try:
            async with asyncio.timeout(_CONNECT):
                return await connected(guard, addresses, port)
        except OSError as error:
            raise probe_error(error, _where(host, port, at)) from error


def _read_at(host: str, at: str | None) -> str | None:
    """The one address to ask. A host that is an address itself has no other."""
    if at is None:
        return None
    address = read_address(at)
    with suppress(ValueError):
        if str(ip_address(host)) != address:
            raise ProbeError("guarded", f"{host} is not asked at {address}: it is an address itself.")
    return address


def _where(host: str, port: int, at: str | None = None) -> str:
    return f"{host}:{port} at {at}" if at else f"{host}:{port}"
