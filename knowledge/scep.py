"""SCEP answers: the certificates of GetCACert, the words of GetCACaps, and what a CertRep says."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from cryptography.hazmat.primitives import hashes

from knowledge import der, extensions
from knowledge.certificates import (
    CertificateFacts,
    ScepError,
    issued_by,
    plain,
    read_certificate,
    reading,
    shown,
    verifies,
)

Role = Literal["encryption", "signature", "both", "none"]

_MOST_CERTIFICATES = 100  # of one answer; a real one has three to ten
_MOST_ALIKE = 4  # CAs of one name that are tried as an issuer: each may cost a verification
_REQUEST_AGENT = "1.3.6.1.4.1.311.20.2.1"
_KEY_IDENTIFIER = "2.5.29.14"

SIGNED_DATA = "1.2.840.113549.1.7.2"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
MESSAGE_TYPE = "2.16.840.1.113733.1.9.2"
PKI_STATUS = "2.16.840.1.113733.1.9.3"
FAIL_INFO = "2.16.840.1.113733.1.9.4"
SENDER_NONCE = "2.16.840.1.113733.1.9.5"
RECIPIENT_NONCE = "2.16.840.1.113733.1.9.6"
TRANSACTION_ID = "2.16.840.1.113733.1.9.7"
"""Attributes of a SCEP message (RFC 8894, section 3.2.1)."""
_CERT_REP = "3"
_PSS = "1.2.840.113549.1.1.10"

MD5, SHA1 = "1.2.840.113549.2.5", "1.3.14.3.2.26"
SHA256, SHA384, SHA512 = (f"2.16.840.1.101.3.4.2.{n}" for n in (1, 2, 3))
DIGESTS: Mapping[str, hashes.HashAlgorithm] = {
    MD5: hashes.MD5(),  # noqa: S303 - old clients make NDES answer with it
    SHA1: hashes.SHA1(),  # noqa: S303
    SHA256: hashes.SHA256(),
    SHA384: hashes.SHA384(),
    SHA512: hashes.SHA512(),
}
"""Digests of CMS by their numbers."""

_WORDS = (
    "AES",
    "DES3",
    "GetNextCACert",
    "POSTPKIOperation",
    "Renewal",
    "SHA-1",
    "SHA-256",
    "SHA-512",
    "SCEPStandard",
)
"""What RFC 8894, section 3.5.2, lets a server say of itself."""
_MOST_WORDS = 64


@dataclass(frozen=True, slots=True)
class RaCertificate:
    """A certificate of GetCACert that is no CA's.

    `role` is what its KeyUsage allows of the two things an RA does: be encrypted to, sign answers.
    `template` names the AD CS template (its number, dotted, since version 2). `request_agent`: it may
    request for others, as both certificates of NDES may. `issued_here`: a CA in the answer has its
    issuer's name and verifies it; where such a signature cannot be verified here, the name decides.
    """

    facts: CertificateFacts
    role: Role
    template: str | None
    request_agent: bool
    issued_here: bool


@dataclass(frozen=True, slots=True)
class Bundle:
    """An answer to GetCACert. `issuing` is the CA that issued the RA certificates, else the lowest CA;
    `sha256` (lower-case hex) is that of the body as it came; `single`: one bare certificate."""

    certificates: tuple[CertificateFacts, ...]
    authorities: tuple[CertificateFacts, ...]
    ra: tuple[RaCertificate, ...]
    issuing: CertificateFacts | None
    sha256: str
    single: bool


@dataclass(frozen=True, slots=True)
class Caps:
    """An answer to GetCACaps: its lines, and those that RFC 8894 knows in the spelling of the RFC."""

    words: tuple[str, ...]
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CertRep:
    """An answer to PKIOperation.

    `status` is pkiStatus (0 success, 2 failure, 3 pending), `failinfo` its reason; None where the
    answer has none. `digest` is "sha256" and so on. `signer_sha256` is that of the certificate that
    the answer names as its signer, None where that is neither in the answer nor in the bundle;
    `genuine` whether its key made the signature, None where that cannot be told. Nonces are hex.
    """

    status: int | None
    failinfo: int | None
    signer_sha256: str | None
    digest: str
    transaction: str | None
    genuine: bool | None = None
    sender_nonce: str | None = None
    recipient_nonce: str | None = None


# --- GetCACert -------------------------------------------------------------------------------


def read_bundle(body: bytes) -> Bundle:
    """The certificates in an answer to GetCACert: a bare one, or PKCS #7 without signers (RFC 8894,
    section 4.2), in DER, BER, PEM or base64. Raises `ScepError`, also for more than 100 of them."""
    return _bundle(body)


@lru_cache(maxsize=32)
def _bundle(body: bytes) -> Bundle:
    """Remembered, because many checks of a run read the same answer."""
    with reading("an answer to GetCACert"):
        encoded = _without_ber(plain(body))
        single = der.element(encoded).only().tag == der.SEQUENCE
        found = [encoded] if single else _signed_data(encoded).certificates
    if not found:
        raise ScepError("The answer to GetCACert has no certificate in it.")
    certificates = tuple(map(read_certificate, found))
    authorities = tuple(certificate for certificate in certificates if certificate.is_ca)
    issuers = [(one, _issuer(one, authorities)) for one in certificates if not one.is_ca]
    return Bundle(
        certificates=certificates,
        authorities=authorities,
        ra=tuple(_ra(one, issuer is not None) for one, issuer in issuers),
        issuing=next((issuer for _, issuer in issuers if issuer), None) or _lowest(authorities),
        sha256=hashlib.sha256(body).hexdigest(),
        single=single,
    )


def _issuer(certificate: CertificateFacts, authorities: Iterable[CertificateFacts]) -> CertificateFacts | None:
    named = [ca for ca in authorities if ca.subject == certificate.issuer][:_MOST_ALIKE]
    return next((ca for ca in named if issued_by(certificate, ca) is not False), None)


def _lowest(authorities: Sequence[CertificateFacts]) -> CertificateFacts | None:
    """The newest CA that issued no other."""
    parents = {ca.issuer for ca in authorities if ca.issuer != ca.subject}
    lowest = [ca for ca in authorities if ca.subject not in parents] or authorities
    return max(lowest, key=lambda ca: ca.not_before, default=None)


def _ra(certificate: CertificateFacts, issued_here: bool) -> RaCertificate:
    with reading("an RA certificate"):
        template = extensions.template(extensions.outline(certificate.der).extensions)
    return RaCertificate(
        facts=certificate,
        role=_role(certificate.key_usage),
        template=None if template is None else shown(template),
        request_agent=_REQUEST_AGENT in certificate.ekus,
        issued_here=issued_here,
    )


def _role(key_usage: Iterable[str]) -> Role:
    match "keyEncipherment" in key_usage, "digitalSignature" in key_usage:
        case True, True:
            return "both"
        case True, False:
            return "encryption"
        case False, True:
            return "signature"
        case _:
            return "none"


# --- GetCACaps -------------------------------------------------------------------------------


def read_caps(body: bytes) -> Caps:
    """The lines of an answer to GetCACaps; none of a web page. Raises nothing."""
    text = body[:65_536].decode("utf-8-sig", "replace").strip()
    if text.startswith("<") or "\0" in text or "<html" in text.lower():
        return Caps((), ())
    words = [shown(word, 64) for line in text.splitlines() if (word := line.strip())][:_MOST_WORDS]
    spoken = {word.lower() for word in words}
    return Caps(tuple(words), tuple(word for word in _WORDS if word.lower() in spoken))


# --- PKIOperation ----------------------------------------------------------------------------


def read_certrep(body: bytes, bundle: Bundle | None = None) -> CertRep:
    """What a CertRep says, without opening what is encrypted in it.

    NDES does not send the signer's certificate along, so it is also looked for in the bundle.
    Raises `ScepError` for what is no CMS, has no signer, or is another SCEP message.
    """
    with reading("a CertRep"):
        signed = _signed_data(_without_ber(plain(body)))
        if signed.signer is None:
            raise der.DerError("nobody signed it")
        signer = _signer(signed.signer)
        if (kind := signer.text(MESSAGE_TYPE)) != _CERT_REP:
            raise der.DerError(f"its message type is {kind}, not {_CERT_REP}")
        known = [certificate.der for certificate in bundle.certificates] if bundle else []
        named = next((one for one in (*signed.certificates, *known) if _names(signer.name, one)), None)
        certificate = None if named is None else read_certificate(named)
        status = _number(signer.text(PKI_STATUS))
        return CertRep(
            status=status if status in (0, 2, 3) else None,
            failinfo=_number(signer.text(FAIL_INFO)),
            signer_sha256=None if certificate is None else certificate.sha256,
            digest=signer.digest.name if isinstance(signer.digest, hashes.HashAlgorithm) else signer.digest,
            transaction=signer.text(TRANSACTION_ID),
            genuine=None if certificate is None else _is_genuine(signer, signed.content, certificate),
            sender_nonce=signer.octets(SENDER_NONCE),
            recipient_nonce=signer.octets(RECIPIENT_NONCE),
        )


class _Signer(NamedTuple):
    """A SignerInfo: how it names its certificate, its digest (dotted where unknown), and what it signed."""

    name: der.Element
    digest: hashes.HashAlgorithm | str
    attributes: dict[str, der.Element]
    signed: bytes
    scheme: str
    signature: bytes

    def text(self, attribute: str) -> str | None:
        """The value of an attribute that is a string."""
        value = self.attributes.get(attribute)
        return None if value is None else shown(value.content.decode("latin-1"))

    def octets(self, attribute: str) -> str | None:
        """The value of an attribute that is bytes, as hex."""
        value = self.attributes.get(attribute)
        return None if value is None else value.octets()[:64].hex()


def _signer(info: der.Element) -> _Signer:
    """Version, name, digest, `[0]` signed attributes, scheme, signature (RFC 5652, section 5.3)."""
    _, name, digest, attributes, scheme, signature, *_ = info.expect(der.SEQUENCE).children(6)
    number = digest.only().dotted()
    return _Signer(
        name=name,
        digest=DIGESTS.get(number, number),
        attributes=dict(map(_attribute, attributes.expect(der.context_tag(0)).children())),
        signed=bytes((der.SET,)) + attributes.whole[1:],  # what is signed has the tag of a SET
        scheme=scheme.only().dotted(),
        signature=signature.octets(),
    )


def _attribute(element: der.Element) -> tuple[str, der.Element]:
    number, values, *_ = element.expect(der.SEQUENCE).children(2)
    return number.dotted(), values.expect(der.SET).only()


def _names(name: der.Element, certificate: bytes) -> bool:
    """Whether a signer names this certificate: by issuer and serial, or by its key identifier."""
    parts = extensions.outline(certificate)
    if name.tag != der.SEQUENCE:
        identifier = parts.extensions.get(_KEY_IDENTIFIER)
        return identifier is not None and der.element(identifier).octets() == name.content
    issuer, serial, *_ = name.children(2)
    return (issuer.whole, serial.content) == (parts.issuer, parts.serial)


def _is_genuine(signer: _Signer, content: bytes, certificate: CertificateFacts) -> bool | None:
    if not isinstance(signer.digest, hashes.HashAlgorithm) or signer.scheme == _PSS:
        return None
    digest = hashes.Hash(signer.digest)
    digest.update(content)
    if signer.octets(MESSAGE_DIGEST) != digest.finalize().hex():
        return False
    return verifies(certificate, signer.signature, signer.signed, signer.digest)


def _number(text: str | None) -> int | None:
    return int(text) if text and len(text) < 3 and text.isascii() and text.isdigit() else None


# --- CMS -------------------------------------------------------------------------------------


class _SignedData(NamedTuple):
    """What a SignedData holds; `content` is empty where it has none, `signer` is the first."""

    content: bytes
    certificates: list[bytes]
    signer: der.Element | None


def _signed_data(encoded: bytes) -> _SignedData:
    """Version, digests, content, `[0]` certificates, `[1]` CRLs, signers (RFC 5652, section 5.1)."""
    kind, held, *_ = der.element(encoded).expect(der.SEQUENCE).children(2)
    if kind.dotted() != SIGNED_DATA:
        raise der.DerError("it is no signed data")
    fields = held.only().expect(der.SEQUENCE).children(4)
    certificates = [part for part in fields[3:] if part.tag == der.context_tag(0)]
    signers = fields[-1].children() if fields[-1].tag == der.SET else []
    content = fields[2].children()[1:]
    return _SignedData(
        content=content[0].only().octets() if content else b"",
        certificates=[
            certificate.whole
            for part in certificates
            for certificate in part.children(most=_MOST_CERTIFICATES)
            if certificate.tag == der.SEQUENCE  # other tags are attribute certificates
        ],
        signer=signers[0] if signers else None,
    )


def _without_ber(encoded: bytes) -> bytes:
    """Some servers stream their answers, with lengths that are told at the end."""
    return der.definite(encoded) if encoded[1:2] == b"\x80" else encoded
