"""The root that a profile gives to devices must be the one above the certificates of the server."""

from hashlib import sha256
from typing import Any

import pytest

from bot.findings import Finding, Past
from connectors.checks.ra_profile_root import CHECK
from tests.checks.asking import NOW, found
from tests.checks.issued import BROKEN, DAY, ROOT_CERTIFICATE, ndes, published, ra
from tests.checks.test_aia import leading_to
from tests.knowledge.pki import Pki, issue, pack

PKI = Pki.make()
WITH_ROOT = pack(PKI.root, PKI.issuing, PKI.encryption, PKI.signature)
THUMBPRINT = sha256(PKI.root.der).hexdigest()
OTHER = sha256(b"another root").hexdigest()


async def judged(bundle: bytes = WITH_ROOT, root: str | None = THUMBPRINT, **changed: Any) -> Finding:
    finding = await found(CHECK, ndes(bundle, published(PKI, **changed)), trusted_root=root)
    assert finding.outcomes == ()
    return finding


@pytest.mark.parametrize(
    "spelling",
    [THUMBPRINT, THUMBPRINT.upper(), ":".join(THUMBPRINT[i : i + 2] for i in range(0, 64, 2))],
    ids=["small", "capital", "parted"],  # a thumbprint is another one in every process
)
async def test_the_root_in_the_bundle_is_well_however_it_is_written(spelling: str) -> None:
    finding = await judged(root=spelling)
    assert finding.verdict == "ok"
    assert finding.evidence["wanted"] == THUMBPRINT


async def test_a_root_that_is_not_handed_out_is_fetched() -> None:
    assert (await judged(PKI.bundle)).verdict == "ok"


async def test_another_root_fails() -> None:
    for bundle in (WITH_ROOT, PKI.bundle):
        finding = await judged(bundle, OTHER)
        assert finding.verdict == "fail"
        assert "CN=Example Root" in finding.summary


async def test_a_root_above_two_cas_is_found() -> None:
    policy = issue("Example Policy", PKI.root, leading_to(ROOT_CERTIFICATE), ca=True)
    issuing = issue("Example Issuing", policy, ca=True)
    assert (await judged(pack(issuing, policy, PKI.encryption))).verdict == "ok"


async def test_without_the_root_nothing_is_known() -> None:
    assert (await judged(PKI.bundle, certificate="timeout")).verdict == "unknown"
    assert (await judged(PKI.bundle, certificate=PKI.encryption.der)).verdict == "unknown"


async def test_a_chain_that_runs_in_circles_ends() -> None:
    first = issue("First", None, ca=True)
    second = issue("Second", first, leading_to("http://pki.example.com/first.crt"), ca=True)
    circle = issue("First", second, leading_to("http://pki.example.com/second.crt"), ca=True)
    files = {"http://pki.example.com/first.crt": circle.der, "http://pki.example.com/second.crt": second.der}
    wire = ndes(pack(second, ra(PKI, "encryption", by=second)), files)
    assert (await found(CHECK, wire, trusted_root=OTHER)).verdict == "unknown"
    assert wire.requests < 8


async def test_what_is_not_registered_is_skipped() -> None:
    assert (await judged(root=None)).verdict == "skipped"


@pytest.mark.parametrize("wrong", ["", "AB" * 20, "not a thumbprint", "g" * 64])
async def test_what_is_no_thumbprint_says_so(wrong: str) -> None:
    finding = await judged(root=wrong)
    assert finding.verdict == "unknown"
    assert "SHA-256" in finding.summary


async def test_under_http_500_it_is_judged_from_memory() -> None:
    past = Past(at=NOW - DAY, bundle=WITH_ROOT)
    finding = await found(CHECK, ndes(BROKEN), past, trusted_root=THUMBPRINT)
    assert (finding.verdict, finding.evidence["from_memory"]) == ("ok", True)
    assert (await found(CHECK, ndes(BROKEN), trusted_root=THUMBPRINT)).verdict == "unknown"
