"""Does a TLS handshake with a current client come about?"""

from datetime import datetime

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server
from bot.ports import Check, Wire
from knowledge.answers import cut

NO_HANDSHAKE = {"tls": "handshake_failed", "reset": "reset", "dropped": "reset", "truncated": "reset"}
"""The outcome of each trouble that is the handshake's own."""

_SAID = {
    "handshake_failed": "No TLS handshake comes about: no certificate is bound, or only old versions are offered.",
    "reset": "The TLS handshake is cut off: usually no certificate is bound to this name, or TLS is too old.",
    "timeout": "The TLS handshake gets no answer although the port is open: something between swallows it.",
}


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Shake hands without judging the certificate. Evidence: version, cipher, client certificate asked."""
    if not target.url.startswith("https:"):
        return Finding(CHECK.id, "skipped", "The SCEP URL is plain http, so there is no handshake.")
    try:
        look = await wire.tls(target.host, target.port)
    except ProbeError as error:
        if error.trouble == "timeout":
            await wire.tcp(target.host, target.port)  # raises where it was the connection that never stood
        word = "timeout" if error.trouble == "timeout" else NO_HANDSHAKE.get(error.trouble)
        if word is None:
            raise
        return Finding(CHECK.id, "fail", _SAID[word], {"trouble": error.trouble}, (("tls", word),))
    evidence = {"version": cut(look.version), "cipher": cut(look.cipher), "asks_client": look.asks_client}
    if look.asks_client:
        said = "The server asks every client for a certificate, which new devices cannot have yet."
        return Finding(CHECK.id, "warn", said, evidence, (("tls", "client_cert_asked"),))
    return Finding(CHECK.id, "ok", f"The handshake comes about with {cut(look.version)}.", evidence, (("tls", "ok"),))


CHECK = Check(id="tls", catalogue="R03", asks="Does a TLS handshake come about?", run=run)
