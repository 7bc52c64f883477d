"""Does the server answer by its internal name as it does by the public one? This tells NDES from what is in front."""

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server, Value
from bot.ports import Check, Reply, Wire
from connectors.checks import scep_base, scep_cacert, scep_caps
from connectors.checks.tls_internal_name import PORT
from knowledge.certificates import ScepError
from knowledge.scep import read_bundle

_HEALTHY = "200_caps"


@dataclass(frozen=True, slots=True)
class Side:
    """What one side answers, as outcome words: the bare URL, GetCACaps, and the SHA-256 of GetCACert or its word."""

    base: str
    caps: str
    cacert: str

    @property
    def is_well(self) -> bool:
        """Whether NDES itself answered: it does so to everybody."""
        return self.caps == _HEALTHY

    @property
    def was_left_alone(self) -> bool:
        """Whether something else in this run lost a connection to the pool."""
        return "left-alone" in (self.base, self.caps, self.cacert)

    @property
    def fell(self) -> bool:
        """Whether a connection was lost: both names lead to the same pool, and each loss counts."""
        return self.was_left_alone or not {self.base, self.caps, self.cacert}.isdisjoint(scep_base.DIED)


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Ask the bare URL, GetCACaps and GetCACert by the internal name too. Evidence: both sides' answers.

    It weighs nothing: causes are weighed by what devices get, which is the public side.
    """
    if not target.inside or target.internal_name is None:
        return Finding(CHECK.id, "skipped", "This server is not registered to be asked by its internal name.")
    if target.internal_name.lower() == target.host.lower():
        return Finding(CHECK.id, "skipped", "The internal name is also the public one.")
    outside = await _side(target, wire)
    if outside.fell:
        said = "Not asked inside: the server drops connections, and each further one counts towards stopping its pool."
        return Finding(CHECK.id, "skipped", said, {"outside_base": outside.base})
    inside = await _side(twin(target, target.internal_name), wire)
    if inside.was_left_alone:
        said = "Not asked to the end inside: the server dropped a connection meanwhile, and both names lead to it."
        return Finding(CHECK.id, "skipped", said, {"inside_base": inside.base})
    evidence: dict[str, Value] = {
        f"{name}_{part}": value
        for name, side in (("inside", inside), ("outside", outside))
        for part, value in (("base", side.base), ("caps", side.caps), ("cacert", side.cacert))
    }
    return _compared(inside, outside, evidence)


def twin(target: Server, name: str) -> Server:
    """The same server by another name, asked without what stands in front of it."""
    port = target.port if target.front == "direct" and target.url.startswith("https:") else PORT
    host = f"[{name}]" if ":" in name else name
    place = host if port == PORT else f"{host}:{port}"
    return replace(target, url=urlunsplit(("https", place, urlsplit(target.url).path, "", "")), front="direct")


async def _side(target: Server, wire: Wire) -> Side:
    """One question behind the other: where a connection is lost, the next is not asked."""
    base = await _word(scep_base.ask(target, wire))
    if not isinstance(base, Reply):
        return Side(base, base, base)
    caps = await _word(scep_caps.ask(target, wire))
    if not isinstance(caps, Reply):
        return Side(scep_base.outcome(base), caps, caps)
    cacert = await _word(scep_cacert.ask(target, wire))
    return Side(
        scep_base.outcome(base),
        scep_caps.outcome(caps),
        _thumbprint(cacert) if isinstance(cacert, Reply) else cacert,
    )


async def _word(answer: Awaitable[Reply]) -> Reply | str:
    """The answer, or the trouble in its place."""
    try:
        return await answer
    except ProbeError as error:
        if error.trouble == "guarded":
            raise
        return error.trouble


def _thumbprint(reply: Reply) -> str:
    try:
        return read_bundle(reply.body).sha256 if reply.status == 200 else scep_base.outcome(reply)
    except ScepError:
        return scep_base.outcome(reply)


def _compared(inside: Side, outside: Side, evidence: dict[str, Value]) -> Finding:
    if inside == outside and inside.is_well:
        said = "The server answers by its internal name as it does by the public one."
        return Finding(CHECK.id, "ok", said, evidence)
    if inside.is_well and outside.is_well:
        said = "The server answers by both names, but not the same: they usually lead to different servers or sites."
        return Finding(CHECK.id, "warn", said, evidence)
    if inside.is_well:
        said = f"NDES is well by its internal name; {_shown(outside)} outside comes from what stands in front of it."
        return Finding(CHECK.id, "fail", said, evidence)
    if outside.is_well:
        said = f"By its internal name the server gives {_shown(inside)}, though it is well by the public one."
        return Finding(CHECK.id, "warn", said, evidence)
    said = f"By its internal name the server is no better ({_shown(inside)}), so the fault is not only in front of it."
    return Finding(CHECK.id, "fail", said, evidence)


def _shown(side: Side) -> str:
    """How a side that is not well answers, in words."""
    status = side.caps.partition("_")[0]
    return f"HTTP {status}" if status.isdecimal() else f"no answer ({side.caps.replace('-', ' ')})"


CHECK = Check(
    id="inside-twin",
    catalogue="R28",
    asks="Does the server answer inside as it does outside?",
    run=run,
    deadline=scep_base.LONGEST + 12,
)
