"""Does the TLS certificate also name the server as NDES calls itself? Its policy module fails with 12175 if not."""

from datetime import datetime

from bot.findings import Finding, Past, Server
from bot.ports import Check, TlsLook, Wire
from knowledge.answers import cut
from knowledge.certificates import ScepError, read_certificate
from knowledge.host_names import covers

PORT = 443


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Look for the internal name in the certificate of NDES itself. Evidence: its names, what is missing.

    An application proxy shows a certificate of its own, so there only a bot that may ask inside can look.
    """
    if target.internal_name is None:
        return Finding(CHECK.id, "skipped", "No internal name is registered for this server.")
    if not target.url.startswith("https:"):
        return Finding(CHECK.id, "skipped", "The SCEP URL is plain http, so there is no certificate.")
    if target.front == "app-proxy" and not target.inside:
        return Finding(CHECK.id, "skipped", "The application proxy shows its own certificate, not the one of NDES.")
    names = _names(await _look(target, wire))
    if names is None:
        return Finding(CHECK.id, "unknown", "The server shows no certificate that can be read.")
    missing = [] if covers(names, target.internal_name) else [target.internal_name]
    evidence = {"names": [cut(name) for name in names[:50]], "missing": missing}
    if missing:
        said = f"The TLS certificate does not name {target.internal_name}, by which the policy module usually calls it."
        return Finding(CHECK.id, "fail", said, evidence, (("tls_cert", "internal_name_missing"),))
    said = f"The TLS certificate also names {target.internal_name}."
    return Finding(CHECK.id, "ok", said, evidence, (("tls_cert", "internal_name_present"),))


async def _look(target: Server, wire: Wire) -> TlsLook:
    if target.front == "app-proxy" and target.internal_name:
        return await wire.tls(target.internal_name, PORT)
    return await wire.tls(target.host, target.port)


def _names(look: TlsLook) -> tuple[str, ...] | None:
    """The names of the server's certificate; None where it cannot be read."""
    try:
        return read_certificate(look.chain[0]).names if look.chain else None
    except ScepError:
        return None


CHECK = Check(id="tls-internal-name", catalogue="R07", asks="Does the certificate name the server inside?", run=run)
