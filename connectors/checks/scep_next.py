"""Does the server announce the next CA certificate?"""

from datetime import datetime

from bot.findings import Finding, Past, Server
from bot.ports import Check, Wire
from connectors.checks import scep_base
from knowledge.answers import cut

NEXT = "application/x-x509-next-ca-cert"
"""RFC 8894 section 4.7.1."""


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Ask GetNextCACert; whatever comes is only information, since NDES usually does not offer it."""
    reply = await wire.get(target.asking("GetNextCACert"))
    kind = cut(reply.headers.get("content-type", ""))
    offered = reply.status == 200 and kind.lower().startswith(NEXT)
    said = f"{'A' if offered else 'No'} next CA certificate is announced{'' if offered else ', as usual'}."
    return Finding(CHECK.id, "ok", said, {"status": reply.status, "content_type": kind})


CHECK = Check(
    id="scep-next",
    catalogue="R23",
    asks="Is a next CA certificate announced?",
    run=run,
    deadline=scep_base.COLD + 12,
)
