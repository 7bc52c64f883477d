"""Do devices outside find the server by its name, and the same one as this computer?"""

from datetime import datetime
from ipaddress import ip_address

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server, Value, Verdict
from bot.ports import Check, NameLook, Wire
from connectors.checks import names

_NO_ANSWER = ("servfail", "timeout", "unreachable", "refused")


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Ask a public resolver beside that of this computer. Evidence: what each of them gave.

    Only where somebody asks for it: the name is told to a stranger. That it is missing outside weighs nothing
    of a server that may be meant for the inside.
    """
    host = target.host
    if names.is_address(host) or "." not in host:
        return Finding(CHECK.id, "skipped", "The SCEP URL holds no name that a public resolver could know.")
    outside = await _look(host, wire, public=True)
    if isinstance(outside, str) and outside != "nxdomain":
        said = f"The public resolver did not answer when it was asked for {host}."
        return Finding(CHECK.id, "unknown", said, {"public": outside})
    inside = await _look(host, wire)
    evidence: dict[str, Value] = {**_evidence("here", inside), **_evidence("public", outside)}
    if isinstance(outside, str):
        return _missing(target, inside, evidence)
    if target.front == "app-proxy" and not names.leads_to_app_proxy(host, outside):
        said = f"Outside, {host} has no alias at *{names.APP_PROXY}, where the application proxy usually answers."
        return Finding(CHECK.id, "warn", said, evidence, (("dns", "elsewhere"),))
    verdict, said = _compared(host, inside, outside)
    return Finding(CHECK.id, verdict, said, evidence)


async def _look(host: str, wire: Wire, *, public: bool = False) -> NameLook | str:
    """The answer, or the trouble in its place."""
    try:
        return await wire.names(host, public=public)
    except ProbeError as error:
        if error.trouble not in ("nxdomain", *_NO_ANSWER):
            raise
        return error.trouble


def _evidence(where: str, look: NameLook | str) -> dict[str, Value]:
    if isinstance(look, str):
        return {where: look}
    aliases = names.shown(look.aliases) if look.aliases_known else None
    return {where: names.shown(look.addresses), f"{where}_aliases": aliases}


def _missing(target: Server, inside: NameLook | str, evidence: dict[str, Value]) -> Finding:
    """The name does not exist outside: a fault, unless the server may be there for its own network only."""
    if target.front == "app-proxy" or isinstance(inside, str):
        said = f"The name {target.host} does not exist outside, so no device there can find the server."
        return Finding(CHECK.id, "fail", said, evidence, (("dns", "nxdomain"),))
    said = f"{target.host} exists here but not outside: devices find the server only in this network."
    return Finding(CHECK.id, "warn", said, evidence)


def _compared(host: str, inside: NameLook | str, outside: NameLook) -> tuple[Verdict, str]:
    if isinstance(inside, str):
        return "warn", f"{host} exists outside, but the name server of this computer does not tell it ({inside})."
    if set(inside.addresses) & set(outside.addresses):
        return "ok", f"{host} leads to the same server here and outside."
    if not any(_is_public(address) for address in outside.addresses):
        return "warn", f"Outside, {host} leads to addresses that exist only inside a network: no device gets there."
    said = f"{host} leads elsewhere outside, so what is checked from here may not be what devices outside get."
    return "warn", said


def _is_public(address: str) -> bool:
    try:
        return ip_address(address).is_global
    except ValueError:
        return False


CHECK = Check(
    id="names-public",
    catalogue="R01",
    asks="Do devices outside find the server by its name?",
    run=run,
    usual=False,
)
