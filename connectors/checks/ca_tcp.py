"""Does the CA take connections for RPC? Only a hint: the way from here is not the way from NDES."""

from datetime import datetime

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server
from bot.ports import Check, Wire

PORT = 135
"""The RPC end point mapper, by which NDES finds the CA service."""

_SAID = {
    "refused": "refuses connections",
    "timeout": "does not react",
    "unreachable": "cannot be reached",
}


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Connect to port 135 of the CA and hang up; information only. Evidence: the port, how long it took or why not."""
    host = target.ca_host
    if host is None:
        return Finding(CHECK.id, "skipped", "No CA host is registered for this server.")
    try:
        took = await wire.tcp(host, PORT)
    except ProbeError as error:
        if error.trouble not in _SAID:
            raise
        said = f"Port {PORT} of {host} {_SAID[error.trouble]} from here, which says little about the way from NDES."
        return Finding(CHECK.id, "unknown", said, {"port": PORT, "errno": error.trouble})
    said = f"Port {PORT} of {host} takes connections from here."
    return Finding(CHECK.id, "ok", said, {"port": PORT, "ms": round(took, 1)})


CHECK = Check(id="ca-tcp", catalogue="R31", asks="Does the CA take connections?", run=run, usual=False)
