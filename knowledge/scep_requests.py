"""The two SCEP requests of a check: one asks for nothing, the other for a certificate that nobody could use."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from knowledge import der, extensions, scep
from knowledge.certificates import CertificateFacts, ScepError, public_key, reading
from knowledge.scep import Bundle, Caps

SUBJECT = "ndes-check-probe-do-not-issue"
"""The common name in both requests, for those who find it in a log."""

_ENOUGH = 32  # bytes of randomness
_MODULUS = 256  # bytes
_EXPONENT = 65_537
_PKCS_REQ, _CERT_POLL = "19", "20"

_DATA = "1.2.840.113549.1.7.1"
_ENVELOPED_DATA = "1.2.840.113549.1.7.3"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_RSA = "1.2.840.113549.1.1.1"
_SHA256_WITH_RSA = "1.2.840.113549.1.1.11"


@dataclass(frozen=True, slots=True)
class _Encryption:
    """A block cipher in CBC mode by its number; sizes in bytes."""

    number: str
    cipher: Callable[[bytes], CipherAlgorithm]
    key: int
    block: int


_AES_128 = _Encryption("2.16.840.1.101.3.4.1.2", AES, 16, 16)
_TRIPLE_DES = _Encryption("1.2.840.113549.3.7", TripleDES, 24, 8)


def poll_message(ca: CertificateFacts | Bundle, now: datetime, random: bytes, caps: Caps | None = None) -> bytes:
    """A CertPoll (RFC 8894, section 3.3.3) for a transaction that never was.

    It holds no public key but that of its throw-away signer, so there is nothing to certify. Encrypted
    to the RA, or to `ca` where that is one certificate. `random` are at least 32 bytes from a good
    source, `now` is aware. AES-128 and SHA-256 are used unless `caps` says that the server knows neither.
    No two messages are the same: key and padding come from the operating system; making a key takes some
    ten milliseconds. Raises `ScepError` where there is nobody to encrypt to.
    """
    recipient = _recipient(ca)
    with reading("a CA certificate"):
        asked = der.sequence(_issuer_name(ca, recipient), _name())
    return _message(_CERT_POLL, asked, recipient, now, random, caps)


def poisoned_request(bundle: Bundle, now: datetime, random: bytes, caps: Caps | None = None) -> bytes:
    """A PKCSReq (RFC 8894, section 3.3.1) for a certificate that nobody could use.

    No challenge; a public key whose modulus is a random number, so that nobody has the private half;
    and random bytes for the proof of possession. A policy module refuses it for want of a challenge, and
    a CA that verifies the proof of possession refuses it too. A server that looks at neither grants it:
    `scepserver` of Debian does, where it was given no challenge. So nothing in the message protects;
    whoever sends it must know that IIS and a policy module are at work. Arguments and errors as of
    `poll_message`.
    """
    return _message(_PKCS_REQ, _poisoned_csr(random), _recipient(bundle), now, random, caps)


def transaction_id(random: bytes) -> str:
    """The transaction of a message made with the same `random`: 32 hex digits."""
    return _drawn(random, "transaction", 16).hex()


# --- what is asked ---------------------------------------------------------------------------


def _recipient(ca: CertificateFacts | Bundle) -> CertificateFacts:
    """The newest RA certificate that may be encrypted to; without an RA the CA itself."""
    if isinstance(ca, CertificateFacts):
        return ca
    for role in ("encryption", "both"):
        fitting = [ra.facts for ra in ca.ra if ra.role == role]
        if fitting:
            return max(fitting, key=lambda facts: facts.not_before)
    if ca.ra or ca.issuing is None:
        raise ScepError("None of the server's certificates may be encrypted to.")
    return ca.issuing


def _issuer_name(ca: CertificateFacts | Bundle, recipient: CertificateFacts) -> bytes:
    issuing = ca.issuing if isinstance(ca, Bundle) else recipient
    if issuing is not None and issuing.is_ca:
        return extensions.outline(issuing.der).subject
    return extensions.outline(recipient.der).issuer


def _name() -> bytes:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SUBJECT)]).public_bytes()


def _poisoned_csr(random: bytes) -> bytes:
    key = der.sequence(der.integer(_modulus(random)), der.integer(_EXPONENT))
    asked = der.sequence(
        der.integer(0),
        _name(),
        der.sequence(_algorithm(_RSA, der.NULL), der.bit_string(key)),
        der.context(0),  # no attributes: no challenge
    )
    proof = _drawn(random, "proof", _MODULUS)
    return der.sequence(asked, _algorithm(_SHA256_WITH_RSA, der.NULL), der.bit_string(proof))


def _modulus(random: bytes) -> int:
    """A random odd number of 2048 bits. Of a prime, one in 700, everybody would know the private key."""
    number = int.from_bytes(_drawn(random, "modulus", _MODULUS), "big") | 1 << (8 * _MODULUS - 1) | 1
    while pow(2, number - 1, number) == 1:
        number -= 2
    return number


def _drawn(random: bytes, purpose: str, size: int) -> bytes:
    """Bytes for one purpose, which tell nothing of those for another."""
    if len(random) < _ENOUGH:
        raise ScepError(f"A request needs {_ENOUGH} random bytes, not {len(random)}.")
    return hashlib.shake_256(purpose.encode() + b"\0" + random).digest(size)


# --- around it -------------------------------------------------------------------------------


def _message(
    kind: str, content: bytes, recipient: CertificateFacts, now: datetime, random: bytes, caps: Caps | None
) -> bytes:
    return _signed(kind, _enveloped(content, recipient, random, _encryption(caps)), now, random, _digest(caps))


def _encryption(caps: Caps | None) -> _Encryption:
    return _AES_128 if caps is None or {"AES", "SCEPStandard"} & set(caps.known) else _TRIPLE_DES


def _digest(caps: Caps | None) -> str:
    if caps is None or {"SHA-256", "SCEPStandard"} & set(caps.known):
        return scep.SHA256
    return scep.SHA512 if "SHA-512" in caps.known else scep.SHA1


def _enveloped(content: bytes, recipient: CertificateFacts, random: bytes, encryption: _Encryption) -> bytes:
    """EnvelopedData for one recipient (RFC 5652, section 6.1)."""
    key = _drawn(random, "content key", encryption.key)
    start = _drawn(random, "initialization vector", encryption.block)
    padder = PKCS7(8 * encryption.block).padder()
    encryptor = Cipher(encryption.cipher(key), modes.CBC(start)).encryptor()
    hidden = encryptor.update(padder.update(content) + padder.finalize()) + encryptor.finalize()
    return _content_info(
        _ENVELOPED_DATA,
        der.sequence(
            der.integer(0),
            der.set_of(_key_for(recipient, key)),
            der.sequence(
                der.object_id(_DATA),
                _algorithm(encryption.number, der.octet_string(start)),
                der.tlv(0x80, hidden),  # [0] in place of OCTET STRING
            ),
        ),
    )


def _key_for(recipient: CertificateFacts, key: bytes) -> bytes:
    public = public_key(recipient)
    if not isinstance(public, rsa.RSAPublicKey):
        raise ScepError(f"SCEP encrypts to RSA keys; this certificate has {recipient.key}.")
    with reading("a certificate that can be encrypted to"):
        encrypted = public.encrypt(key, padding.PKCS1v15())
        parts = extensions.outline(recipient.der)
        name = der.sequence(parts.issuer, der.tlv(der.INTEGER, parts.serial))
    return der.sequence(der.integer(0), name, _algorithm(_RSA, der.NULL), der.octet_string(encrypted))


def _signed(kind: str, content: bytes, now: datetime, random: bytes, digest: str) -> bytes:
    """SignedData with the attributes of SCEP (RFC 8894, section 3.2.1), by a key that is then forgotten."""
    key = rsa.generate_private_key(public_exponent=_EXPONENT, key_size=2_048)
    serial = int.from_bytes(_drawn(random, "serial", 16), "big") >> 1 | 1
    algorithm = scep.DIGESTS[digest]
    hashed = hashes.Hash(algorithm)
    hashed.update(content)
    attributes = der.set_of(
        _attribute(_CONTENT_TYPE, der.object_id(_DATA)),
        _attribute(scep.MESSAGE_DIGEST, der.octet_string(hashed.finalize())),
        _attribute(scep.MESSAGE_TYPE, der.printable(kind)),
        _attribute(scep.SENDER_NONCE, der.octet_string(_drawn(random, "nonce", 16))),
        _attribute(scep.TRANSACTION_ID, der.printable(transaction_id(random))),
    )
    signer = der.sequence(
        der.integer(1),
        der.sequence(_name(), der.integer(serial)),
        _algorithm(digest, der.NULL),
        der.context(0, der.element(attributes).content),
        _algorithm(_RSA, der.NULL),
        der.octet_string(key.sign(attributes, padding.PKCS1v15(), algorithm)),
    )
    return _content_info(
        scep.SIGNED_DATA,
        der.sequence(
            der.integer(1),
            der.set_of(_algorithm(digest, der.NULL)),
            der.sequence(der.object_id(_DATA), der.context(0, der.octet_string(content))),
            der.context(0, _own_certificate(key, serial, now)),
            der.set_of(signer),
        ),
    )


def _own_certificate(key: rsa.RSAPrivateKey, serial: int, now: datetime) -> bytes:
    """Self-signed, valid for two days around now: clocks differ."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SUBJECT)])
    usage = dict.fromkeys(
        (
            "content_commitment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), serial, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.KeyUsage(digital_signature=True, key_encipherment=True, **usage), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.DER)


def _content_info(kind: str, content: bytes) -> bytes:
    return der.sequence(der.object_id(kind), der.context(0, content))


def _algorithm(number: str, parameters: bytes) -> bytes:
    return der.sequence(der.object_id(number), parameters)


def _attribute(number: str, value: bytes) -> bytes:
    return der.sequence(der.object_id(number), der.set_of(value))
