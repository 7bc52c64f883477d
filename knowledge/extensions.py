"""What the extensions of a certificate or CRL say, read one by one so that a damaged one hides no other."""

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

from knowledge import der

KEY_USAGE = "2.5.29.15"
ALTERNATIVE_NAMES = "2.5.29.17"
BASIC_CONSTRAINTS = "2.5.29.19"
CRL_NUMBER = "2.5.29.20"
DELTA_INDICATOR = "2.5.29.27"
DISTRIBUTION_POINTS = "2.5.29.31"
PURPOSES = "2.5.29.37"
FRESHEST_CRL = "2.5.29.46"
AUTHORITY_ACCESS = "1.3.6.1.5.5.7.1.1"
TEMPLATE_NAME = "1.3.6.1.4.1.311.20.2"
TEMPLATE = "1.3.6.1.4.1.311.21.7"

_LARGEST = 64 * 1024  # bytes of all extensions; a certificate with a thousand names has about 30 KB
_CA_ISSUERS = "1.3.6.1.5.5.7.48.2"
_OF_CRL, _OF_CERTIFICATE = 0xA0, 0xA3
_DNS, _URI, _ADDRESS = 0x82, 0x86, 0x87  # kinds of a GeneralName
_POINT_NAME = _FULL_NAME = 0xA0
_USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
"""Names of the bits of KeyUsage, in order (RFC 5280, section 4.2.1.3)."""

Extensions = dict[str, bytes]
"""The content of each extension by its number."""


class Outline(NamedTuple):
    """Parts of a certificate as they are encoded: CMS names certificates by issuer and serial, byte for byte."""

    serial: bytes
    issuer: bytes
    subject: bytes
    extensions: Extensions


def signed_part(encoded: bytes) -> der.Element:
    """The part of a certificate or CRL that its signature covers. Raises `DerError`, as all here."""
    return der.element(encoded).expect(der.SEQUENCE).only().expect(der.SEQUENCE)


def outline(encoded: bytes) -> Outline:
    """The parts of a certificate."""
    part = signed_part(encoded)
    # Only an explicit version in front can move the other fields.
    fields = [child for child in part.children() if child.tag != der.context_tag(0)]
    if len(fields) < 6:
        raise der.DerError("parts are missing")
    serial, _, issuer, _, subject, *_ = fields
    return Outline(serial.expect(der.INTEGER).content, issuer.whole, subject.whole, extensions(part))


def extensions(part: der.Element) -> Extensions:
    """The extensions in the signed part of a certificate or CRL; of two alike the first."""
    last = part.children(3)[-1]
    if last.tag not in (_OF_CRL, _OF_CERTIFICATE):
        return {}
    if last.end - last.at > _LARGEST:
        raise der.DerError("the extensions are too large")
    found: Extensions = {}
    for extension in last.only().expect(der.SEQUENCE).children():
        number, *_, value = extension.expect(der.SEQUENCE).children(2)
        found.setdefault(number.dotted(), value.octets())
    return found


def is_authority(found: Extensions) -> bool:
    """Whether BasicConstraints says that this is a CA."""
    fields = _entries(found.get(BASIC_CONSTRAINTS))
    return bool(fields) and fields[0].tag == der.BOOLEAN and fields[0].content != b"\0"


def names(found: Extensions) -> list[str]:
    """The DNS names and addresses among the alternative names."""
    known = []
    for name in _entries(found.get(ALTERNATIVE_NAMES)):
        if name.tag == _DNS:
            known.append(name.content.decode("latin-1"))
        elif name.tag == _ADDRESS and len(name.content) in (4, 16):
            known.append(str(ipaddress.ip_address(name.content)))
    return known


def purposes(found: Extensions) -> list[str]:
    """The extended key usages, dotted."""
    return [purpose.dotted() for purpose in _entries(found.get(PURPOSES))]


def key_usage(found: Extensions) -> list[str]:
    """The key usages by the names of RFC 5280."""
    if KEY_USAGE not in found:
        return []
    bits = der.element(found[KEY_USAGE]).expect(der.BIT_STRING).content[1:3].ljust(2, b"\0")
    value = int.from_bytes(bits, "big")
    return [usage for i, usage in enumerate(_USAGES) if value & (0x8000 >> i)]


def template(found: Extensions) -> str | None:
    """The name of the certificate template (version 1) or its number (since version 2), as AD CS writes them."""
    if TEMPLATE_NAME in found:
        name = der.element(found[TEMPLATE_NAME])
        return name.content.decode("utf-16-be" if name.tag == der.BMP else "utf-8", "replace")
    fields = _entries(found.get(TEMPLATE))
    return fields[0].dotted() if fields else None


def point_urls(extension: bytes | None) -> list[str]:
    """The addresses in distribution points, all schemes."""
    places = [part for point in _entries(extension) for part in point.children() if part.tag == _POINT_NAME]
    return _urls(
        name for place in places for full in place.children() if full.tag == _FULL_NAME for name in full.children()
    )


def issuer_urls(found: Extensions) -> list[str]:
    """The addresses of the issuer's certificate, all schemes."""
    pairs = [entry.children() for entry in _entries(found.get(AUTHORITY_ACCESS))]
    return _urls(pair[1] for pair in pairs if len(pair) == 2 and pair[0].dotted() == _CA_ISSUERS)


def _entries(extension: bytes | None) -> list[der.Element]:
    return [] if extension is None else der.element(extension).expect(der.SEQUENCE).children()


def _urls(general_names: Iterable[der.Element]) -> list[str]:
    return [name.content.decode("latin-1") for name in general_names if name.tag == _URI]
