"""Port 135 of the CA is tried only where asked for, and what it gives is no more than a hint."""

from ipaddress import ip_network

import pytest

from bot.errors import ProbeError, Trouble
from bot.findings import Past
from connectors.checks.ca_tcp import CHECK
from connectors.guard import Guard
from connectors.wire import RunWire
from tests.checks.asking import NOW, found, server
from tests.checks.fake_wire import FakeWire

CA = "ca01.corp.example"


async def test_an_open_port_is_well() -> None:
    wire = FakeWire(connects={(CA, 135): 2.5})
    finding = await found(CHECK, wire, ca_host=CA)
    assert (finding.verdict, finding.outcomes) == ("ok", ())
    assert finding.evidence == {"port": 135, "ms": 2.5}
    assert not CHECK.usual


@pytest.mark.parametrize("trouble", ["refused", "timeout", "unreachable"])
async def test_a_closed_port_says_little(trouble: Trouble) -> None:
    finding = await found(CHECK, FakeWire(connects={(CA, 135): trouble}), ca_host=CA)
    assert (finding.verdict, finding.outcomes) == ("unknown", ())
    assert finding.evidence["errno"] == trouble


async def test_other_troubles_are_told_as_they_are() -> None:
    with pytest.raises(ProbeError):
        await found(CHECK, FakeWire(connects={(CA, 135): "guarded"}), ca_host=CA)


async def test_the_guard_opens_the_port_for_the_registered_ca_alone() -> None:
    target = server(ca_host=CA)
    for registered, address, why in (
        (CA, "10.0.0.1", "10.0.0.1 is a private address; the operator has to allow its range"),
        ("ca02.corp.example", "20.0.0.1", "20.0.0.1 may not be asked on port 135"),
        (None, "20.0.0.1", "20.0.0.1 may not be asked on port 135"),
    ):
        async with RunWire(target.url, Guard(), ca_host=registered, resolve={CA: address}) as wire:
            with pytest.raises(ProbeError, match=f"{CA}:135 is not asked: {why}"):
                await CHECK.run(target, wire, NOW, Past())


async def test_over_the_wire_the_port_of_the_registered_ca_is_tried() -> None:
    target = server(ca_host=CA)
    guard = Guard([ip_network("127.0.0.0/8")])
    async with RunWire(target.url, guard, ca_host=CA, resolve={CA: "127.0.0.1"}) as wire:
        finding = await CHECK.run(target, wire, NOW, Past())
    assert finding.verdict in ("ok", "unknown")  # as this computer has something there or not
    assert finding.evidence["port"] == 135


async def test_without_a_registered_ca_nobody_is_asked() -> None:
    wire = FakeWire()
    assert (await found(CHECK, wire)).verdict == "skipped"
    assert wire.requests == 0
