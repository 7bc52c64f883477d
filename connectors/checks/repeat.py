"""Does the server answer every time? One that starts and dies, or one bad node behind a name, answers now and then."""

import asyncio
from datetime import datetime

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server, Value
from bot.ports import Check, Reply, Wire
from connectors.checks import scep_caps

PAUSE = 10.0
"""Seconds between two questions."""
TIMES = 3


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Ask GetCACaps three times, only as long as it answers. Evidence: the status and the milliseconds of each."""
    first = await _ask(target, wire)
    if scep_caps.outcome(first) != "200_caps":
        return Finding(CHECK.id, "skipped", "Not asked again: GetCACaps does not answer as it should even once.")
    words, took = ["200_caps"], [f"{first.took_ms:.0f}"]
    while len(words) < TIMES and words[-1] == "200_caps":
        await asyncio.sleep(PAUSE)
        try:
            reply = await _ask(target, wire)
        except ProbeError as error:
            words.append(error.trouble)
            took.append("")
        else:
            words.append(scep_caps.outcome(reply))
            took.append(f"{reply.took_ms:.0f}")
    evidence: dict[str, Value] = {"answers": words, "ms": took}
    if words[-1] == "200_caps":
        return Finding(CHECK.id, "ok", f"GetCACaps answers {TIMES} times out of {TIMES}.", evidence)
    said = f"GetCACaps answers at first and then no more ({words[-1].replace('_', ' by ')})"
    return Finding(CHECK.id, "warn", f"{said}: the pool keeps dying, or one node behind the name is bad.", evidence)


async def _ask(target: Server, wire: Wire) -> Reply:
    return await wire.get(target.asking("GetCACaps"), deadline=4.0, fresh=True)


CHECK = Check(
    id="repeat",
    catalogue="R29",
    asks="Does the server answer every time?",
    run=run,
    usual=False,
    deadline=35.0,
)
