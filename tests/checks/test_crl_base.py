"""The CRL of the issuing CA: fetched by http, judged for its days and its signature, with a word for each."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from bot.errors import Trouble
from bot.findings import Finding, Past, Thresholds
from connectors.checks.crl_base import CHECK
from tests.checks.asking import NOW, found
from tests.checks.issued import BASE, BROKEN, DAY, crl, ndes, published, ra, remembered
from tests.knowledge.pki import AGENT, LDAP, Pki, issue, key_of, pack, points, usage

PKI = Pki.make()
SECOND = "http://pki2.example.com/issuing.crl"


async def judged(base: Any, **more: Any) -> Finding:
    return await found(CHECK, ndes(PKI.bundle, {BASE: base}), **more)


def words(finding: Finding) -> list[str]:
    assert {column for column, _ in finding.outcomes} <= {"crl_base"}
    return [word for _, word in finding.outcomes]


def with_cdp(*urls: str) -> Pki:
    """The PKI with RA certificates that name these addresses."""
    more = [x509.ExtendedKeyUsage([AGENT])]
    if urls:
        more.append(x509.CRLDistributionPoints(points(*urls)))  # type: ignore[arg-type]
    return PKI.with_(
        encryption=ra(PKI, "encryption", usage("key_encipherment"), *more),
        signature=ra(PKI, "signature", usage("digital_signature"), *more),
    )


async def test_a_valid_crl_is_well() -> None:
    finding = await judged(crl(PKI.issuing, PKI.signature))
    assert (finding.verdict, words(finding)) == ("ok", ["ok"])
    assert finding.evidence["url"] == BASE
    assert finding.evidence["hours_left"] == 168.0
    assert finding.evidence["entries"] == 1
    assert finding.evidence["signature_ok"] is True
    assert finding.evidence["this_update"] == (NOW - DAY).isoformat()
    assert "2026-11-28 (7 days left)" in finding.summary


async def test_an_expired_crl_fails_with_the_day() -> None:
    finding = await judged(crl(PKI.issuing, begin=NOW - 9 * DAY, end=NOW - 2 * DAY))
    assert (finding.verdict, words(finding)) == ("fail", ["expired"])
    assert "expired on 2026-11-19, 2 days ago" in finding.summary


@pytest.mark.parametrize(("minutes", "verdict"), [(361, "ok"), (359, "warn"), (20, "warn")])
async def test_one_that_expires_within_hours_is_a_warning_and_still_valid(minutes: int, verdict: str) -> None:
    finding = await judged(crl(PKI.issuing, end=NOW + timedelta(minutes=minutes)))
    assert (finding.verdict, words(finding)) == (verdict, ["ok"])


async def test_the_threshold_is_that_of_the_server() -> None:
    finding = await judged(crl(PKI.issuing, end=NOW + DAY), thresholds=Thresholds(crl_hours=48))
    assert (finding.verdict, words(finding)) == ("warn", ["ok"])


@pytest.mark.parametrize(
    "trouble", ["nxdomain", "refused", "timeout", "unreachable", "malformed", "too-large", "dropped"]
)
async def test_what_cannot_be_fetched_is_a_warning_for_ndes_may_see_it(trouble: Trouble) -> None:
    finding = await judged(trouble)
    assert (finding.verdict, words(finding)) == ("warn", ["unreachable"])
    assert "NDES may see it" in finding.summary


@pytest.mark.parametrize("body", [b"", b"<html>welcome</html>", b"\x30\x03\x02\x01\x00", b"\x30" * 9_000])
async def test_what_is_no_crl_counts_as_not_there(body: bytes) -> None:
    assert words(await judged(body)) == ["unreachable"]


@pytest.mark.parametrize("trouble", ["guarded", "left-alone"])
async def test_what_may_not_be_asked_is_not_judged(trouble: Trouble) -> None:
    finding = await judged(trouble)
    assert (finding.verdict, words(finding)) == ("skipped", [])


async def test_a_forged_crl_fails() -> None:
    finding = await judged(crl(PKI.issuing, key=key_of("impostor")))
    assert (finding.verdict, words(finding), finding.evidence["signature_ok"]) == ("fail", ["bad_signature"], False)


async def test_the_crl_of_another_ca_fails() -> None:
    assert words(await judged(crl(PKI.root))) == ["bad_signature"]


async def test_of_two_cas_with_one_name_either_may_have_signed() -> None:
    renewed = issue(PKI.issuing.certificate.subject, PKI.root, ca=True, key=key_of("renewed"))
    wire = ndes(pack(renewed, PKI.issuing, PKI.encryption, PKI.signature), {BASE: crl(PKI.issuing)})
    assert words(await found(CHECK, wire)) == ["ok"]


async def test_without_the_ca_the_signature_stays_open() -> None:
    wire = ndes(pack(PKI.root, PKI.encryption, PKI.signature), {BASE: crl(PKI.issuing)})
    finding = await found(CHECK, wire)
    assert (words(finding), finding.evidence["signature_ok"]) == (["ok"], None)


async def test_a_crl_of_the_future_is_a_matter_of_clocks() -> None:
    finding = await judged(crl(PKI.issuing, begin=NOW + DAY))
    assert (finding.verdict, words(finding)) == ("warn", [])
    assert "clock" in finding.summary


async def test_ldap_cannot_be_asked() -> None:
    finding = await found(CHECK, ndes(with_cdp(LDAP).bundle))
    assert (finding.verdict, words(finding)) == ("skipped", [])
    assert "LDAP" in finding.summary


async def test_certificates_without_a_crl_are_skipped() -> None:
    assert (await found(CHECK, ndes(with_cdp().bundle))).verdict == "skipped"
    assert (await found(CHECK, ndes(with_cdp("ftp://pki.example.com/x.crl").bundle))).verdict == "skipped"
    assert "no RA certificates" in (await found(CHECK, ndes(PKI.issuing.der))).summary


async def test_one_good_address_of_two_is_enough() -> None:
    both = with_cdp(SECOND, BASE)
    old = crl(PKI.issuing, begin=NOW - 9 * DAY, end=NOW - DAY)
    for first in ("unreachable", old):
        finding = await found(CHECK, ndes(both.bundle, {SECOND: first, BASE: crl(PKI.issuing)}))
        assert (words(finding), finding.evidence["url"]) == (["ok"], BASE)
    assert words(await found(CHECK, ndes(both.bundle, {SECOND: "timeout", BASE: old}))) == ["expired"]


async def test_of_two_crls_the_worse_one_decides() -> None:
    pair = PKI.with_(encryption=with_cdp(SECOND).encryption)
    old = crl(PKI.issuing, begin=NOW - 9 * DAY, end=NOW - DAY)
    finding = await found(CHECK, ndes(pair.bundle, {SECOND: old, BASE: crl(PKI.issuing)}))
    assert (finding.verdict, words(finding), finding.evidence["url"]) == ("fail", ["expired"], SECOND)
    assert finding.evidence["all"] == [f"{SECOND}: expired", f"{BASE}: ok"]


async def test_a_shared_crl_is_fetched_once() -> None:
    wire = ndes(PKI.bundle, {BASE: crl(PKI.issuing)})
    await found(CHECK, wire)
    assert [what for verb, what in wire.asked if verb == "FETCH"] == [BASE]


async def test_under_http_500_the_addresses_are_remembered() -> None:
    old = crl(PKI.issuing, begin=NOW - 9 * DAY, end=NOW - DAY)
    finding = await remembered(CHECK, PKI, base=old)
    assert (finding.verdict, words(finding)) == ("fail", ["expired"])
    assert words(await remembered(CHECK, PKI)) == ["ok"]


async def test_without_memory_nothing_is_known() -> None:
    finding = await found(CHECK, ndes(BROKEN, published(PKI)), Past())
    assert (finding.verdict, finding.outcomes) == ("unknown", ())
