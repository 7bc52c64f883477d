"""Both requests are complete SCEP messages, as OpenSSL and the RA's key see them, and neither gets anything useful."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_public_key
from cryptography.x509.oid import NameOID

from knowledge import der, scep
from knowledge.certificates import ScepError, read_certificate
from knowledge.scep import Bundle, Caps, read_bundle, read_caps
from knowledge.scep_requests import SUBJECT, poisoned_request, poll_message, transaction_id
from tests.knowledge.pki import NOW, YEAR, Holder, Pki, issue, key_of, pack, usage

RANDOM = bytes(range(32))
OTHER = bytes(range(1, 33))
NDES = read_caps(b"POSTPKIOperation\nRenewal\nSHA-512\nSHA-256\nSHA-1\nDES3\n")


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki.make()


@pytest.fixture(scope="module")
def bundle(pki: Pki) -> Bundle:
    return read_bundle(pki.bundle)


def openssl(*words: str, data: bytes, at: Path) -> bytes:
    return subprocess.run(["openssl", *words], input=data, cwd=at, capture_output=True, check=True).stdout


def opened(message: bytes, by: Holder, at: Path) -> bytes:
    """What a message asks, after its signature and its envelope."""
    (at / "ra.pem").write_bytes(by.certificate.public_bytes(Encoding.PEM))
    (at / "ra.key").write_bytes(by.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    envelope = openssl("cms", "-verify", "-noverify", "-binary", "-inform", "DER", data=message, at=at)
    decrypt = ("cms", "-decrypt", "-binary", "-inform", "DER", "-recip", "ra.pem", "-inkey", "ra.key")
    return openssl(*decrypt, data=envelope, at=at)


def attributes(message: bytes) -> dict[str, der.Element]:
    """The signed attributes, by their numbers."""
    (signer,) = der.element(message).children()[1].only().children()[-1].children()
    pairs = (pair.children() for pair in signer.children()[3].children())
    return {number.dotted(): values.only() for number, values in pairs}


def signer(message: bytes) -> x509.Certificate:
    fields = der.element(message).children()[1].only().children()
    return x509.load_der_x509_certificate(fields[3].only().whole)


# --- CertPoll --------------------------------------------------------------------------------


def test_a_poll_asks_for_a_certificate_by_its_issuer_and_subject_alone(
    pki: Pki, bundle: Bundle, tmp_path: Path
) -> None:
    asked = opened(poll_message(bundle, NOW, RANDOM), pki.encryption, tmp_path)
    issuer, subject = der.element(asked).children()
    assert issuer.whole == pki.issuing.certificate.subject.public_bytes()
    assert subject.whole == x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SUBJECT)]).public_bytes()


def test_a_poll_has_the_attributes_of_scep(bundle: Bundle) -> None:
    found = attributes(poll_message(bundle, NOW, RANDOM))
    assert found[scep.MESSAGE_TYPE].content == b"20"
    assert found[scep.TRANSACTION_ID].content.decode() == transaction_id(RANDOM)
    assert found[scep.TRANSACTION_ID].tag == found[scep.MESSAGE_TYPE].tag == der.PRINTABLE
    assert len(found[scep.SENDER_NONCE].octets()) == 16
    assert scep.PKI_STATUS not in found


def test_a_poll_can_be_sent_to_a_single_certificate(pki: Pki, tmp_path: Path) -> None:
    for whole in (read_bundle(pki.root.der), read_certificate(pki.root.der)):
        asked = opened(poll_message(whole, NOW, RANDOM), pki.root, tmp_path)
        assert der.element(asked).only().whole == pki.root.certificate.subject.public_bytes()
    asked = opened(poll_message(read_certificate(pki.encryption.der), NOW, RANDOM), pki.encryption, tmp_path)
    assert der.element(asked).only().whole == pki.issuing.certificate.subject.public_bytes()


def test_openssl_sees_a_well_formed_message(bundle: Bundle, tmp_path: Path) -> None:
    message = poll_message(bundle, NOW, RANDOM)
    told = openssl("asn1parse", "-inform", "DER", data=message, at=tmp_path).decode()
    assert "pkcs7-signedData" in told
    assert f"PRINTABLESTRING   :{transaction_id(RANDOM)}" in told
    assert "2.16.840.1.113733.1.9.2" in told
    shown = openssl("cms", "-cmsout", "-print", "-inform", "DER", data=message, at=tmp_path).decode()
    assert "digestAlgorithm" in shown
    assert "sha256" in shown


# --- PKCSReq ---------------------------------------------------------------------------------


def test_a_poisoned_request_has_no_challenge_no_key_and_no_proof(pki: Pki, bundle: Bundle, tmp_path: Path) -> None:
    message = poisoned_request(bundle, NOW, RANDOM)
    assert attributes(message)[scep.MESSAGE_TYPE].content == b"19"
    request = x509.load_der_x509_csr(opened(message, pki.encryption, tmp_path))
    assert request.subject.rfc4514_string() == f"CN={SUBJECT}"
    assert list(request.attributes) == []
    assert not request.is_signature_valid
    key = request.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2_048
    assert key.public_numbers().n % 2 == 1
    assert key.public_numbers() != signer(message).public_key().public_numbers()  # type: ignore[union-attr]


def test_openssl_refuses_the_proof_of_a_poisoned_request(pki: Pki, bundle: Bundle, tmp_path: Path) -> None:
    asked = opened(poisoned_request(bundle, NOW, RANDOM), pki.encryption, tmp_path)
    said = subprocess.run(
        ["openssl", "req", "-inform", "DER", "-noout", "-verify", "-text"], input=asked, capture_output=True
    )
    assert b"verif" in said.stderr.lower()
    assert b"OK" not in said.stderr
    assert b"challengePassword" not in said.stdout


def test_two_poisoned_requests_have_different_keys(pki: Pki, bundle: Bundle, tmp_path: Path) -> None:
    first, second = (
        x509.load_der_x509_csr(opened(poisoned_request(bundle, NOW, random), pki.encryption, tmp_path))
        for random in (RANDOM, OTHER)
    )
    assert first.public_key() != second.public_key()
    assert first.signature != second.signature
    assert transaction_id(RANDOM) != transaction_id(OTHER)


# --- both ------------------------------------------------------------------------------------


def test_the_signer_is_thrown_away_and_says_what_it_is(bundle: Bundle) -> None:
    first, second = (signer(poll_message(bundle, NOW, RANDOM)) for _ in range(2))
    assert first.public_key() != second.public_key()
    facts = read_certificate(first.public_bytes(Encoding.DER))
    assert (facts.subject, facts.self_signed, facts.is_ca) == (f"CN={SUBJECT}", True, False)
    assert facts.not_before < NOW < facts.not_after <= NOW + timedelta(days=2)
    assert facts.key_usage == ("digitalSignature", "keyEncipherment")


@pytest.mark.parametrize(
    ("caps", "cipher", "digest"),
    [
        (None, "aes-128-cbc", "sha256"),
        (NDES, "des-ede3-cbc", "sha256"),
        (read_caps(b"AES\nSHA-256"), "aes-128-cbc", "sha256"),
        (read_caps(b"SCEPStandard"), "aes-128-cbc", "sha256"),
        (read_caps(b"AES\nSHA-512"), "aes-128-cbc", "sha512"),
        (Caps((), ()), "des-ede3-cbc", "sha1"),
    ],
)
def test_the_server_gets_what_it_understands(
    pki: Pki, bundle: Bundle, tmp_path: Path, caps: Caps | None, cipher: str, digest: str
) -> None:
    message = poll_message(bundle, NOW, RANDOM, caps)
    assert opened(message, pki.encryption, tmp_path)
    envelope = openssl("cms", "-verify", "-noverify", "-binary", "-inform", "DER", data=message, at=tmp_path)
    told = openssl("cms", "-cmsout", "-print", "-inform", "DER", data=envelope, at=tmp_path).decode()
    assert cipher in told
    number = next(number for number, algorithm in scep.DIGESTS.items() if algorithm.name == digest)
    assert der.object_id(number) in message


def test_it_is_encrypted_to_the_newest_that_may_be_encrypted_to(pki: Pki, tmp_path: Path) -> None:
    older, newer = (
        issue("RA", pki.issuing, usage("key_encipherment"), key=key_of(f"RA {days}"), begin=NOW - timedelta(days=days))
        for days in (90, 9)
    )
    found = read_bundle(pack(pki.issuing, newer, older, pki.signature))
    assert opened(poll_message(found, NOW, RANDOM), newer, tmp_path)


def test_one_certificate_for_both_roles_will_do(pki: Pki, tmp_path: Path) -> None:
    ra = issue("RA", pki.issuing, usage("key_encipherment", "digital_signature"), key=key_of("RA both"))
    assert opened(poll_message(read_bundle(pack(pki.issuing, ra)), NOW, RANDOM), ra, tmp_path)


def test_with_nobody_to_encrypt_to_there_is_no_request(pki: Pki) -> None:
    signature_only = read_bundle(pack(pki.issuing, pki.signature))
    for make in (poll_message, poisoned_request):
        with pytest.raises(ScepError, match="may be encrypted to"):
            make(signature_only, NOW, RANDOM)


def test_a_key_that_cannot_be_encrypted_to_is_told() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "curve")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, NOW, NOW + YEAR).sign(key, hashes.SHA256())
    with pytest.raises(ScepError, match="EC P-256"):
        poll_message(read_certificate(made.public_bytes(Encoding.DER)), NOW, RANDOM)


def test_too_little_randomness_is_refused(bundle: Bundle) -> None:
    for make in (poll_message, poisoned_request):
        with pytest.raises(ScepError, match="32 random bytes"):
            make(bundle, NOW, b"short")


def test_the_size_is_that_of_any_enrolment(bundle: Bundle) -> None:
    assert len(poll_message(bundle, NOW, RANDOM)) < len(poisoned_request(bundle, NOW, RANDOM)) < 4_096


def test_the_poisoned_key_can_be_read_by_a_server(pki: Pki, bundle: Bundle, tmp_path: Path) -> None:
    asked = opened(poisoned_request(bundle, NOW, RANDOM), pki.encryption, tmp_path)
    public = der.element(asked).only().children()[2].whole
    key = load_der_public_key(public)
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.public_numbers().e == 65_537
