"""A serial in the CA's own, genuine CRL proves that an RA certificate is revoked; only a current CRL clears one."""

from typing import Any

import pytest

from bot.findings import Finding
from connectors.checks.ra_revoked import CHECK
from tests.checks.asking import NOW, found
from tests.checks.issued import BASE, BROKEN, DAY, DELTA, crl, ndes, published, ra, remembered
from tests.knowledge.pki import Pki, issue, key_of, pack

PKI = Pki.make()


async def judged(bundle: bytes = PKI.bundle, **changed: Any) -> Finding:
    return await found(CHECK, ndes(bundle, published(PKI, **changed)))


def words(finding: Finding) -> list[str]:
    assert {column for column, _ in finding.outcomes} <= {"ra_revoked"}
    return [word for _, word in finding.outcomes]


async def test_certificates_in_no_list_are_well() -> None:
    finding = await judged(base=crl(PKI.issuing, PKI.issuing, freshest=(DELTA,)))
    assert (finding.verdict, words(finding)) == ("ok", ["no"])
    assert finding.evidence["serials"] == [PKI.encryption.serial, PKI.signature.serial]
    assert finding.evidence["revoked"] == []
    assert finding.evidence["lists"] == [BASE, DELTA]


async def test_a_revoked_certificate_fails_and_is_named() -> None:
    finding = await judged(base=crl(PKI.issuing, PKI.signature))
    assert (finding.verdict, words(finding)) == ("fail", ["yes"])
    assert f"the RA certificate for signing (serial {PKI.signature.serial})" in finding.summary
    assert finding.evidence["revoked"] == [PKI.signature.serial]


async def test_the_delta_alone_may_tell() -> None:
    finding = await judged(delta=crl(PKI.issuing, PKI.encryption, PKI.signature, delta=True))
    assert words(finding) == ["yes"]
    assert "both RA certificates" in finding.summary


async def test_an_expired_list_still_proves_but_never_clears() -> None:
    days = {"begin": NOW - 9 * DAY, "end": NOW - DAY}
    assert words(await judged(base=crl(PKI.issuing, PKI.signature, **days))) == ["yes"]
    finding = await judged(base=crl(PKI.issuing, **days))
    assert (finding.verdict, words(finding)) == ("unknown", [])


async def test_a_forged_list_proves_nothing() -> None:
    finding = await judged(base=crl(PKI.issuing, PKI.signature, key=key_of("impostor")))
    assert (finding.verdict, words(finding)) == ("unknown", [])


@pytest.mark.parametrize("trouble", ["timeout", "nxdomain", b"<html>"])
async def test_an_unread_list_leaves_it_unknown(trouble: Any) -> None:
    assert ((await judged(base=trouble)).verdict, words(await judged(base=trouble))) == ("unknown", [])


async def test_a_list_that_may_not_be_asked_is_skipped() -> None:
    assert (await judged(base="guarded")).verdict == "skipped"
    assert (await judged(PKI.issuing.der)).verdict == "skipped"


async def test_an_unread_delta_does_not_matter_beside_a_good_base() -> None:
    assert words(await judged(delta="timeout")) == ["no"]


async def test_the_same_serial_of_another_ca_does_not_matter() -> None:
    other = issue("Other Issuing", None, ca=True)
    twin = ra(PKI, "encryption", by=other, serial=PKI.signature.certificate.serial_number)
    bundle = pack(PKI.issuing, other, twin, PKI.signature)
    finding = await judged(bundle, base=crl(PKI.issuing, PKI.signature))
    assert "for signing" in finding.summary


async def test_under_http_500_it_is_judged_from_memory() -> None:
    assert words(await remembered(CHECK, PKI, base=crl(PKI.issuing, PKI.encryption))) == ["yes"]
    assert words(await remembered(CHECK, PKI)) == ["no"]
    assert (await found(CHECK, ndes(BROKEN))).verdict == "unknown"
