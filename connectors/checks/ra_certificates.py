"""Are both RA certificates there, valid, and issued by the CA? NDES does not start without them."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from bot.findings import Finding, Past, Server, Value
from bot.ports import Check, Wire
from bot.times import many
from connectors.checks import scep_cacert, scep_caps
from knowledge.answers import cut
from knowledge.certificates import CertificateFacts, ScepError
from knowledge.scep import Bundle, RaCertificate, read_bundle

Pair = Mapping[str, RaCertificate]
"""What NDES works with, by what it is for: "encryption" (to be encrypted to) and "signature"."""

_MISSING = {
    "encryption": "there is no RA certificate that requests could be encrypted to (key encipherment)",
    "signature": "there is no RA certificate that answers could be signed with (digital signature)",
}


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Judge the newest RA certificate of each role. Evidence: for each who, by whom, from and until when, its template;
    and which one requests had to be encrypted to before it, `seen` last and `gone` first.

    An outcome for each fault; what is expired is never also said to be only weak.
    """
    known = await scep_cacert.known(target, wire, past)
    if known is None:
        return scep_cacert.nothing(CHECK.id)
    bundle, pair = known.bundle, in_use(known.bundle)
    evidence = _evidence(bundle, pair, now, past)
    if bundle.single or not bundle.ra:
        said = "GetCACert holds no RA certificates, only what is the CA's: this is not how NDES answers"
        return known.finding(CHECK.id, "warn", said, evidence, (("ra", "no_ra"),))
    if faults := _faults(bundle, pair, now):
        outcomes = tuple(("ra", word) for word in faults if word != "not_yet")
        said = f"{_sentence(faults.values())}: NDES does not start again like that"
        return known.finding(CHECK.id, "fail", said, evidence, outcomes)
    if concerns := _concerns(bundle, pair, now, target.thresholds.ra_days):
        outcomes = tuple(("ra", word) for word in concerns)
        return known.finding(CHECK.id, "warn", _sentence(concerns.values()), evidence, outcomes)
    first = min((ra.facts for ra in pair.values()), key=lambda facts: facts.not_after)
    said = f"Both RA certificates are in order, and valid until {_day(first)} ({many(_days(first, now), 'day')} left)"
    return known.finding(CHECK.id, "ok", said, evidence, (("ra", "ok"),))


def in_use(bundle: Bundle) -> Pair:
    """The RA certificates that NDES works with: of each role the newest."""
    return {
        role: max(fitting, key=lambda ra: ra.facts.not_before)
        for role in ("encryption", "signature")
        if (fitting := [ra for ra in bundle.ra if ra.role in (role, "both")])
    }


def named(roles: Collection[str]) -> str:
    """The RA certificates of these roles in words."""
    if len(roles) > 1:
        return "both RA certificates"
    return f"the RA certificate for {'encryption' if 'encryption' in roles else 'signing'}"


def ago(passed: timedelta) -> str:
    """A time that has passed in words."""
    return f"{many(passed.days, 'day')} ago" if passed.days else "less than a day ago"


# --- what can be wrong -----------------------------------------------------------------------


def _faults(bundle: Bundle, pair: Pair, now: datetime) -> dict[str, str]:
    """What keeps NDES from starting, by outcome word, in words."""
    found: dict[str, str] = {}
    if late := {role: ra.facts for role, ra in pair.items() if now > ra.facts.not_after}:
        first = min(late.values(), key=lambda facts: facts.not_after)
        found["expired"] = f"{named(late)} expired on {_day(first)}, {ago(now - first.not_after)}"
    if early := {role: ra.facts for role, ra in pair.items() if now < ra.facts.not_before}:
        since = max(facts.not_before for facts in early.values())
        found["not_yet"] = f"{named(early)} will only be valid from {since:%Y-%m-%d}"
    found |= {f"no_{role}": said for role, said in _MISSING.items() if role not in pair}
    names = {ca.subject for ca in bundle.authorities}
    foreign = [role for role, ra in pair.items() if ra.facts.issuer not in names]
    forged = [role for role, ra in pair.items() if ra.facts.issuer in names and not ra.issued_here]
    if foreign:
        found["wrong_issuer"] = f"the CA that issued {named(foreign)} is not among those that the server hands out"
    if forged:
        found["bad_signature"] = f"the signature on {named(forged)} is not that of the CA named as issuer"
    return found


def _concerns(bundle: Bundle, pair: Pair, now: datetime, limit: int) -> dict[str, str]:
    """What is no fault yet, by outcome word, in words."""
    found: dict[str, str] = {}
    if soon := {role: ra.facts for role, ra in pair.items() if _days(ra.facts, now) < limit}:
        first = min(soon.values(), key=lambda facts: facts.not_after)
        found["expiring"] = f"{named(soon)} must be renewed by {_day(first)}, in {many(_days(first, now), 'day')}"
    if any(_is_weak(certificate) for certificate in bundle.certificates):
        found["weak_or_pss"] = "a certificate is signed with SHA-1 or RSASSA-PSS, which Apple devices refuse"
    return found


def _is_weak(certificate: CertificateFacts) -> bool:
    """The signature of a root on itself convinces nobody, so it does not count."""
    signature = certificate.signature
    return not certificate.self_signed and (signature in ("sha1", "md5") or signature.startswith("rsassa-pss"))


def _sentence(parts: Collection[str]) -> str:
    said = ", and ".join(parts)
    return said[0].upper() + said[1:]


def _days(facts: CertificateFacts, now: datetime) -> int:
    return (facts.not_after - now).days


def _day(facts: CertificateFacts) -> str:
    return f"{facts.not_after:%Y-%m-%d}"


# --- evidence --------------------------------------------------------------------------------


def _evidence(bundle: Bundle, pair: Pair, now: datetime, past: Past) -> dict[str, Value]:
    found: dict[str, Value] = {
        "certificates": len(bundle.certificates),
        "authorities": [cut(ca.subject) for ca in bundle.authorities[:10]],
        "authorities_not_after": [ca.not_after.isoformat() for ca in bundle.authorities[:10]],
        "thumbprints": [certificate.sha1.upper() for certificate in bundle.certificates[:10]],
        "changed_since_last_good": _changed(bundle, past),
    }
    for role, ra in pair.items():
        facts = ra.facts
        told: dict[str, Value] = {
            "subject": cut(facts.subject),
            "issuer": cut(facts.issuer),
            "serial": cut(facts.serial),
            "not_before": facts.not_before.isoformat(),
            "not_after": facts.not_after.isoformat(),
            "days_left": _days(facts, now),
            "thumbprint": facts.sha1.upper(),
            "signed_with": cut(facts.signature),
            "template": cut(ra.template) if ra.template else None,
            "request_agent": ra.request_agent,
        }
        found |= {f"{role}_{name}": value for name, value in told.items()}
    return found | _former(pair, now, past)


def _former(pair: Pair, now: datetime, past: Past) -> dict[str, Value]:
    """The RA certificate before the present one: clients may still encrypt to it. It was replaced between the look
    that saw it last and the first that did not; where nothing changed, what was known of it stays known."""
    before = _remembered(past)
    last, present = in_use(before).get("encryption") if before else None, pair.get("encryption")
    if last is None or present is None or past.at is None or last.facts.sha256 == present.facts.sha256:
        known = next((finding.evidence for finding in past.findings if finding.check == CHECK.id), {})
        return {name: value for name, value in known.items() if name.startswith("former_")}
    return {
        "former_issuer": cut(last.facts.issuer),
        "former_serial": cut(last.facts.serial),
        "former_not_after": last.facts.not_after.isoformat(),
        "former_seen": past.at.isoformat(),
        "former_gone": now.isoformat(),
    }


def _changed(bundle: Bundle, past: Past) -> bool | None:
    """Whether other certificates are handed out than in the last good run; None where there was none."""
    before = _remembered(past)
    return None if before is None else _thumbprints(before) != _thumbprints(bundle)


def _remembered(past: Past) -> Bundle | None:
    try:
        return read_bundle(past.bundle) if past.bundle else None
    except ScepError:
        return None


def _thumbprints(bundle: Bundle) -> set[str]:
    return {certificate.sha256 for certificate in bundle.certificates}


CHECK = Check(
    id="ra-certificates",
    catalogue="R14",
    asks="Are the RA certificates there, valid, and issued by the CA?",
    run=run,
    deadline=scep_caps.DEADLINE,
)
