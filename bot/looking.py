"""One look at a server: all checks of a run side by side, whatever it does, and what to remember of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server, Verdict
from bot.keeping import kept
from bot.ports import Check, Wire

log = logging.getLogger(__name__)

RUN: Final = 15.0
"""Seconds that a whole run may take."""
SLOW_RUN: Final = 95.0
"""The same once, for an application proxy whose server is slow (its backend time-out is 85 s)."""
BASE: Final = "scep-base"
"""The check that every judgement begins with."""

Wires = Callable[[Server], AbstractAsyncContextManager[Wire]]
Progress = Callable[[Sequence[Finding], int], Awaitable[None]]
"""Told after each check: what was found so far, and how many checks there are."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look came to. `good`, where the server was well, is what to remember of it; `took_ms` is wall time."""

    findings: tuple[Finding, ...]
    good: Past | None
    requests: int
    took_ms: float


async def silent(_: Sequence[Finding], __: int) -> None:
    """Progress that nobody wants to hear of."""
    return None


async def see(
    server: Server, checks: Sequence[Check], wires: Wires, *, past: Past, now: datetime, progress: Progress = silent
) -> Seen:
    """Have all checks ask a server. Never raises for what the server does."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    found: dict[str, Finding] = {}

    async def one(check: Check, wire: Wire) -> None:
        found[check.id] = await _asked(check, server, wire, now, past)
        await progress([found[c.id] for c in checks if c.id in found], len(checks))

    async with wires(server) as wire:
        tasks = [asyncio.create_task(one(check, wire)) for check in checks]
        try:
            _, unfinished = await asyncio.wait(tasks, timeout=time_for(server, checks))
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            raise
        findings = kept(
            [found.get(check.id) or _silent_after(check, "No answer within the time of the run.") for check in checks]
        )
        good = await _good_state(server, wire, findings, past, now)
        return Seen(findings, good, wire.requests, (loop.time() - start) * 1000)


def time_for(server: Server, checks: Sequence[Check]) -> float:
    """Seconds for a run: an application proxy may be slow, and a check that was asked for may take its time."""
    asked_for = [check.deadline for check in checks if not check.usual]
    return SLOW_RUN if server.front == "app-proxy" else max([RUN, *asked_for])


async def _good_state(
    server: Server, wire: Wire, findings: Sequence[Finding], past: Past, now: datetime
) -> Past | None:
    """What to remember of a server that handed out its certificates. The looks are those of the run."""
    verdicts = {finding.check: finding.verdict for finding in findings}
    if verdicts.get(BASE) not in ("ok", "warn") or verdicts.get("scep-cacert") not in ("ok", "warn"):
        return None
    try:
        bundle = await wire.get(server.asking("GetCACert"))
        thumbprint = past.tls
        if server.url.startswith("https:"):
            thumbprint = sha256((await wire.tls(server.host, server.port)).chain[0]).hexdigest()
    except ProbeError:
        return None
    return Past(now, bundle.body, thumbprint, tuple(findings))


async def _asked(check: Check, server: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """What a check found; whatever goes wrong becomes a finding."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    try:
        async with asyncio.timeout(check.deadline):
            finding = await check.run(server, wire, now, past)
    except ProbeError as error:
        verdict: Verdict = "skipped" if error.trouble == "left-alone" else "unknown"
        finding = Finding(check.id, verdict, str(error), {"trouble": error.trouble})
    except TimeoutError:
        finding = _silent_after(check, f"No answer within {check.deadline:.0f} s.")
    except Exception as error:  # a bug in one check must not cost the others
        log.error("a check broke", extra={"check": check.id, "error": type(error).__name__})
        finding = Finding(check.id, "unknown", "The check itself broke; the log of the bot says more.")
    return replace(finding, took_ms=round((loop.time() - start) * 1000, 1))


def _silent_after(check: Check, told: str) -> Finding:
    """A check that ran out of time. Of the bare SCEP URL that says something: it does not answer."""
    if check.id == BASE:
        return Finding(check.id, "fail", told, {"trouble": "timeout"}, (("base", "timeout"),))
    return Finding(check.id, "unknown", told, {"trouble": "timeout"})
