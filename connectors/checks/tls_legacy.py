"""Where no handshake comes about: does the server speak only TLS 1.0 or 1.1?"""

from datetime import datetime

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server
from bot.ports import Check, Wire
from connectors.checks.tls import NO_HANDSHAKE
from knowledge.answers import cut


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Offer the old versions, but only after the current ones failed. Evidence: the version agreed on."""
    if not target.url.startswith("https:"):
        return Finding(CHECK.id, "skipped", "The SCEP URL is plain http, so there is no handshake.")
    if not await _current_fails(target, wire):
        return Finding(CHECK.id, "skipped", "Not asked: the handshake with current TLS comes about.")
    try:
        look = await wire.tls(target.host, target.port, legacy=True)
    except ProbeError as error:
        if error.trouble not in NO_HANDSHAKE:
            raise
        said = "TLS 1.0 and 1.1 fail as well, so it is not a matter of old versions."
        return Finding(CHECK.id, "fail", said, {"trouble": error.trouble})
    version = cut(look.version)
    said = f"Only old TLS works here ({version}): current devices refuse it, so TLS 1.2 must be switched on."
    return Finding(CHECK.id, "fail", said, {"version": version}, (("tls", "legacy_only"),))


async def _current_fails(target: Server, wire: Wire) -> bool:
    try:
        await wire.tls(target.host, target.port)
    except ProbeError as error:
        if error.trouble not in NO_HANDSHAKE:
            raise
        return True
    return False


CHECK = Check(id="tls-legacy", catalogue="R04", asks="Does the server speak only old TLS?", run=run)
