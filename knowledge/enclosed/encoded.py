"""Base64 in a text: PEM blocks, and SCEP messages in a URL or bare."""

from collections.abc import Iterator
from typing import NamedTuple

from knowledge import extensions
from knowledge.certificates import CertificateFacts, ScepError, reading
from knowledge.enclosed.types import Moment, ShownCertificate
from knowledge.patterns import Span, pattern
from knowledge.scep import read_bundle
from knowledge.scep_messages import LARGEST, ScepMessage, from_base64, read_message

_MOST_MESSAGES = 4
_MOST_CERTIFICATES = 20
_MOST_BLOCKS = 60  # that are tried

_ONE = r"(?:[a-z0-9+/_]|%(?:25){0,2}[23][bfd])"
_MORE = rf"(?:{_ONE}|-)"
_WRAP = r"(?:\r?\n[ \t>|]*|%0D%0A|%0A)"
_BARE = pattern(
    rf"(?:MI[I-L]{_ONE}{_ONE}{{2}}YJKoZIhvcNAQcC|MIA[GC]CSqGSIb3DQEHA|MI[M-P]{_ONE}{{4}}CSqGSIb3DQEHA)"
    rf"{_MORE}*(?:{_WRAP}[a-z0-9+/_]{{20,}}{_MORE}*)*(?:{_WRAP}{_ONE}{{1,20}}(?:=|%3D){{0,2}}(?:\s|$))?"
    r"(?:=|%(?:25){0,2}3D){0,2}"
)
_BLOCK = pattern(
    r"-{2,}BEGIN ((?:X509 |TRUSTED )?CERTIFICATE|PKCS ?7|CMS)-{2,}((?:[a-z0-9+/=]|\s|[>|]|\\[nr])+)"
    r"(?:-{2,}END [a-z0-9 ]+-{2,})?"
)
_BREAKS = pattern(r"\\[nr]|[\s>|]+")


class Encoded(NamedTuple):
    """What was found, and where it stood."""

    messages: tuple[ScepMessage, ...]
    certificates: tuple[ShownCertificate, ...]
    spans: tuple[Span, ...]


def encoded(text: bytes) -> Encoded:
    """The messages and certificates in a text (Latin-1). Never raises: what cannot be read is left out."""
    messages: list[ScepMessage] = []
    certificates: list[ShownCertificate] = []
    spans: list[Span] = []
    for number, (span, data) in enumerate(_candidates(text)):
        if number == _MOST_BLOCKS:
            break
        found = _read(data)
        if isinstance(found, ScepMessage) and len(messages) < _MOST_MESSAGES and found not in messages:
            messages.append(found)
        elif isinstance(found, list):
            certificates += found
        if found:
            spans.append(span)
    return Encoded(tuple(messages), tuple(certificates[:_MOST_CERTIFICATES]), tuple(spans))


def _candidates(text: bytes) -> Iterator[tuple[Span, bytes]]:
    """Base64 that may be one of both, undone; in blocks first, then what stands in none."""
    blocks: list[Span] = []
    for found in _BLOCK.finditer(text):
        blocks.append(Span(*found.span()))
        if (data := _undone(_BREAKS.sub(b"", found[2]))) is not None:
            yield blocks[-1], data
    for found in _BARE.finditer(text):
        span = Span(*found.span())
        if any(block.start <= span.start < block.end for block in blocks):
            continue
        if (data := _undone(_BREAKS.sub(b"", found[0]))) is not None:
            yield span, data


def _undone(text: bytes) -> bytes | None:
    try:
        return from_base64(text[: 4 * LARGEST].decode("latin-1"))
    except ScepError:
        return None


def _read(data: bytes) -> ScepMessage | list[ShownCertificate] | None:
    """A message, the certificates of an answer to GetCACert, one certificate, or nothing."""
    try:
        return read_message(data)
    except ScepError:
        pass
    try:
        return [shown_certificate(facts) for facts in read_bundle(data).certificates]
    except ScepError:
        return None


def shown_certificate(facts: CertificateFacts) -> ShownCertificate:
    """A certificate whose bytes are there."""
    since, until, found = facts.not_before, facts.not_after, _extensions(facts)
    return ShownCertificate(
        subject=facts.subject,
        issuer=facts.issuer,
        serial=facts.serial,
        thumbprint=facts.sha1.upper(),
        not_before=Moment(f"{since:%Y-%m-%d %H:%M} UTC", since, since),
        not_after=Moment(f"{until:%Y-%m-%d %H:%M} UTC", until, until),
        ekus=frozenset(facts.ekus),
        key_usage=frozenset(facts.key_usage),
        signature=facts.signature,
        key=facts.key,
        self_signed=facts.self_signed,
        is_ca=facts.is_ca and bool(found),  # one without extensions that signed itself may be anybody's
        names=facts.names,
        template=_template(found),
    )


def _extensions(facts: CertificateFacts) -> extensions.Extensions:
    try:
        with reading("a certificate"):
            return extensions.outline(facts.der).extensions
    except ScepError:
        return {}


def _template(found: extensions.Extensions) -> str | None:
    try:
        with reading("a template"):
            return extensions.template(found)
    except ScepError:
        return None
