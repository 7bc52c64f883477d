"""Nodes behind one name are compared by what each of them answers at its own address."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest

from bot.errors import ProbeError, Trouble
from bot.findings import Finding, Past
from bot.ports import NameLook, TlsLook
from connectors.checks.nodes import CHECK
from connectors.guard import Guard
from connectors.lab.crl_server import CrlServer
from connectors.lab.server import Lab
from connectors.wire import RunWire
from tests.checks import pages
from tests.checks.asking import HOST, URL, found
from tests.checks.fake_wire import HEALTHY_TLS, FakeWire, Page, reply
from tests.checks.issued import BROKEN, CACERT_URL, REFUSED, hands_out, ndes, ra
from tests.knowledge.pki import Pki, pack

PKI = Pki.make()
OTHER = PKI.with_(encryption=ra(PKI, "encryption"))
NAMES = ("ndes01.corp.example", "ndes02.corp.example")
ADDRESSES = ("192.0.2.7", "192.0.2.8")
WELL = hands_out(PKI.bundle)
TLS = replace(HEALTHY_TLS, chain=(b"a certificate",))
OTHER_TLS = replace(HEALTHY_TLS, chain=(b"another one",))
INSIDE = "ndes.corp.local"


def behind(
    *cacert: Page,
    base: Sequence[Page] = (),
    tls: Sequence[TlsLook | Trouble] = (),
    first: Page | bytes = PKI.bundle,
    host: str = HOST,
) -> FakeWire:
    """A wire to nodes behind one name: what each gives for GetCACert, the bare URL and the handshake."""
    wire = ndes(first, lookups={HOST: NameLook(ADDRESSES[: len(cacert)], (), 1.0)})
    wire.lookups |= {name: NameLook((address,), (), 1.0) for name, address in zip(NAMES, ADDRESSES, strict=True)}
    for number, (address, page) in enumerate(zip(ADDRESSES, cacert, strict=False)):
        wire.pages[f"{CACERT_URL.replace(HOST, host)} @{address}"] = page
        wire.pages[f"{URL.replace(HOST, host)} @{address}"] = base[number] if base else REFUSED
        wire.services[f"{host} @{address}"] = tls[number] if tls else TLS
    return wire


async def compared(*cacert: Page, base: Sequence[Page] = (), tls: Sequence[TlsLook | Trouble] = ()) -> Finding:
    finding = await found(CHECK, behind(*cacert, base=base, tls=tls))
    assert finding.outcomes == ()
    return finding


async def test_nodes_that_answer_alike_are_well() -> None:
    finding = await compared(WELL, WELL)
    assert finding.verdict == "ok"
    assert finding.evidence["differ"] == []
    assert "with the same certificates" in finding.summary
    lines = finding.evidence["nodes"]
    assert isinstance(lines, list)
    assert [line.partition(", RA until 20")[0] for line in lines] == [
        f"{address}: 403_iis, 3 certificates" for address in ADDRESSES
    ]
    assert lines[0].endswith("ok")


async def test_nodes_with_different_ra_certificates_are_a_warning() -> None:
    finding = await compared(WELL, hands_out(OTHER.bundle))
    assert (finding.verdict, finding.evidence["differ"]) == ("warn", ["cacert"])
    assert "different certificates" in finding.summary


async def test_the_order_of_the_certificates_makes_no_difference() -> None:
    turned = pack(PKI.signature, PKI.encryption, PKI.issuing)
    assert (await compared(WELL, hands_out(turned))).verdict == "ok"


async def test_a_node_that_answers_the_bare_url_otherwise_is_a_warning() -> None:
    finding = await compared(WELL, WELL, base=(REFUSED, reply(200, pages.GENERAL, pages.IIS)))
    assert (finding.verdict, finding.evidence["differ"]) == ("warn", ["base"])
    assert "192.0.2.7 403 iis, 192.0.2.8 200 general" in finding.summary


async def test_tls_certificates_of_their_own_are_told_and_no_fault() -> None:
    finding = await compared(WELL, WELL, tls=(TLS, OTHER_TLS))
    assert (finding.verdict, finding.evidence["differ"]) == ("ok", ["tls"])
    assert "a TLS certificate of its own" in finding.summary


async def test_a_tls_certificate_that_only_one_node_has_right_is_a_warning() -> None:
    finding = await compared(WELL, WELL, tls=(TLS, replace(OTHER_TLS, trust="name_mismatch")))
    assert (finding.verdict, finding.evidence["differ"]) == ("warn", ["tls", "trust"])
    assert "192.0.2.8 name mismatch" in finding.summary


@pytest.mark.parametrize("second", [BROKEN, "timeout", "dropped", reply(200, pages.GENERAL, pages.IIS)])
async def test_a_node_that_fails_is_named(second: Page) -> None:
    finding = await compared(WELL, second)
    assert finding.verdict == "warn"
    assert f"1 of 2 nodes do not answer as they should: {ADDRESSES[1]}" in finding.summary


@pytest.mark.parametrize("trouble", ["refused", "timeout", "tls", "unreachable"])
async def test_a_node_without_a_handshake_is_asked_no_more(trouble: Trouble) -> None:
    wire = behind(WELL, WELL, tls=(TLS, trouble))
    finding = await found(CHECK, wire)
    assert (finding.verdict, f"({trouble})" in finding.summary) == ("warn", True)
    assert not [what for _, what in wire.asked if what.startswith("http") and what.endswith(ADDRESSES[1])]


async def test_a_node_that_drops_the_connection_is_asked_no_more_and_the_others_are() -> None:
    wire = behind(WELL, WELL, base=(REFUSED, "dropped"))
    finding = await found(CHECK, wire)
    assert f"1 of 2 nodes do not answer as they should: {ADDRESSES[1]} (dropped)" in finding.summary
    assert ("GET", f"{CACERT_URL} @{ADDRESSES[0]}") in wire.asked
    assert ("GET", f"{CACERT_URL} @{ADDRESSES[1]}") not in wire.asked


async def test_nodes_are_asked_although_the_common_name_gets_an_error() -> None:
    assert (await found(CHECK, behind(WELL, BROKEN, first=BROKEN))).verdict == "warn"


@pytest.mark.parametrize("trouble", ["dropped", "reset", "truncated", "left-alone"])
async def test_a_pool_that_drops_connections_is_left_alone(trouble: Trouble) -> None:
    wire = behind(WELL, WELL, first=trouble)
    with pytest.raises(ProbeError):
        await found(CHECK, wire)
    assert not [what for _, what in wire.asked if "@" in what]


async def test_nodes_that_may_not_be_asked_are_skipped() -> None:
    for troubles in (("guarded", "guarded"), (TLS, "guarded")):
        assert (await found(CHECK, behind(WELL, WELL, tls=troubles))).verdict == "skipped"


async def test_an_ipv6_address_that_cannot_be_reached_from_here_is_no_fault() -> None:
    wire = behind(WELL, WELL)
    wire.lookups[HOST] = NameLook((*ADDRESSES, "2001:db8::7"), (), 1.0)
    wire.services[f"{HOST} @2001:db8::7"] = "unreachable"
    finding = await found(CHECK, wire)
    assert finding.verdict == "ok"
    assert "2001:db8::7: unreachable" in str(finding.evidence["nodes"])


# --- which nodes -----------------------------------------------------------------------------


async def test_registered_nodes_go_before_the_addresses_of_the_name() -> None:
    wire = behind(WELL, WELL)
    assert (await found(CHECK, wire, nodes=ADDRESSES[::-1])).verdict == "ok"
    assert ("DNS", HOST) not in wire.asked


async def test_a_node_with_a_name_is_asked_at_its_address_by_the_name_of_all() -> None:
    wire = behind(WELL, WELL)
    finding = await found(CHECK, wire, nodes=NAMES)
    assert finding.verdict == "ok"
    assert NAMES[1] in str(finding.evidence["nodes"])
    assert ("GET", f"{CACERT_URL} @{ADDRESSES[1]}") in wire.asked


async def test_a_node_whose_name_does_not_exist_is_told() -> None:
    wire = behind(WELL, WELL)
    del wire.lookups[NAMES[1]]
    assert f"{NAMES[1]} (nxdomain)" in (await found(CHECK, wire, nodes=NAMES)).summary


async def test_behind_an_application_proxy_registered_nodes_are_asked_inside() -> None:
    said: dict[str, Any] = {"front": "app-proxy", "nodes": ADDRESSES}
    finding = await found(CHECK, behind(WELL, WELL, host=INSIDE), internal_name=INSIDE, **said)
    assert finding.verdict == "ok"
    wire = behind(WELL, WELL)
    for address in ADDRESSES:  # without an internal name there is only the address to ask by
        wire.pages[f"{URL.replace(HOST, address)} @{address}"] = REFUSED
        wire.pages[f"{CACERT_URL.replace(HOST, address)} @{address}"] = WELL
        wire.services[f"{address} @{address}"] = TLS
    assert (await found(CHECK, wire, **said)).verdict == "ok"


async def test_a_url_that_holds_an_address_is_asked_of_each_registered_node() -> None:
    wire = FakeWire(rule=lambda url: WELL if "GetCACert" in url else REFUSED)
    wire.services = {(f"{address} @{address}", 8443): TLS for address in ADDRESSES}
    finding = await found(CHECK, wire, url=URL.replace(HOST, "192.0.2.7:8443"), nodes=ADDRESSES)
    assert finding.verdict == "ok"


async def test_one_node_is_nothing_to_compare() -> None:
    assert (await found(CHECK, behind(WELL))).verdict == "skipped"
    assert (await found(CHECK, behind(WELL, WELL), nodes=NAMES[:1])).verdict == "skipped"
    assert (await found(CHECK, behind(WELL, WELL), url=URL.replace(HOST, "192.0.2.7"))).verdict == "skipped"
    assert (await found(CHECK, behind(WELL, WELL), url=URL.replace(HOST, "localhost"))).verdict == "skipped"


async def test_addresses_of_an_application_proxy_are_no_nodes() -> None:
    assert (await found(CHECK, behind(WELL, WELL), front="app-proxy")).verdict == "skipped"


async def test_there_is_an_end_to_them() -> None:
    wire = behind(WELL, WELL)
    wire.lookups[HOST] = NameLook(tuple(f"192.0.2.{n}" for n in range(1, 40)), (), 1.0)
    finding = await found(CHECK, wire)
    assert len(finding.evidence["nodes"]) == 10  # type: ignore[arg-type]


# --- two labs --------------------------------------------------------------------------------

NAME = "ndes.lab.internal"
ONE, TWO = "127.0.0.1", "127.0.0.2"
THIS_COMPUTER = Guard([ip_network("127.0.0.0/8")], any_port=True)


async def both(host: str) -> Sequence[str]:
    return [ONE, TWO]


@asynccontextmanager
async def two_labs(second: str) -> AsyncIterator[tuple[Lab, Lab]]:
    """Two nodes of one PKI behind one name; the second has a fault."""
    async with (
        CrlServer() as crls,
        Lab("healthy", host=NAME, crl_server=crls) as one,
        Lab("healthy", one.port, host=NAME, crl_server=crls, address=TWO) as two,
    ):
        two.become(second)
        yield one, two


async def of_two_labs(second: str, **more: Any) -> Finding:
    async with two_labs(second) as (one, _):
        target = replace(one.server(), **more)
        async with RunWire(target.url, THIS_COMPUTER, roots=target.roots, resolver=both) as wire:
            return await CHECK.run(target, wire, datetime.now(UTC), Past())


@pytest.mark.parametrize("nodes", [(), (ONE, TWO)], ids=["of the name", "registered"])
@pytest.mark.parametrize(
    ("second", "verdict", "differ"),
    [
        ("healthy", "ok", []),
        ("tls-renewed", "ok", ["tls"]),
        ("tls-name-mismatch", "warn", ["tls", "trust"]),
        ("policy-module-absent", "warn", ["base"]),
        ("second-node", "warn", ["cacert"]),
    ],
)
async def test_two_labs_behind_one_name_are_compared(
    second: str, verdict: str, differ: list[str], nodes: tuple[str, ...]
) -> None:
    finding = await of_two_labs(second, nodes=nodes)
    assert (finding.verdict, finding.evidence["differ"]) == (verdict, differ), finding


@pytest.mark.parametrize(
    ("second", "trouble"),
    [("pool-stopped", "GetCACert HTTP 503"), ("port-closed", "refused"), ("pool-crashing", "dropped")],
)
async def test_the_node_of_two_that_fails_is_named(second: str, trouble: str) -> None:
    finding = await of_two_labs(second)
    assert finding.verdict == "warn"
    assert f"1 of 2 nodes do not answer as they should: {TWO} ({trouble})" in finding.summary


async def test_each_node_is_asked_only_at_its_own_address() -> None:
    async with two_labs("healthy") as (one, two):
        target = one.server()
        async with RunWire(target.url, THIS_COMPUTER, roots=target.roots, resolver=both) as wire:
            await CHECK.run(target, wire, datetime.now(UTC), Past())
        assert [seen.method for seen in two.requests] == ["GET", "GET"]
        assert len(one.requests) == 4  # by the name, and by its address
