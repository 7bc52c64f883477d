"""Port 80 is only information."""

import pytest

from bot.errors import ProbeError, Trouble
from connectors.checks.http80 import CHECK
from tests.checks import pages
from tests.checks.asking import HOST, URL, found
from tests.checks.fake_wire import FakeWire, reply

PLAIN = URL.replace("https:", "http:")


async def test_an_answer_on_port_80_is_told() -> None:
    wire = FakeWire(pages={PLAIN: reply(403, pages.iis(403), pages.IIS)})
    finding = await found(CHECK, wire)
    assert (finding.verdict, finding.evidence) == ("ok", {"status": 403, "written_by": "iis", "redirect": None})
    assert wire.deadlines[PLAIN] < 10


async def test_a_redirect_is_told_and_not_followed() -> None:
    wire = FakeWire(pages={PLAIN: reply(301, b"", {"Location": URL})})
    assert (await found(CHECK, wire)).evidence["redirect"] == URL
    assert wire.requests == 1


@pytest.mark.parametrize("trouble", ["refused", "timeout", "unreachable", "reset", "dropped"])
async def test_a_closed_port_80_is_well(trouble: Trouble) -> None:
    assert (await found(CHECK, FakeWire(pages={PLAIN: trouble}))).verdict == "ok"


@pytest.mark.parametrize("trouble", ["nxdomain", "guarded", "left-alone"])
async def test_what_is_no_matter_of_port_80_is_raised(trouble: Trouble) -> None:
    with pytest.raises(ProbeError):
        await found(CHECK, FakeWire(pages={PLAIN: trouble}))


@pytest.mark.parametrize("url", [PLAIN, f"https://{HOST}:8443/certsrv/mscep/mscep.dll"])
async def test_another_port_has_no_port_80(url: str) -> None:
    wire = FakeWire()
    assert (await found(CHECK, wire, url=url)).verdict == "skipped"
    assert wire.requests == 0


async def test_an_address_of_version_six_keeps_its_brackets() -> None:
    wire = FakeWire()
    with pytest.raises(ProbeError):
        await found(CHECK, FakeWire(rule=lambda _: "guarded"), url="https://[2001:db8::7]/x/mscep.dll")
    wire.rule = lambda url: reply(404) if url == "http://[2001:db8::7]/x/mscep.dll" else None
    assert (await found(CHECK, wire, url="https://[2001:db8::7]/x/mscep.dll")).evidence["status"] == 404
