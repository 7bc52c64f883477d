"""Does the name in the SCEP URL exist, and behind an application proxy, does it lead there?"""

from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server, Value, Verdict
from bot.ports import Check, NameLook, Wire
from knowledge.answers import cut

APP_PROXY = ".msappproxy.net"

_SAID: dict[str, tuple[Verdict, str]] = {
    "nxdomain": ("fail", "The name {} does not exist, so no device can find the server."),
    "servfail": ("unknown", "The name server failed when it was asked for {}."),
    "timeout": ("unknown", "No name server answered when it was asked for {}."),
}


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Look the name up. Evidence: every address, and the chain of aliases (None where nobody could be asked)."""
    host = target.host
    if is_address(host):
        return Finding(CHECK.id, "skipped", "The SCEP URL holds an address, so there is no name to look up.")
    try:
        look = await wire.names(host)
    except ProbeError as error:
        if error.trouble not in _SAID:
            raise
        return _not_found(host, error.trouble)
    evidence: dict[str, Value] = {
        "addresses": shown(look.addresses),
        "aliases": shown(look.aliases) if look.aliases_known else None,
    }
    if target.front == "app-proxy" and look.aliases_known and not leads_to_app_proxy(host, look):
        said = f"{host} exists but has no alias at *{APP_PROXY}, where the application proxy usually answers."
        return Finding(CHECK.id, "warn", said, evidence, (("dns", "elsewhere"),))
    said = f"{host} has {len(look.addresses)} address{'' if len(look.addresses) == 1 else 'es'}."
    return Finding(CHECK.id, "ok", said, evidence, (("dns", "ok"),))


def _not_found(host: str, trouble: str) -> Finding:
    verdict, said = _SAID[trouble]
    return Finding(CHECK.id, verdict, said.format(host), {"rcode": trouble}, (("dns", trouble),))


def leads_to_app_proxy(host: str, look: NameLook) -> bool:
    """Whether the name, or one of its aliases, is of the application proxy."""
    return any(name.lower().rstrip(".").endswith(APP_PROXY) for name in (host, *look.aliases))


def shown(names: Sequence[str]) -> list[str]:
    """Names or addresses as evidence."""
    return [cut(name) for name in names[:20]]


def is_address(host: str) -> bool:
    """Whether this is an IP address and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


CHECK = Check(id="names", catalogue="R01", asks="Does the name of the server exist?", run=run)
