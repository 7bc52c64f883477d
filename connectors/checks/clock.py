"""Is the clock of the server right? A wrong one makes good certificates and CRLs look bad."""

from datetime import datetime, timedelta

from bot.findings import Finding, Past, Server
from bot.ports import Check, Wire
from connectors.checks import scep_base
from knowledge import answers

WARN = 120
"""Seconds from which the difference is worth a look."""
FAIL = 300
"""Seconds from which sign-ins of Windows fail (Kerberos allows five minutes)."""


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Compare the `Date` header with the time of this computer. Evidence: `skew_s`, positive if the server is ahead."""
    reply = await scep_base.ask(target, wire)
    told = answers.date(reply.headers)
    wrote = answers.author(reply.status, reply.headers, reply.body)
    if wrote in ("appproxy", "login", "other"):
        return Finding(CHECK.id, "unknown", "The answer was not written by NDES, so its clock cannot be read.")
    if told is None:
        return Finding(CHECK.id, "unknown", "The answer holds no time, so the clock of the server cannot be read.")
    # The bare URL is asked first in a run, so its answer was written about this long after the start.
    skew = round((told - now - timedelta(milliseconds=reply.took_ms)).total_seconds())
    way = "ahead of" if skew > 0 else "behind"
    if abs(skew) <= WARN:
        return Finding(CHECK.id, "ok", "The clock of the server is right.", {"skew_s": skew})
    said = f"The clock of the server is {abs(skew)} s {way} the one here: certificates and CRLs are misjudged."
    return Finding(CHECK.id, "warn" if abs(skew) <= FAIL else "fail", said, {"skew_s": skew})


CHECK = Check(
    id="clock",
    catalogue="R09",
    asks="Is the clock of the server right?",
    run=run,
    deadline=scep_base.LONGEST,
)
