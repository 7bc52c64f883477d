"""The sockets: what the bot needs from the outside, in its own words."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from bot.findings import Finding, Past, Report, Server
from bot.types import Answer, Message

Show = Callable[[Answer], Awaitable[None]]
"""Puts an interim answer where the final one will stand; the surface decides how often it does."""
Handler = Callable[[Message, Show], Awaitable[Answer | None]]
Press = Callable[[str], str]
"""Given what choosing an option says to the bot, the opaque id that its button carries."""
Clock = Callable[[], datetime]
"""An aware time; nobody else asks for it."""


class ChatSurface(Protocol):
    """A chat platform. It translates and escapes; it never decides."""

    name: str

    async def serve(self, handle: Handler) -> None:
        """Receive messages until cancelled; each goes to `handle` with a way to show
        what there is so far. None means silence."""
        ...


# --- looking at a server ---------------------------------------------------------------------

Trust = Literal[
    "ok", "expired", "not_yet_valid", "name_mismatch", "missing_intermediate", "self_signed", "untrusted", "unknown"
]


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer, as it came: no redirect followed, nothing unpacked. `headers` has lower-case
    names, of repeated ones all values joined by a comma. `took_ms` is wall time."""

    url: str
    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    took_ms: float

    @property
    def server(self) -> str:
        """The `Server` header, or nothing."""
        return self.headers.get("server", "")


@dataclass(frozen=True, slots=True)
class TlsLook:
    """One look at a TLS service; the certificate is read even where it does not verify.

    `chain` are DER certificates as the server sent them, its own first (only its own where the
    handshake hides the others). `trust` is judged apart, for the name asked and the roots given;
    `trust_code` is OpenSSL's verify code (62 name, 10 expired, 18-21 chain), 0 if all is well.
    `asks_client` says whether the server asked for a client certificate; None where it cannot be seen.
    """

    version: str
    cipher: str
    chain: tuple[bytes, ...]
    trust: Trust
    trust_code: int
    asks_client: bool | None
    took_ms: float


@dataclass(frozen=True, slots=True)
class NameLook:
    """One name look-up: every address, and the chain of aliases (CNAME) that led there.

    `aliases_known` is False where no name server could be asked for them (a hosts file, a name of this
    computer): then that there are none says nothing.
    """

    addresses: tuple[str, ...]
    aliases: tuple[str, ...]
    took_ms: float
    aliases_known: bool = True


class Wire(Protocol):
    """The only network that a check may touch, for one run against one server.

    One attempt each, with a deadline and a size cap; nothing is followed, nobody is authenticated.
    An identical look happens once in a run and every check reads it. Of the SCEP pool the bare URL
    is asked first, and after a dropped connection it is left alone, by whatever name it is asked.
    Everything that goes wrong is a `ProbeError` with its `trouble`.

    `at` is one IP address to ask in place of those of the name: one node of several. The name stays in the
    request and in the handshake.
    """

    requests: int

    async def get(
        self, url: str, *, deadline: float = 10.0, most: int = 262_144, fresh: bool = False, at: str | None = None
    ) -> Reply:
        """One HTTP GET, the certificate not verified. `deadline` in seconds, `most` in bytes of the
        body; `fresh` asks again although the run has an answer."""
        ...

    async def post(self, url: str, body: bytes, *, content_type: str, deadline: float = 10.0) -> Reply:
        """One HTTP POST: only for the probes that an administrator enabled or asked for."""
        ...

    async def tls(self, host: str, port: int = 443, *, legacy: bool = False, at: str | None = None) -> TlsLook:
        """One handshake with SNI `host` (and a second one for the verdict); `legacy` offers TLS 1.0 and 1.1 only."""
        ...

    async def tcp(self, host: str, port: int = 443) -> float:
        """Milliseconds until the connection stood."""
        ...

    async def names(self, host: str, *, public: bool = False) -> NameLook:
        """The addresses of a name, by this computer's resolver or a public one."""
        ...

    async def fetch(self, url: str) -> bytes:
        """A CRL or certificate that a certificate points to: http only, 5 MB, at most ten in a run."""
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """One question to one server. `id` is kebab-case, as its file is called; `catalogue` the number in
    the catalogue of remote checks (R01 and so on). Those that are not `usual` run only where asked for.

    `run` returns a finding for whatever the server does, raises nothing but `ProbeError` (which
    becomes a finding `unknown`), and opens no socket but through the wire.
    """

    id: str
    catalogue: str
    asks: str
    run: Callable[[Server, Wire, datetime, Past], Awaitable[Finding]]
    usual: bool = True
    deadline: float = 12.0


# --- what lasts ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Use:
    """One line of the audit log: who asked for what, of which server, and whether it was allowed."""

    at: datetime
    who: str
    place: str
    command: str
    server: str | None
    allowed: bool


class Store(Protocol):
    """What must survive a restart. The atomic verbs have exactly one winner, whichever the database."""

    async def servers(self) -> list[Server]:
        """All registered servers, by name."""
        ...

    async def register(self, server: Server) -> None:
        """Add a server, or replace the one of that name."""
        ...

    async def remove(self, name: str) -> bool:
        """Forget a server and its past; whether it was there."""
        ...

    async def past(self, name: str) -> Past:
        """The last good state of a server; empty for a new one."""
        ...

    async def keep(self, report: Report, good: Past | None) -> None:
        """Remember a run; `good`, where given, becomes the server's last good state."""
        ...

    async def last(self, name: str) -> tuple[datetime, tuple[Finding, ...]] | None:
        """When the last run of a server was, and what it found."""
        ...

    async def first_time(self, message_id: str, at: datetime) -> bool:
        """Whether this message was never seen before. Atomic: of many that ask, one hears yes."""
        ...

    async def note(self, use: Use) -> None:
        """Write a line to the audit log."""
        ...

    async def uses(self, most: int = 100) -> list[Use]:
        """The audit log, newest first."""
        ...


# --- what survives the process ---------------------------------------------------------------

Said = dict[str, Any]
"""What a run is told and what comes of it: whatever JSON can say."""
Work = Callable[[Said], Awaitable[Said]]


class Engine(Protocol):
    """Work that survives the process. A run has a kind (which work), a key and what was said to it.

    One key is one run, however often and from wherever it is asked for.
    """

    async def run(self, kind: str, key: str, said: Said) -> Said:
        """Start the run, or join the one there is, and wait for its result. It goes on if the waiter is cancelled.

        Raises what the work raised if that is `BadRequest` or `Forbidden`, else `ConnectorError`.
        """
        ...

    async def start(self, kind: str, key: str, said: Said) -> None:
        """Start the run if there is none; once this returns, it will end. Raises `ConnectorError`."""
        ...

    async def result(self, key: str) -> Said | None:
        """What a run came to, None as long as it did not, or is not known. Raises as `run` does."""
        ...
