"""Is the root that the profile gives to devices the one that this server's certificates lead to?"""

import re
from datetime import datetime

from bot.findings import Finding, Past, Server, Value
from bot.ports import Check, Wire
from connectors.checks import aia, crl_base, scep_cacert
from knowledge.answers import cut


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Look for the profile's trusted root among the CAs handed out and those above them (AIA).

    Evidence: the SHA-256 that is wanted, and those there are.
    """
    if target.trusted_root is None:
        return Finding(CHECK.id, "skipped", "The root of the profile is not registered for this server.")
    wanted = re.sub(r"[\s:-]", "", target.trusted_root).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", wanted):
        said = "The registered trusted_root is no SHA-256 thumbprint: write its 64 hexadecimal digits."
        return Finding(CHECK.id, "unknown", said)
    known = await scep_cacert.known(target, wire, past)
    if known is None:
        return scep_cacert.nothing(CHECK.id)
    cas, chain = known.bundle.authorities, aia.within(known.bundle)
    if all(ca.sha256 != wanted for ca in cas):
        chain = await aia.chain(known.bundle, wire)
        cas = tuple(dict.fromkeys((*cas, *chain)))
    evidence: dict[str, Value] = {"wanted": wanted, "found": [f"{ca.sha256} {cut(ca.subject)}" for ca in cas[:10]]}
    match = next((ca for ca in cas if ca.sha256 == wanted), None)
    if match:
        said = f"The root of the profile is {cut(match.subject, 60)}, which the certificates of this server lead to"
        return known.finding(CHECK.id, "ok", said, evidence)
    if not chain or not chain[-1].self_signed:
        said = "The root above the certificates of this server can neither be had from it nor be fetched"
        return known.finding(CHECK.id, "unknown", said, evidence)
    root = cut(chain[-1].subject, 60)
    said = f"The profile gives devices another root than {root}, which the certificates of this server lead to"
    return known.finding(CHECK.id, "fail", said, evidence)


CHECK = Check(
    id="ra-profile-root",
    catalogue="R15",
    asks="Is the root of the profile the one of this server?",
    run=run,
    deadline=crl_base.DEADLINE,
)
