"""What a CA publishes and an NDES hands out, for tests: CRLs of any age, and a wire on which all of it stands."""

from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from bot.findings import Finding, Past
from bot.ports import Check
from tests.checks import pages
from tests.checks.asking import CAPS_URL, NOW, URL, found
from tests.checks.fake_wire import FakeWire, Page, reply
from tests.knowledge.pki import YEAR, Holder, Pki, issue, points

BASE, DELTA, ROOT = (f"http://pki.example.com/{name}.crl" for name in ("issuing", "issuing+", "root"))
ROOT_CERTIFICATE = "http://pki.example.com/root.crt"
CACERT_URL = f"{URL}?operation=GetCACert&message=ca"
OPERATION_URL = f"{URL}?operation=PKIOperation"
DAY = timedelta(days=1)

BROKEN = reply(500, pages.iis(500), pages.IIS)
REFUSED = reply(403, pages.iis(403), pages.IIS)
CAPS = reply(200, pages.CAPS, {**pages.IIS, "Content-Type": "text/plain"})


def crl(
    by: Holder,
    *revoked: Holder,
    begin: datetime = NOW - DAY,
    end: datetime = NOW + 7 * DAY,
    delta: bool = False,
    freshest: tuple[str, ...] = (),
    key: Any = None,
) -> bytes:
    """A CRL of a CA, valid for a week from yesterday; signed with another `key` it is a forgery."""
    builder = x509.CertificateRevocationListBuilder(by.certificate.subject, begin, end)
    builder = builder.add_extension(x509.CRLNumber(4_711), critical=False)
    if delta:
        builder = builder.add_extension(x509.DeltaCRLIndicator(4_700), critical=True)
    if freshest:
        builder = builder.add_extension(x509.FreshestCRL(points(*freshest)), critical=False)
    for one in revoked:
        entry = x509.RevokedCertificateBuilder(one.certificate.serial_number, begin).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(key or by.key, SHA256()).public_bytes(Encoding.DER)


def hands_out(body: bytes) -> Page:
    """An answer to GetCACert."""
    return reply(200, body, {**pages.IIS, "Content-Type": "application/x-x509-ca-ra-cert"})


def ndes(bundle: bytes | Page, files: dict[str, Any] | None = None, **more: Any) -> FakeWire:
    """A wire to an NDES with a policy module that hands this out; `files` are those of the CA."""
    page = hands_out(bundle) if isinstance(bundle, bytes) else bundle
    return FakeWire(pages={URL: REFUSED, CAPS_URL: CAPS, CACERT_URL: page}, files=files or {}, **more)


def published(pki: Pki, **changed: Any) -> dict[str, Any]:
    """The files of a healthy CA: base and delta CRL, CRL of the root, certificate of the root."""
    healthy = {
        "base": crl(pki.issuing, freshest=(DELTA,)),
        "delta": crl(pki.issuing, delta=True),
        "root": crl(pki.root, end=NOW + 90 * DAY),
        "certificate": pki.root.der,
    }
    files = {**healthy, **changed}
    places = {"base": BASE, "delta": DELTA, "root": ROOT, "certificate": ROOT_CERTIFICATE}
    return {places[name]: file for name, file in files.items()}


async def remembered(check: Check, pki: Pki, now: Page = BROKEN, **changed: Any) -> Finding:
    """What a check finds while GetCACert fails, with the certificates of three days ago in memory."""
    wire = ndes(now, published(pki, **changed))
    finding = await found(check, wire, Past(at=NOW - 3 * DAY, bundle=pki.bundle))
    assert finding.evidence["from_memory"] is True
    assert "2026-11-18" in finding.summary
    return finding


def ra(pki: Pki, role: str, *more: x509.ExtensionType, by: Holder | None = None, **how: Any) -> Holder:
    """An RA certificate in place of one of the pair."""
    old: Holder = getattr(pki, role)
    kept = [one.value for one in old.certificate.extensions]
    return issue(old.certificate.subject, by or pki.issuing, *(more or kept), key=old.key, **{"end": NOW + YEAR, **how})
