"""Does the SCEP URL also answer without TLS, on port 80?"""

from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server
from bot.ports import Check, Wire
from knowledge import answers

WAIT = 4.0
"""Seconds. Port 80 is often dropped by a firewall, which is well and must not hold up a run."""


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Ask the SCEP URL over plain http; information only. Evidence: status, who wrote it, where it redirects."""
    if not target.url.startswith("https:") or target.port != 443:
        return Finding(CHECK.id, "skipped", "Not asked: the SCEP URL is not the one of port 443.")
    try:
        reply = await wire.get(_plain(target), deadline=WAIT)
    except ProbeError as error:
        if error.trouble not in ("refused", "timeout", "unreachable", "reset", "dropped"):
            raise
        return Finding(CHECK.id, "ok", "Port 80 does not answer; nothing needs it to.", {"trouble": error.trouble})
    location = answers.cut(reply.headers.get("location", ""))
    evidence = {
        "status": reply.status,
        "written_by": answers.author(reply.status, reply.headers, reply.body),
        "redirect": location or None,
    }
    if location:
        return Finding(CHECK.id, "ok", "Port 80 redirects to another address.", evidence)
    said = f"Port 80 answers HTTP {reply.status} as well; NDES usually listens there too."
    return Finding(CHECK.id, "ok", said, evidence)


def _plain(target: Server) -> str:
    parts = urlsplit(target.url)
    host = f"[{target.host}]" if ":" in target.host else target.host
    return urlunsplit(("http", host, parts.path, "", ""))


CHECK = Check(id="http80", catalogue="R27", asks="Does the SCEP URL also answer on port 80?", run=run)
