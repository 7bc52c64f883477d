"""The wire: everything that a check may ask of a server, once, bounded, and only at addresses the guard allows."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Final, Self

from bot.errors import ProbeError
from bot.ports import NameLook, Reply, TlsLook
from connectors import tls_look
from connectors.guard import Guard, Target, read_host, read_url
from connectors.wire_http import Exchanges, Lanes
from connectors.wire_looks import Begin, Look, Looks
from connectors.wire_names import Names, Resolver
from connectors.wire_sockets import connected
from connectors.wire_troubles import CutOff, probe_error

MOST_FETCHED: Final = 10
"""CRLs and certificates that a run follows."""
LARGEST_FILE: Final = 5 * 1024 * 1024
"""Bytes of one of them."""

_CONNECT = 5.0  # seconds until a connection has to stand
_FETCH = 10.0  # seconds for a CRL or certificate
_GET = 10.0  # seconds for the bare URL, where a check of another one comes first
_LARGEST_ANSWER = 262_144  # bytes of the answer to a POST
_OWN = 60.0  # seconds: more than any look takes that has a deadline of its own
_MOST_TRIED = 8  # addresses of one name that are tried
_POOL = "/certsrv/"
_FELL = ("dropped", "reset", "truncated")


class RunWire:
    """The `Wire` of one run against one server; used as `async with RunWire(...) as wire`.

    `base_url` is the bare SCEP URL. `roots` are PEM certificates to judge TLS with, instead of those of this
    computer. `resolve` gives names an address of one's own choice: name and SNI stay as they are. Every name is
    resolved once in a run and every address judged by the guard, so an answer that changes changes nothing.

    The SCEP pool is everything under /certsrv/ of the bare URL's scheme, host and port. Once a connection is lost
    there, nothing under /certsrv/ of that host is asked again, by whatever scheme: each crash of its worker counts.
    """

    def __init__(
        self,
        base_url: str,
        guard: Guard,
        *,
        roots: str = "",
        resolve: Mapping[str, str] | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        """`resolver` replaces the system's, for tests. Raises `ProbeError` where `base_url` cannot be read."""
        self.requests = 0
        self._base = read_url(base_url)
        self._guard = guard
        self._roots = roots
        self._names = Names(resolve, resolver)
        self._looks = Looks()
        self._exchanges = Exchanges(guard, self._open_addresses, self._sent)
        self._lanes: dict[tuple[str, int], Lanes] = {}
        self._base_look: Look[Reply] | None = None
        self._fell = False
        self._fetched: set[str] = set()
        self._opened: dict[tuple[str, int], tuple[str, ...]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._looks.close()
        await self._exchanges.close()

    # --- the looks -------------------------------------------------------------------------------

    async def get(self, url: str, *, deadline: float = _GET, most: int = _LARGEST_ANSWER, fresh: bool = False) -> Reply:
        """One HTTP GET, as `Wire.get`. The deadline counts from when the request has its turn."""
        target = read_url(url)
        return await self._look_at(target, deadline, most, fresh=fresh).found(deadline)

    async def post(self, url: str, body: bytes, *, content_type: str, deadline: float = _GET) -> Reply:
        """One HTTP POST, as `Wire.post`: never shared, never sent twice."""
        target = read_url(url)

        async def work(begin: Begin) -> Reply:
            async with self._turn(target, begin):
                return await self._exchanges.post(target, _LARGEST_ANSWER, body, content_type)

        look = self._looks.of(("post", url), work, where=_where(target), deadline=deadline, fresh=True)
        return await look.found(deadline)

    async def tls(self, host: str, port: int = 443, *, legacy: bool = False) -> TlsLook:
        """One look at a TLS service, as `Wire.tls`: at most three connections."""
        host = read_host(host)
        where = f"{host}:{port}"

        async def work(_: Begin) -> TlsLook:
            opens = partial(self._connected, host, port)
            return await tls_look.look(opens, host, where, roots=self._roots, legacy=legacy)

        return await self._looks.of(("tls", host, port, legacy), work, where=where, deadline=_OWN).found(_OWN)

    async def tcp(self, host: str, port: int = 443) -> float:
        """Milliseconds until the connection stood, as `Wire.tcp`; looking the name up is not counted."""
        host = read_host(host)

        async def work(_: Begin) -> float:
            await self._open_addresses(host, port)
            began = perf_counter()
            (await self._connected(host, port)).close()
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
        if target.scheme != "http":
            raise ProbeError("guarded", f"{_where(target)} is not asked: CRLs and certificates are read by http only.")
        if target.url not in self._fetched and len(self._fetched) >= MOST_FETCHED:
            raise ProbeError("guarded", f"{_where(target)} is not asked: a run reads {MOST_FETCHED} files at most.")
        self._fetched.add(target.url)
        reply = await self._look_at(target, _FETCH, LARGEST_FILE).found(_FETCH)
        if reply.status != 200:
            raise ProbeError("malformed", f"{_where(target)} answered {reply.status} instead of the file.")
        return reply.body

    # --- asking ----------------------------------------------------------------------------------

    def _look_at(self, target: Target, deadline: float, most: int, fresh: bool = False) -> Look[Reply]:
        async def work(begin: Begin) -> Reply:
            async with self._turn(target, begin):
                return await self._exchanges.get(target, most, anew=target == self._base)

        key = ("get", target.url, most)
        look = self._looks.of(key, work, where=_where(target), deadline=deadline, fresh=fresh)
        if target == self._base and self._base_look is None:
            self._base_look = look
        return look

    @asynccontextmanager
    async def _turn(self, target: Target, begin: Begin) -> AsyncIterator[None]:
        """What comes before a request: the bare URL, the address, a free lane, and whether the pool still stands."""
        if self._in_pool(target) and target != self._base:
            with suppress(ProbeError):
                await (self._base_look or self._look_at(self._base, _GET, _LARGEST_ANSWER)).found(_GET)
        await self._open_addresses(target.host, target.port)
        async with self._lanes.setdefault((target.host, target.port), Lanes()).free():
            if self._fell and self._is_scep(target):
                raise ProbeError("left-alone", f"{_where(target)} was not asked again: it dropped a connection.")
            begin()
            try:
                yield
            except CutOff as error:
                self._fell = self._fell or (error.trouble in _FELL and self._in_pool(target))
                raise

    def _in_pool(self, target: Target) -> bool:
        return (target.scheme, target.port) == (self._base.scheme, self._base.port) and self._is_scep(target)

    def _is_scep(self, target: Target) -> bool:
        """Whether this is served by the pool of the bare URL, by whatever scheme and port it is asked."""
        folders = (_POOL, self._base.path.lower()) if self._base.path != "/" else (_POOL,)
        return target.host == self._base.host and target.path.lower().startswith(folders)

    def _sent(self) -> None:
        self.requests += 1

    # --- addresses -------------------------------------------------------------------------------

    async def _look_up(self, host: str) -> NameLook:
        began = perf_counter()
        aliases = asyncio.create_task(self._names.aliases(host))
        try:
            addresses = await self._addresses(host)
            return NameLook(addresses, await aliases, (perf_counter() - began) * 1000)
        finally:
            aliases.cancel()

    async def _addresses(self, host: str) -> tuple[str, ...]:
        async def work(_: Begin) -> tuple[str, ...]:
            return await self._names.addresses(host)

        return await self._looks.of(("addresses", host), work, where=host, deadline=_OWN).found(_OWN)

    async def _open_addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses of a host that may be asked. Raises "guarded" where there is none."""
        if known := self._opened.get((host, port)):
            return known
        refusals = {address: self._guard.refusal(address, port) for address in await self._addresses(host)}
        allowed = tuple(address for address, refusal in refusals.items() if refusal is None)[:_MOST_TRIED]
        if not allowed:
            address, refusal = next(iter(refusals.items()))
            raise ProbeError("guarded", f"{host}:{port} is not asked: {address} {refusal}.")
        self._opened[host, port] = allowed
        return allowed

    async def _connected(self, host: str, port: int) -> socket.socket:
        addresses = await self._open_addresses(host, port)
        try:
            async with asyncio.timeout(_CONNECT):
                return await connected(self._guard, addresses, port)
        except OSError as error:
            raise probe_error(error, f"{host}:{port}") from error


def _where(target: Target) -> str:
    return f"{target.host}:{target.port}"
