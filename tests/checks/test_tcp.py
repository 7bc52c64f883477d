"""Whether a port takes connections, and what it means where it does not."""

import pytest

from bot.errors import ProbeError, Trouble
from connectors.checks.tcp import CHECK
from tests.checks.asking import HOST, found
from tests.checks.fake_wire import FakeWire


async def test_an_open_port_is_well() -> None:
    finding = await found(CHECK, FakeWire(connects={(HOST, 443): 4.04}))
    assert (finding.verdict, finding.outcomes, finding.evidence) == ("ok", (("tcp", "ok"),), {"port": 443, "ms": 4.0})


@pytest.mark.parametrize("trouble", ["refused", "timeout", "unreachable"])
async def test_a_closed_port_fails(trouble: Trouble) -> None:
    finding = await found(CHECK, FakeWire(connects={(HOST, 443): trouble}))
    assert (finding.verdict, finding.outcomes) == ("fail", (("tcp", trouble),))
    assert finding.evidence["errno"] == trouble


async def test_the_port_of_the_url_is_asked() -> None:
    wire = FakeWire(connects={(HOST, 8443): 1.0, (HOST, 80): 1.0})
    assert (await found(CHECK, wire, url=f"https://{HOST}:8443/x/mscep.dll")).verdict == "ok"
    assert (await found(CHECK, wire, url=f"http://{HOST}/x/mscep.dll")).evidence["port"] == 80


@pytest.mark.parametrize("trouble", ["nxdomain", "guarded"])
async def test_what_is_no_matter_of_the_port_is_raised(trouble: Trouble) -> None:
    with pytest.raises(ProbeError) as raised:
        await found(CHECK, FakeWire(connects={(HOST, 443): trouble}))
    assert raised.value.trouble == trouble
