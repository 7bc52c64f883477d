"""Has the CA revoked an RA certificate? NDES does not start with a revoked one."""

from collections.abc import Sequence
from datetime import datetime

from bot.findings import Finding, Past, Server, Value
from bot.ports import Check, Wire
from connectors.checks import crl_base, crl_delta, ra_certificates, scep_cacert
from connectors.checks.crl_base import Seen
from knowledge.answers import cut
from knowledge.certificates import CertificateFacts, ScepError, revoked


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Look for the serials of the RA certificates in base and delta CRL. Evidence: the serials, which are revoked.

    Only a CRL that is not plainly somebody else's counts, and only a current one can clear a certificate.
    """
    known = await scep_cacert.known(target, wire, past)
    if known is None:
        return scep_cacert.nothing(CHECK.id)
    base = await crl_base.base_lists(known, wire, now, target)
    if all(one.state == "not_asked" for one in base):
        said = "The RA certificates cannot be looked up: no CRL of theirs can be asked from here"
        return known.finding(CHECK.id, "skipped", said)
    lists = (*base, *await crl_delta.lists(base, known, wire, now, target))
    certificates = crl_base.judged(known)
    gone = [one for one in certificates if any(_revokes(seen, one) for seen in lists)]
    evidence: dict[str, Value] = {
        "serials": [cut(one.serial) for one in certificates[:10]],
        "revoked": [cut(one.serial) for one in gone[:10]],
        "lists": [cut(seen.url) for seen in lists if seen.crl],
    }
    if gone:
        said = _sentence(gone, ra_certificates.in_use(known.bundle))
        return known.finding(CHECK.id, "fail", said, evidence, (("ra_revoked", "yes"),))
    if not all(_is_cleared(one, base) for one in certificates):
        said = "Whether the RA certificates are revoked is not known: no current CRL of their CA could be read here"
        return known.finding(CHECK.id, "unknown", said, evidence)
    said = "The CA has not revoked the RA certificates"
    return known.finding(CHECK.id, "ok", said, evidence, (("ra_revoked", "no"),))


def _revokes(seen: Seen, certificate: CertificateFacts) -> bool:
    if seen.crl is None or seen.signed is False or seen.issuer != certificate.issuer:
        return False
    try:
        return bool(revoked(seen.body, [certificate.serial]))
    except ScepError:
        return False


def _is_cleared(certificate: CertificateFacts, base: Sequence[Seen]) -> bool:
    return any(seen.is_current and seen.issuer == certificate.issuer for seen in base)


def _sentence(gone: Sequence[CertificateFacts], pair: ra_certificates.Pair) -> str:
    roles = [role for role, ra in pair.items() if ra.facts in gone]
    what = ra_certificates.named(roles) if roles else "a certificate of the RA"
    serials = list(dict.fromkeys(cut(one.serial, 50) for one in gone[:2]))
    listed = f"serial{'s'[: len(serials) > 1]} {' and '.join(serials)}"
    return f"The CA has revoked {what} ({listed}): NDES does not start again with that"


CHECK = Check(
    id="ra-revoked",
    catalogue="R17",
    asks="Has the CA revoked an RA certificate?",
    run=run,
    deadline=crl_base.DEADLINE,
)
