"""Port 135 of the CA is tried only where asked for, and what it gives is no more than a hint."""

import pytest

from bot.errors import ProbeError, Trouble
from connectors.checks.ca_tcp import CHECK
from tests.checks.asking import found
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


async def test_without_a_registered_ca_nobody_is_asked() -> None:
    wire = FakeWire()
    assert (await found(CHECK, wire)).verdict == "skipped"
    assert wire.requests == 0
