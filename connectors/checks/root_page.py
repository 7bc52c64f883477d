"""Is more of the web site to be seen from here than the SCEP URL?"""

from datetime import datetime
from urllib.parse import urljoin

from bot.findings import Finding, Past, Server, Value
from bot.ports import Check, Wire
from knowledge import answers


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Ask for `/`; information only. Evidence: status and title."""
    reply = await wire.get(urljoin(target.url, "/"))
    evidence: dict[str, Value] = {"status": reply.status, "title": answers.title(reply.headers, reply.body)}
    if reply.status == 200:
        return Finding(CHECK.id, "ok", "The whole web site is usually published, not only the SCEP URL.", evidence)
    return Finding(CHECK.id, "ok", f"The start page is not shown from here: HTTP {reply.status}.", evidence)


CHECK = Check(id="root-page", catalogue="R26", asks="Is the whole web site published?", run=run)
