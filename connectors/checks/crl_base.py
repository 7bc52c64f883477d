"""Can the CRL of the issuing CA be fetched, and is it valid? NDES asks it for its RA certificates before it starts."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from bot.errors import ProbeError
from bot.findings import Finding, Past, Server, Value, Verdict
from bot.ports import Check, Wire
from bot.times import many
from connectors.checks import ra_certificates, scep_cacert, scep_caps
from connectors.checks.scep_cacert import Known
from knowledge.answers import cut
from knowledge.certificates import CertificateFacts, Crl, ScepError, crl_signed_by, crl_urls, read_crl

DEADLINE = scep_caps.DEADLINE + 20
"""Of every check that fetches files after the certificates are known, one behind the other."""
NOT_ASKED = ("guarded", "left-alone")
"""Troubles of a file that nobody tried to fetch."""
SKEW = timedelta(minutes=10)
"""By how much the clock here may be behind before a CRL counts as one of the future."""

_MOST_POINTS = 3  # different CRLs for one question; the RA pair usually shares one
_MOST_PLACES = 2  # addresses of one CRL
_SMALL = 65_536  # bytes of a CRL whose reading is remembered: four checks of a run read the same ones
_MOST_SIGNERS = 4  # CAs of one name, as after a renewal with a new key

State = Literal["ok", "soon", "early", "expired", "bad_signature", "unreachable", "not_asked"]
_BEST: tuple[State, ...] = ("ok", "soon", "early", "expired", "bad_signature", "unreachable", "not_asked")
"""Of several addresses of one CRL: Windows goes on to the next one while it has no valid CRL."""
_WORST: tuple[State, ...] = ("expired", "bad_signature", "unreachable", "early", "soon", "ok", "not_asked")
"""Of several CRLs."""
_VERDICTS: dict[State, Verdict] = {
    "ok": "ok",
    "soon": "warn",
    "early": "warn",
    "expired": "fail",
    "bad_signature": "fail",
    "unreachable": "warn",
    "not_asked": "skipped",
}
_WORDS: dict[State, str] = {
    "ok": "ok",
    "soon": "ok",
    "expired": "expired",
    "bad_signature": "bad_signature",
    "unreachable": "unreachable",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of CRL: the check that asks for it, its column and the words weighed there, what it is called,
    and what does not work once it has expired."""

    check: str
    column: str
    words: Collection[str]
    name: str
    stops: str


KIND = Kind(
    "crl-base",
    "crl_base",
    ("ok", "expired", "bad_signature", "unreachable"),
    "The CRL of the issuing CA",
    "NDES does not start again",
)


async def run(target: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """Fetch the CRL that the RA certificates name. Evidence: url, dates, hours left, entries, signature.

    Only http is followed: what LDAP holds cannot be seen without the directory.
    """
    known = await scep_cacert.known(target, wire, past)
    if known is None:
        return scep_cacert.nothing(CHECK.id)
    seen = await base_lists(known, wire, now, target)
    if not seen:
        urls = [url for one in judged(known) for url in crl_addresses(one)]
        said = f"The RA certificates name {no_place(urls, 'CRL')}"
        return known.finding(
            CHECK.id, "skipped", said if judged(known) else "There are no RA certificates to name a CRL"
        )
    return told(KIND, seen, known, now)


async def base_lists(known: Known, wire: Wire, now: datetime, target: Server) -> tuple["Seen", ...]:
    """The CRLs that the RA certificates name; none where they name no http address."""
    points = points_of((one.issuer, crl_addresses(one)) for one in judged(known))
    return await look_all(points, known.bundle.authorities, wire, now, target)


def judged(known: Known) -> tuple[CertificateFacts, ...]:
    """The RA certificates in use, else whatever is there in place of them."""
    in_use = [ra.facts for ra in ra_certificates.in_use(known.bundle).values()]
    return tuple(dict.fromkeys(in_use or [ra.facts for ra in known.bundle.ra[:2]]))


@lru_cache(maxsize=64)
def crl_addresses(certificate: CertificateFacts) -> tuple[str, ...]:
    """Where a certificate says its CRL is; nowhere, where that cannot be read."""
    try:
        return crl_urls(certificate.der)
    except ScepError:
        return ()


# --- where a CRL should be -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Point:
    """A CRL that should be somewhere: the name of the CA that issues it, and its http addresses."""

    issuer: str
    places: tuple[str, ...]


def points_of(pairs: Iterable[tuple[str, Sequence[str]]]) -> tuple[Point, ...]:
    """The points of (issuer, urls) that have an http address, each once."""
    points = dict.fromkeys(Point(issuer, http_only(urls)) for issuer, urls in pairs)
    return tuple(point for point in points if point.places)[:_MOST_POINTS]


def http_only(urls: Iterable[str]) -> tuple[str, ...]:
    """The addresses that are followed."""
    return tuple(url for url in urls if url.lower().startswith("http://"))[:_MOST_PLACES]


def no_place(urls: Sequence[str], what: str) -> str:
    """Why nothing of this is fetched, as the end of a sentence."""
    if any(url.lower().startswith("ldap:") for url in urls):
        return f"a {what} in the directory only (LDAP), which cannot be asked from here"
    return f"no http address of a {what}" if urls else f"no {what}"


# --- what is there ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """A CRL as seen from here. `issuer` is the CA that should have issued it; `signed` is None where that could
    not be told; `trouble` is why there is no `crl`."""

    issuer: str
    url: str
    state: State
    crl: Crl | None = None
    body: bytes = b""
    signed: bool | None = None
    trouble: str = ""

    @property
    def is_current(self) -> bool:
        """Whether what it says can be relied on today."""
        return self.state in ("ok", "soon", "early")


async def look_all(
    points: Iterable[Point], cas: Sequence[CertificateFacts], wire: Wire, now: datetime, target: Server
) -> tuple[Seen, ...]:
    """Each CRL, from the best of its places. `cas` are those that may have signed one."""
    soon = timedelta(hours=target.thresholds.crl_hours)

    async def best(point: Point) -> Seen:
        found = await asyncio.gather(*(_look(url, point, cas, wire, now, soon) for url in point.places))
        return min(found, key=lambda seen: _BEST.index(seen.state))

    return tuple(await asyncio.gather(*(best(point) for point in points)))


async def _look(
    url: str, point: Point, cas: Sequence[CertificateFacts], wire: Wire, now: datetime, soon: timedelta
) -> Seen:
    try:
        body = await wire.fetch(url)
    except ProbeError as error:
        state: State = "not_asked" if error.trouble in NOT_ASKED else "unreachable"
        return Seen(point.issuer, url, state, trouble=cut(str(error)))
    crl = _read(body) if len(body) <= _SMALL else _read.__wrapped__(body)
    if crl is None:
        return Seen(point.issuer, url, "unreachable", trouble="What is there is no CRL.")
    signed = _signed(body, crl, point.issuer, cas)
    return Seen(point.issuer, url, _state(crl, signed, now, soon), crl, body, signed)


def _signed(body: bytes, crl: Crl, issuer: str, cas: Iterable[CertificateFacts]) -> bool | None:
    """Whether the CA that it should come from signed it; None where no certificate here can tell."""
    if crl.issuer != issuer:
        return False
    named = [ca for ca in cas if ca.subject == issuer][:_MOST_SIGNERS]
    by = _signed_by if len(body) <= _SMALL else _signed_by.__wrapped__
    told = [by(body, ca.der) for ca in named]
    return True if True in told else None if None in told or not told else False


@lru_cache(maxsize=64)
def _read(body: bytes) -> Crl | None:
    try:
        return read_crl(body)
    except ScepError:
        return None


@lru_cache(maxsize=64)
def _signed_by(body: bytes, ca: bytes) -> bool | None:
    try:
        return crl_signed_by(body, ca)
    except ScepError:
        return None


def _state(crl: Crl, signed: bool | None, now: datetime, soon: timedelta) -> State:
    if crl.next_update and now > crl.next_update:
        return "expired"
    if signed is False:
        return "bad_signature"
    if crl.this_update > now + SKEW:
        return "early"
    return "soon" if crl.next_update and crl.next_update - now < soon else "ok"


# --- in words --------------------------------------------------------------------------------


def told(kind: Kind, seen: Sequence[Seen], known: Known, now: datetime) -> Finding:
    """The finding on CRLs of a kind: the worst of them decides."""
    worst = min(seen, key=lambda one: _WORST.index(one.state))
    word = _WORDS.get(worst.state)
    outcomes = ((kind.column, word),) if word in kind.words and word else ()
    evidence = _evidence(worst, now)
    if len(seen) > 1:
        evidence["all"] = [f"{cut(one.url, 150)}: {one.state.replace('_', ' ')}" for one in seen]
    return known.finding(kind.check, _VERDICTS[worst.state], _sentence(kind, worst, now), evidence, outcomes)


def _sentence(kind: Kind, seen: Seen, now: datetime) -> str:
    crl, url = seen.crl, cut(seen.url, 100)
    if crl is None:
        why = seen.trouble.rstrip(".")
        if seen.state == "not_asked":
            return f"{kind.name} was not fetched from {url}: {why}"
        return (
            f"{kind.name} cannot be fetched from {url} by this bot, though NDES may see it: {why}{_escaped(seen.url)}"
        )
    if seen.state == "bad_signature":
        return f"What {url} gives in place of a CRL was not signed by the CA: {kind.stops} with it"
    if seen.state == "early":
        return f"{kind.name} is only valid from {crl.this_update:%Y-%m-%d %H:%M} UTC: a clock must be wrong"
    if crl.next_update is None:
        return f"{kind.name} is there and does not say until when it is valid"
    day, left = f"{crl.next_update:%Y-%m-%d}", crl.next_update - now
    if seen.state == "expired":
        return f"{kind.name} expired on {day}, {ra_certificates.ago(-left)}: {kind.stops} before a new one is published"
    if seen.state == "soon":
        return f"{kind.name} is only valid until {day}, for {_hours(left)}, and no newer one is there yet"
    return f"{kind.name} is valid until {day} ({_span(left)} left)"


def _escaped(url: str) -> str:
    """What usually keeps a delta CRL from being fetched."""
    return ", and IIS refuses a + in a name unless allowDoubleEscaping is set" if "+" in url else ""


def _span(left: timedelta) -> str:
    return many(left.days, "day") if left.days else _hours(left)


def _hours(left: timedelta) -> str:
    hours = int(left.total_seconds() // 3600)
    return many(hours, "hour") if hours else "less than an hour"


def _evidence(seen: Seen, now: datetime) -> dict[str, Value]:
    crl = seen.crl
    if crl is None:
        return {"url": cut(seen.url), "trouble": seen.trouble}
    ends = crl.next_update
    return {
        "url": cut(seen.url),
        "issuer": cut(crl.issuer),
        "this_update": crl.this_update.isoformat(),
        "next_update": ends.isoformat() if ends else None,
        "hours_left": round((ends - now).total_seconds() / 3600, 1) if ends else None,
        "entries": crl.entries,
        "is_delta": crl.is_delta,
        "signature_ok": seen.signed,
    }


CHECK = Check(
    id="crl-base",
    catalogue="R16",
    asks="Is the CRL of the issuing CA there and valid?",
    run=run,
    deadline=DEADLINE,
)
