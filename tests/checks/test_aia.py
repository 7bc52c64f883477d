"""Where the certificates say that their issuers are, the issuers must be; it warns and weighs nothing."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from bot.findings import Finding
from connectors.checks.aia import CHECK
from tests.checks.asking import found
from tests.checks.issued import BROKEN, ROOT_CERTIFICATE, ndes, published, ra, remembered
from tests.knowledge.pki import Pki, issue, key_of, pack

PKI = Pki.make()
ISSUING = "http://pki.example.com/issuing.crt"


def leading_to(*urls: str) -> x509.AuthorityInformationAccess:
    kind = AuthorityInformationAccessOID.CA_ISSUERS
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(kind, x509.UniformResourceIdentifier(url)) for url in urls]
    )


def with_aia(*urls: str) -> Pki:
    """The PKI with an RA certificate that leads there."""
    kept = [one.value for one in PKI.encryption.certificate.extensions]
    return PKI.with_(encryption=ra(PKI, "encryption", *kept, leading_to(*urls)))


async def judged(bundle: bytes = PKI.bundle, more: dict[str, Any] | None = None, **changed: Any) -> Finding:
    finding = await found(CHECK, ndes(bundle, {**published(PKI, **changed), **(more or {})}))
    assert finding.outcomes == ()
    return finding


async def test_issuers_that_are_there_are_well() -> None:
    finding = await judged(with_aia(ISSUING).bundle, {ISSUING: PKI.issuing.der})
    assert finding.verdict == "ok"
    assert finding.evidence["urls"] == [f"{ISSUING}: ok", f"{ROOT_CERTIFICATE}: ok"]
    assert finding.evidence["in_bundle"] is False  # the root is not handed out


@pytest.mark.parametrize(
    "body",
    [PKI.issuing.certificate.public_bytes(Encoding.PEM), pack(PKI.root, PKI.issuing)],
)
async def test_pem_and_pkcs7_are_read_too(body: bytes) -> None:
    assert (await judged(with_aia(ISSUING).bundle, {ISSUING: body})).verdict == "ok"


@pytest.mark.parametrize(
    "body",
    [PKI.root.der, b"<html>", b"", issue("Example Issuing", None, ca=True, key=key_of("impostor")).der],
)
async def test_anything_else_there_is_a_warning(body: bytes) -> None:
    finding = await judged(with_aia(ISSUING).bundle, {ISSUING: body})
    assert finding.verdict == "warn"
    assert "is not at http://pki.example.com/issuing.crt" in finding.summary


async def test_what_cannot_be_fetched_is_a_warning() -> None:
    finding = await judged(certificate="timeout")
    assert finding.verdict == "warn"
    assert "though devices may see it" in finding.summary


async def test_one_good_address_of_two_is_enough() -> None:
    pki = with_aia("http://gone.example.com/x.crt", ISSUING)
    assert (await judged(pki.bundle, {ISSUING: PKI.issuing.der})).verdict == "ok"


async def test_what_names_nothing_or_may_not_be_asked_is_skipped() -> None:
    bare = PKI.with_(issuing=issue("Example Issuing", PKI.root, ca=True))
    assert (await judged(bare.bundle)).verdict == "skipped"
    assert (await judged(certificate="guarded")).verdict == "skipped"
    ldap = bare.with_(encryption=with_aia("ldap:///CN=x").encryption)
    assert "LDAP" in (await judged(ldap.bundle)).summary


async def test_under_http_500_it_is_judged_from_memory() -> None:
    assert (await remembered(CHECK, PKI)).verdict == "ok"
    assert (await found(CHECK, ndes(BROKEN))).verdict == "unknown"
