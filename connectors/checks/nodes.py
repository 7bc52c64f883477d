"""Do all servers behind one name hand out the same RA certificates? One that differs fails every second request."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server, Value
from bot.ports import Check, Wire
from connectors.checks import inside_twin, scep_base, scep_cacert, scep_caps
from knowledge.answers import cut
from knowledge.certificates import ScepError
from knowledge.scep import read_bundle

MOST = 10
"""Nodes that are asked."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node: the certificates it hands out (none where only a connection could be tried), or what went wrong."""

    name: str
    certificates: frozenset[str] = frozenset()
    trouble: str = ""


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Ask GetCACert of each node that has a name, and connect to each that is an address. Evidence: what each gave.

    An address cannot be asked for its certificates: the request would carry it in place of the server's name.
    """
    names = await _nodes(target, wire)
    if len(names) < 2:
        return Finding(CHECK.id, "skipped", "There is only one node to be seen, so there is nothing to compare.")
    await _stands(target, wire)
    nodes = await asyncio.gather(*(_ask(name, target, wire) for name in names))
    if all(node.trouble == "guarded" for node in nodes):
        return Finding(CHECK.id, "skipped", "Not asked: this bot may not connect to the addresses of the nodes.")
    return _compared(nodes)


async def _nodes(target: Server, wire: Wire) -> tuple[str, ...]:
    """The registered nodes, else the addresses of the name; those of an application proxy are no nodes of NDES."""
    if target.nodes:
        return tuple(dict.fromkeys(target.nodes))[:MOST]
    if target.front == "app-proxy" or _is_address(target.host):
        return ()
    return (await wire.names(target.host)).addresses[:MOST]


async def _stands(target: Server, wire: Wire) -> None:
    """Raises `ProbeError` where the pool lost a connection in this run: then nobody asks it more."""
    try:
        await scep_cacert.ask(target, wire)
    except ProbeError as error:
        if error.trouble in (*scep_base.DIED, "left-alone"):
            raise


async def _ask(name: str, target: Server, wire: Wire) -> Node:
    try:
        if _is_address(name):
            await wire.tcp(name, target.port)
            return Node(name)
        reply = await scep_cacert.ask(inside_twin.twin(target, name), wire)
        if reply.status != 200:
            return Node(name, trouble=f"HTTP {reply.status}")
        return Node(name, frozenset(one.sha256 for one in read_bundle(reply.body).certificates))
    except ProbeError as error:
        return Node(name, trouble=error.trouble)
    except ScepError:
        return Node(name, trouble="no certificates")


def _compared(nodes: Sequence[Node]) -> Finding:
    evidence: dict[str, Value] = {"nodes": [f"{cut(node.name, 80)}: {_shown(node)}" for node in nodes]}
    total, bad = len(nodes), [node for node in nodes if node.trouble]
    if bad:
        which = ", ".join(f"{cut(node.name, 60)} ({node.trouble})" for node in bad[:3])
        said = f"{len(bad)} of {total} nodes do not answer as they should: {which}."
        return Finding(CHECK.id, "warn", said, evidence)
    bundles = {node.certificates for node in nodes if node.certificates}
    if len(bundles) > 1:
        said = "The nodes hand out different certificates: what is encrypted to one, another usually cannot read."
        return Finding(CHECK.id, "warn", said, evidence)
    if bundles:
        return Finding(CHECK.id, "ok", f"All {total} nodes answer, and none hands out other certificates.", evidence)
    said = f"Each of the {total} addresses takes connections; what certificates each hands out is not seen by address."
    return Finding(CHECK.id, "ok", said, evidence)


def _shown(node: Node) -> str:
    if node.trouble:
        return node.trouble
    return f"{len(node.certificates)} certificates" if node.certificates else "takes connections"


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


CHECK = Check(
    id="nodes",
    catalogue="R30",
    asks="Do all nodes behind the name hand out the same certificates?",
    run=run,
    deadline=scep_caps.DEADLINE + 12,
)
