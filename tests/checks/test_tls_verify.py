"""The TLS certificate is judged for its name, its days and its chain; every fault is told."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.errors import ProbeError
from bot.findings import Finding, Thresholds
from bot.ports import Trust
from connectors.checks.tls_verify import CHECK
from tests.checks.asking import HOST, NOW, found
from tests.checks.certificates import certificate
from tests.checks.fake_wire import HEALTHY_TLS, FakeWire

GOOD = certificate([HOST, "ndes01.corp.local"])


async def judged(der: bytes, trust: Trust = "ok", code: int = 0, **more: Any) -> Finding:
    look = replace(HEALTHY_TLS, chain=(der, b"issuer"), trust=trust, trust_code=code)
    return await found(CHECK, FakeWire(services={HOST: look}), **more)


def words(finding: Finding) -> list[str]:
    assert {column for column, _ in finding.outcomes} <= {"tls_cert"}
    return [word for _, word in finding.outcomes]


async def test_a_good_certificate_is_well() -> None:
    finding = await judged(GOOD)
    assert (finding.verdict, words(finding)) == ("ok", ["ok"])
    assert finding.evidence["names"] == [HOST, "ndes01.corp.local"]
    assert finding.evidence["days_left"] == 300
    assert finding.evidence["chain_length"] == 2
    assert finding.evidence["verify_code"] == 0
    assert finding.evidence["signature"] == "sha256"


@pytest.mark.parametrize(("days", "verdict"), [(22, "ok"), (21, "ok"), (20, "warn"), (0, "warn")])
async def test_a_certificate_that_runs_out_soon_is_a_warning(days: int, verdict: str) -> None:
    finding = await judged(certificate([HOST], until=NOW + timedelta(days=days, hours=1)))
    assert (finding.verdict, words(finding), finding.evidence["days_left"]) == (verdict, ["ok"], days)


async def test_the_threshold_is_that_of_the_server() -> None:
    soon = certificate([HOST], until=NOW + timedelta(days=50))
    assert (await judged(soon, thresholds=Thresholds(tls_days=60))).verdict == "warn"


@pytest.mark.parametrize(
    ("trust", "code"), [("missing_intermediate", 20), ("self_signed", 18), ("self_signed", 19), ("untrusted", 21)]
)
async def test_a_broken_chain_fails(trust: Trust, code: int) -> None:
    finding = await judged(GOOD, trust, code)
    assert (finding.verdict, words(finding), finding.evidence["verify_code"]) == ("fail", [trust], code)


async def test_a_certificate_for_another_name_fails() -> None:
    finding = await judged(certificate(["other.corp.example"]), "name_mismatch", 62)
    assert (finding.verdict, words(finding)) == ("fail", ["name_mismatch"])
    assert HOST in finding.summary


async def test_the_application_proxys_own_certificate_is_told_from_any_other() -> None:
    finding = await judged(certificate(["*.msappproxy.net", "msappproxy.net"]), "name_mismatch", 62, front="app-proxy")
    assert words(finding) == ["name_mismatch", "appproxy_name"]
    assert words(await judged(certificate([HOST, "ndes.msappproxy.net"]), "untrusted", 20)) == ["untrusted"]


async def test_an_expired_certificate_fails_and_says_since_when() -> None:
    finding = await judged(certificate([HOST], until=NOW - timedelta(days=3)), "expired", 10)
    assert (finding.verdict, words(finding)) == ("fail", ["expired"])
    assert "2026-11-18" in finding.summary
    assert finding.evidence["days_left"] == -3


async def test_a_certificate_of_tomorrow_fails() -> None:
    finding = await judged(certificate([HOST], since=NOW + timedelta(days=1)), "not_yet_valid", 9)
    assert (finding.verdict, words(finding)) == ("fail", ["not_yet_valid"])


async def test_behind_an_unknown_root_the_name_and_the_days_are_judged_all_the_same() -> None:
    finding = await judged(certificate(["other.corp.example"], until=NOW - timedelta(days=3)), "untrusted", 20)
    assert words(finding) == ["untrusted", "name_mismatch", "expired"]
    assert finding.verdict == "fail"


async def test_a_certificate_without_alternative_names_names_nobody() -> None:
    assert words(await judged(certificate([]), "name_mismatch", 62)) == ["name_mismatch"]
    assert words(await judged(certificate([]), "untrusted", 20)) == ["untrusted", "name_mismatch"]


async def test_what_could_not_be_verified_is_unknown_unless_something_is_plainly_wrong() -> None:
    assert (await judged(GOOD, "unknown")).verdict == "unknown"
    assert words(await judged(GOOD, "unknown")) == []
    assert words(await judged(certificate(["x.example"]), "unknown")) == ["name_mismatch"]


@pytest.mark.parametrize("der", [b"", b"\x30\x03\x02\x01", b"\x30" * 5_000, b"-----BEGIN CERTIFICATE-----"])
async def test_what_is_no_certificate_leaves_it_unknown(der: bytes) -> None:
    assert (await judged(der, "untrusted")).verdict == "unknown"


async def test_without_a_certificate_nothing_is_known() -> None:
    assert (await found(CHECK, FakeWire(services={HOST: HEALTHY_TLS}))).verdict == "unknown"
    with pytest.raises(ProbeError):
        await found(CHECK, FakeWire(services={HOST: "tls"}))


async def test_many_names_are_cut() -> None:
    finding = await judged(certificate([f"host{i}.corp.example" for i in range(400)] + [HOST]))
    assert finding.verdict == "ok"
    assert len(finding.evidence["names"]) == 50  # type: ignore[arg-type]


async def test_plain_http_has_no_certificate() -> None:
    assert (await found(CHECK, FakeWire(), url=f"http://{HOST}/x/mscep.dll")).verdict == "skipped"
