"""A name that does not exist is a failure; a custom name must lead to the application proxy."""

import pytest

from bot.errors import ProbeError, Trouble
from bot.ports import NameLook
from connectors.checks.names import CHECK
from tests.checks.asking import HOST, found
from tests.checks.fake_wire import FakeWire


def leading(*aliases: str) -> FakeWire:
    return FakeWire(lookups={HOST: NameLook(("192.0.2.7", "2001:db8::7"), aliases, 1.0)})


async def test_a_name_that_exists_is_well() -> None:
    finding = await found(CHECK, leading())
    assert (finding.verdict, finding.outcomes) == ("ok", (("dns", "ok"),))
    assert finding.evidence == {"addresses": ["192.0.2.7", "2001:db8::7"], "aliases": []}


async def test_a_name_that_does_not_exist_fails() -> None:
    finding = await found(CHECK, FakeWire())
    assert (finding.verdict, finding.outcomes) == ("fail", (("dns", "nxdomain"),))
    assert finding.evidence == {"rcode": "nxdomain"}


@pytest.mark.parametrize("trouble", ["servfail", "timeout"])
async def test_a_name_server_without_an_answer_leaves_it_unknown(trouble: Trouble) -> None:
    finding = await found(CHECK, FakeWire(lookups={HOST: trouble}))
    assert (finding.verdict, finding.outcomes) == ("unknown", (("dns", trouble),))


async def test_what_is_no_matter_of_names_is_raised() -> None:
    with pytest.raises(ProbeError):
        await found(CHECK, FakeWire(lookups={HOST: "guarded"}))


async def test_a_name_behind_the_application_proxy_leads_there() -> None:
    finding = await found(CHECK, leading("ndes-corp.msappproxy.net", "edge.example."), front="app-proxy")
    assert (finding.verdict, finding.outcomes) == ("ok", (("dns", "ok"),))


async def test_a_name_that_leads_elsewhere_is_a_warning_that_settles_nothing() -> None:
    finding = await found(CHECK, leading("msappproxy.net.evil.example"), front="app-proxy")
    assert (finding.verdict, finding.outcomes) == ("warn", (("dns", "elsewhere"),))


async def test_aliases_that_nobody_could_ask_for_say_nothing() -> None:
    """A hosts file, a pinned address, a name of this computer: there may well be an alias outside."""
    wire = FakeWire(lookups={HOST: NameLook(("192.0.2.7",), (), 1.0, aliases_known=False)})
    finding = await found(CHECK, wire, front="app-proxy")
    assert (finding.verdict, finding.outcomes) == ("ok", (("dns", "ok"),))
    assert finding.evidence["aliases"] is None


async def test_the_default_name_of_the_application_proxy_needs_no_alias() -> None:
    host = "ndes-corp.msappproxy.net"
    wire = FakeWire(lookups={host: NameLook(("192.0.2.7",), (), 1.0)})
    url = f"https://{host}/certsrv/mscep/mscep.dll"
    assert (await found(CHECK, wire, url=url, front="app-proxy")).verdict == "ok"


@pytest.mark.parametrize("host", ["192.0.2.7", "[2001:db8::7]"])
async def test_an_address_needs_no_look_up(host: str) -> None:
    wire = FakeWire()
    assert (await found(CHECK, wire, url=f"https://{host}/certsrv/mscep/mscep.dll")).verdict == "skipped"
    assert wire.requests == 0


async def test_a_flood_of_addresses_is_cut() -> None:
    wire = FakeWire(lookups={HOST: NameLook(("192.0.2.7",) * 5_000, ("x" * 5_000,) * 5_000, 1.0)})
    finding = await found(CHECK, wire)
    assert len(str(finding.evidence)) < 6_000
