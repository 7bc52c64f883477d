"""Do all servers behind one name answer alike? One that differs fails every second request."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit, urlunsplit

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server, Value, Verdict
from bot.ports import Check, Wire
from connectors.checks import inside_twin, scep_base, scep_cacert, scep_caps
from connectors.checks.names import is_address
from knowledge.answers import cut
from knowledge.certificates import ScepError
from knowledge.scep import read_bundle

MOST = 10
"""Nodes that are asked."""


@dataclass(frozen=True, slots=True)
class Node:
    """What one node gives: the SHA-256 (hex) of its TLS certificate and whether that is trusted, the word of the
    bare URL, the certificates of GetCACert and the day on which the first of its RA certificates ends. `trouble`
    is what went wrong; then what would have come after it is empty."""

    name: str
    tls: str = ""
    trust: str = ""
    base: str = ""
    certificates: frozenset[str] = frozenset()
    ra_ends: str = ""
    trouble: str = ""

    @property
    def is_seen(self) -> bool:
        """Whether it could be asked from here at all: IPv6 is not everywhere."""
        no_way = self.trouble == "unreachable" and ":" in self.name
        return self.trouble != "guarded" and not no_way

    @property
    def shown(self) -> str:
        """As a line of the evidence."""
        parts = (
            self.base,
            f"{len(self.certificates)} certificates" if self.certificates else "",
            f"RA until {self.ra_ends}" if self.ra_ends else "",
            f"TLS {self.tls[:16]} {self.trust}" if self.tls else "",
            self.trouble,
        )
        return f"{cut(self.name, 80)}: {', '.join(part for part in parts if part)}"


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Ask each node at its own address for the bare URL and GetCACert, by the name of all, and look at its TLS
    certificate. Evidence: what each gave, and in what they differ (tls, trust, base, cacert).

    TLS certificates of their own are no fault, as long as a device trusts all of them.
    """
    names = await _names(target, wire)
    if len(names) < 2:
        return Finding(CHECK.id, "skipped", "There is only one node to be seen, so there is nothing to compare.")
    await _stands(target, wire)
    nodes = await asyncio.gather(*(_asked(name, target, wire) for name in names))
    if sum(node.is_seen for node in nodes) < 2:
        return Finding(CHECK.id, "skipped", "Not asked: this bot may not connect to the addresses of the nodes.")
    return _compared(nodes)


async def _names(target: Server, wire: Wire) -> tuple[str, ...]:
    """The registered nodes, else the addresses of the name; those of an application proxy are no nodes of NDES,
    and those of this computer are all the same one."""
    if target.nodes:
        return tuple(dict.fromkeys(target.nodes))[:MOST]
    if target.front == "app-proxy" or is_address(target.host) or target.host == "localhost":
        return ()
    return (await wire.names(target.host)).addresses[:MOST]


async def _stands(target: Server, wire: Wire) -> None:
    """Raises `ProbeError` where the pool lost a connection in this run: then nobody asks it more."""
    try:
        await scep_cacert.ask(target, wire)
    except ProbeError as error:
        if error.trouble in (*scep_base.DIED, "left-alone"):
            raise


# --- one node --------------------------------------------------------------------------------


async def _asked(name: str, target: Server, wire: Wire) -> Node:
    """One question behind the other: where one gets no answer, the next is not asked."""
    node = Node(name)
    try:
        at = name if is_address(name) else (await wire.names(name)).addresses[0]
        node = await _seen_by_tls(node, _aimed(target, name), wire, at)
        return await _answering(node, _aimed(target, name), wire, at)
    except ProbeError as error:
        return replace(node, trouble=error.trouble)


def _aimed(target: Server, node: str) -> Server:
    """The server as a node is asked for it: behind an application proxy by the name that its connector uses."""
    if target.front == "app-proxy":
        return inside_twin.twin(target, target.internal_name or node)
    if not is_address(target.host):
        return target
    host = f"[{node}]" if ":" in node else node
    return replace(target, url=urlunsplit(urlsplit(target.url)._replace(netloc=f"{host}:{target.port}")))


async def _seen_by_tls(node: Node, asked: Server, wire: Wire, at: str) -> Node:
    if not asked.url.startswith("https:"):
        return node
    look = await wire.tls(asked.host, asked.port, at=at)
    return replace(node, tls=sha256(look.chain[0]).hexdigest() if look.chain else "", trust=look.trust)


async def _answering(node: Node, asked: Server, wire: Wire, at: str) -> Node:
    node = replace(node, base=scep_base.outcome(await wire.get(asked.url, at=at)))
    try:
        reply = await wire.get(asked.asking("GetCACert"), at=at)
    except ProbeError as error:
        return replace(node, trouble=error.trouble)
    if reply.status != 200:
        return replace(node, trouble=f"GetCACert HTTP {reply.status}")
    try:
        bundle = read_bundle(reply.body)
    except ScepError:
        return replace(node, trouble="GetCACert without certificates")
    ends = min((f"{ra.facts.not_after:%Y-%m-%d}" for ra in bundle.ra), default="")
    return replace(node, certificates=frozenset(one.sha256 for one in bundle.certificates), ra_ends=ends)


# --- all of them -----------------------------------------------------------------------------

_GIVEN: dict[str, Callable[[Node], Hashable]] = {
    "tls": lambda node: node.tls,
    "trust": lambda node: node.trust,
    "base": lambda node: node.base,
    "cacert": lambda node: node.certificates,
}
"""What is compared."""
_UNEQUAL = "The nodes hand out different certificates: what is encrypted to one, another usually cannot read."


def _compared(nodes: Sequence[Node]) -> Finding:
    seen = [node for node in nodes if node.is_seen]
    failing = [node for node in seen if node.trouble]
    answering = [node for node in seen if not node.trouble]
    differ = _differences(answering)
    evidence: dict[str, Value] = {"nodes": [node.shown for node in nodes], "differ": differ}
    verdict, said = _failing(failing, len(seen)) if failing else _judged(differ, answering)
    return Finding(CHECK.id, verdict, said, evidence)


def _differences(nodes: Sequence[Node]) -> list[str]:
    return [what for what, given in _GIVEN.items() if len({given(node) for node in nodes}) > 1]


def _failing(failing: Sequence[Node], total: int) -> tuple[Verdict, str]:
    which = ", ".join(f"{cut(node.name, 60)} ({node.trouble})" for node in failing[:3])
    return "warn", f"{len(failing)} of {total} nodes do not answer as they should: {which}."


def _judged(differ: Sequence[str], nodes: Sequence[Node]) -> tuple[Verdict, str]:
    if "cacert" in differ:
        return "warn", _UNEQUAL
    if "base" in differ:
        each = ", ".join(f"{cut(node.name, 60)} {node.base.replace('_', ' ')}" for node in nodes[:3])
        return "warn", f"The nodes do not answer the bare SCEP URL alike: {each}."
    if "trust" in differ:
        each = ", ".join(f"{cut(node.name, 60)} {node.trust.replace('_', ' ')}" for node in nodes[:3])
        return "warn", f"A device does not trust the TLS certificates of all nodes alike: {each}."
    if "tls" in differ:
        return "ok", f"All {len(nodes)} nodes answer alike, each with a TLS certificate of its own."
    return "ok", f"All {len(nodes)} nodes answer alike, with the same certificates."


CHECK = Check(
    id="nodes",
    catalogue="R30",
    asks="Do all nodes behind the name answer alike?",
    run=run,
    deadline=scep_caps.DEADLINE + 12,
)
