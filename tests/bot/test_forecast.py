"""What runs out is read from the findings of real checks, and told before it happens."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.diary import Expiry, ExpiryKind, Period
from bot.findings import Finding, Report, Value, Verdict
from bot.forecast import coming, connector_support, expiries, newly_near, told
from connectors.checks import crl_base, crl_root, ra_certificates, tls_verify
from tests.checks.asking import HOST, NOW, found, server
from tests.checks.certificates import certificate
from tests.checks.fake_wire import HEALTHY_TLS, FakeWire
from tests.checks.issued import DAY, crl, ndes, published, remembered
from tests.knowledge.pki import Pki

BERLIN = ZoneInfo("Europe/Berlin")
PKI = Pki.make()


def report(*findings: Finding, **more: Any) -> Report:
    return Report(server(**more), NOW, "ok", findings, (), 0, 0.0)


def finding(check: str, verdict: Verdict = "ok", **evidence: Value) -> Finding:
    return Finding(check, verdict, "Said.", evidence)


def crl_finding(check: str, days: float, left: float, verdict: Verdict = "ok") -> Finding:
    """A CRL that lives so many days, of which so many are left."""
    ends = NOW + left * DAY
    begins = ends - days * DAY
    dates = {"this_update": begins.isoformat(), "next_update": ends.isoformat()}
    return finding(check, verdict, issuer="CN=Contoso CA 1,O=Contoso", **dates)


def ends_in(days: float, kind: ExpiryKind = "tls", name: str = HOST, server: str = "ndes01") -> Expiry:
    return Expiry(server, kind, name, NOW + days * DAY, NOW)


# --- from a run ------------------------------------------------------------------------------


async def test_the_checks_themselves_say_what_runs_out() -> None:
    look = replace(HEALTHY_TLS, chain=(certificate([HOST], until=NOW + 21 * DAY),))
    findings = [await found(tls_verify.CHECK, FakeWire(services={HOST: look}))]
    wire = ndes(PKI.bundle, published(PKI))
    findings += [await found(check, wire) for check in (ra_certificates.CHECK, crl_base.CHECK, crl_root.CHECK)]
    rows = expiries(report(*findings))
    assert {one.kind for one in rows} == {"tls", "ra", "root-crl", "ca"}
    assert next(one for one in rows if one.kind == "tls") == ends_in(21)
    assert {one.name for one in rows if one.kind == "ra"} == {"for encryption", "for signing"}
    assert [one.ends for one in rows] == sorted(one.ends for one in rows)


async def test_certificates_that_are_only_remembered_were_seen_then() -> None:
    told_by = await remembered(ra_certificates.CHECK, PKI)
    assert {one.seen for one in expiries(report(told_by))} == {NOW - 3 * DAY}


async def test_a_crl_out_of_date_is_forecast_whatever_its_life() -> None:
    old = crl(PKI.issuing, begin=NOW - 8 * DAY, end=NOW - DAY)
    told_by = await found(crl_base.CHECK, ndes(PKI.bundle, published(PKI, base=old)))
    assert [one.kind for one in expiries(report(told_by))] == ["crl"]


@pytest.mark.parametrize(
    ("days", "left", "verdict", "forecast"),
    [(7, 6, "ok", False), (1, 0.5, "ok", False), (7, 0.1, "warn", True), (180, 170, "ok", True), (7, -1, "fail", True)],
)
def test_a_crl_that_its_ca_renews_by_itself_is_no_news(
    days: float, left: float, verdict: Verdict, forecast: bool
) -> None:
    assert bool(expiries(report(crl_finding("crl-base", days, left, verdict)))) is forecast


def test_a_crl_goes_by_the_name_of_its_ca() -> None:
    names = {one.kind: one.name for one in expiries(report(crl_finding("crl-root", 365, 9)))}
    assert names == {"root-crl": "CRL of Contoso CA 1"}
    assert expiries(report(crl_finding("crl-delta", 60, 9)))[0].name == "delta CRL of Contoso CA 1"


def test_one_certificate_for_both_purposes_is_one() -> None:
    evidence = {
        f"{role}_{name}": value
        for role in ("encryption", "signature")
        for name, value in (("thumbprint", "AB"), ("not_after", (NOW + 9 * DAY).isoformat()))
    }
    rows = expiries(report(finding("ra-certificates", **evidence)))
    assert [one.name for one in rows] == ["for encryption and signing"]


def test_the_old_connector_is_out_of_support() -> None:
    (row,) = expiries(report(connector="old"))
    assert (row.kind, row.ends) == ("connector", datetime(2021, 9, 22, tzinfo=UTC))
    assert expiries(report(connector="new")) == ()


@pytest.mark.parametrize(
    ("version", "ends"),
    [
        ("6.2107.45.0", (2022, 2)),
        ("6.2606.12.1001", (2027, 1)),
        ("6.2605.1.2", (2026, 12)),
        ("6.2613.1.2", None),
        ("5.2605.1.2", None),
        ("6.2605", None),
        ("", None),
    ],
)
def test_a_connector_is_supported_for_six_months(version: str, ends: tuple[int, int] | None) -> None:
    assert connector_support(version) == (datetime(*ends, 1, tzinfo=UTC) if ends else None)


def test_ca_certificates_that_the_server_hands_out_are_forecast() -> None:
    ends = [(NOW + 20 * DAY).isoformat(), "never"]
    told_by = finding("ra-certificates", authorities=["CN=Issuing CA 1", "CN=x"], authorities_not_after=ends)
    rows = expiries(report(told_by))
    assert [(one.kind, one.name, one.ends) for one in rows] == [("ca", "Issuing CA 1", NOW + 20 * DAY)]


def test_the_version_of_the_connector_that_somebody_registered_is_forecast() -> None:
    rows = expiries(report(connector_version="6.2606.12.1001"))
    assert [(one.kind, one.name) for one in rows] == [("connector", "6.2606.12.1001")]


@given(
    st.sampled_from(("tls-verify", "ra-certificates", "crl-base", "crl-delta", "crl-root", "inside")),
    st.dictionaries(
        st.sampled_from(
            (
                "not_after",
                "next_update",
                "this_update",
                "issuer",
                "encryption_not_after",
                "encryption_thumbprint",
                "remembered_from",
                "from_memory",
                "authorities",
                "authorities_not_after",
            )
        ),
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=30), st.just("9999-12-31T23:59:59-14:00")),
    ),
)
def test_whatever_the_evidence_is_nothing_raises(check: str, evidence: Mapping[str, Value]) -> None:
    for row in expiries(report(Finding(check, "ok", "Said.", evidence))):
        told(*coming([row], row.ends), row.ends, UTC)


# --- what is coming --------------------------------------------------------------------------


def test_the_first_comes_first_and_what_is_far_does_not_come() -> None:
    rows = [ends_in(91), ends_in(77, "ra", "for signing"), ends_in(21), ends_in(-5), ends_in(-40)]
    assert [round((one.ends - NOW) / DAY) for one in coming(rows, NOW)] == [-5, 21, 77]
    assert coming(rows, NOW, days=7)[0].ends == NOW - 5 * DAY


def test_what_many_servers_need_is_told_once() -> None:
    rows = [ends_in(9, "root-crl", "CRL of Root", f"ndes{number:02}") for number in range(1, 7)]
    (one,) = coming(rows, NOW)
    assert one.servers == tuple(f"ndes{number:02}" for number in range(1, 7))
    when, what = told(one, NOW, BERLIN)
    assert when == "30 Nov 2026, in 9 days"
    assert what.startswith(
        "CRL of Root (ndes01, ndes02, ndes03 and 3 more) – after that, the issuing CA does not start"
    )


def test_the_ra_certificates_of_a_server_are_told_together() -> None:
    rows = [ends_in(77, "ra", "for encryption"), ends_in(77.01, "ra", "for signing"), ends_in(30, "ra", "for x", "b")]
    assert [(one.servers, one.what) for one in coming(rows, NOW)] == [
        (("b",), "RA certificate for x"),
        (("ndes01",), "both RA certificates"),
    ]


@pytest.mark.parametrize(
    ("row", "when", "what"),
    [
        (ends_in(21), "12 Dec 2026, in 21 days", f"TLS certificate of {HOST} (ndes01) – after that, no device can"),
        (ends_in(1), "22 Nov 2026, tomorrow", "TLS certificate"),
        (ends_in(-3), "18 Nov 2026, 3 days ago", f"TLS certificate of {HOST} (ndes01) – ended; since then, no device"),
        (
            replace(ends_in(21, "other", "x"), seen=NOW - 9 * DAY),
            "12 Dec 2026",
            "x (ndes01) (last seen on 12 Nov 2026)",
        ),
    ],
)
def test_a_row_says_when_and_what_follows(row: Expiry, when: str, what: str) -> None:
    (one,) = coming([row], NOW)
    assert told(one, NOW, BERLIN)[0].startswith(when)
    assert told(one, NOW, BERLIN)[1].startswith(what)


def test_dates_are_those_of_the_reader() -> None:
    row = replace(ends_in(1), ends=datetime(2026, 12, 1, 23, 30, tzinfo=UTC))
    assert told(*coming([row], NOW), NOW, BERLIN)[0] == "2 Dec 2026, in 11 days"
    assert told(*coming([row], NOW), NOW, UTC)[0] == "1 Dec 2026, in 10 days"


def test_long_out_of_support_is_said_last() -> None:
    rows = [*expiries(report(connector="old")), ends_in(9)]
    assert [one.kind for one in coming(rows, NOW)] == ["tls", "connector"]
    assert told(coming(rows, NOW)[1], NOW, UTC)[0] == "about 22 Sep 2021"


@pytest.mark.parametrize(("days", "news"), [(90, True), (89.5, False), (60, True), (45, False), (7, True), (2, False)])
def test_something_that_comes_nearer_is_news_at_some_marks(days: float, news: bool) -> None:
    (one,) = coming([ends_in(days)], NOW)
    assert newly_near(one, Period(NOW - timedelta(hours=6), NOW)) is news
