"""The nouns of a check: a registered server, what one question found, and how each cause stands after all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

Verdict = Literal["ok", "warn", "fail", "unknown", "skipped"]
Standing = Literal["confirmed", "likely", "possible", "ruled_out"]
Front = Literal["direct", "app-proxy"]
Module = Literal["intune", "plain", "jamf"]
Generation = Literal["old", "new"]
Value = str | int | float | bool | None | list[str]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on something that runs out is a warning. Days; `crl_hours` in hours."""

    tls_days: int = 21
    ra_days: int = 30
    crl_hours: int = 6


@dataclass(frozen=True, slots=True)
class Server:
    """One registered NDES server.

    `url` is the SCEP URL of the profile, up to `mscep.dll`. `internal_name` is the name that NDES
    itself calls (FQDN); `inside` says that the bot may also ask the server by it. `trusted_root` is
    the SHA-256 (hex) of the root that the profile gives to devices, `roots` are PEM certificates to
    verify TLS with (empty: those of this computer). `nodes` are addresses behind one name.
    `connector_version` is what the connector calls itself, such as 6.2504.2001.8: no look from outside can tell it.
    `may_poll` allows the CertPoll probe (RFC 8894 section 3.3.3).
    """

    name: str
    url: str
    internal_name: str | None = None
    inside: bool = False
    front: Front = "direct"
    module: Module = "intune"
    connector: Generation | None = None
    connector_version: str | None = None
    trusted_root: str | None = None
    roots: str = ""
    ca_host: str | None = None
    nodes: tuple[str, ...] = ()
    site: str = "default"
    tags: tuple[str, ...] = ()
    owner_channel: str | None = None
    thresholds: Thresholds = Thresholds()
    may_poll: bool = False

    def asking(self, operation: str) -> str:
        """The URL of a SCEP operation. NDES wants a `message` with every one, so there always is one."""
        return f"{self.url}?operation={operation}&message=ca"

    @property
    def host(self) -> str:
        """The name in the SCEP URL."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port in the SCEP URL."""
        return urlsplit(self.url).port or (80 if self.url.startswith("http:") else 443)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `summary` is one sentence for a person.

    `outcomes` are the words by which causes are weighed: (column, word) such as ("base",
    "503_httpsys"), from `knowledge/weights.csv`. `took_ms` is wall time.
    """

    check: str
    verdict: Verdict
    summary: str
    evidence: Mapping[str, Value] = field(default_factory=dict)
    outcomes: tuple[tuple[str, str], ...] = ()
    took_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Past:
    """What is remembered of a server from its last good run: with HTTP 500 the RA certificates
    can only be judged from here. `bundle` is the body of GetCACert, `tls` the SHA-256 (hex) of the
    TLS certificate."""

    at: datetime | None = None
    bundle: bytes | None = None
    tls: str | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Suspect:
    """A cause and how it stands. `why` names the evidence; `command` is what to run on the server
    where the network cannot see it (None where it can)."""

    cause: str
    entry: str
    standing: Standing
    why: str
    command: str | None = None
    visible: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run: findings in the order of the catalogue, suspects best first.

    `splits` is the one command for the server that tells the suspects apart that stand first.
    """

    server: Server
    at: datetime
    verdict: Verdict
    findings: tuple[Finding, ...]
    suspects: tuple[Suspect, ...]
    requests: int
    took_ms: float
    splits: str | None = None
