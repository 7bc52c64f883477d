"""The lab's two-tier PKI: root, issuing CA, RA pair, TLS certificate and CRLs, and all that can be wrong with them.

Keys are made once per process (making an RSA key takes some fifty milliseconds); certificates and CRLs are made when
somebody asks for them, and then stay the same: what a bot remembered of a healthy server still fits after it broke.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from knowledge import der

RaState = Literal[
    "good",
    "expired",
    "encryption-expired",
    "ends-soon",
    "no-encryption",
    "no-signature",
    "none",
    "foreign",
    "wrong-key",
    "other-pair",
    "ldap-only",
    "sha1",
    "pss",
]
TlsState = Literal[
    "good",
    "ends-soon",
    "expired",
    "not-yet-valid",
    "other-name",
    "common-name-only",
    "public-name-only",
    "app-proxy",
    "self-signed",
    "incomplete",
    "foreign",
    "renewed",
]
CrlState = Literal["good", "ends-soon", "expired", "bad-signature", "revokes-ra", "missing", "dropped", "page"]
"""Of a CRL that is `missing` (404), `dropped` (no answer) or a web `page`, the bytes are those of a good one."""
Crl = Literal["base", "delta", "root"]

INTERNAL_NAME: Final = "ndes01.lab.internal"
"""The name by which the pretend NDES calls itself: the second name in its TLS certificate."""

FILES: Final[dict[Crl, str]] = {
    "base": "Lab-Issuing-CA-1.crl",
    "delta": "Lab-Issuing-CA-1+.crl",
    "root": "Lab-Root-CA.crl",
}
ISSUING_FILE: Final = "Lab-Issuing-CA-1.crt"
ROOT_FILE: Final = "Lab-Root-CA.crt"

_KEY_BITS = 2_048
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_TEMPLATE: Final = ObjectIdentifier("1.3.6.1.4.1.311.20.2")  # AD CS: name of a version 1 template
_REQUEST_AGENT: Final = ObjectIdentifier("1.3.6.1.4.1.311.20.2.1")
_SHA256_WITH_RSA: Final = der.object_id("1.2.840.113549.1.1.11")
_SHA1_WITH_RSA: Final = der.object_id("1.2.840.113549.1.1.5")
_NUMBER_OF_BASE: Final = 40

Made = TypeVar("Made")
Extension = tuple[x509.ExtensionType, bool]


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """The key of this name, the same for every lab of the process."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=_KEY_BITS)


def private_key(ra: x509.Certificate) -> rsa.RSAPrivateKey:
    """The private key that belongs to one of a lab's RA certificates."""
    names = ("ra-signature", "ra-encryption", "ra-signature-2", "ra-encryption-2")
    return next(key(name) for name in names if key(name).public_key() == ra.public_key())


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA: its name, the name of its key, and the common name of its CRL's object in the directory."""

    name: x509.Name
    key: str

    @property
    def key_identifier(self) -> x509.AuthorityKeyIdentifier:
        """As it stands in what this CA signs."""
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(key(self.key).public_key())


def _name(common: str, *parts: tuple[ObjectIdentifier, str]) -> x509.Name:
    given = [*parts, (NameOID.COMMON_NAME, common)]
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in given])


_FOREST = ((NameOID.DOMAIN_COMPONENT, "example"), (NameOID.DOMAIN_COMPONENT, "lab"))
ROOT: Final = Authority(_name("Lab Root CA", *_FOREST), "root")
ISSUING: Final = Authority(_name("Lab Issuing CA 1", *_FOREST), "issuing")
_FOREIGN: Final = Authority(_name("Another CA", *_FOREST), "foreign")
_REPLACED: Final = Authority(ISSUING.name, "issuing-before")
"""The issuing CA before its key was replaced: the same name, another key."""


# --- one certificate -------------------------------------------------------------------------


def _certificate(
    subject: x509.Name,
    owner: str,
    issuer: Authority,
    start: datetime,
    end: datetime,
    extensions: Sequence[Extension],
    rsa_padding: padding.PSS | None = None,
) -> x509.Certificate:
    """A certificate for the key named `owner`, signed with SHA-256 by the issuer."""
    builder = x509.CertificateBuilder(
        issuer.name, subject, key(owner).public_key(), x509.random_serial_number(), start, end
    )
    builder = builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key(owner).public_key()), critical=False
    ).add_extension(issuer.key_identifier, critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key(issuer.key), hashes.SHA256(), rsa_padding=rsa_padding)


def _signed_with_sha1(certificate: x509.Certificate, issuer: Authority) -> x509.Certificate:
    """The same certificate with an old signature, which the library no longer makes by itself."""
    signed = certificate.tbs_certificate_bytes.replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA, 1)
    signature = key(issuer.key).sign(signed, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - that is the fault
    return x509.load_der_x509_certificate(
        der.sequence(signed, der.sequence(_SHA1_WITH_RSA, der.NULL), der.bit_string(signature))
    )


def _usage(*allowed: str) -> Extension:
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
    return x509.KeyUsage(**{one: one in allowed for one in every}), True


_CA: Final[Sequence[Extension]] = (
    (x509.BasicConstraints(ca=True, path_length=None), True),
    _usage("digital_signature", "key_cert_sign", "crl_sign"),
)


@cache
def root() -> x509.Certificate:
    """The root of every lab of the process."""
    now = _now()
    return _certificate(ROOT.name, ROOT.key, ROOT, now - 2_000 * _DAY, now + 5_000 * _DAY, _CA)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


# --- one PKI ---------------------------------------------------------------------------------


class Pki:
    """Everything below the root, for one place where CRLs and CA certificates are published.

    `place` is a URL that ends with a slash; `host` is the public name in the TLS certificate; `ra_ends`
    is when the good RA certificates run out, counted from now (300 days unless given).
    """

    def __init__(self, place: str, host: str, ra_ends: timedelta | None = None) -> None:
        self.now = _now()
        self._place = place
        self._host = host
        self._runs_out = ra_ends is not None
        self._ra_end = self.now + (300 * _DAY if ra_ends is None else ra_ends)
        self._made: dict[tuple[str, ...], Any] = {}

    def _once(self, *what: str, make: Callable[[], Made]) -> Made:
        if what not in self._made:
            self._made[what] = make()
        found: Made = self._made[what]
        return found

    def issuing(self) -> x509.Certificate:
        """The certificate of the issuing CA."""
        start, end = self.now - 1_000 * _DAY, self.now + 2_000 * _DAY
        parts = [*_CA, self._points("root", ROOT), self._access(ROOT_FILE)]
        return self._once("issuing", make=lambda: _certificate(ISSUING.name, ISSUING.key, ROOT, start, end, parts))

    def _points(self, crl: Crl, issuer: Authority, *, http: bool = True) -> Extension:
        """CDP as AD CS writes it: the directory first, then the web."""
        common = quote(issuer.name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        urls = [
            f"ldap:///CN={common},CN=CA01,CN=CDP,CN=Public%20Key%20Services,CN=Services,CN=Configuration,"
            "DC=lab,DC=example?certificateRevocationList?base?objectClass=cRLDistributionPoint"
        ]
        if http:
            urls.append(self._place + FILES[crl])
        return x509.CRLDistributionPoints([_point(*urls)]), False

    def _access(self, file: str) -> Extension:
        location = x509.UniformResourceIdentifier(self._place + file)
        described = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, location)
        return x509.AuthorityInformationAccess([described]), False

    # --- the RA pair -----------------------------------------------------------------------------

    def ra(self, state: RaState = "good") -> tuple[x509.Certificate, ...]:
        """The RA certificates that NDES hands out: that to sign with, then that to encrypt to."""
        match state:
            case "none":
                return ()
            case "no-encryption":
                return (self._signature("good"),)
            case "no-signature":
                return (self._encryption("good"),)
            case "encryption-expired":
                return self._signature("good"), self._encryption("expired")
            case _:
                return self._signature(state), self._encryption(state)

    def _signature(self, state: RaState) -> x509.Certificate:
        state = self._as_made(state)
        return self._once(
            "signature",
            state,
            make=lambda: self._ra("EnrollmentAgentOffline", "ra-signature", _usage("digital_signature"), state),
        )

    def _encryption(self, state: RaState) -> x509.Certificate:
        state = self._as_made(state)
        return self._once(
            "encryption",
            state,
            make=lambda: self._ra("CEPEncryption", "ra-encryption", _usage("key_encipherment"), state),
        )

    def _as_made(self, state: RaState) -> RaState:
        """Certificates that were given a date to run out do not become others when they have run out."""
        return "good" if state == "expired" and self._runs_out else state

    def _ra(self, template: str, owner: str, usage: Extension, state: RaState) -> x509.Certificate:
        issuer = {"foreign": _FOREIGN, "wrong-key": _REPLACED}.get(state, ISSUING)
        parts = [
            usage,
            (x509.ExtendedKeyUsage([_REQUEST_AGENT]), False),
            (x509.UnrecognizedExtension(_TEMPLATE, der.tlv(der.BMP, template.encode("utf-16-be"))), False),
            self._points("base", ISSUING, http=state != "ldap-only"),
            self._access(ISSUING_FILE),
        ]
        made = _certificate(
            _name("NDES01-MSCEP-RA", (NameOID.COUNTRY_NAME, "US")),
            f"{owner}-2" if state == "other-pair" else owner,
            issuer,
            *self._ra_dates(state),
            parts,
            padding.PSS(padding.MGF1(hashes.SHA256()), 32) if state == "pss" else None,
        )
        return _signed_with_sha1(made, issuer) if state == "sha1" else made

    def _ra_dates(self, state: RaState) -> tuple[datetime, datetime]:
        match state:
            case "expired":
                end = self.now - 3 * _DAY
            case "ends-soon":
                end = self.now + 10 * _DAY
            case _:
                end = self._ra_end
        return end - 730 * _DAY, end

    def bundle(self, state: RaState = "good") -> bytes:
        """The body of GetCACert: PKCS #7 without signers (RFC 8894, section 4.2.1.2), RA pair first."""
        return self._once("bundle", state, make=lambda: self._bundle(state))

    def _bundle(self, state: RaState) -> bytes:
        certificates = [*self.ra(state), self.issuing(), root()]
        signed_data = der.sequence(
            der.integer(1),
            der.set_of(),
            der.sequence(der.object_id("1.2.840.113549.1.7.1")),
            der.context(0, *(one.public_bytes(Encoding.DER) for one in certificates)),
            der.set_of(),
        )
        return der.sequence(der.object_id("1.2.840.113549.1.7.2"), der.context(0, signed_data))

    # --- TLS -------------------------------------------------------------------------------------

    def chain(self, state: TlsState = "good") -> list[x509.Certificate]:
        """The certificates of a TLS handshake, as sent: the server's own first."""
        own = self._once("tls", state if state != "incomplete" else "good", make=lambda: self._tls(state))
        if state in ("self-signed", "incomplete"):
            return [own]
        return [own, self._once("foreign", make=self._foreign) if state == "foreign" else self.issuing()]

    def tls_key(self, state: TlsState = "good") -> rsa.RSAPrivateKey:
        """The private key to the first certificate of that chain."""
        return key(_tls_owner(state))

    def _tls(self, state: TlsState) -> x509.Certificate:
        names = self._tls_names(state)
        subject = _name(names[0] if names else self._host)
        issuer = {"foreign": _FOREIGN, "self-signed": Authority(subject, _tls_owner(state))}.get(state, ISSUING)
        parts = [
            _usage("digital_signature", "key_encipherment"),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False),
            self._points("base", ISSUING),
            self._access(ISSUING_FILE),
        ]
        if names:
            parts.append((x509.SubjectAlternativeName([_general_name(name) for name in names]), False))
        return _certificate(subject, _tls_owner(state), issuer, *self._tls_dates(state), parts)

    def _tls_names(self, state: TlsState) -> list[str]:
        match state:
            case "other-name":
                return ["former-ndes.lab.internal"]
            case "common-name-only":
                return []
            case "public-name-only":
                return [self._host]
            case "app-proxy":
                return ["*.msappproxy.net"]
            case _:
                return [self._host, INTERNAL_NAME]

    def _tls_dates(self, state: TlsState) -> tuple[datetime, datetime]:
        now = self.now
        match state:
            case "expired":
                return now - 367 * _DAY, now - 2 * _DAY
            case "not-yet-valid":
                return now + _DAY, now + 366 * _DAY
            case "ends-soon":
                return now - 355 * _DAY, now + 10 * _DAY
            case "renewed":
                return now - 2 * _HOUR, now + 365 * _DAY
            case _:
                return now - 100 * _DAY, now + 265 * _DAY

    def _foreign(self) -> x509.Certificate:
        return _certificate(_FOREIGN.name, _FOREIGN.key, _FOREIGN, self.now - 900 * _DAY, self.now + 900 * _DAY, _CA)

    # --- CRLs ------------------------------------------------------------------------------------

    def crl(self, which: Crl, state: CrlState = "good") -> bytes:
        """A CRL in DER."""
        if state in ("missing", "dropped", "page"):
            state = "good"
        return self._once("crl", which, state, make=lambda: self._crl(which, state))

    def _crl(self, which: Crl, state: CrlState) -> bytes:
        issuer = ROOT if which == "root" else ISSUING
        start, end = self._crl_dates(which, state)
        builder = (
            x509.CertificateRevocationListBuilder(issuer.name, start, end)
            .add_extension(issuer.key_identifier, critical=False)
            .add_extension(x509.CRLNumber(_NUMBER_OF_BASE + (which == "delta")), critical=False)
        )
        if which == "base":
            points = x509.FreshestCRL([_point(self._place + FILES["delta"])])
            builder = builder.add_extension(points, critical=False)
        if which == "delta":
            builder = builder.add_extension(x509.DeltaCRLIndicator(_NUMBER_OF_BASE), critical=True)
        for certificate in self.ra() if state == "revokes-ra" else ():
            builder = builder.add_revoked_certificate(_revoked(certificate, start))
        signer = _REPLACED.key if state == "bad-signature" else issuer.key
        return builder.sign(key(signer), hashes.SHA256()).public_bytes(Encoding.DER)

    def _crl_dates(self, which: Crl, state: CrlState) -> tuple[datetime, datetime]:
        valid = {"base": 7 * _DAY, "delta": _DAY, "root": 180 * _DAY}[which]
        match state:
            case "expired":
                end = self.now - _DAY
            case "ends-soon":
                end = self.now + 2 * _HOUR
            case _:
                end = self.now + valid - _HOUR
        return end - valid, end


def _tls_owner(state: TlsState) -> str:
    return "tls-renewed" if state == "renewed" else "tls"


def _point(*urls: str) -> x509.DistributionPoint:
    names = [x509.UniformResourceIdentifier(url) for url in urls]
    return x509.DistributionPoint(names, relative_name=None, reasons=None, crl_issuer=None)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _revoked(certificate: x509.Certificate, at: datetime) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder(certificate.serial_number, at)
    return builder.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False).build()
