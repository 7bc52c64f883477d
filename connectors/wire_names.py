"""Names: their addresses by this computer's resolver, their aliases, and what a public resolver says."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address
from queue import SimpleQueue
from time import perf_counter
from typing import ClassVar, Final

import dns.asyncresolver
import dns.exception
import dns.resolver

from bot.errors import ProbeError
from bot.ports import NameLook
from connectors.wire_troubles import probe_error

PATIENCE: Final = 3.0
"""Seconds that a look-up may take."""

PUBLIC: Final = ("1.1.1.1", "8.8.8.8")
"""The resolvers outside, asked only where somebody wants to know what the world sees."""

_IDLE = 8  # threads that wait for names
_MOST = 64  # addresses or aliases that are kept of one name

Resolver = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a host name."""


class Names:
    """Looks names up. Those of `resolve` have the one address that stands there; `resolver` replaces this
    computer's and `servers` the name servers asked for aliases and by `public`, as (address, port)."""

    def __init__(
        self,
        resolve: Mapping[str, str] | None = None,
        resolver: Resolver | None = None,
        servers: Sequence[tuple[str, int]] | None = None,
    ) -> None:
        self._resolve = {name.lower(): address for name, address in (resolve or {}).items()}
        self._resolver = resolver or system_addresses
        self._alone = resolver is not None and servers is None  # with a resolver of its own nobody else is asked
        self._servers = servers

    async def addresses(self, host: str) -> tuple[str, ...]:
        """Every address of a name, each once, in the order of preference. Raises `ProbeError`."""
        if (fixed := self._fixed(host)) is not None:
            return (fixed,)
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._resolver(host)
        except (OSError, ValueError) as error:
            raise _failed(error, host) from error
        if not found:
            raise ProbeError("nxdomain", f"The name {host} has no address.")
        return tuple(dict.fromkeys(found))[:_MOST]

    async def aliases(self, host: str) -> tuple[str, ...] | None:
        """The chain of CNAMEs that starts at a name; None where it cannot be learnt."""
        if self._fixed(host) is not None or self._alone or host == "localhost" or host.endswith(".localhost"):
            return None
        try:
            answer = await self._asked(dns.asyncresolver.Resolver(), host, "A")
        except (dns.exception.DNSException, OSError):
            return None
        return _chain(answer)

    async def public(self, host: str) -> NameLook:
        """What a public resolver says. Raises `ProbeError`."""
        began = perf_counter()
        outside = dns.asyncresolver.Resolver(configure=False)
        outside.nameservers = list(PUBLIC)
        try:
            answers = await asyncio.gather(*(self._asked(outside, host, kind) for kind in ("A", "AAAA")))
        except (dns.exception.DNSException, OSError) as error:
            raise _failed(error, host) from error
        addresses = tuple(record.address for answer in answers for record in answer.rrset or ())[:_MOST]
        if not addresses:
            raise ProbeError("nxdomain", f"The name {host} has no address.")
        return NameLook(addresses, _chain(answers[0]), (perf_counter() - began) * 1000)

    def _fixed(self, host: str) -> str | None:
        with suppress(ValueError):
            return self._resolve.get(host) or str(ip_address(host))
        return None

    async def _asked(self, resolver: dns.asyncresolver.Resolver, host: str, kind: str) -> dns.resolver.Answer:
        if self._servers:
            resolver.nameservers = [address for address, _ in self._servers]
            resolver.nameserver_ports = dict(self._servers)
        return await resolver.resolve(host, kind, raise_on_no_answer=False, lifetime=PATIENCE)


def _failed(error: Exception, host: str) -> ProbeError:
    told = probe_error(error, host)
    if told.trouble == "timeout":
        return ProbeError("timeout", f"The name server did not answer for {host} in time.")
    return told


def _chain(answer: dns.resolver.Answer) -> tuple[str, ...]:
    targets = (record.target for link in answer.chaining_result.cnames for record in link)
    return tuple(target.to_text(omit_final_dot=True).lower() for target in targets)[:_MOST]


async def system_addresses(host: str) -> tuple[str, ...]:
    """The addresses that programs of this computer get. Raises `OSError`.

    `getaddrinfo` cannot be interrupted, so its thread is a daemon: nobody has to wait for it to end.
    """
    loop = asyncio.get_running_loop()
    told: asyncio.Future[tuple[str, ...]] = loop.create_future()

    def tell(found: tuple[str, ...] | Exception) -> None:
        if told.done():
            return
        if isinstance(found, Exception):
            told.set_exception(found)
        else:
            told.set_result(found)

    def ask() -> None:
        found: tuple[str, ...] | Exception
        try:
            found = tuple(str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
        except Exception as error:  # whatever it is, the one who waits must hear of it
            found = error
        with suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(tell, found)

    _Asker.free().asked.put(ask)
    return await told


class _Asker(threading.Thread):
    """A thread that looks up one name after another: to start one takes longer than most look-ups."""

    _waiting: ClassVar[list["_Asker"]] = []

    def __init__(self) -> None:
        super().__init__(name="names", daemon=True)
        self.asked: SimpleQueue[Callable[[], None]] = SimpleQueue()

    @classmethod
    def free(cls) -> "_Asker":
        """One that waits, or a new one where all are asking."""
        try:
            return cls._waiting.pop()
        except IndexError:
            asker = cls()
            asker.start()
            return asker

    def run(self) -> None:
        """Ask, and wait for the next one; too many need not wait."""
        while True:
            self.asked.get()()
            if len(self._waiting) >= _IDLE:
                return
            self._waiting.append(self)
