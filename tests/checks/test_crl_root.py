"""The CRL above the issuing CA: one that has expired is remote proof of a CA service that will not start."""

from typing import Any

import pytest
from cryptography import x509

from bot.errors import Trouble
from bot.findings import Finding
from connectors.checks.crl_root import CHECK
from tests.checks.asking import NOW, found
from tests.checks.issued import BROKEN, DAY, ROOT, ROOT_CERTIFICATE, crl, ndes, published, ra, remembered
from tests.knowledge.pki import LDAP, Pki, issue, key_of, pack, points

PKI = Pki.make()
OLD = crl(PKI.root, begin=NOW - 200 * DAY, end=NOW - 5 * DAY)
ABOVE = "http://pki.example.com/policy.crl"


async def judged(bundle: bytes = PKI.bundle, **changed: Any) -> Finding:
    return await found(CHECK, ndes(bundle, published(PKI, **changed)))


def words(finding: Finding) -> list[str]:
    assert {column for column, _ in finding.outcomes} <= {"crl_root"}
    return [word for _, word in finding.outcomes]


async def test_a_valid_crl_is_well_and_its_signature_is_checked_by_the_root_that_is_fetched() -> None:
    finding = await judged()
    assert (finding.verdict, words(finding)) == ("ok", ["ok"])
    assert finding.evidence["url"] == ROOT
    assert finding.evidence["signature_ok"] is True
    assert "2027-02-19 (90 days left)" in finding.summary


async def test_the_root_in_the_bundle_needs_no_fetching() -> None:
    wire = ndes(pack(PKI.root, PKI.issuing, PKI.encryption, PKI.signature), published(PKI))
    assert (await found(CHECK, wire)).evidence["signature_ok"] is True
    assert ("FETCH", ROOT_CERTIFICATE) not in wire.asked


async def test_without_the_root_the_signature_stays_open() -> None:
    finding = await judged(certificate="timeout")
    assert (words(finding), finding.evidence["signature_ok"]) == (["ok"], None)


async def test_an_expired_crl_fails() -> None:
    finding = await judged(root=OLD)
    assert (finding.verdict, words(finding)) == ("fail", ["expired"])
    assert "expired on 2026-11-16, 5 days ago: the issuing CA does not start again" in finding.summary


@pytest.mark.parametrize("trouble", ["timeout", "refused", "nxdomain"])
async def test_what_cannot_be_fetched_is_a_warning(trouble: Trouble) -> None:
    finding = await judged(root=trouble)
    assert (finding.verdict, words(finding)) == ("warn", ["unreachable"])


async def test_a_forged_crl_fails_without_a_word() -> None:
    finding = await judged(root=crl(PKI.root, key=key_of("impostor")))
    assert (finding.verdict, words(finding)) == ("fail", [])


async def test_the_certificate_of_somebody_else_at_aia_verifies_nothing() -> None:
    other = issue("Example Root", None, ca=True, key=key_of("impostor"))
    finding = await judged(root=crl(PKI.root, key=key_of("impostor")), certificate=other.der)
    assert finding.evidence["signature_ok"] is None


async def test_a_single_root_has_no_crl_above() -> None:
    pki = PKI.with_(issuing=PKI.root, encryption=ra(PKI, "encryption", by=PKI.root))
    pki = pki.with_(signature=ra(PKI, "signature", by=PKI.root))
    finding = await judged(pki.bundle)
    assert (finding.verdict, words(finding)) == ("skipped", [])


async def test_a_ca_that_names_ldap_only_is_skipped() -> None:
    issuing = issue("Example Issuing", PKI.root, x509.CRLDistributionPoints(points(LDAP)), ca=True)
    finding = await judged(PKI.with_(issuing=issuing).bundle)
    assert finding.verdict == "skipped"
    assert "LDAP" in finding.summary


async def test_without_a_ca_nothing_is_known() -> None:
    assert (await judged(pack(PKI.encryption, PKI.signature))).verdict == "unknown"


async def test_with_three_tiers_the_crls_of_both_above_count() -> None:
    policy = issue("Example Policy", PKI.root, x509.CRLDistributionPoints(points(ROOT)), ca=True)
    issuing = issue("Example Issuing", policy, x509.CRLDistributionPoints(points(ABOVE)), ca=True)
    files = {**published(PKI), ABOVE: crl(policy), ROOT: OLD}
    bundle = pack(issuing, policy, PKI.root, PKI.encryption, PKI.signature)
    finding = await found(CHECK, ndes(bundle, files))
    assert (words(finding), finding.evidence["url"]) == (["expired"], ROOT)


async def test_under_http_500_it_is_judged_from_memory() -> None:
    assert words(await remembered(CHECK, PKI, root=OLD)) == ["expired"]
    assert words(await remembered(CHECK, PKI)) == ["ok"]
    assert (await found(CHECK, ndes(BROKEN))).verdict == "unknown"
