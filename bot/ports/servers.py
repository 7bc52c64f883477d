"""What a server under check is reached by, and what asks it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.findings import Finding, Past, Server

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
