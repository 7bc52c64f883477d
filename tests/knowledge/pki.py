"""A two-tier PKI with an RA pair, as AD CS and NDES lay it out, for the tests of what reads it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from knowledge import der, extensions, scep

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
AGENT = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.1")
LDAP = "ldap:///CN=Example%20Issuing,CN=CDP,DC=example,DC=com?certificateRevocationList?base"


@cache
def key_of(role: str) -> rsa.RSAPrivateKey:
    """One key for each role in all tests: making them is what takes time."""
    assert role
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def usage(*allowed: str) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{one: one in allowed for one in every})


def points(*urls: str) -> list[x509.DistributionPoint]:
    names = [x509.UniformResourceIdentifier(url) for url in urls]
    return [x509.DistributionPoint(names, None, None, None)] if names else []


def named(template: str) -> x509.ExtensionType:
    """The template extension of version 1, with a BMPString."""
    value = der.tlv(der.BMP, template.encode("utf-16-be"))
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(extensions.TEMPLATE_NAME), value)


@dataclass(frozen=True)
class Holder:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def serial(self) -> str:
        return f"{self.certificate.serial_number:X}"


def issue(
    subject: str | x509.Name,
    by: Holder | None,
    *more: x509.ExtensionType,
    key: rsa.RSAPrivateKey | None = None,
    ca: bool = False,
    begin: datetime = NOW - YEAR,
    end: datetime = NOW + YEAR,
    serial: int | None = None,
    pss: bool = False,
) -> Holder:
    """A certificate by a CA, or by itself where there is none."""
    name = subject if isinstance(subject, x509.Name) else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    key = key or key_of(str(subject))
    builder = x509.CertificateBuilder(
        by.certificate.subject if by else name,
        name,
        key.public_key(),
        serial or x509.random_serial_number(),
        begin,
        end,
    )
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(usage("key_cert_sign", "crl_sign"), critical=True)
    for extension in more:
        builder = builder.add_extension(extension, critical=False)
    form = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if pss else None
    return Holder(builder.sign(by.key if by else key, hashes.SHA256(), rsa_padding=form), key)


def crl(
    by: Holder, *serials: int, delta: bool = False, reason: x509.ReasonFlags | None = None, freshest: str = ""
) -> bytes:
    """A CRL as AD CS publishes it: numbered, a week long."""
    builder = x509.CertificateRevocationListBuilder(by.certificate.subject, NOW, NOW + timedelta(days=7)).add_extension(
        x509.CRLNumber(4_711), critical=False
    )
    if delta:
        builder = builder.add_extension(x509.DeltaCRLIndicator(4_700), critical=True)
    if freshest:
        builder = builder.add_extension(x509.FreshestCRL(points(LDAP, freshest)), critical=False)
    for serial in serials:
        entry = x509.RevokedCertificateBuilder(serial, NOW)
        builder = builder.add_revoked_certificate(
            (entry.add_extension(x509.CRLReason(reason), critical=False) if reason else entry).build()
        )
    return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER)


def long_crl(by: Holder, entries: int) -> bytes:
    """A CRL of so many entries, serials from 10^40 on; its builder would take minutes for it."""
    revoked = [x509.RevokedCertificateBuilder(10**40 + i, NOW).build() for i in range(entries)]
    return (
        x509.CertificateRevocationListBuilder(by.certificate.subject, NOW, NOW + timedelta(days=7), [], revoked)
        .sign(by.key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


def resigned(holder: Holder, by: Holder, algorithm: hashes.HashAlgorithm, arc: int) -> bytes:
    """The certificate signed anew with a digest that `cryptography` no longer signs certificates with;
    `arc` is the last of that algorithm's number in PKCS #1."""
    old, new = (der.object_id(f"1.2.840.113549.1.1.{n}") for n in (11, arc))
    part = holder.certificate.tbs_certificate_bytes.replace(old, new)
    signature = by.key.sign(part, padding.PKCS1v15(), algorithm)
    return der.sequence(part, der.sequence(new, der.NULL), der.bit_string(signature))


@dataclass(frozen=True)
class Pki:
    """A root, an issuing CA, and what NDES has from it."""

    root: Holder
    issuing: Holder
    encryption: Holder
    signature: Holder

    @classmethod
    def make(cls, end: datetime = NOW + YEAR) -> Self:
        """`end` is that of the RA certificates."""
        root = issue("Example Root", None, ca=True)
        issuing = issue(
            "Example Issuing",
            root,
            x509.CRLDistributionPoints(points("http://pki.example.com/root.crl")),
            x509.AuthorityInformationAccess(
                [
                    x509.AccessDescription(
                        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example.com/")
                    ),
                    x509.AccessDescription(
                        AuthorityInformationAccessOID.CA_ISSUERS,
                        x509.UniformResourceIdentifier("http://pki.example.com/root.crt"),
                    ),
                ]
            ),
            ca=True,
        )
        base = x509.CRLDistributionPoints(points(LDAP, "http://pki.example.com/issuing.crl"))
        both = (x509.ExtendedKeyUsage([AGENT]), base)
        encryption = issue(
            "NDES01-MSCEP-RA", issuing, usage("key_encipherment"), named("CEPEncryption"), *both, end=end
        )
        signature = issue(
            "NDES01-MSCEP-RA",
            issuing,
            usage("digital_signature"),
            named("EnrollmentAgentOffline"),
            *both,
            key=key_of("signature"),
            end=end,
        )
        return cls(root, issuing, encryption, signature)

    def with_(self, **changed: Holder) -> Self:
        return replace(self, **changed)

    @property
    def bundle(self) -> bytes:
        """The answer to GetCACert."""
        return pack(self.issuing, self.encryption, self.signature)


def pack(*holders: Holder) -> bytes:
    """PKCS #7 without signers, written by `cryptography`."""
    return pkcs7.serialize_certificates([holder.certificate for holder in holders], Encoding.DER)


def server(*names: str) -> Holder:
    """A TLS certificate by itself."""
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return issue("ndes.example.com", None, x509.SubjectAlternativeName(found))


# --- answers to PKIOperation -----------------------------------------------------------------


def attribute(number: str, value: bytes) -> bytes:
    return der.sequence(der.object_id(number), der.set_of(value))


def certrep(
    signer: Holder,
    *,
    status: str | None = "2",
    reason: str | None = "4",
    kind: str = "3",
    carries: bool = True,
    content: bytes | None = None,
    digest: str = scep.SHA256,
    identifier: bytes | None = None,
) -> bytes:
    """An answer as RFC 8894 describes it; `identifier` names the signer by its key instead."""
    algorithm = scep.DIGESTS[digest]
    hashed = hashes.Hash(algorithm)
    hashed.update(content or b"")
    attributes = [
        attribute("1.2.840.113549.1.9.3", der.object_id("1.2.840.113549.1.7.1")),
        attribute(scep.MESSAGE_DIGEST, der.octet_string(hashed.finalize())),
        attribute(scep.MESSAGE_TYPE, der.printable(kind)),
        attribute(scep.SENDER_NONCE, der.octet_string(bytes(range(16)))),
        attribute(scep.RECIPIENT_NONCE, der.octet_string(bytes(16))),
        attribute(scep.TRANSACTION_ID, der.printable("5AFE")),
    ]
    if status is not None:
        attributes.append(attribute(scep.PKI_STATUS, der.printable(status)))
    if reason is not None:
        attributes.append(attribute(scep.FAIL_INFO, der.printable(reason)))
    signed = der.set_of(*attributes)
    issuer = signer.certificate.issuer.public_bytes()
    by_name = der.sequence(issuer, der.integer(signer.certificate.serial_number))
    hash_name = der.sequence(der.object_id(digest), der.NULL)
    info = der.sequence(
        der.integer(1),
        by_name if identifier is None else der.tlv(0x80, identifier),
        hash_name,
        der.context(0, der.element(signed).content),
        der.sequence(der.object_id("1.2.840.113549.1.1.1"), der.NULL),
        der.octet_string(signer.key.sign(signed, padding.PKCS1v15(), algorithm)),
    )
    held = [] if content is None else [der.context(0, der.octet_string(content))]
    return der.sequence(
        der.object_id(scep.SIGNED_DATA),
        der.context(
            0,
            der.sequence(
                der.integer(1),
                der.set_of(hash_name),
                der.sequence(der.object_id("1.2.840.113549.1.7.1"), *held),
                *([der.context(0, signer.der)] if carries else []),
                der.set_of(info),
            ),
        ),
    )


def streamed(encoded: bytes, levels: int = 4) -> bytes:
    """The same in BER: lengths told at the end, octet strings in two pieces, certificates as they are."""
    found = der.element(encoded)
    if found.tag == der.OCTET_STRING and levels:
        half = len(found.content) // 2
        pieces = der.octet_string(found.content[:half]) + der.octet_string(found.content[half:])
        return b"\x24\x80" + pieces + b"\0\0"
    if not found.tag & 0x20 or not levels:
        return encoded
    inner = b"".join(streamed(child.whole, levels - 1) for child in found.children())
    return bytes((found.tag, 0x80)) + inner + b"\0\0"
