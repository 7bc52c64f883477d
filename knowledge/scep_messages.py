"""A SCEP message as it is sent, whole or cut off: whom it is encrypted to, who signed it, what it asks or answers.

Only the outside is read (RFC 8894, section 3): what is encrypted stays so, the challenge with it. The recipient stands
in the first few hundred bytes, so that a message that a log cut off mostly still names it; type, transaction and
signer stand at its end.
"""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from cryptography import x509

from knowledge import der, extensions, scep
from knowledge.ber import Part, parts
from knowledge.certificates import CertificateFacts, ScepError, read_certificate, reading, shown
from knowledge.scep_words import ALGORITHMS, REASONS, STATUSES, TYPES

LARGEST = 256 * 1024
"""Bytes of a message that are read; real ones have two to eight thousand."""

_ENVELOPED_DATA = "1.2.840.113549.1.7.3"
_MOST_CERTIFICATES = 8  # of one message: the signer's and those above it
_MOST_RECIPIENTS = 8
_LONGEST_SERIAL = 64  # bytes
_HEAD = 1_600  # characters of a query in which the recipient stands
_OF_CONTEXT = der.context_tag(0)
_KEY_IDENTIFIER = 0x80


class CertificateName(NamedTuple):
    """How CMS names a certificate, in the words of `CertificateFacts`: issuer as RFC 4514, serial in upper-case hex.
    One that is named by its key identifier has that (lower-case hex) and neither of the others."""

    issuer: str
    serial: str
    key_identifier: str = ""


@dataclass(frozen=True, slots=True)
class ScepMessage:
    """The outside of a SCEP message; None, or nothing, for what it has not or what is cut off.

    `kind` is its type in words ("PKCSReq"), or the number of one that is not known. `signer` is the certificate that
    signed it, from the message itself, `signer_name` how the signature names that. `digest`, `signature`, `encryption`
    (of the content) and `transport` (of its key) are algorithms in words, dotted where unknown. `status` and `failinfo`
    are in words. `bytes` is how many there are, `of` how many there should be where the message tells, `cut` whether
    some are missing.
    """

    kind: str | None
    recipients: tuple[CertificateName, ...]
    signer: CertificateFacts | None
    signer_name: CertificateName | None
    digest: str | None
    signature: str | None
    encryption: str | None
    transport: str | None
    transaction: str | None
    has_nonce: bool
    status: str | None
    failinfo: str | None
    bytes: int
    of: int | None
    cut: bool

    @property
    def is_answer(self) -> bool:
        """Whether it goes from the server to the client."""
        return self.kind == "CertRep"


def read_message(data: bytes) -> ScepMessage:
    """The outside of a SCEP message in DER or BER, or of as much as there is of one.

    Raises `ScepError` for what is no signed CMS, or has nothing of SCEP in what there is of it.
    """
    with reading("a SCEP message"):
        outer = _only(list(parts(data[:LARGEST])))
        signed = _SignedPart.of(_held(outer, scep.SIGNED_DATA))
        envelope = _Envelope.of(signed.content)
        signer = _Signer.of(signed.signer)
        kind = signer.text(scep.MESSAGE_TYPE)
        if kind is None and not envelope.recipients:
            raise ScepError("There is no SCEP message in it, or too little of one.")
        return ScepMessage(
            kind=None if kind is None else TYPES.get(kind, kind),
            recipients=envelope.recipients,
            signer=_certificate_of(signer.name, signed.certificates),
            signer_name=signer.name,
            digest=signer.digest or signed.digest,
            signature=signer.scheme,
            encryption=envelope.encryption,
            transport=envelope.transport,
            transaction=signer.text(scep.TRANSACTION_ID),
            has_nonce=scep.SENDER_NONCE in signer.attributes,
            status=_word(signer.text(scep.PKI_STATUS), STATUSES),
            failinfo=_word(signer.text(scep.FAIL_INFO), REASONS),
            bytes=len(data),
            of=outer.size,
            cut=not outer.whole,
        )


def recipient_of(query: str) -> CertificateName | None:
    """Whom the message in the query of a request is encrypted to; None without one, or where it is cut before that.

    For lines of logs, where the query is `operation=PKIOperation&message=...`: it reads the first sixteen hundred
    characters and takes some tens of microseconds. Never raises.
    """
    at = query.find("message=")
    head = query[at + len("message=") :][:_HEAD].partition("&")[0].partition(" ")[0] if at >= 0 else ""
    if not head.startswith("MI"):  # so begins what is long enough for a message
        return None
    try:
        recipients = _recipients(from_base64(head))
    except ScepError:
        return None
    return recipients[0] if recipients else None


def _recipients(data: bytes) -> tuple[CertificateName, ...]:
    with reading("a SCEP message"):
        outer = _only(list(parts(data)))
        return _Envelope.of(_SignedPart.of(_held(outer, scep.SIGNED_DATA)).content).recipients


def from_base64(text: str) -> bytes:
    """The bytes of base64 as a URL, a log or a mail has it: percent signs undone, white space left out, the end of what
    is cut off dropped. Raises `ScepError`."""
    text = text.replace("%0D", "").replace("%0A", "").replace("%0d", "").replace("%0a", "")
    while "%25" in text:
        text = text.replace("%25", "%")
    for hexadecimal, character in (("%2b", "+"), ("%2f", "/"), ("%3d", "=")):
        text = text.replace(hexadecimal, character).replace(hexadecimal.upper(), character)
    text = "".join(text.split()).replace("-", "+").replace("_", "/").partition("=")[0].partition("%")[0]
    try:
        return b64decode(text[: len(text) // 4 * 4] + _padded(text[len(text) // 4 * 4 :]), validate=True)
    except ValueError:
        raise ScepError("This is no base64.") from None


def _padded(rest: str) -> str:
    """The last characters, if they are worth a byte."""
    return rest.ljust(4, "=") if len(rest) > 1 else ""


# --- SignedData ------------------------------------------------------------------------------


class _SignedPart(NamedTuple):
    """What there is of a SignedData (RFC 5652, section 5.1)."""

    digest: str | None
    content: bytes
    certificates: tuple[bytes, ...]
    signer: Part | None

    @classmethod
    def of(cls, fields: Sequence[Part]) -> "_SignedPart":
        """Version, digests, content, `[0]` certificates, `[1]` CRLs, signers."""
        digests = fields[1].parts() if len(fields) > 1 else []
        encapsulated = fields[2].parts() if len(fields) > 2 else []
        content = [part for part in encapsulated[1:] if part.tag == _OF_CONTEXT]
        certificates = [part for part in fields[3:] if part.tag == _OF_CONTEXT]
        signers = [part for part in fields[3:] if part.tag == der.SET]
        return cls(
            digest=_algorithm(digests[0]) if digests else None,
            content=content[0].parts()[0].octets() if content and content[0].parts() else b"",
            certificates=tuple(
                der.tlv(der.SEQUENCE, one.content)
                for part in certificates
                for one in part.parts()[:_MOST_CERTIFICATES]
                if one.tag == der.SEQUENCE and one.whole
            ),
            signer=next(iter(signers[0].parts()), None) if signers else None,
        )


class _Signer(NamedTuple):
    """What there is of a SignerInfo (RFC 5652, section 5.3)."""

    name: CertificateName | None = None
    digest: str | None = None
    scheme: str | None = None
    attributes: Mapping[str, Part] = {}

    @classmethod
    def of(cls, info: Part | None) -> "_Signer":
        """Version, name, digest, `[0]` attributes, scheme, signature."""
        fields = info.parts() if info else []
        if len(fields) < 3:
            return cls()
        attributes = next((part for part in fields if part.tag == _OF_CONTEXT and part is not fields[1]), None)
        scheme = [part for part in fields[3:] if part.tag == der.SEQUENCE]
        return cls(
            name=_named(fields[1]),
            digest=_algorithm(fields[2]),
            scheme=_algorithm(scheme[0]) if scheme else None,
            attributes=dict(filter(None, map(_attribute, attributes.parts() if attributes else ()))),
        )

    def text(self, attribute: str) -> str | None:
        """The value of an attribute that is a string."""
        value = self.attributes.get(attribute)
        return shown(value.content.decode("latin-1"), 128) if value and value.whole else None


def _attribute(element: Part) -> tuple[str, Part] | None:
    pair = element.parts()
    values = pair[1].parts() if len(pair) > 1 else []
    return (_dotted(pair[0]), values[0]) if values else None


# --- EnvelopedData ---------------------------------------------------------------------------


class _Envelope(NamedTuple):
    """What there is of an EnvelopedData (RFC 5652, section 6.1)."""

    recipients: tuple[CertificateName, ...] = ()
    transport: str | None = None
    encryption: str | None = None

    @classmethod
    def of(cls, content: bytes) -> "_Envelope":
        """Version, perhaps `[0]` an originator, recipients, encrypted content."""
        infos = list(parts(content))
        if not infos:
            return cls()
        fields = _held(infos[0], _ENVELOPED_DATA)
        infos = next((part.parts() for part in fields if part.tag == der.SET), [])[:_MOST_RECIPIENTS]
        known = [info.parts() for info in infos if info.tag == der.SEQUENCE]
        names = (_named(info[1]) for info in known if len(info) > 1)
        encrypted = next((part.parts() for part in fields[1:] if part.tag == der.SEQUENCE), [])
        return cls(
            recipients=tuple(name for name in names if name),
            transport=_algorithm(known[0][2]) if known and len(known[0]) > 2 else None,
            encryption=_algorithm(encrypted[1]) if len(encrypted) > 1 else None,
        )


# --- pieces ----------------------------------------------------------------------------------


def _held(info: Part, kind: str) -> list[Part]:
    """What a ContentInfo of this kind holds, as far as it goes; nothing where not even its kind is there."""
    fields = info.parts()
    if info.tag != der.SEQUENCE or not fields or not fields[0].whole:
        return []
    if (told := _dotted(fields[0])) != kind:
        raise der.DerError(f"content of the kind {told} where {kind} should be")
    held = fields[1].parts() if len(fields) > 1 else []
    return held[0].parts() if held else []


def _only(found: Sequence[Part]) -> Part:
    if not found or found[0].tag != der.SEQUENCE:
        raise der.DerError("it does not begin as a message does")
    return found[0]


def _dotted(part: Part) -> str:
    if not part.whole:
        raise der.DerError("an object identifier is cut off")
    return der.element(der.tlv(part.tag, part.content)).dotted()


def _algorithm(part: Part) -> str | None:
    """An AlgorithmIdentifier in words; None where it is cut off."""
    fields = part.parts()
    if not fields or not fields[0].whole:
        return None
    number = _dotted(fields[0])
    return ALGORITHMS.get(number, number)


def _named(part: Part) -> CertificateName | None:
    """A certificate by issuer and serial, or by its key identifier; None where that is cut off."""
    if part.tag in (_KEY_IDENTIFIER, _OF_CONTEXT):
        return CertificateName("", "", part.octets()[:_LONGEST_SERIAL].hex()) if part.whole else None
    fields = part.parts()
    if len(fields) < 2 or not fields[1].whole or len(fields[1].content) > _LONGEST_SERIAL:
        return None
    return CertificateName(_name_in_words(fields[0].content), _serial(fields[1].content))


def _serial(content: bytes) -> str:
    return content.hex().upper().lstrip("0") or "0"


@lru_cache(maxsize=512)
def _name_in_words(content: bytes) -> str:
    """A distinguished name just as `CertificateFacts` tells it: as the issuer of a certificate that is nothing else."""
    sha256_with_rsa = der.sequence(der.object_id("1.2.840.113549.1.1.11"), der.NULL)
    time = der.tlv(0x17, b"260101000000Z")
    key = der.sequence(der.object_id("1.2.840.113549.1.1.1"), der.NULL)
    name = der.tlv(der.SEQUENCE, content)
    body = der.sequence(
        der.context(0, der.integer(2)),
        der.integer(1),
        sha256_with_rsa,
        name,
        der.sequence(time, time),
        der.sequence(),
        der.sequence(key, der.bit_string(b"\0")),
    )
    stand_in = der.sequence(body, sha256_with_rsa, der.bit_string(b"\0"))
    return shown(x509.load_der_x509_certificate(stand_in).issuer.rfc4514_string())


def _certificate_of(name: CertificateName | None, certificates: Sequence[bytes]) -> CertificateFacts | None:
    """The certificate that the signature names; where that is cut off, the first."""
    for one in certificates:
        try:
            facts = read_certificate(one)
        except ScepError:  # the rest of the message says enough
            continue
        if name is None or named(facts) == name:
            return facts
    return None


def named(certificate: CertificateFacts) -> CertificateName:
    """How CMS would name a certificate."""
    return CertificateName(certificate.issuer, _serial(extensions.outline(certificate.der).serial))


def _word(number: str | None, words: Mapping[str, str]) -> str | None:
    return None if number is None else words.get(number, number)
