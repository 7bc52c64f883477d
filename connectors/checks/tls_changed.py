"""Is the TLS certificate still the one of the last good run?"""

from datetime import datetime
from hashlib import sha256

from bot.findings import Finding, Past, Server
from bot.ports import Check, Wire


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Compare thumbprints. Behind an application proxy a change says nothing about NDES: no outcome."""
    if not target.url.startswith("https:"):
        return Finding(CHECK.id, "skipped", "The SCEP URL is plain http, so there is no certificate.")
    if past.tls is None:
        return Finding(CHECK.id, "skipped", "There is no earlier good run to compare the certificate with.")
    look = await wire.tls(target.host, target.port)
    if not look.chain:
        return Finding(CHECK.id, "unknown", "The server showed no certificate to compare.")
    new = sha256(look.chain[0]).hexdigest()
    evidence = {"old_sha256": past.tls, "new_sha256": new, "since": past.at.isoformat() if past.at else None}
    if new == past.tls.lower():
        outcomes = (("tls_baseline", "same"),) if target.front == "direct" else ()
        return Finding(CHECK.id, "ok", "The TLS certificate is the one of the last good run.", evidence, outcomes)
    if target.front == "app-proxy":
        said = "The certificate of the application proxy changed since the last good run; NDES has its own."
        return Finding(CHECK.id, "ok", said, evidence)
    said = "The TLS certificate changed since the last good run; the policy module may still name the old one."
    return Finding(CHECK.id, "warn", said, evidence, (("tls_baseline", "renewed"),))


CHECK = Check(id="tls-changed", catalogue="R06", asks="Was the TLS certificate renewed?", run=run)
