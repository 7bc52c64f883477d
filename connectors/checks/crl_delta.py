"""Is the delta CRL of the issuing CA valid? One that has expired stops NDES as the base CRL does."""

from datetime import datetime
from functools import lru_cache

from bot.findings import Finding, Past, Server, Verdict
from bot.ports import Check, Wire
from connectors.checks import crl_base, scep_cacert
from connectors.checks.crl_base import Kind, Seen
from connectors.checks.scep_cacert import Known
from knowledge.certificates import CertificateFacts, ScepError, delta_urls

KIND = Kind(
    "crl-delta",
    "crl_delta",
    ("expired", "unreachable"),
    "The delta CRL of the issuing CA",
    "NDES does not start again",
)


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Fetch what the base CRL (else an RA certificate) names as FreshestCRL. Evidence as that of the base CRL."""
    known = await scep_cacert.known(target, wire, past)
    if known is None:
        return scep_cacert.nothing(CHECK.id)
    base = await crl_base.base_lists(known, wire, now, target)
    seen = await lists(base, known, wire, now, target)
    if seen:
        return crl_base.told(KIND, seen, known, now)
    if not any(one.crl for one in base):
        verdict: Verdict = "unknown" if any(one.state == "unreachable" for one in base) else "skipped"
        said = "The base CRL could not be read here, so whether there is a delta CRL is not known"
        return known.finding(CHECK.id, verdict, said)
    urls = [url for one in base if one.crl for url in one.crl.delta_urls]
    return known.finding(CHECK.id, "skipped", f"The base CRL names {crl_base.no_place(urls, 'delta CRL')}")


async def lists(base: tuple[Seen, ...], known: Known, wire: Wire, now: datetime, target: Server) -> tuple[Seen, ...]:
    """The delta CRLs beside these base CRLs."""
    named = [(one.issuer, one.crl.delta_urls) for one in base if one.crl]
    named += [(one.issuer, _urls(one)) for one in crl_base.judged(known)]
    return await crl_base.look_all(crl_base.points_of(named), known.bundle.authorities, wire, now, target)


@lru_cache(maxsize=64)
def _urls(certificate: CertificateFacts) -> tuple[str, ...]:
    try:
        return delta_urls(certificate.der)
    except ScepError:
        return ()


CHECK = Check(
    id="crl-delta",
    catalogue="R18",
    asks="Is the delta CRL of the issuing CA valid?",
    run=run,
    deadline=crl_base.DEADLINE,
)
