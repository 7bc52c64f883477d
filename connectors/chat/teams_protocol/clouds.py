"""Microsoft's clouds: who signs, who gives tokens, and which hosts are theirs."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where one cloud has its doors. `issuer` signs what comes in, with keys named at `keys` (an OpenID document);
    `login` gives tokens for `audience`. Of `services` and `files`, a name that begins with a dot stands for
    everything under it. `plain` takes http, for fakes on this computer."""

    issuer: str
    keys: str
    login: str
    audience: str
    services: tuple[str, ...]
    files: tuple[str, ...]
    plain: bool = False

    def serves(self, address: str) -> bool:
        """Whether activities may be sent there, with the bot's token."""
        return self._is_of(address, self.services)

    def stores(self, address: str) -> bool:
        """Whether a file may be fetched from there, or put there."""
        return self._is_of(address, self.files)

    def _is_of(self, address: str, hosts: tuple[str, ...]) -> bool:
        parts = _split(address)
        if parts is None or not parts.hostname:
            return False
        safe = parts.scheme == "https" and parts.port in (None, 443)
        if not (safe or (self.plain and parts.scheme == "http")):
            return False
        host = parts.hostname
        return any(host.endswith(name) if name.startswith(".") else host == name for name in hosts)


PUBLIC = Cloud(
    issuer="https://api.botframework.com",
    keys="https://login.botframework.com/v1/.well-known/openidconfiguration",
    login="https://login.microsoftonline.com",
    audience="https://api.botframework.com",
    services=("smba.trafficmanager.net", ".botframework.com", ".teams.microsoft.com"),
    files=(".sharepoint.com",),
)
"""Where nearly everybody is (learn.microsoft.com, "Authentication with the Bot Connector API"; read 2026-11-20)."""

US_GOVERNMENT = Cloud(
    issuer="https://api.botframework.us",
    keys="https://login.botframework.azure.us/v1/.well-known/openidconfiguration",
    login="https://login.microsoftonline.us",
    audience="https://api.botframework.us",
    services=(".botframework.azure.us", ".botframework.us", ".teams.microsoft.us"),
    files=(".sharepoint.us",),
)
"""The government's of the United States; the same page."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this computer and nothing else."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def is_local(address: str) -> bool:
    """Whether an address leads to this computer."""
    parts = _split(address)
    return parts is not None and parts.scheme in ("http", "https") and is_loopback(parts.hostname or "")


def _split(address: str) -> SplitResult | None:
    """The parts of an address; None for one that readers might understand differently."""
    if not address.isascii() or any(sign <= " " or sign == "\\" for sign in address) or len(address) > 4_000:
        return None
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return None if "@" in parts.netloc else parts
