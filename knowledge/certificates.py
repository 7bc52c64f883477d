"""Certificates and revocation lists: what their bytes say, and who signed them."""

import hashlib
import warnings
from base64 import b64decode
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.x509.oid import SignatureAlgorithmOID

from knowledge import der, extensions

_LARGEST = 8 * 1024 * 1024  # bytes of anything that is read
_LARGEST_CERTIFICATE = 64 * 1024  # bytes; one with a thousand names has about 30 KB
_LONGEST_TEXT = 300  # characters of a name that is shown
_LONGEST_URL = 2_048  # characters
_MOST = 500  # names, addresses or usages of one certificate
_LARGEST_RSA = 8_192  # bits; beyond it, and with large exponents, one verification can take seconds
_LARGEST_EXPONENT = 64  # bits

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


class ScepError(ValueError):
    """Bytes are not what they should be. The message is short and may be shown to people."""


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says of itself.

    `subject` and `issuer` are RFC 4514 strings without control characters, at most 300 characters;
    `names` all DNS names and addresses of the SAN; `serial` upper-case hex without leading zeros,
    `sha256` and `sha1` lower-case hex. `signature` is the digest ("sha256"), with "rsassa-pss " before
    it for PSS, or the name or number of a scheme without one; `key` such as "RSA 2048" or "EC P-256".
    `key_usage` has the names of RFC 5280 and is empty without that extension; `ekus` are dotted.
    `self_signed`: its own key verifies it; where that cannot be told here, its two names are the same.
    Dates are aware, in UTC.
    """

    subject: str
    issuer: str
    serial: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    sha256: str
    sha1: str
    signature: str
    key: str
    self_signed: bool
    is_ca: bool
    ekus: tuple[str, ...]
    key_usage: tuple[str, ...]
    der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Crl:
    """What a revocation list says of itself; `entries` is how many certificates it revokes.

    Dates are aware, in UTC; `number` is the CRL number; `delta_urls` are those of FreshestCRL;
    `signature` as in `CertificateFacts`.
    """

    issuer: str
    this_update: datetime
    next_update: datetime | None
    entries: int
    number: int | None
    is_delta: bool
    delta_urls: tuple[str, ...]
    signature: str


# --- certificates ----------------------------------------------------------------------------


def read_certificate(data: bytes) -> CertificateFacts:
    """The facts of a DER certificate (PEM and base64 are taken too). Raises `ScepError`."""
    with reading("a certificate"):
        encoded = plain(data)
        parsed = _load(encoded)
        parts = extensions.outline(encoded)
        found = parts.extensions
        self_signed = parts.issuer == parts.subject and _is_signed_by(parsed, parsed) is not False
        is_ca = extensions.is_authority(found) or (self_signed and not found)  # a root of X.509 version 1
        return CertificateFacts(
            subject=shown(parsed.subject.rfc4514_string()),
            issuer=shown(parsed.issuer.rfc4514_string()),
            serial=parts.serial.hex().upper().lstrip("0") or "0",
            names=_shown(extensions.names(found)),
            not_before=parsed.not_valid_before_utc,
            not_after=parsed.not_valid_after_utc,
            sha256=hashlib.sha256(encoded).hexdigest(),
            sha1=hashlib.sha1(encoded, usedforsecurity=False).hexdigest(),
            signature=_signature(parsed),
            key=_key(parsed),
            self_signed=self_signed,
            is_ca=is_ca,
            ekus=_shown(extensions.purposes(found)),
            key_usage=tuple(extensions.key_usage(found)),
            der=encoded,
        )


def public_key(certificate: CertificateFacts) -> CertificatePublicKeyTypes:
    """The public key of a certificate. Raises `ScepError` for a kind that cannot be used here."""
    with reading("a certificate with a usable key"):
        return _load(certificate.der).public_key()


def issued_by(certificate: CertificateFacts, ca: CertificateFacts) -> bool | None:
    """Whether the CA's name is the issuer's and its key verifies the certificate; None where the name is
    right and the signature is of a kind that cannot be verified here. Raises `ScepError`."""
    if certificate.issuer != ca.subject:
        return False
    with reading("a certificate"):
        return _is_signed_by(_load(certificate.der), _load(ca.der))


def crl_urls(certificate: bytes) -> tuple[str, ...]:
    """Where a certificate says its base CRL is (CDP), all schemes as written. Raises `ScepError`."""
    with reading("a certificate"):
        found = extensions.outline(plain(certificate)).extensions
        return _shown(extensions.point_urls(found.get(extensions.DISTRIBUTION_POINTS)), _LONGEST_URL)


def delta_urls(certificate_or_crl: bytes) -> tuple[str, ...]:
    """Where a certificate or a base CRL says the delta CRL is (FreshestCRL). Raises `ScepError`."""
    with reading("a certificate or CRL"):
        found = extensions.extensions(extensions.signed_part(plain(certificate_or_crl)))
        return _shown(extensions.point_urls(found.get(extensions.FRESHEST_CRL)), _LONGEST_URL)


def issuer_urls(certificate: bytes) -> tuple[str, ...]:
    """Where a certificate says its issuer's certificate is (AIA caIssuers). Raises `ScepError`."""
    with reading("a certificate"):
        found = extensions.outline(plain(certificate)).extensions
        return _shown(extensions.issuer_urls(found), _LONGEST_URL)


def _load(encoded: bytes) -> x509.Certificate:
    if len(encoded) > _LARGEST_CERTIFICATE:
        raise der.DerError(f"{len(encoded):,} bytes are too many")
    return x509.load_der_x509_certificate(encoded)


def _key(certificate: x509.Certificate) -> str:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return certificate.public_key_algorithm_oid.dotted_string
    match key:
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey():
            return f"EC {_CURVES.get(key.curve.name, key.curve.name)}"
        case dsa.DSAPublicKey():
            return f"DSA {key.key_size}"
        case ed25519.Ed25519PublicKey():
            return "Ed25519"
        case ed448.Ed448PublicKey():
            return "Ed448"
        case _:
            return certificate.public_key_algorithm_oid.dotted_string


# --- revocation lists ------------------------------------------------------------------------


def read_crl(data: bytes) -> Crl:
    """The facts of a CRL in DER (PEM and base64 are taken too). Raises `ScepError`."""
    with reading("a CRL"):
        encoded = plain(data)
        part = extensions.signed_part(encoded)
        if any(name.tag == der.SEQUENCE and len(name.content) > _LARGEST_CERTIFICATE for name in part.children()[:3]):
            raise der.DerError("the name of its issuer is too long")
        found = extensions.extensions(part)
        parsed = x509.load_der_x509_crl(encoded)
        number = found.get(extensions.CRL_NUMBER)
        return Crl(
            issuer=shown(parsed.issuer.rfc4514_string()),
            this_update=parsed.last_update_utc,
            next_update=parsed.next_update_utc,
            entries=len(parsed),
            number=None if number is None else der.element(number).number(),
            is_delta=extensions.DELTA_INDICATOR in found,
            delta_urls=_shown(extensions.point_urls(found.get(extensions.FRESHEST_CRL)), _LONGEST_URL),
            signature=_signature(parsed),
        )


def crl_signed_by(data: bytes, ca: bytes) -> bool:
    """Whether a CRL names this CA as its issuer and the CA's key verifies it.

    Raises `ScepError` where the bytes are no CRL or certificate, and where the signature is of a kind
    that cannot be verified here: then it is unknown.
    """
    issuer, authority = read_crl(data).issuer, read_certificate(ca)
    if issuer != authority.subject:
        return False
    with reading("a CRL"):
        signed = _is_signed_by(x509.load_der_x509_crl(plain(data)), _load(authority.der))
    if signed is None:
        raise ScepError("The signature of the CRL is of a kind that cannot be verified here.")
    return signed


def revoked(data: bytes, serials: Collection[str]) -> frozenset[str]:
    """Those of the serials (hex) that a CRL revokes; an entry that a delta CRL takes back does not count.

    Raises `ScepError` for what is no CRL or no hex.
    """
    with reading("a CRL"):
        encoded = plain(data)
        parsed = x509.load_der_x509_crl(encoded)
        return frozenset(serial for serial in serials if _revokes(parsed, encoded, int(serial, 16)))


def _revokes(crl: x509.CertificateRevocationList, encoded: bytes, serial: int) -> bool:
    # A search for the bytes of the serial spares nearly every walk over all entries.
    if serial <= 0 or der.integer(serial) not in encoded:
        return False
    entry = crl.get_revoked_certificate_by_serial_number(serial)
    if entry is None:
        return False
    try:
        why = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return True
    return why is not x509.ReasonFlags.remove_from_crl


# --- signatures ------------------------------------------------------------------------------


def verifies(certificate: CertificateFacts, signature: bytes, signed: bytes, digest: HashAlgorithm) -> bool | None:
    """Whether the key of a certificate made this signature (RSA PKCS #1 v1.5 or ECDSA); None where that
    cannot be told here."""
    try:
        key = public_key(certificate)
    except ScepError:
        return None
    return _verifies(key, signature, signed, digest, padding.PKCS1v15())


def _is_signed_by(one: x509.Certificate | x509.CertificateRevocationList, ca: x509.Certificate) -> bool | None:
    """Not `verify_directly_issued_by`: that refuses SHA-1, which old CAs still use and which can be told."""
    signed = one.tbs_certificate_bytes if isinstance(one, x509.Certificate) else one.tbs_certlist_bytes
    try:
        digest, scheme = one.signature_hash_algorithm, padding.PKCS1v15()
        pss = one.signature_algorithm_parameters if _is_pss(one) else None
        return _verifies(ca.public_key(), one.signature, signed, digest, pss or scheme)
    except (ValueError, UnsupportedAlgorithm):
        return None


def _verifies(
    key: CertificatePublicKeyTypes, signature: bytes, signed: bytes, digest: HashAlgorithm | None, scheme: object
) -> bool | None:
    try:
        match key, digest, scheme:
            case rsa.RSAPublicKey(), HashAlgorithm(), padding.PKCS1v15() | padding.PSS():
                if key.key_size > _LARGEST_RSA or key.public_numbers().e.bit_length() > _LARGEST_EXPONENT:
                    return None
                key.verify(signature, signed, scheme, digest)
            case ec.EllipticCurvePublicKey(), HashAlgorithm(), _:
                key.verify(signature, signed, ec.ECDSA(digest))
            case ((ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey()), None, _):
                key.verify(signature, signed)
            case _:
                return None
    except InvalidSignature:
        return False
    except (ValueError, UnsupportedAlgorithm):
        return None
    return True


def _is_pss(one: x509.Certificate | x509.CertificateRevocationList) -> bool:
    return one.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS


def _signature(one: x509.Certificate | x509.CertificateRevocationList) -> str:
    try:
        digest = one.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        digest = None
    if digest is None:
        names = {SignatureAlgorithmOID.ED25519: "ed25519", SignatureAlgorithmOID.ED448: "ed448"}
        return names.get(one.signature_algorithm_oid, one.signature_algorithm_oid.dotted_string)
    return f"rsassa-pss {digest.name}" if _is_pss(one) else digest.name


# --- hostile bytes ---------------------------------------------------------------------------


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turns whatever goes wrong with foreign bytes into a `ScepError` that says what they are not.

    `cryptography` also warns, of serial numbers below zero and of names that are too long; a server's
    certificate is no reason to write to the log.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except ScepError:
            raise
        except Exception as error:  # what `cryptography` raises has no common class
            raise ScepError(f"This is not {what}: {shown(str(error), 200)}.") from error


def plain(data: bytes) -> bytes:
    """The DER (or BER) in a body that has it bare, as PEM or as base64; bytes behind it are cut off.

    Raises `ScepError` for what is empty, too large or a web page, `DerError` for what is cut off.
    """
    if len(data) > _LARGEST:
        raise ScepError(f"{len(data):,} bytes are more than certificates need.")
    if data[:1] != bytes((der.SEQUENCE,)):
        data = _from_text(data.strip())
    return data if data[1:2] == b"\x80" else der.element(data).whole


def _from_text(text: bytes) -> bytes:
    if not text:
        raise ScepError("There is nothing in it.")
    if text.startswith(b"<") or b"<html" in text[:1_000].lower():
        raise ScepError("This is a web page, not a certificate.")
    if text.startswith(b"-----BEGIN "):
        text = text.partition(b"\n")[2].partition(b"-----END ")[0]
    try:
        return b64decode(b"".join(text.split()), validate=True)
    except ValueError:
        raise ScepError("This is neither DER nor PEM.") from None


def shown(text: str, most: int = _LONGEST_TEXT) -> str:
    """Foreign text for people and logs: nothing that does not print, and not too much of it."""
    text = text[: most + 1]
    if not text.isprintable():
        text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _shown(texts: Iterable[str], most: int = _LONGEST_TEXT) -> tuple[str, ...]:
    return tuple(shown(text, most) for text in islice(texts, _MOST))
