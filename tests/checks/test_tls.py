"""A handshake comes about or not, and no client certificate may be wanted for it."""

from dataclasses import replace

import pytest

from bot.errors import ProbeError, Trouble
from connectors.checks.tls import CHECK
from tests.checks.asking import HOST, found
from tests.checks.fake_wire import HEALTHY_TLS, FakeWire


async def test_a_handshake_is_well() -> None:
    finding = await found(CHECK, FakeWire(services={HOST: HEALTHY_TLS}))
    assert (finding.verdict, finding.outcomes) == ("ok", (("tls", "ok"),))
    assert finding.evidence == {"version": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384", "asks_client": False}


async def test_a_server_that_hides_whether_it_asks_is_well() -> None:
    look = replace(HEALTHY_TLS, asks_client=None)
    assert (await found(CHECK, FakeWire(services={HOST: look}))).verdict == "ok"


async def test_a_certificate_that_does_not_verify_is_no_matter_of_the_handshake() -> None:
    look = replace(HEALTHY_TLS, trust="expired", trust_code=10)
    assert (await found(CHECK, FakeWire(services={HOST: look}))).verdict == "ok"


async def test_asking_for_a_client_certificate_is_a_warning() -> None:
    look = replace(HEALTHY_TLS, asks_client=True)
    finding = await found(CHECK, FakeWire(services={HOST: look}))
    assert (finding.verdict, finding.outcomes) == ("warn", (("tls", "client_cert_asked"),))


@pytest.mark.parametrize(
    ("trouble", "word"),
    [
        ("tls", "handshake_failed"),
        ("reset", "reset"),
        ("dropped", "reset"),
        ("truncated", "reset"),
        ("timeout", "timeout"),
    ],
)
async def test_a_handshake_that_breaks_off_fails(trouble: Trouble, word: str) -> None:
    finding = await found(CHECK, FakeWire(services={HOST: trouble}, connects={(HOST, 443): 1.0}))
    assert (finding.verdict, finding.outcomes) == ("fail", (("tls", word),))


@pytest.mark.parametrize("trouble", ["refused", "timeout", "unreachable"])
async def test_a_closed_port_is_no_matter_of_the_handshake(trouble: Trouble) -> None:
    with pytest.raises(ProbeError):
        await found(CHECK, FakeWire(services={HOST: trouble}, connects={(HOST, 443): trouble}))


async def test_plain_http_has_no_handshake() -> None:
    wire = FakeWire()
    assert (await found(CHECK, wire, url=f"http://{HOST}/certsrv/mscep/mscep.dll")).verdict == "skipped"
    assert wire.requests == 0
