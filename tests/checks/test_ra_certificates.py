"""Each way in which RA certificates stop NDES has its word; from memory too, while HTTP 500 hides them."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from bot.findings import Finding, Past, Thresholds
from connectors.checks.ra_certificates import CHECK
from tests.checks.asking import NOW, found
from tests.checks.issued import BROKEN, DAY, ndes, ra, remembered
from tests.knowledge.pki import LDAP, Holder, Pki, issue, key_of, named, pack, resigned, usage

PKI = Pki.make()


async def judged(bundle: bytes, past: Past | None = None, **more: Any) -> Finding:
    return await found(CHECK, ndes(bundle), past, **more)


def words(finding: Finding) -> list[str]:
    assert {column for column, _ in finding.outcomes} <= {"ra"}
    return [word for _, word in finding.outcomes]


def bundle(**changed: Holder) -> bytes:
    return PKI.with_(**changed).bundle


async def test_a_valid_pair_is_well() -> None:
    finding = await judged(PKI.bundle)
    assert (finding.verdict, words(finding)) == ("ok", ["ok"])
    assert finding.evidence["encryption_template"] == "CEPEncryption"
    assert finding.evidence["signature_template"] == "EnrollmentAgentOffline"
    assert finding.evidence["encryption_request_agent"] is True
    assert finding.evidence["encryption_serial"] == PKI.encryption.serial
    assert finding.evidence["signature_issuer"] == "CN=Example Issuing"
    assert finding.evidence["from_memory"] is False
    assert finding.evidence["changed_since_last_good"] is None
    assert "2027-11-21 (365 days left)" in finding.summary


async def test_expired_certificates_fail_with_the_day() -> None:
    finding = await judged(Pki.make(end=NOW - 3 * DAY).bundle)
    assert (finding.verdict, words(finding)) == ("fail", ["expired"])
    assert "Both RA certificates expired on 2026-11-18, 3 days ago" in finding.summary
    assert finding.evidence["encryption_days_left"] == -3


async def test_one_that_has_just_expired_is_named() -> None:
    finding = await judged(bundle(signature=ra(PKI, "signature", end=NOW - timedelta(hours=1))))
    assert words(finding) == ["expired"]
    assert "The RA certificate for signing expired on 2026-11-21, less than a day ago" in finding.summary


@pytest.mark.parametrize(
    ("days", "verdict", "word"), [(30, "ok", "ok"), (29, "warn", "expiring"), (0, "warn", "expiring")]
)
async def test_what_expires_soon_is_a_warning(days: int, verdict: str, word: str) -> None:
    soon = ra(PKI, "encryption", end=NOW + timedelta(days=days, hours=1))
    finding = await judged(bundle(encryption=soon))
    assert (finding.verdict, words(finding)) == (verdict, [word])
    assert finding.evidence["encryption_days_left"] == days


async def test_the_threshold_is_that_of_the_server() -> None:
    soon = ra(PKI, "encryption", end=NOW + 50 * DAY)
    assert words(await judged(bundle(encryption=soon), thresholds=Thresholds(ra_days=60))) == ["expiring"]


@pytest.mark.parametrize("missing", ["encryption", "signature"])
async def test_a_missing_role_fails(missing: str) -> None:
    there = PKI.signature if missing == "encryption" else PKI.encryption
    finding = await judged(pack(PKI.issuing, there))
    assert (finding.verdict, words(finding)) == ("fail", [f"no_{missing}"])


async def test_one_certificate_may_have_both_roles() -> None:
    both = ra(PKI, "encryption", usage("key_encipherment", "digital_signature"))
    assert words(await judged(pack(PKI.issuing, both))) == ["ok"]


async def test_certificates_of_another_ca_fail() -> None:
    other = Pki.make()
    foreign = issue("Other Issuing", other.root, ca=True)
    finding = await judged(bundle(encryption=ra(PKI, "encryption", by=foreign), signature=PKI.signature))
    assert (finding.verdict, words(finding)) == ("fail", ["wrong_issuer"])
    assert "the RA certificate for encryption" in finding.summary


async def test_a_signature_that_is_not_the_cas_fails() -> None:
    impostor = Holder(PKI.issuing.certificate, key_of("impostor"))
    finding = await judged(bundle(encryption=ra(PKI, "encryption", by=impostor)))
    assert (finding.verdict, words(finding)) == ("fail", ["bad_signature"])


async def test_every_fault_is_told() -> None:
    foreign = issue("Other Issuing", None, ca=True)
    finding = await judged(pack(PKI.issuing, ra(PKI, "encryption", by=foreign, end=NOW - DAY)))
    assert words(finding) == ["expired", "no_signature", "wrong_issuer"]


async def test_a_certificate_of_tomorrow_fails_without_a_word() -> None:
    finding = await judged(bundle(encryption=ra(PKI, "encryption", begin=NOW + DAY)))
    assert (finding.verdict, words(finding)) == ("fail", [])
    assert "2026-11-22" in finding.summary


async def test_weak_signatures_are_a_warning() -> None:
    weak = Holder(x509.load_der_x509_certificate(resigned(PKI.encryption, PKI.issuing, hashes.SHA1(), 5)), PKI.root.key)
    finding = await judged(bundle(encryption=weak))
    assert (finding.verdict, words(finding)) == ("warn", ["weak_or_pss"])
    assert words(await judged(bundle(signature=ra(PKI, "signature", pss=True)))) == ["weak_or_pss"]
    assert words(await judged(bundle(issuing=issue("Example Issuing", PKI.root, ca=True, pss=True)))) == ["weak_or_pss"]


async def test_a_root_that_signs_itself_weakly_is_no_matter() -> None:
    root = issue("Example Root", None, ca=True, pss=True)
    assert words(await judged(pack(root, PKI.issuing, PKI.encryption, PKI.signature))) == ["ok"]


async def test_what_is_expired_is_not_also_cleared_as_weak() -> None:
    old = ra(PKI, "signature", pss=True, end=NOW - DAY)
    assert words(await judged(bundle(signature=old))) == ["expired"]


@pytest.mark.parametrize("body", [PKI.issuing.der, PKI.root.der, pack(PKI.root, PKI.issuing)])
async def test_without_ra_certificates_it_is_not_ndes(body: bytes) -> None:
    finding = await judged(body)
    assert (finding.verdict, words(finding)) == ("warn", ["no_ra"])
    assert "this is not how NDES answers" in finding.summary


async def test_of_two_pairs_the_newest_counts() -> None:
    old = Pki.make(end=NOW - DAY)
    fresh = ra(PKI, "encryption", begin=NOW - DAY), ra(PKI, "signature", begin=NOW - DAY)
    assert words(await judged(pack(PKI.issuing, old.encryption, old.signature, *fresh))) == ["ok"]


async def test_a_change_since_the_last_good_run_is_seen() -> None:
    past = Past(at=NOW - DAY, bundle=PKI.bundle)
    assert (await judged(PKI.bundle, past)).evidence["changed_since_last_good"] is False
    renewed = bundle(encryption=ra(PKI, "encryption"))
    assert (await judged(renewed, past)).evidence["changed_since_last_good"] is True


async def test_under_http_500_they_are_judged_from_memory_at_the_present_day() -> None:
    finding = await remembered(CHECK, Pki.make(end=NOW - DAY))
    assert (finding.verdict, words(finding)) == ("fail", ["expired"])
    assert words(await remembered(CHECK, PKI, "dropped")) == ["ok"]


async def test_without_memory_nothing_is_known() -> None:
    finding = await found(CHECK, ndes(BROKEN))
    assert (finding.verdict, finding.outcomes) == ("unknown", ())


async def test_foreign_words_are_cut_and_clean() -> None:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "<!channel> " + "x" * 50)] * 20)
    template = named("y" * 5_000 + LDAP)
    evil = issue(name, PKI.issuing, usage("key_encipherment"), template, key=PKI.encryption.key)
    finding = await judged(bundle(encryption=evil))
    assert all(len(value) <= 200 for value in finding.evidence.values() if isinstance(value, str))


async def test_the_pair_that_was_replaced_is_named_with_the_looks_between_which_that_happened() -> None:
    before = Past(at=NOW - DAY, bundle=PKI.bundle)
    now = bundle(encryption=ra(PKI, "encryption"))
    finding = await judged(now, before)
    former = {name: value for name, value in finding.evidence.items() if name.startswith("former_")}
    assert former == {
        "former_issuer": "CN=Example Issuing",
        "former_serial": PKI.encryption.serial,
        "former_not_after": PKI.encryption.certificate.not_valid_after_utc.isoformat(),
        "former_seen": (NOW - DAY).isoformat(),
        "former_gone": NOW.isoformat(),
    }
    later = await judged(now, Past(at=NOW, bundle=now, findings=(finding,)))
    assert later.evidence["changed_since_last_good"] is False
    assert {name: later.evidence[name] for name in former} == former


async def test_a_pair_that_stayed_the_same_names_none_before_it() -> None:
    finding = await judged(PKI.bundle, Past(at=NOW - DAY, bundle=PKI.bundle))
    assert not [name for name in finding.evidence if name.startswith("former_")]
    assert finding.evidence["encryption_not_before"] == PKI.encryption.certificate.not_valid_before_utc.isoformat()
