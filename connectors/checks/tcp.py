"""Can anybody connect to the port of the SCEP URL?"""

from datetime import datetime

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server
from bot.ports import Check, Wire

_SAID = {
    "refused": "Port {} of {} refuses connections: the web service does not run, or a firewall refuses for it.",
    "timeout": "Port {} of {} does not react: a firewall drops the connection, or the server is down.",
    "unreachable": "There is no route to port {} of {}: the network between here and the server is broken.",
}


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Connect and hang up. Evidence: the port and how long it took."""
    host, port = target.host, target.port
    try:
        took = await wire.tcp(host, port)
    except ProbeError as error:
        if error.trouble not in _SAID:
            raise
        said = _SAID[error.trouble].format(port, host)
        return Finding(CHECK.id, "fail", said, {"port": port, "errno": error.trouble}, (("tcp", error.trouble),))
    said = f"Port {port} of {host} takes connections."
    return Finding(CHECK.id, "ok", said, {"port": port, "ms": round(took, 1)}, (("tcp", "ok"),))


CHECK = Check(id="tcp", catalogue="R02", asks="Does the server take connections?", run=run)
