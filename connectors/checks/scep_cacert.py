"""Does the server hand out its CA and RA certificates, and if not now, which ones are remembered?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server, Value, Verdict
from bot.ports import Check, Reply, Wire
from bot.times import many
from connectors.checks import scep_caps
from knowledge import answers
from knowledge.certificates import ScepError
from knowledge.scep import Bundle, read_bundle


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Ask GetCACert. Evidence: type and size of the answer, how many certificates, its SHA-256."""
    try:
        reply = await ask(target, wire)
    except ProbeError as error:
        if error.trouble not in scep_caps.BROKE:
            raise
        return Finding(CHECK.id, "fail", f"GetCACert fails: {scep_caps.broken(error)}.", {"trouble": error.trouble})
    evidence: dict[str, Value] = {
        "status": reply.status,
        "written_by": answers.author(reply.status, reply.headers, reply.body),
        "content_type": answers.cut(reply.headers.get("content-type", "")),
        "size": len(reply.body),
    }
    if reply.status != 200:
        verdict, said = _refused(reply)
        return Finding(CHECK.id, verdict, said, evidence)
    bundle = _read(reply.body)
    if bundle is None:
        said = "GetCACert gets an answer without certificates: usually it is not NDES that answers."
        return Finding(CHECK.id, "fail", said, evidence)
    count = len(bundle.certificates)
    evidence |= {"certificates": count, "authorities": len(bundle.authorities), "sha256": bundle.sha256}
    said = f"The server hands out {many(count, 'certificate')}, {len(bundle.ra)} of them of the RA."
    return Finding(CHECK.id, "ok", said, evidence)


async def ask(target: Server, wire: Wire) -> Reply:
    """The answer to GetCACert, the same one for every check that reads it."""
    return await wire.get(target.asking("GetCACert"))


def _refused(reply: Reply) -> tuple[Verdict, str]:
    if reply.status in (301, 302, 303, 307, 308, 401, 403):
        # Whoever refuses may let others pass, and `scep-caps` fails where everything is refused.
        said = f"GetCACert is refused here with HTTP {reply.status}; a device that is refused as well cannot enrol."
        return "warn", said
    if reply.status == 500:
        return "fail", "GetCACert fails with HTTP 500: NDES usually could not start, and no device can enrol."
    return "fail", f"GetCACert gets HTTP {reply.status} instead of certificates, so no device can enrol."


# --- what the other checks judge -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """The certificates to judge: those handed out now, else those of the last good run, whose time is `since`."""

    bundle: Bundle
    from_memory: bool = False
    since: datetime | None = None

    def finding(
        self,
        check: str,
        verdict: Verdict,
        said: str,
        evidence: Mapping[str, Value] | None = None,
        outcomes: tuple[tuple[str, str], ...] = (),
    ) -> Finding:
        """A finding on these certificates. `said` is a sentence without its full stop: memory is told behind it."""
        memory: dict[str, Value] = {"from_memory": self.from_memory}
        if self.from_memory:
            memory["remembered_from"] = self.since.isoformat() if self.since else None
        return Finding(check, verdict, f"{said}{self._memory()}.", {**memory, **(evidence or {})}, outcomes)

    def _memory(self) -> str:
        if not self.from_memory:
            return ""
        when = f"{self.since:%Y-%m-%d}" if self.since else "earlier"
        return f" (by the certificates remembered from {when}, as the server hands out none now)"


async def known(target: Server, wire: Wire, past: Past) -> Known | None:
    """The certificates of the server; None where it hands out none and none are remembered.

    Under HTTP 500 the certificates are hidden exactly when they are wanted, hence the memory. Raises `ProbeError`
    only where the server may not be asked at all.
    """
    try:
        reply = await ask(target, wire)
    except ProbeError as error:
        if error.trouble == "guarded":
            raise
    else:
        if reply.status == 200 and (bundle := _read(reply.body)):
            return Known(bundle)
    remembered = _read(past.bundle)
    return Known(remembered, from_memory=True, since=past.at) if remembered else None


def nothing(check: str) -> Finding:
    """The finding of a check that has no certificates to judge."""
    said = "The server hands out no certificates now, and none are remembered from a good run."
    return Finding(check, "unknown", said, {"from_memory": False})


def _read(body: bytes | None) -> Bundle | None:
    try:
        return read_bundle(body) if body else None
    except ScepError:
        return None


CHECK = Check(
    id="scep-cacert",
    catalogue="R13",
    asks="Does the server hand out its CA and RA certificates?",
    run=run,
    deadline=scep_caps.DEADLINE,
)
