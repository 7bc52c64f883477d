"""PKIOperation as NDES answers those who may have nothing: a signed refusal. No certificate is ever issued here."""

import os
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from connectors.lab.pki import private_key
from knowledge import der

BAD_MESSAGE_CHECK: Final = 1
BAD_REQUEST: Final = 2
BAD_CERT_ID: Final = 4
"""failInfo, RFC 8894 section 3.2.1.4.4."""

_CERT_POLL = "20"
_DATA = "1.2.840.113549.1.7.1"
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_ENVELOPED_DATA = "1.2.840.113549.1.7.3"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_MESSAGE_TYPE, _STATUS, _FAIL_INFO, _SENDER_NONCE, _RECIPIENT_NONCE, _TRANSACTION = (
    f"2.16.840.1.113733.1.9.{n}" for n in range(2, 8)
)
_RSA = "1.2.840.113549.1.1.1"
_SHA256 = "2.16.840.1.101.3.4.2.1"
_DIGESTS: Final[dict[str, hashes.HashAlgorithm]] = {
    "1.2.840.113549.2.5": hashes.MD5(),  # noqa: S303 - what old clients sign with
    "1.3.14.3.2.26": hashes.SHA1(),  # noqa: S303
    _SHA256: hashes.SHA256(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
_CIPHERS: Final[dict[str, type[TripleDES] | type[AES]]] = {
    "1.2.840.113549.3.7": TripleDES,
    "2.16.840.1.101.3.4.1.2": AES,
    "2.16.840.1.101.3.4.1.42": AES,
}


class Unreadable(ValueError):
    """What came is no SCEP message."""


class NotForUs(Unreadable):
    """What came is encrypted to a certificate that is not the RA's."""


@dataclass(frozen=True, slots=True)
class Request:
    """A SCEP request: its type (19 PKCSReq, 20 CertPoll, 17 RenewalReq ...), its transaction and nonce as they came,
    the digest it is signed with (dotted), and whether its signature holds."""

    kind: str
    transaction: bytes
    nonce: bytes
    digest: str
    genuine: bool


def refuse(message: bytes, pair: tuple[x509.Certificate, ...]) -> bytes:
    """The CertRep (FAILURE) to a request for the RA pair, that to sign with first.

    As NDES does, it is sent without certificates: clients have those of GetCACert. Raises `Unreadable`
    for what is no SCEP message, `NotForUs` for what is encrypted to somebody else.
    """
    if len(pair) < 2:
        raise NotForUs("this server has not both RA certificates")
    signature, encryption = pair
    try:
        request = _read(message, encryption)
    except NotForUs:
        raise
    except (ValueError, IndexError, KeyError) as error:
        raise Unreadable(str(error)) from error
    return _certrep(request, signature)


# --- the request -----------------------------------------------------------------------------


def _read(message: bytes, encryption: x509.Certificate) -> Request:
    signed_data = _content(der.element(_definite(message)), _SIGNED_DATA).children()
    envelope = signed_data[2].children()[1].only().octets()
    _open(envelope, encryption)
    certificates = signed_data[3].expect(der.context_tag(0)).children()
    signer = signed_data[-1].expect(der.SET).only().children()
    attributes = {
        fields[0].dotted(): fields[1].only()
        for attribute in signer[3].expect(der.context_tag(0)).children()
        if len(fields := attribute.children()) == 2
    }
    digest = signer[2].only().dotted()
    return Request(
        kind=attributes[_MESSAGE_TYPE].content.decode("ascii"),
        transaction=attributes[_TRANSACTION].content,
        nonce=attributes[_SENDER_NONCE].content,
        digest=digest if digest in _DIGESTS else _SHA256,
        genuine=_is_genuine(signer, attributes, envelope, certificates, digest),
    )


def _definite(message: bytes) -> bytes:
    """Clients of Apple send BER with lengths that are told at the end."""
    return der.definite(message) if message[1:2] == b"\x80" else message


def _content(info: der.Element, kind: str) -> der.Element:
    fields = info.expect(der.SEQUENCE).children()
    if fields[0].dotted() != kind:
        raise der.DerError(f"content of the kind {fields[0].dotted()} where {kind} should be")
    return fields[1].only().expect(der.SEQUENCE)


def _is_genuine(
    signer: list[der.Element],
    attributes: dict[str, der.Element],
    content: bytes,
    certificates: list[der.Element],
    digest: str,
) -> bool:
    """Whether the first certificate's key signed the attributes, and these the content (RFC 5652, section 5.4)."""
    algorithm = _DIGESTS.get(digest)
    if algorithm is None:
        return False
    hashed = hashes.Hash(algorithm)
    hashed.update(content)
    if attributes[_MESSAGE_DIGEST].octets() != hashed.finalize():
        return False
    public = x509.load_der_x509_certificate(certificates[0].whole).public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        return False
    signed = bytes((der.SET,)) + signer[3].whole[1:]  # what is signed has the tag of a SET
    try:
        public.verify(signer[5].octets(), signed, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True


def _open(envelope: bytes, encryption: x509.Certificate) -> None:
    """Decrypt as the RA would. Raises `NotForUs`, or `ValueError` where it cannot."""
    fields = _content(der.element(_definite(envelope)), _ENVELOPED_DATA).children()
    recipient = next(field for field in fields if field.tag == der.SET).only().children()
    issuer, serial = recipient[1].expect(der.SEQUENCE).children()
    if (issuer.whole, serial.number()) != (encryption.issuer.public_bytes(), encryption.serial_number):
        raise NotForUs("encrypted to a certificate that is not the RA's")
    content_key = private_key(encryption).decrypt(recipient[3].octets(), padding.PKCS1v15())
    _, algorithm, hidden = fields[-1].expect(der.SEQUENCE).children()
    number, start = algorithm.children()
    cipher = _CIPHERS[number.dotted()](content_key)
    decryptor = Cipher(cipher, modes.CBC(start.octets())).decryptor()
    opened = decryptor.update(_octets(hidden)) + decryptor.finalize()
    der.element(opened).expect(der.SEQUENCE)


def _octets(hidden: der.Element) -> bytes:
    """[0] in place of OCTET STRING: in one piece, or in several as Go clients send it."""
    if hidden.tag == der.context_tag(0):
        return b"".join(piece.octets() for piece in hidden.children())
    return hidden.content


# --- the answer ------------------------------------------------------------------------------


def _certrep(request: Request, signature: x509.Certificate) -> bytes:
    algorithm = _DIGESTS[request.digest]
    attributes = der.set_of(
        _attribute(_CONTENT_TYPE, der.object_id(_DATA)),
        _attribute(_MESSAGE_DIGEST, der.octet_string(_digest_of_nothing(algorithm))),
        _attribute(_MESSAGE_TYPE, der.printable("3")),
        _attribute(_STATUS, der.printable("2")),
        _attribute(_FAIL_INFO, der.printable(str(_reason(request)))),
        _attribute(_TRANSACTION, der.tlv(der.PRINTABLE, request.transaction)),
        _attribute(_SENDER_NONCE, der.octet_string(os.urandom(16))),
        _attribute(_RECIPIENT_NONCE, der.octet_string(request.nonce)),
    )
    signed = private_key(signature).sign(attributes, padding.PKCS1v15(), algorithm)
    signer = der.sequence(
        der.integer(1),
        der.sequence(signature.issuer.public_bytes(), der.integer(signature.serial_number)),
        _algorithm(request.digest),
        der.context(0, der.element(attributes).content),
        _algorithm(_RSA),
        der.octet_string(signed),
    )
    signed_data = der.sequence(
        der.integer(1),
        der.set_of(_algorithm(request.digest)),
        der.sequence(der.object_id(_DATA)),
        der.set_of(signer),
    )
    return der.sequence(der.object_id(_SIGNED_DATA), der.context(0, signed_data))


def _reason(request: Request) -> int:
    if not request.genuine:
        return BAD_MESSAGE_CHECK
    return BAD_CERT_ID if request.kind == _CERT_POLL else BAD_REQUEST


def _digest_of_nothing(algorithm: hashes.HashAlgorithm) -> bytes:
    return hashes.Hash(algorithm).finalize()


def _attribute(number: str, value: bytes) -> bytes:
    return der.sequence(der.object_id(number), der.set_of(value))


def _algorithm(number: str) -> bytes:
    return der.sequence(der.object_id(number), der.NULL)
