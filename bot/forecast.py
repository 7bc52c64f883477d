"""What runs out and when: read from the findings of a run, told before it happens."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import groupby
from typing import Final

from bot.diary import Expiry, ExpiryKind, Period
from bot.findings import Finding, Report, Value
from bot.times import ahead, day

OUTLOOK: Final = 90
"""Days that a forecast looks ahead."""
MARKS: Final = (90, 60, 30, 14, 7, 3, 1, 0)
"""Days before the end at which it is worth being told again."""

# A CA renews a CRL that lives so short by itself, long before; it is forecast only where that did not happen.
_RENEWS_ITSELF = timedelta(days=35)
_FORGOTTEN = timedelta(days=30)  # what ended longer ago is a fault of its own by now, no forecast
_LONGEST_NAME = 80

# Support of the connectors before the one of today ended with its version 6.2109.51.0
# (learn.microsoft.com/mem/intune/protect/certificate-connectors; read 2026-11-21).
_OLD_CONNECTOR = datetime(2021, 9, 22, tzinfo=UTC)
# Each release is supported for six months (learn.microsoft.com/mem/intune/protect/certificate-connector-overview; read
# 2026-11-21). The second number of a version is the year and the month: 6.2107.45.0 came in July 2021.
_CONNECTOR_MONTHS = 6
_VERSION = re.compile(r"6\.(\d\d)(0[1-9]|1[0-2])\.\d{1,5}(?:\.\d{1,5})?")
_COMMON_NAME = re.compile(r"(?:^|,)\s*CN=((?:\\.|[^,\\])+)", re.IGNORECASE)


# --- from a run ------------------------------------------------------------------------------


def expiries(report: Report) -> tuple[Expiry, ...]:
    """What the findings of a run say about the end of something, the first first."""
    found = {(one.kind, one.name, one.ends): one for one in _read(report)}
    return tuple(sorted(found.values(), key=lambda one: (one.ends, one.kind, one.name)))


def _read(report: Report) -> Iterator[Expiry]:
    if report.server.connector == "old":
        yield Expiry(report.server.name, "connector", "from before July 2021", _OLD_CONNECTOR, report.at)
    elif ends := connector_support(version := report.server.connector_version or ""):
        yield Expiry(report.server.name, "connector", version, ends, report.at)
    for finding in report.findings:
        match finding.check:
            case "tls-verify":
                yield from _ending(report, "tls", report.server.host, finding.evidence.get("not_after"))
            case "ra-certificates":
                yield from _ra(report, finding)
                yield from _authorities(report, finding)
            case "crl-base" | "crl-delta":
                delta = "delta " if finding.check == "crl-delta" else ""
                yield from _crl(report, "crl", f"{delta}CRL of {_issuer(finding)}", finding)
            case "crl-root":
                yield from _crl(report, "root-crl", f"CRL of {_issuer(finding)}", finding)


def _ending(report: Report, kind: ExpiryKind, name: str, ends: Value, seen: datetime | None = None) -> Iterator[Expiry]:
    if when := _time(ends):
        yield Expiry(report.server.name, kind, name[:_LONGEST_NAME], when, seen or report.at)


def _ra(report: Report, finding: Finding) -> Iterator[Expiry]:
    told, seen = finding.evidence, _remembered(finding)
    same = told.get("encryption_thumbprint") and told.get("encryption_thumbprint") == told.get("signature_thumbprint")
    if same:
        yield from _ending(report, "ra", "for encryption and signing", told.get("encryption_not_after"), seen)
        return
    yield from _ending(report, "ra", "for encryption", told.get("encryption_not_after"), seen)
    yield from _ending(report, "ra", "for signing", told.get("signature_not_after"), seen)


def _authorities(report: Report, finding: Finding) -> Iterator[Expiry]:
    """The CA certificates that the server hands out beside those of its RA."""
    names, ends = finding.evidence.get("authorities"), finding.evidence.get("authorities_not_after")
    if isinstance(names, list) and isinstance(ends, list):
        for name, end in zip(names, ends, strict=False):
            yield from _ending(report, "ca", _common_name(str(name)), str(end), _remembered(finding))


def _remembered(finding: Finding) -> datetime | None:
    """When certificates were seen that are told from memory; None where the server showed them now."""
    told = finding.evidence
    return _time(told.get("remembered_from")) if told.get("from_memory") else None


def _crl(report: Report, kind: ExpiryKind, name: str, finding: Finding) -> Iterator[Expiry]:
    begins, ends = (_time(finding.evidence.get(key)) for key in ("this_update", "next_update"))
    if begins and ends and ends - begins <= _RENEWS_ITSELF and finding.verdict == "ok":
        return
    yield from _ending(report, kind, name, finding.evidence.get("next_update"))


def _issuer(finding: Finding) -> str:
    return _common_name(str(finding.evidence.get("issuer") or "the CA"))


def _common_name(name: str) -> str:
    common = _COMMON_NAME.search(name)
    return common[1] if common else name


def _time(said: Value) -> datetime | None:
    """A time in UTC; None for what is none, and for the year 9999, with which certificates say never."""
    try:
        when = datetime.fromisoformat(said) if isinstance(said, str) else None
        return when.astimezone(UTC) if when and when.tzinfo and 1 < when.year < 9999 else None
    except (ValueError, OverflowError):
        return None


def connector_support(version: str) -> datetime | None:
    """When support of a version of the Intune connector ends, to the month: the version tells in which it came out.

    None for what is no version of it."""
    if not (found := _VERSION.fullmatch(version.strip())):
        return None
    months = int(found[1]) * 12 + int(found[2]) + _CONNECTOR_MONTHS  # counted from January 2000, to the next month
    return datetime(2000 + months // 12, months % 12 + 1, 1, tzinfo=UTC)


# --- what is coming --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Coming:
    """One thing that runs out, for every server that it concerns. `what` it is, and what it `stops`."""

    servers: tuple[str, ...]
    kind: ExpiryKind
    what: str
    ends: datetime
    seen: datetime
    stops: str


def coming(expiries: Iterable[Expiry], now: datetime, days: int = OUTLOOK) -> tuple[Coming, ...]:
    """What runs out within so many days, or did so lately; the first first, what is long out of support last.

    One CRL that many servers need is told once, and so are two RA certificates of one server that end on one day."""
    until, since = now + timedelta(days=days), now - _FORGOTTEN
    near = [one for one in expiries if one.ends <= until and (one.ends >= since or one.kind == "connector")]
    near.sort(key=lambda one: (one.ends < since, one.ends, one.kind, one.name, one.server))
    shared = [_one(list(group)) for _, group in groupby(_paired(near), lambda one: (one.ends, one.kind, one.name))]
    return tuple(shared)


def _paired(near: Iterable[Expiry]) -> Iterator[Expiry]:
    """RA certificates come and go in pairs: of one server and one day, only the one that ends first, for both."""
    waiting = list(near)
    pairs: dict[tuple[str, object], list[Expiry]] = {}
    for one in waiting:
        if one.kind == "ra":
            pairs.setdefault((one.server, one.ends.date()), []).append(one)
    for one in waiting:
        pair = pairs.get((one.server, one.ends.date()), []) if one.kind == "ra" else []
        if len(pair) < 2:
            yield one
        elif one is pair[0]:
            yield Expiry(one.server, "ra", "both", one.ends, one.seen)


def _one(group: list[Expiry]) -> Coming:
    first = group[0]
    servers = tuple(dict.fromkeys(one.server for one in group))
    what, stops = words(first)
    return Coming(servers, first.kind, what, first.ends, min(one.seen for one in group), stops)


def words(one: Expiry) -> tuple[str, str]:
    """What it is, and what follows from its end."""
    match one.kind:
        case "tls":
            return f"TLS certificate of {one.name}", "no device can connect any more"
        case "ra" if one.name == "both":
            return "both RA certificates", "NDES does not start again without new ones"
        case "ra":
            return f"RA certificate {one.name}", "NDES does not start again without a new one"
        case "crl":
            return one.name, "NDES does not start again until the CA publishes a new one"
        case "root-crl":
            return one.name, "the issuing CA does not start again: the root, often offline, must publish a new one"
        case "ca":
            return f"CA certificate of {one.name}", "no certificate is issued any more"
        case "connector":
            return f"support of connector {one.name}", "Intune may refuse it: let it update itself, or install it anew"
        case "other":
            return one.name, ""


def told(one: Coming, now: datetime, zone: tzinfo) -> tuple[str, str]:
    """A row on it: when it ends, and what it is, whose, and what follows. Dates are those of the zone."""
    when = f"{day(one.ends, zone)}, {ahead(one.ends, now, zone)}"
    if one.kind == "connector":  # its version tells the month, not the day
        when = f"about {day(one.ends, zone)}"
    what = f"{one.what} ({some(one.servers)})"
    then = "ended; since then" if one.ends <= now else "after that"
    what += f" – {then}, {one.stops}" if one.stops else " – ended" if one.ends <= now else ""
    stale = f" (last seen on {day(one.seen, zone)})" if now - one.seen > timedelta(days=2) else ""
    return when, f"{what}{stale}"


def some(names: tuple[str, ...], most: int = 3) -> str:
    """Some names, and how many there are besides."""
    more = len(names) - most
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:most])} and {more} more"


def newly_near(one: Coming, period: Period) -> bool:
    """Whether it passed one of the marks in this period: then even those want to hear it who want only news."""
    marks = (one.ends - timedelta(days=mark) for mark in MARKS)
    return any(period.begins < mark <= period.ends for mark in marks)
