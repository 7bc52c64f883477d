"""The delta CRL is found by the base CRL, and one that has expired fails although the base is valid."""

from typing import Any

import pytest
from cryptography import x509

from bot.errors import Trouble
from bot.findings import Finding
from connectors.checks.crl_delta import CHECK
from tests.checks.asking import NOW, found
from tests.checks.issued import BASE, BROKEN, DAY, DELTA, crl, ndes, published, ra, remembered
from tests.knowledge.pki import LDAP, Pki, key_of, points

PKI = Pki.make()


async def judged(**changed: Any) -> Finding:
    return await found(CHECK, ndes(PKI.bundle, published(PKI, **changed)))


def words(finding: Finding) -> list[str]:
    assert {column for column, _ in finding.outcomes} <= {"crl_delta"}
    return [word for _, word in finding.outcomes]


async def test_a_valid_delta_is_well_and_weighs_nothing() -> None:
    finding = await judged()
    assert (finding.verdict, words(finding)) == ("ok", [])
    assert finding.evidence["url"] == DELTA
    assert finding.evidence["is_delta"] is True
    assert finding.evidence["signature_ok"] is True


async def test_an_expired_delta_beside_a_valid_base_fails() -> None:
    finding = await judged(delta=crl(PKI.issuing, delta=True, begin=NOW - 2 * DAY, end=NOW - DAY))
    assert (finding.verdict, words(finding)) == ("fail", ["expired"])
    assert "delta CRL" in finding.summary
    assert "2026-11-20, 1 day ago" in finding.summary


@pytest.mark.parametrize("trouble", ["timeout", "malformed", "nxdomain"])
async def test_a_delta_that_cannot_be_fetched_is_a_warning(trouble: Trouble) -> None:
    finding = await judged(delta=trouble)
    assert (finding.verdict, words(finding)) == ("warn", ["unreachable"])
    assert "allowDoubleEscaping" in finding.summary  # its name has a +


async def test_a_forged_delta_fails_without_a_word() -> None:
    finding = await judged(delta=crl(PKI.issuing, delta=True, key=key_of("impostor")))
    assert (finding.verdict, words(finding)) == ("fail", [])


async def test_without_a_delta_there_is_nothing_to_judge() -> None:
    assert (await judged(base=crl(PKI.issuing))).verdict == "skipped"
    finding = await judged(base=crl(PKI.issuing, freshest=(LDAP,)))
    assert finding.verdict == "skipped"
    assert "LDAP" in finding.summary


async def test_an_unread_base_leaves_it_unknown() -> None:
    finding = await judged(base="timeout")
    assert (finding.verdict, words(finding)) == ("unknown", [])
    assert (await judged(base="guarded")).verdict == "skipped"


async def test_a_certificate_may_name_the_delta_too() -> None:
    kept = [one.value for one in PKI.encryption.certificate.extensions]
    named = ra(PKI, "encryption", *kept, x509.FreshestCRL(points(DELTA)))
    files = published(PKI, base="timeout", delta=crl(PKI.issuing, delta=True, begin=NOW - 2 * DAY, end=NOW - DAY))
    assert words(await found(CHECK, ndes(PKI.with_(encryption=named).bundle, files))) == ["expired"]


async def test_an_expired_base_still_leads_to_the_delta() -> None:
    old = crl(PKI.issuing, begin=NOW - 9 * DAY, end=NOW - DAY, freshest=(DELTA,))
    assert (await judged(base=old)).evidence["url"] == DELTA


async def test_under_http_500_it_is_judged_from_memory() -> None:
    old = crl(PKI.issuing, delta=True, begin=NOW - 2 * DAY, end=NOW - DAY)
    assert words(await remembered(CHECK, PKI, delta=old)) == ["expired"]
    assert (await found(CHECK, ndes(BROKEN, {BASE: b""}))).verdict == "unknown"
