"""Do the certificates lead to their issuers (AIA)? Devices that lack a CA certificate fetch it from there."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server, Value, Verdict
from bot.ports import Check, Wire
from connectors.checks import crl_base, scep_cacert
from knowledge.answers import cut
from knowledge.certificates import CertificateFacts, ScepError, issued_by, issuer_urls
from knowledge.scep import Bundle, read_bundle

_TALLEST = 4  # certificates from the issuing CA up to the root
_MOST_TRIED = 4  # certificates of one file that are tried as the issuer

State = Literal["other", "unreachable", "ok", "not_asked"]
_WORST: tuple[State, ...] = ("other", "unreachable", "ok", "not_asked")
_BEST: tuple[State, ...] = ("ok", "other", "unreachable", "not_asked")
_VERDICTS: dict[State, Verdict] = {"other": "warn", "unreachable": "warn", "ok": "ok", "not_asked": "skipped"}


@dataclass(frozen=True, slots=True)
class Followed:
    """What is at an address where the issuer of `of` should be: the issuer, or why it is not there."""

    of: str
    url: str
    state: State
    issuer: CertificateFacts | None = None
    trouble: str = ""


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Fetch the issuers of the RA certificates and of the CAs handed out. Evidence: each url and what it gave.

    It weighs nothing: a broken address hurts only where a device does not have the certificate already.
    """
    known = await scep_cacert.known(target, wire, past)
    if known is None:
        return scep_cacert.nothing(CHECK.id)
    asked = _issued(known.bundle, crl_base.judged(known))
    found = [one for one in await asyncio.gather(*(follow(one, wire) for one in asked)) if one]
    if not found:
        urls = [url for one in asked for url in _urls(one)]
        said = f"The certificates name {crl_base.no_place(urls, 'issuer certificate')}"
        return known.finding(CHECK.id, "skipped", said)
    worst = min(found, key=lambda one: _WORST.index(one.state))
    return known.finding(CHECK.id, _VERDICTS[worst.state], _sentence(worst), _evidence(found, known.bundle))


def _issued(bundle: Bundle, judged: Iterable[CertificateFacts]) -> tuple[CertificateFacts, ...]:
    """The certificates that have an issuer to look for: of those with the same addresses only one."""
    candidates = [*judged, *(ca for ca in within(bundle) if not ca.self_signed)]
    return tuple({(one.issuer, _urls(one)): one for one in reversed(candidates)}.values())[::-1]


# --- following -------------------------------------------------------------------------------


async def follow(certificate: CertificateFacts, wire: Wire) -> Followed | None:
    """The issuer of a certificate from where it says; None where it names no http address."""
    places = crl_base.http_only(_urls(certificate))
    if not places:
        return None
    found = await asyncio.gather(*(_look(certificate, url, wire) for url in places))
    return min(found, key=lambda one: _BEST.index(one.state))


async def chain(bundle: Bundle, wire: Wire) -> tuple[CertificateFacts, ...]:
    """The issuing CA and those above it, as far as they are handed out or can be fetched. It ends with the root
    where that is `self_signed`."""
    found = list(within(bundle))
    while found and not found[-1].self_signed and len(found) < _TALLEST:
        followed = await follow(found[-1], wire)
        if followed is None or followed.issuer is None or followed.issuer in found:
            break
        found.append(followed.issuer)
    return tuple(found)


def within(bundle: Bundle) -> tuple[CertificateFacts, ...]:
    """The issuing CA and those above it among the certificates handed out."""
    found = [bundle.issuing] if bundle.issuing else []
    while found and not found[-1].self_signed and len(found) < _TALLEST:
        above = _issuer(found[-1], [ca for ca in bundle.authorities if ca not in found])
        if above is None:
            break
        found.append(above)
    return tuple(found)


async def _look(certificate: CertificateFacts, url: str, wire: Wire) -> Followed:
    of = certificate.subject
    try:
        body = await wire.fetch(url)
    except ProbeError as error:
        state: State = "not_asked" if error.trouble in crl_base.NOT_ASKED else "unreachable"
        return Followed(of, url, state, trouble=cut(str(error)))
    try:
        issuer = _issuer(certificate, read_bundle(body).certificates)
    except ScepError:
        return Followed(of, url, "other", trouble="What is there is no certificate.")
    if issuer is None:
        return Followed(of, url, "other", trouble="The certificate there is not that of the issuer.")
    return Followed(of, url, "ok", issuer)


def _issuer(certificate: CertificateFacts, candidates: Sequence[CertificateFacts]) -> CertificateFacts | None:
    named = [one for one in candidates if one.is_ca and one.subject == certificate.issuer][:_MOST_TRIED]
    return next((one for one in named if _issued_by(certificate, one)), None)


@lru_cache(maxsize=64)
def _issued_by(certificate: CertificateFacts, ca: CertificateFacts) -> bool:
    """Whether the CA issued it; where its signature is of a kind that cannot be told here, the name decides."""
    try:
        return issued_by(certificate, ca) is not False
    except ScepError:
        return False


@lru_cache(maxsize=64)
def _urls(certificate: CertificateFacts) -> tuple[str, ...]:
    try:
        return issuer_urls(certificate.der)
    except ScepError:
        return ()


# --- in words --------------------------------------------------------------------------------


def _sentence(worst: Followed) -> str:
    of, url, why = cut(worst.of, 60), cut(worst.url, 100), worst.trouble.rstrip(".")
    if worst.state == "ok":
        return "The certificates lead to those of their issuers"
    if worst.state == "not_asked":
        return f"The issuer of {of} was not fetched from {url}: {why}"
    if worst.state == "unreachable":
        return f"The issuer of {of} cannot be fetched from {url} by this bot, though devices may see it: {why}"
    return f"The issuer of {of} is not at {url}, where its certificate says: {why[0].lower()}{why[1:]}"


def _evidence(found: Sequence[Followed], bundle: Bundle) -> dict[str, Value]:
    issuers = list(dict.fromkeys(one.issuer for one in found if one.issuer))
    return {
        "urls": [f"{cut(one.url, 150)}: {one.state.replace('_', ' ')}" for one in found[:10]],
        "issuers": [f"{cut(one.subject)} {one.sha1.upper()}" for one in issuers[:10]],
        "in_bundle": all(one in bundle.certificates for one in issuers) if issuers else None,
    }


CHECK = Check(
    id="aia",
    catalogue="R20",
    asks="Can the certificates of the issuers be fetched?",
    run=run,
    deadline=crl_base.DEADLINE,
)
