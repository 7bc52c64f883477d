"""What the world outside hears of the name, beside what this computer hears; asked only where somebody wants it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import cast

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from bot.errors import ProbeError, Trouble
from bot.findings import Finding, Past
from bot.ports import NameLook
from connectors import wire_names
from connectors.checks.names_public import CHECK
from connectors.guard import Guard
from connectors.wire import RunWire
from tests.checks.asking import HOST, NOW, found, server
from tests.checks.fake_wire import FakeWire

HERE = ("20.1.2.3", "20.1.2.4")
PROXY = ("ndes-corp.msappproxy.net", "edge.example")


def looked(*addresses: str, aliases: tuple[str, ...] = ()) -> NameLook:
    return NameLook(addresses, aliases, 1.0)


def telling(here: NameLook | Trouble, public: NameLook | Trouble) -> FakeWire:
    return FakeWire(lookups={HOST: here}, public={HOST: public})


async def test_the_same_answer_is_well() -> None:
    finding = await found(CHECK, telling(looked(*HERE), looked(HERE[1])))
    assert (finding.verdict, finding.outcomes) == ("ok", ())
    assert finding.evidence["here"] == list(HERE)
    assert finding.evidence["public"] == [HERE[1]]
    assert not CHECK.usual


async def test_another_answer_outside_is_a_warning() -> None:
    finding = await found(CHECK, telling(looked("10.0.0.7"), looked(*HERE)))
    assert (finding.verdict, finding.outcomes) == ("warn", ())
    assert "elsewhere" in finding.summary


async def test_an_inside_address_told_outside_is_a_warning() -> None:
    finding = await found(CHECK, telling(looked(*HERE), looked("10.0.0.7", "fd00::7")))
    assert finding.verdict == "warn"
    assert "only inside" in finding.summary


async def test_a_name_that_is_missing_outside_may_be_meant_for_the_inside() -> None:
    finding = await found(CHECK, telling(looked("10.0.0.7"), "nxdomain"))
    assert (finding.verdict, finding.outcomes) == ("warn", ())


async def test_behind_an_application_proxy_a_name_that_is_missing_outside_fails() -> None:
    finding = await found(CHECK, telling(looked("10.0.0.7"), "nxdomain"), front="app-proxy")
    assert (finding.verdict, finding.outcomes) == ("fail", (("dns", "nxdomain"),))


async def test_a_name_that_is_missing_everywhere_fails() -> None:
    finding = await found(CHECK, telling("nxdomain", "nxdomain"))
    assert (finding.verdict, finding.outcomes) == ("fail", (("dns", "nxdomain"),))
    assert finding.evidence == {"here": "nxdomain", "public": "nxdomain"}


async def test_a_name_that_only_this_computer_misses_is_a_matter_of_its_name_server() -> None:
    finding = await found(CHECK, telling("nxdomain", looked(*HERE)))
    assert (finding.verdict, finding.outcomes) == ("warn", ())
    assert "this computer" in finding.summary


async def test_the_alias_of_the_application_proxy_is_looked_for_outside() -> None:
    well = telling(looked(*HERE), looked(*HERE, aliases=PROXY))
    assert (await found(CHECK, well, front="app-proxy")).verdict == "ok"
    elsewhere = await found(CHECK, telling(looked(*HERE, aliases=PROXY), looked(*HERE)), front="app-proxy")
    assert (elsewhere.verdict, elsewhere.outcomes) == ("warn", (("dns", "elsewhere"),))


@pytest.mark.parametrize("trouble", ["servfail", "timeout"])
async def test_a_public_resolver_without_an_answer_leaves_it_unknown(trouble: Trouble) -> None:
    finding = await found(CHECK, telling(looked(*HERE), trouble))
    assert (finding.verdict, finding.outcomes) == ("unknown", ())


async def test_what_is_no_matter_of_names_is_raised() -> None:
    with pytest.raises(ProbeError):
        await found(CHECK, telling("guarded", looked(*HERE)))


@pytest.mark.parametrize("host", ["192.0.2.7", "[2001:db8::7]", "localhost", "ndes01"])
async def test_a_name_that_nobody_outside_can_know_is_not_told_to_anybody(host: str) -> None:
    wire = FakeWire()
    assert (await found(CHECK, wire, url=f"https://{host}/certsrv/mscep/mscep.dll")).verdict == "skipped"
    assert wire.requests == 0


# --- over a real socket ----------------------------------------------------------------------


class _PublicResolver(asyncio.DatagramProtocol):
    """A name server on loopback that knows one zone; of what it does not know it says so."""

    def __init__(self, zone: Mapping[str, str]) -> None:
        self._zone = zone
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, sender: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        said = dns.message.make_response(query)
        name = query.question[0].name
        self.asked.append(name.to_text())
        told = self._zone.get(name.to_text())
        if told is None:
            said.set_rcode(dns.rcode.NXDOMAIN)
        elif told == "fails":
            said.set_rcode(dns.rcode.SERVFAIL)
        elif query.question[0].rdtype == dns.rdatatype.A:
            said.answer.append(dns.rrset.from_text(name, 60, "IN", "A", told))
        self._transport.sendto(said.to_wire(), sender)


@asynccontextmanager
async def resolver(**zone: str) -> AsyncIterator[tuple[_PublicResolver, tuple[str, int]]]:
    """A public resolver that knows these hosts of corp.example."""
    known = {f"{host}.corp.example.": told for host, told in zone.items()}
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: _PublicResolver(known), local_addr=("127.0.0.1", 0)
    )
    try:
        yield protocol, transport.get_extra_info("sockname")
    finally:
        transport.close()


async def here(host: str) -> Sequence[str]:
    return HERE


async def over_the_wire(address: tuple[str, int]) -> Finding:
    target = server()
    async with RunWire(target.url, Guard(), resolver=here, name_servers=[address]) as wire:
        return await CHECK.run(target, wire, NOW, Past())


@pytest.mark.parametrize(
    ("told", "verdict"), [(HERE[0], "ok"), ("20.9.9.9", "warn"), ("10.0.0.7", "warn"), ("fails", "unknown")]
)
async def test_the_public_answer_is_asked_for_and_compared(
    told: str, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire_names, "PATIENCE", 0.5)
    async with resolver(ndes=told) as (asked, address):
        finding = await over_the_wire(address)
    assert finding.verdict == verdict
    assert set(asked.asked) == {f"{HOST}."}


async def test_a_name_that_the_public_resolver_does_not_know_is_told() -> None:
    async with resolver() as (_, address):
        finding = await over_the_wire(address)
    assert finding.verdict == "warn"
    assert finding.evidence["public"] == "nxdomain"
