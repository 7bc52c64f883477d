"""Would a device trust the TLS certificate: is its name right, its time, and the chain to its root?"""

from collections.abc import Collection
from datetime import datetime

from bot.findings import Finding, Past, Server, Value
from bot.ports import Check, TlsLook, Wire
from bot.times import many
from knowledge.answers import cut
from knowledge.certificates import CertificateFacts, ScepError, read_certificate
from knowledge.host_names import covers

_FAULTS = {
    "name_mismatch": "does not name {host}",
    "expired": "expired on {until}",
    "not_yet_valid": "is valid only from {since}",
    "missing_intermediate": "comes without the intermediate certificate, which not every device finds by itself",
    "self_signed": "is self-signed or leads to a self-signed root that is not trusted here",
    "untrusted": "leads to no root that is trusted here",
}


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Judge the certificate for the name of the SCEP URL and the roots chosen for the server.

    An outcome for each fault: OpenSSL tells the first one only, but name and time can be read regardless.
    """
    if not target.url.startswith("https:"):
        return Finding(CHECK.id, "skipped", "The SCEP URL is plain http, so there is no certificate.")
    look = await wire.tls(target.host, target.port)
    try:
        facts = read_certificate(look.chain[0]) if look.chain else None
    except ScepError:
        facts = None
    if facts is None:
        return Finding(CHECK.id, "unknown", "The server shows no certificate that can be read.")
    evidence = _evidence(look, facts, now)
    faults = _faults(look, facts, target.host, now)
    if faults:
        said = f"The TLS certificate {' and '.join(_told(fault, facts, target.host) for fault in faults)}."
        words = [*faults, "appproxy_name"] if _is_of_app_proxy(facts, faults) else faults
        return Finding(CHECK.id, "fail", said, evidence, tuple(("tls_cert", word) for word in words))
    if look.trust != "ok":
        return Finding(CHECK.id, "unknown", "Whether the TLS certificate is trusted could not be judged.", evidence)
    return _good(facts, target, now, evidence)


def _good(facts: CertificateFacts, target: Server, now: datetime, evidence: dict[str, Value]) -> Finding:
    days = _days_left(facts, now)
    early = days < target.thresholds.tls_days
    said = f"The TLS certificate is trusted and valid for {many(days, 'more day')}."
    if early:
        said = f"The TLS certificate expires in {many(days, 'day')}, on {facts.not_after:%Y-%m-%d}."
    return Finding(CHECK.id, "warn" if early else "ok", said, evidence, (("tls_cert", "ok"),))


def _faults(look: TlsLook, facts: CertificateFacts, host: str, now: datetime) -> list[str]:
    """Everything that is wrong, what the verification said first."""
    if look.trust == "ok":
        return []
    found = [look.trust] if look.trust in _FAULTS else []
    also = {
        "name_mismatch": not covers(facts.names, host),
        "expired": now > facts.not_after,
        "not_yet_valid": now < facts.not_before,
    }
    return list(dict.fromkeys([*found, *(fault for fault, true in also.items() if true)]))


def _is_of_app_proxy(facts: CertificateFacts, faults: Collection[str]) -> bool:
    """Whether the wrong name is the application proxy's own: no certificate was given to it for the domain."""
    return "name_mismatch" in faults and any(name.lower().endswith(".msappproxy.net") for name in facts.names)


def _told(fault: str, facts: CertificateFacts, host: str) -> str:
    return _FAULTS[fault].format(host=host, until=f"{facts.not_after:%Y-%m-%d}", since=f"{facts.not_before:%Y-%m-%d}")


def _days_left(facts: CertificateFacts, now: datetime) -> int:
    return (facts.not_after - now).days


def _evidence(look: TlsLook, facts: CertificateFacts, now: datetime) -> dict[str, Value]:
    return {
        "trust": look.trust,
        "verify_code": look.trust_code,
        "subject": cut(facts.subject),
        "issuer": cut(facts.issuer),
        "names": [cut(name) for name in facts.names[:50]],
        "not_after": facts.not_after.isoformat(),
        "days_left": _days_left(facts, now),
        "chain_length": len(look.chain),
        "signature": cut(facts.signature),
        "key": cut(facts.key),
        "sha256": facts.sha256,
    }


CHECK = Check(id="tls-verify", catalogue="R05", asks="Would a device trust the TLS certificate?", run=run)
