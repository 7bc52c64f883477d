"""Does a certificate speak for a host? The names in it are matched as RFC 9525 says."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address


def covers(names: Iterable[str], host: str) -> bool:
    """Whether one of the alternative names (DNS names and addresses) is that of the host.

    A wildcard stands for exactly one label, the first. The common name does not count: no current device reads it.
    """
    return any(_is_name_of(name, host) for name in names)


def _is_name_of(name: str, host: str) -> bool:
    address = _address(host)
    if address is not None:
        return _address(name) == address
    wanted, given = _labels(host), _labels(name)
    if given[0] == "*" and len(given) > 2:
        return len(wanted) == len(given) and wanted[1:] == given[1:]
    return wanted == given


def _labels(name: str) -> list[str]:
    return name.lower().removesuffix(".").split(".")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
