"""Does anything refuse a large POST? Only where asked for: it sends what no device sends."""

from datetime import datetime

from bot.findings import Finding, Past, Server
from bot.ports import Check, Wire
from connectors.checks import scep_caps
from knowledge import answers

SIZE = 65_536
"""Bytes; a request of a device has a few thousand."""


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """POST junk to GetCACaps, which reads no body. Evidence: status and who answered. What is answered
    beyond 413 and 404 is not about the size, so it counts as `ok`, but for the failures of a server."""
    if await scep_caps.known(target, wire) is None:
        return Finding(CHECK.id, "skipped", "Not asked: GetCACaps does not even answer without a body.")
    reply = await wire.post(target.asking("GetCACaps"), b"\0" * SIZE, content_type="application/octet-stream")
    wrote = answers.author(reply.status, reply.headers, reply.body)
    evidence = {"status": reply.status, "written_by": wrote, "sent_bytes": SIZE}
    if reply.status == 413:
        said = "A POST of 64 KB is refused as too large: usually a proxy in front, or uploadReadAheadSize of IIS."
        return Finding(CHECK.id, "fail", said, evidence, (("post_64k", f"413_{wrote}"),))
    if reply.status == 404 and wrote == "iis":
        said = "IIS does not find the SCEP URL for a POST of 64 KB: usually maxAllowedContentLength is too small."
        return Finding(CHECK.id, "warn", said, evidence, (("post_64k", "404_iis"),))
    if reply.status >= 500:
        return Finding(CHECK.id, "unknown", f"HTTP {reply.status} tells nothing about the size of the POST.", evidence)
    return Finding(CHECK.id, "ok", "A POST of 64 KB is not refused for its size.", evidence, (("post_64k", "ok"),))


CHECK = Check(
    id="post-size",
    catalogue="R22",
    asks="Is a large POST refused?",
    run=run,
    usual=False,
    deadline=scep_caps.DEADLINE,
)
