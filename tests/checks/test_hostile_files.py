"""Whatever bytes stand in for certificates, CRLs and SCEP answers, a check finds something and stays within bounds."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.findings import Past
from connectors import checks
from connectors.lab.pki import Pki as LabPki
from tests.checks.asking import HOST, NOW
from tests.checks.issued import BASE, BROKEN, DELTA, OPERATION_URL, ROOT, ROOT_CERTIFICATE, crl, ndes, published
from tests.checks.test_contract import _ask
from tests.checks.test_scep_poll import signed_message
from tests.knowledge.pki import Pki, pack

PKI = Pki.make()
FILES = published(PKI, base=crl(PKI.issuing, PKI.signature, freshest=(DELTA, "http://\x7f/")))
BUNDLES = [PKI.bundle, pack(PKI.root, PKI.issuing, PKI.encryption, PKI.signature), LabPki("http://x/", HOST).bundle()]
MINE = [check for check in checks.catalogue() if check.catalogue in {"R13", "R14", "R15", "R16", "R17", "R18", "R19"}]
MINE += [check for check in checks.catalogue() if check.catalogue in {"R20", "R30", "R32", "R33"}]

each_check = pytest.mark.parametrize("check", MINE, ids=[check.id for check in MINE])
bounded = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """The bytes with some of them changed, or cut off."""
    data = bytearray(whole)
    for at in draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        data[at] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(whole))) if draw(st.booleans()) else None])


@each_check
@bounded
@given(data=st.data())
async def test_damaged_bytes_break_no_check(check: Any, data: st.DataObject) -> None:
    bundle = data.draw(st.sampled_from(BUNDLES).flatmap(damaged))
    files = {url: data.draw(st.sampled_from([whole, b""]).flatmap(_damaged_or_empty)) for url, whole in FILES.items()}
    answer = data.draw(st.sampled_from([signed_message(), BROKEN, "dropped"]))
    wire = ndes(bundle if data.draw(st.booleans()) else BROKEN, files, posts={OPERATION_URL: answer})
    await _ask(check, wire, Past(NOW, bundle), may_poll=True, trusted_root="0" * 64, nodes=(HOST, "192.0.2.8"))
    assert wire.requests <= 20


def _damaged_or_empty(whole: bytes) -> st.SearchStrategy[bytes]:
    return damaged(whole) if whole else st.just(b"")


@each_check
async def test_a_hundred_certificates_ask_for_a_handful_of_files(check: Any) -> None:
    crowd = [PKI.issuing, *[PKI.encryption, PKI.signature] * 49]
    wire = ndes(pack(*crowd), {BASE: b"", DELTA: b"", ROOT: b"", ROOT_CERTIFICATE: b""})
    await _ask(check, wire, Past(), may_poll=True, trusted_root="0" * 64)
    assert sum(verb == "FETCH" for verb, _ in wire.asked) <= 4
