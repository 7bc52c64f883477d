"""The address guard: which spellings of a URL are read, and which addresses a socket may be opened to."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from bot.errors import ProbeError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_LONGEST_URL = 65_536  # characters; the longest that a check asks has about 31,000
_MOST_JUDGED = 256  # verdicts that one guard remembers: a run asks for a few, but each of them often
_LONGEST_NAME = 253  # characters of a host name, RFC 1035 section 2.3.4

_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::(?P<port>[0-9]{1,5}))?(?=/|\Z)",
    re.IGNORECASE | re.ASCII,
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
# What resolvers read as an IPv4 number: 127.1, 0x7f000001 and 0177.0.0.1 all mean this computer.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_PORTS: Final = {"http": 80, "https": 443}


def _named(*ranges: tuple[str, str]) -> tuple[tuple[Network, str], ...]:
    return tuple((ip_network(span), name) for span, name in ranges)


_NEVER: Final = _named(
    ("100.100.100.200/32", "a cloud metadata service"),
    ("168.63.129.16/32", "a cloud metadata service"),
    ("192.0.0.192/32", "a cloud metadata service"),
    ("169.254.169.254/32", "a cloud metadata service"),
    ("fd00:ec2::254/128", "a cloud metadata service"),
    ("fd20:ce::254/128", "a cloud metadata service"),
    ("fd00:42::42/128", "a cloud metadata service"),
    ("0.0.0.0/8", "an unspecified address"),
    ("169.254.0.0/16", "a link-local address"),
    ("224.0.0.0/4", "a multicast address"),
    ("255.255.255.255/32", "the broadcast address"),
    ("240.0.0.0/4", "a reserved address"),
    ("::/128", "an unspecified address"),
    ("fe80::/10", "a link-local address"),
    ("ff00::/8", "a multicast address"),
)
"""Never opened, whatever the operator lists. Metadata services: AWS, Azure, Google, Alibaba, Oracle, Scaleway."""

_LOOPBACK: Final = _named(("127.0.0.0/8", "a loopback address"), ("::1/128", "a loopback address"))
"""Opened only by a range that lies within them: 0.0.0.0/0 does not mean this computer."""

_INSIDE: Final = _named(
    ("10.0.0.0/8", "a private address"),
    ("172.16.0.0/12", "a private address"),
    ("192.168.0.0/16", "a private address"),
    ("100.64.0.0/10", "a shared address (carrier-grade NAT)"),
    ("192.0.0.0/24", "a special-purpose address"),
    ("192.0.2.0/24", "a documentation address"),
    ("192.88.99.0/24", "a special-purpose address"),
    ("198.18.0.0/15", "a benchmark address"),
    ("198.51.100.0/24", "a documentation address"),
    ("203.0.113.0/24", "a documentation address"),
    ("fc00::/7", "a private address"),
    ("2001::/23", "a special-purpose address"),
    ("2001:db8::/32", "a documentation address"),
    ("3fff::/20", "a documentation address"),
)
"""Opened by the operator's list. With the others of this module: the special-purpose registries of RFC 6890."""

_GLOBAL_V6: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")


class Guard:
    """Which addresses may be connected to.

    `allow` are the ranges that the operator opens: for private addresses, and for loopback by a range within
    it. Ports are those of `ports`; with `any_port` the ranges of `allow` are open on every port.
    """

    def __init__(
        self, allow: Sequence[Network] = (), ports: Collection[int] = (80, 443), *, any_port: bool = False
    ) -> None:
        self._allow = tuple(allow)
        self._ports = frozenset(ports)
        self._any_port = any_port
        self._judged: dict[tuple[str, int], str | None] = {}

    def opening(self, port: int) -> "Guard":
        """The same guard with one more port."""
        return Guard(self._allow, self._ports | {port}, any_port=self._any_port)

    def allowed(self, address: str, port: int) -> bool:
        """Whether a socket may be opened to this very address."""
        return self.refusal(address, port) is None

    def refusal(self, address: str, port: int) -> str | None:
        """Why this address is not connected to, as words that follow its name; None where it is open."""
        key = address, port
        if key not in self._judged and len(self._judged) < _MOST_JUDGED:
            self._judged[key] = self._judge(address, port)
        return self._judged[key] if key in self._judged else self._judge(address, port)

    def _judge(self, address: str, port: int) -> str | None:
        try:
            asked = ip_address(address)
        except ValueError:
            return "is no IP address"
        if isinstance(asked, IPv6Address) and asked.scope_id:
            return "is an address of one link"
        return next((why for inner in _meant(asked) if (why := self._refusal(inner, port))), None)

    def _refusal(self, address: Address, port: int) -> str | None:
        listed = [network for network in self._allow if address in network]
        if name := _within(address, _NEVER):
            return f"is {name}, which is never asked"
        if name := _within(address, _LOOPBACK):
            if not any(network.is_loopback for network in listed):
                return f"is {name}, and no range within loopback was allowed"
        elif name := _within(address, _INSIDE):
            if not listed:
                return f"is {name}; the operator has to allow its range"
        elif isinstance(address, IPv6Address) and address not in _GLOBAL_V6:
            return "is a reserved address, which is never asked"
        if port in self._ports or (listed and self._any_port and 0 < port < 65_536):
            return None
        return f"may not be asked on port {port}"


def _within(address: Address, ranges: Iterable[tuple[Network, str]]) -> str | None:
    return next((name for network, name in ranges if address in network), None)


def _meant(address: Address) -> tuple[Address, ...]:
    """The addresses that packets to this one may end at: IPv6 carries IPv4 in four ways."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address.sixtofour:
        return (address.sixtofour,)
    if address.teredo:
        return address.teredo
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFF_FFFF),)
    return (address,)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart: lower-case scheme and host, the port said or implied, path and query as they came."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """The URL again, in one spelling only."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def read_url(url: str) -> Target:
    """Take a URL apart. Raises `ProbeError` ("guarded") for every spelling that two readers might read in two ways.

    Read are http and https with a host, perhaps a port, and a path of visible ASCII. Not read are user
    names, fragments, backslashes, white space and control characters.
    """
    plain = len(url) <= _LONGEST_URL and url.isascii() and url.isprintable()
    found = _ORIGIN.match(url) if plain else None
    if not found or any(sign in url for sign in " \\#"):
        raise ProbeError(
            "guarded",
            "This URL is not asked: it has to be http://host/path or https://host/path, "
            "without a user name, spaces, backslashes, # or letters outside ASCII.",
        )
    scheme = found["scheme"].lower()
    port = int(found["port"]) if found["port"] else _PORTS[scheme]
    return Target(scheme, read_host(found["host"].removeprefix("[").removesuffix("]")), port, url[found.end() :] or "/")


def read_host(host: str) -> str:
    """A host name or IP address in its one spelling. Raises `ProbeError` ("guarded").

    A name has labels of ASCII letters, digits, hyphens and underscores; one in another script is written
    as its A-label (xn--...). An IPv4 address is four decimal numbers, nothing shorter and no other notation.
    """
    name = host.lower() if host.isascii() else ""  # the Kelvin sign is a k in lower case
    if ":" in name or _NUMBER.fullmatch(name.rpartition(".")[2]):
        return _literal(name)
    if len(name) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ProbeError(
            "guarded", "This host name is not asked: it has to be ASCII labels with dots between (xn-- for others)."
        )
    return name


def read_address(address: str) -> str:
    """An IP address in its one spelling. Raises `ProbeError` ("guarded") for a name and every other notation."""
    return _literal(address.lower())


def _literal(name: str) -> str:
    try:
        address = ip_address(name)
    except ValueError:
        address = None
    if address is None or (isinstance(address, IPv6Address) and address.scope_id):
        raise ProbeError(
            "guarded", "This IP address is not asked: write it as four decimal numbers, or as IPv6 without a zone."
        )
    return str(address)
