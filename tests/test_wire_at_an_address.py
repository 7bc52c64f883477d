"""One name, several servers: the wire asks a node at its own address, leaves alone what fell, and opens no more."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest

from bot.errors import ProbeError, Trouble
from connectors.guard import Guard
from connectors.wire import RPC, RunWire
from tests.test_tls_look import Pki
from tests.test_wire import LAB, SCEP, Behaviour, Web, answer, says, web

NAME = "ndes.contoso.com"
INSIDE = "ndes01.contoso.local"
ONE, TWO = "127.0.0.1", "127.0.0.2"


async def both(host: str) -> Sequence[str]:
    """Every name leads to both nodes."""
    return [ONE, TWO]


async def nobody(host: str) -> Sequence[str]:
    raise AssertionError(f"{host} is not to be looked up")


@asynccontextmanager
async def nodes(first: Behaviour, second: Behaviour) -> AsyncIterator[tuple[Web, Web, str]]:
    """Two servers on one port, and the SCEP URL of the name that leads to both."""
    async with web(first) as one, web(second, port=one.port, address=TWO) as two:
        yield one, two, f"http://{NAME}:{one.port}{SCEP}"


async def drops(_: str, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def trouble_of(wire: RunWire, url: str, at: str | None = None) -> Trouble:
    with pytest.raises(ProbeError) as error:
        await wire.get(url, at=at)
    return error.value.trouble


# --- one address ---------------------------------------------------------------------------------


async def test_a_node_is_asked_at_its_address_by_the_name_of_all() -> None:
    async with nodes(says(answer(b"one")), says(answer(b"two"))) as (one, two, url):
        async with RunWire(url, LAB, resolver=nobody) as wire:
            assert (await wire.get(url, at=ONE)).body == b"one"
            reply = await wire.get(url, at=TWO)
        assert (reply.body, reply.url) == (b"two", url)
        assert len(one.lines) == len(two.lines) == 1
        assert f"Host: {NAME}:{one.port}" in two.heads[0]


async def test_each_address_is_a_look_of_its_own_and_kept_as_one() -> None:
    async with nodes(says(answer(b"one")), says(answer(b"two"))) as (one, two, url):
        async with RunWire(url, LAB, resolver=both) as wire:
            for _ in range(3):
                bodies = [(await wire.get(url, at=at)).body for at in (TWO, None, ONE, TWO)]
                assert bodies == [b"two", b"one", b"one", b"two"]
            assert wire.requests == 3
        assert (len(one.lines), len(two.lines)) == (2, 1)


async def test_the_bare_url_of_a_node_comes_before_the_rest_of_its_pool() -> None:
    async with nodes(says(answer(b"one")), says(answer(b"two"))) as (one, two, url):
        async with RunWire(url, LAB, resolver=both) as wire:
            await wire.get(f"{url}?operation=GetCACert&message=ca", at=TWO)
        assert [line.split()[1] for line in two.lines] == [SCEP, f"{SCEP}?operation=GetCACert&message=ca"]
        assert one.lines == []


async def test_a_handshake_with_a_node_has_the_name_of_all() -> None:
    pki = Pki()
    first, second = pki.issue(NAME), pki.issue(NAME)
    async with (
        web(says(answer()), tls=pki.server(first)) as one,
        web(says(answer()), tls=pki.server(second), port=one.port, address=TWO),
        RunWire(f"https://{NAME}:{one.port}{SCEP}", LAB, roots=pki.roots, resolver=nobody) as wire,
    ):
        looks = [await wire.tls(NAME, one.port, at=at) for at in (ONE, TWO, ONE)]
    assert [look.chain[0] for look in looks] == [first.der, second.der, first.der]
    assert {look.trust for look in looks} == {"ok"}


@pytest.mark.parametrize("at", ["10.0.0.1", "169.254.169.254", "127.0.0.3", "ndes.contoso.com", "127.1", "0x7f000001"])
async def test_the_guard_judges_such_an_address_as_every_other(at: str) -> None:
    guard = Guard([ip_network("127.0.0.2/32")], any_port=True)
    async with RunWire(f"https://{NAME}{SCEP}", guard, resolver=nobody) as wire:
        for look in (wire.get(f"https://{NAME}{SCEP}", at=at), wire.tls(NAME, at=at), wire.tls(NAME, 8443, at=at)):
            with pytest.raises(ProbeError) as error:
                await look
            assert error.value.trouble == "guarded"
        assert wire.requests == 0


async def test_a_url_that_holds_an_address_has_no_other() -> None:
    async with web(says(answer()), address=TWO) as two, RunWire(two.base, LAB) as wire:
        url = f"http://{TWO}:{two.port}{SCEP}"
        assert (await wire.get(url, at=TWO)).status == 403
        assert await trouble_of(wire, url, at=ONE) == "guarded"
        with pytest.raises(ProbeError, match="it is an address itself"):
            await wire.tls(TWO, two.port, at=ONE)


async def test_a_node_that_does_not_listen_is_told_with_its_address() -> None:
    async with web(says(answer())) as one, RunWire(f"http://{NAME}:{one.port}{SCEP}", LAB, resolver=both) as wire:
        assert await trouble_of(wire, f"http://{NAME}:{one.port}{SCEP}", at=TWO) == "refused"
        with pytest.raises(ProbeError, match=f"{NAME}:{one.port} at {TWO} refused"):
            await wire.tls(NAME, one.port, at=TWO)


# --- what fell is left alone -----------------------------------------------------------------------


async def test_a_node_that_falls_is_left_alone_and_so_is_the_name_but_no_other_node() -> None:
    async with nodes(says(answer(b"one")), drops) as (one, two, url):
        async with RunWire(url, LAB, resolver=both) as wire:
            assert await trouble_of(wire, url, TWO) == "dropped"
            assert await trouble_of(wire, f"{url}?operation=GetCACaps&message=ca", TWO) == "left-alone"
            assert await trouble_of(wire, url) == "left-alone"
            assert (await wire.get(url, at=ONE)).body == b"one"
        assert (len(one.lines), len(two.lines)) == (1, 1)


async def test_where_the_name_fell_no_node_is_asked() -> None:
    async with nodes(drops, says(answer(b"two"))) as (one, two, url):
        async with RunWire(url, LAB, resolver=both) as wire:
            assert await trouble_of(wire, url) == "dropped"
            for at in (ONE, TWO):
                assert await trouble_of(wire, url, at) == "left-alone"
        assert (len(one.lines), len(two.lines)) == (1, 0)


@pytest.mark.parametrize(("falls", "then"), [(NAME, INSIDE), (INSIDE, NAME)])
async def test_the_internal_name_leads_to_the_same_pool(falls: str, then: str) -> None:
    async def behave(line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (drops if "GetCACert" in line else says(answer()))(line, reader, writer)

    async with web(behave) as server:
        public, twin = (f"http://{name}:{server.port}{SCEP}" for name in (NAME, INSIDE))
        falling, other = (public, twin) if falls == NAME else (twin, public)
        async with RunWire(public, LAB, resolve={NAME: ONE, INSIDE: ONE}) as wire:
            assert (await wire.get(other)).status == 403
            assert await trouble_of(wire, f"{falling}?operation=GetCACert&message=ca") == "dropped"
            asked = len(server.lines)
            for url in (falling, other):
                assert await trouble_of(wire, f"{url}?operation=GetCACaps&message=ca") == "left-alone"
            with pytest.raises(ProbeError):
                await wire.get(other, fresh=True)
            assert len(server.lines) == asked
            assert (await wire.get(f"http://{then}:{server.port}/")).status == 403


async def test_a_file_elsewhere_is_of_no_pool() -> None:
    """The web pages of a CA are under /certsrv/ too."""
    async with web(drops) as ca, web(says(answer())) as server, RunWire(server.base, LAB, resolver=both) as wire:
        with pytest.raises(ProbeError):
            await wire.fetch(f"http://ca01.contoso.com:{ca.port}/certsrv/ca.crl")
        assert (await wire.get(server.base)).status == 403


# --- RPC -----------------------------------------------------------------------------------------

CA = "ca01.contoso.com"


async def test_port_135_is_opened_for_the_ca_of_the_server_alone() -> None:
    guard = Guard([ip_network("127.0.0.0/8")])
    async with RunWire(f"https://{NAME}{SCEP}", guard, ca_host="CA01.contoso.com", resolver=both) as wire:
        try:
            assert await wire.tcp(CA, RPC) > 0
        except ProbeError as error:
            assert error.trouble == "refused", "it was tried, and nothing listens here"
        shut = [
            wire.tcp(NAME, RPC),
            wire.tcp(CA, RPC + 1),
            wire.tls(CA, RPC),
            wire.get(f"http://{CA}:{RPC}/"),
            wire.get(f"https://{CA}:{RPC}/", at=ONE),
        ]
        for look in shut:
            with pytest.raises(ProbeError, match=r"may not be asked on port 13\d") as error:
                await look
            assert error.value.trouble == "guarded"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1"])
async def test_the_address_of_a_ca_is_guarded_too(address: str) -> None:
    async with RunWire(f"https://{NAME}{SCEP}", Guard(), ca_host=CA, resolve={CA: address}) as wire:
        with pytest.raises(ProbeError) as error:
            await wire.tcp(CA, RPC)
        assert error.value.trouble == "guarded"
        assert address.rpartition(":")[2] in str(error.value)


async def test_without_a_registered_ca_port_135_stays_shut() -> None:
    async with RunWire(f"https://{NAME}{SCEP}", Guard([ip_network("127.0.0.0/8")]), resolver=both) as wire:
        with pytest.raises(ProbeError, match="may not be asked on port 135"):
            await wire.tcp(CA, RPC)
