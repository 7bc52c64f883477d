"""TLS certificates for tests: made in a moment, with the names and the days that a test wants."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.checks.asking import NOW

_KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(
    names: Sequence[str], *, since: datetime = NOW - timedelta(days=10), until: datetime = NOW + timedelta(days=300)
) -> bytes:
    """A self-signed certificate in DER; without names it has no SAN."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ndes.corp.example")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(_KEY.public_key())
        .serial_number(7)
        .not_valid_before(since)
        .not_valid_after(until)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
    return builder.sign(_KEY, SHA256()).public_bytes(Encoding.DER)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
