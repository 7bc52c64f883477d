"""Weeks of a small company with five servers, as a digest would find them: quiet ones and bad ones."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.diary import Asked, Expiry, ExpiryKind, Health, Pages, Run, Subscription, Votes
from bot.findings import Verdict
from bot.slots import earlier, period_of
from bot.types import Place

PLACE = Place("slack", "C1")
SERVERS = ("ndes01", "ndes02", "ndes03", "scep-dmz", "scep-emea")
DUE = datetime(2026, 11, 23, 7, tzinfo=UTC)  # Monday, 8 o'clock in Berlin
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_AGO = DUE - 60 * DAY
WEEKLY = Subscription(PLACE, zone="Europe/Berlin")
PEOPLE = ("U01ANNA", "U02BEN", "U03CHO", "ben@contoso.example", "U05EVE")
TITLES = {
    "scep-app-pool-stopped-503": "The SCEP application pool is stopped",
    "ndes-500-ra-certificates-expired": "The RA certificates have expired",
    "crl-offline": "A CRL cannot be fetched or has expired",
}


def pages(subscription: Subscription = WEEKLY, due: datetime = DUE, **more: Any) -> Pages:
    """All is well and nobody asked, unless said otherwise."""
    period = period_of(subscription, due)
    servers = more.get("servers", SERVERS)
    given: dict[str, Any] = {
        "earlier": earlier(subscription, period),
        "now": due + timedelta(seconds=20),
        "due": due,
        "servers": servers,
        "health": {name: Health(name, "ok", LONG_AGO) for name in servers},
        "runs": tuple(steady(name, due) for name in servers),
        "expiries": (),
        "asked": (),
        "votes": (Votes(), Votes(), Votes()),
        "titles": TITLES,
    }
    return Pages(subscription, period, **(given | more))


def steady(name: str, due: datetime = DUE) -> Run:
    """The run before all others, which found all well."""
    return run(name, due - 25 * DAY, "ok")


def run(name: str, at: datetime, verdict: Verdict, **checks: Verdict) -> Run:
    return Run(name, at, verdict, {check.replace("_", "-"): found for check, found in checks.items()})


def ends(server: str, kind: ExpiryKind, name: str, days: float) -> Expiry:
    return Expiry(server, kind, name, DUE + days * DAY, DUE - HOUR)


def question(person: int, text: str, about: str | None = None, hours: float = 24) -> Asked:
    return Asked(DUE - hours * HOUR, PEOPLE[person], text, about)


HEALTH = {name: Health(name, "ok", LONG_AGO) for name in SERVERS}
STEADY = tuple(steady(name) for name in SERVERS)
EXPIRIES = (
    ends("ndes02", "tls", "ndes02.contoso.example", 21),
    ends("ndes01", "ra", "for encryption", 77),
    ends("ndes01", "ra", "for signing", 77),
    *(ends(name, "root-crl", "CRL of Contoso Root CA", 9) for name in SERVERS),
    ends("scep-dmz", "connector", "6.2606.12.1001", 39),
)
QUESTIONS = (
    question(0, "the pool is down, 503 from mscep.dll", "scep-app-pool-stopped-503"),
    question(1, "503 again", "scep-app-pool-stopped-503", 30),
    question(1, "and again 503", "scep-app-pool-stopped-503", 29),
    question(2, "RA certificates expired?", "ndes-500-ra-certificates-expired", 50),
    question(0, "CertUtil: 0x80090014 invalid provider type on the new node", None, 20),
    question(1, "certutil 0x80090014 Invalid provider type specified", None, 18),
    question(3, "0x80090014 invalid provider type, laptop of Ann Smith", None, 12),
    question(4, "my colleague Bob Miller cannot enrol his phone", None, 10),
    # the weeks before
    *(question(n % 5, "503", "scep-app-pool-stopped-503", 7 * 24 + 5 + n) for n in range(9)),
    *(question(n % 3, "crl?", "crl-offline", 14 * 24 + 5 + n) for n in range(5)),
)
BAD_HEALTH: Mapping[str, Health] = {
    **HEALTH,
    "ndes01": Health("ndes01", "fail", DUE - 20 * HOUR),
    "ndes03": Health("ndes03", "ok", DUE - 70 * HOUR),
    "scep-dmz": Health("scep-dmz", "warn", DUE - 12 * DAY),
    "scep-emea": Health("scep-emea", "ok", LONG_AGO, turns=(DUE - HOUR,) * 4, flapping=True),
}
BAD_RUNS = (
    *STEADY,
    run("ndes03", DUE - 17 * DAY, "fail", scep_base="fail"),
    run("ndes03", DUE - 16.5 * DAY, "ok"),
    run("scep-dmz", DUE - 12 * DAY, "warn", tls_verify="warn", tcp="ok"),
    run("ndes03", DUE - 74 * HOUR, "fail", scep_base="fail"),
    run("ndes03", DUE - 70 * HOUR, "ok"),
    run("ndes01", DUE - 20 * HOUR, "fail", scep_base="fail", ra_certificates="warn", tcp="ok", scep_caps="fail"),
    run("scep-emea", DUE - 2 * HOUR, "fail", tcp="fail"),
    run("scep-emea", DUE - 1.5 * HOUR, "ok"),
)
MENDED_RUNS = tuple(one for one in BAD_RUNS if one.server == "ndes03" or one in STEADY)
VOTES = (Votes(12, 3), Votes(7, 3), Votes(0, 0))

BAD_WEEK = pages(health=BAD_HEALTH, runs=BAD_RUNS, expiries=EXPIRIES, asked=QUESTIONS, votes=VOTES)
"""Everything at once."""

SITUATIONS: dict[str, Pages] = {
    "bad-week": BAD_WEEK,
    "quiet": pages(expiries=(ends("ndes02", "tls", "ndes02.contoso.example", 80),)),
    "only-coming": pages(expiries=EXPIRIES),
    "only-questions": pages(asked=QUESTIONS, votes=VOTES),
    "mended-and-late": pages(
        health={**HEALTH, "ndes03": BAD_HEALTH["ndes03"]}, runs=MENDED_RUNS, now=DUE + timedelta(hours=2, minutes=4)
    ),
    "new-and-never-checked": pages(
        health={
            "ndes01": BAD_HEALTH["ndes01"],
            "ndes02": Health("ndes02", "unknown", DUE - 3 * DAY),
        },
        servers=("ndes01", "ndes02", "ndes03"),
        subscription=replace(WEEKLY, tags=("prod",)),
        runs=BAD_RUNS,
    ),
    "daily-over-the-change-of-clocks": pages(
        replace(WEEKLY, when="daily"),
        datetime(2026, 10, 25, 7, tzinfo=UTC),
        health={**HEALTH, "ndes01": Health("ndes01", "fail", datetime(2026, 10, 25, 0, 30, tzinfo=UTC))},
        runs=(
            *(steady(name, datetime(2026, 10, 25, 7, tzinfo=UTC)) for name in SERVERS),
            run("ndes01", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "fail", tcp="fail"),
        ),
    ),
}
"""By a name that can be a file's."""
