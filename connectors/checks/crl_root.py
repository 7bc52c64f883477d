"""Is the CRL that the root publishes for the issuing CA valid? Once it has expired, the CA service does not start."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.findings import Finding, Past, Server
from bot.ports import Check, Wire
from connectors.checks import aia, crl_base, scep_cacert
from connectors.checks.crl_base import Kind, Point
from knowledge.certificates import CertificateFacts

KIND = Kind(
    "crl-root",
    "crl_root",
    ("ok", "expired", "unreachable"),
    "The CRL of the root CA",
    "the issuing CA does not start again",
)


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Fetch the CRL that the issuing CA's certificate names, and those of CAs in between. Evidence as `crl-base`.

    A root that is not handed out is fetched (AIA), to verify with; without it the signature stays open.
    """
    known = await scep_cacert.known(target, wire, past)
    if known is None:
        return scep_cacert.nothing(CHECK.id)
    handed_out = aia.within(known.bundle)
    if not handed_out:
        said = "The server hands out no CA certificate, so the CRL of the root is not known"
        return known.finding(CHECK.id, "unknown", said)
    if handed_out[0].self_signed:
        said = "The issuing CA is itself a root, which no CRL covers"
        return known.finding(CHECK.id, "skipped", said)
    # The wire asks everything once: looking early spares waiting for two slow files one behind the other.
    near = crl_base.look_all(_points(handed_out), (), wire, now, target)
    chain, _ = await asyncio.gather(aia.chain(known.bundle, wire), near)
    points = _points(chain)
    if not points:
        said = f"The issuing CA's certificate names {crl_base.no_place(crl_base.crl_addresses(handed_out[0]), 'CRL')}"
        return known.finding(CHECK.id, "skipped", said)
    seen = await crl_base.look_all(points, _signers(known.bundle.authorities, chain), wire, now, target)
    return crl_base.told(KIND, seen, known, now)


def _points(chain: Iterable[CertificateFacts]) -> tuple[Point, ...]:
    return crl_base.points_of((ca.issuer, crl_base.crl_addresses(ca)) for ca in chain if not ca.self_signed)


def _signers(*found: Sequence[CertificateFacts]) -> tuple[CertificateFacts, ...]:
    return tuple(dict.fromkeys(ca for cas in found for ca in cas))


CHECK = Check(
    id="crl-root",
    catalogue="R19",
    asks="Is the CRL of the root CA valid?",
    run=run,
    deadline=crl_base.DEADLINE,
)
