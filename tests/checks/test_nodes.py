"""Nodes behind one name are compared by the certificates that each hands out, as far as each can be asked."""

from typing import Any

import pytest

from bot.errors import ProbeError, Trouble
from bot.findings import Finding
from bot.ports import NameLook
from connectors.checks.nodes import CHECK
from tests.checks import pages
from tests.checks.asking import HOST, URL, found
from tests.checks.fake_wire import FakeWire, Page, reply
from tests.checks.issued import BROKEN, hands_out, ndes, ra
from tests.knowledge.pki import Pki

PKI = Pki.make()
OTHER = PKI.with_(encryption=ra(PKI, "encryption"))
NAMES = ("ndes01.corp.example", "ndes02.corp.example")
ADDRESSES = ("192.0.2.7", "192.0.2.8")


async def compared(*answers: Page, first: Page | bytes = PKI.bundle, **more: Any) -> Finding:
    """What two nodes with names give."""
    wire = ndes(first)
    wire.pages |= {_of(name): answer for name, answer in zip(NAMES, answers, strict=True)}
    finding = await found(CHECK, wire, nodes=NAMES, **more)
    assert finding.outcomes == ()
    return finding


def _of(name: str) -> str:
    return f"{URL.replace(HOST, name)}?operation=GetCACert&message=ca"


async def test_nodes_that_hand_out_the_same_are_well() -> None:
    finding = await compared(hands_out(PKI.bundle), hands_out(PKI.bundle))
    assert finding.verdict == "ok"
    assert finding.evidence["nodes"] == [f"{name}: 3 certificates" for name in NAMES]


async def test_nodes_with_different_ra_certificates_are_a_warning() -> None:
    finding = await compared(hands_out(PKI.bundle), hands_out(OTHER.bundle))
    assert finding.verdict == "warn"
    assert "different certificates" in finding.summary


@pytest.mark.parametrize("second", [BROKEN, "timeout", "nxdomain", "dropped", reply(200, pages.GENERAL, pages.IIS)])
async def test_a_node_that_fails_is_named(second: Page) -> None:
    finding = await compared(hands_out(PKI.bundle), second)
    assert finding.verdict == "warn"
    assert "1 of 2 nodes" in finding.summary
    assert NAMES[1] in finding.summary


async def test_nodes_are_asked_although_the_common_name_gets_an_error() -> None:
    assert (await compared(hands_out(PKI.bundle), BROKEN, first=BROKEN)).verdict == "warn"


@pytest.mark.parametrize("trouble", ["dropped", "reset", "truncated", "left-alone"])
async def test_a_pool_that_drops_connections_is_left_alone(trouble: Trouble) -> None:
    with pytest.raises(ProbeError):
        await compared(hands_out(PKI.bundle), hands_out(PKI.bundle), first=trouble)


async def test_nodes_that_may_not_be_asked_are_skipped() -> None:
    assert (await compared("guarded", "guarded")).verdict == "skipped"


async def test_behind_an_application_proxy_named_nodes_are_asked_by_https() -> None:
    finding = await compared(hands_out(PKI.bundle), hands_out(PKI.bundle), front="app-proxy")
    assert finding.verdict == "ok"


# --- addresses -------------------------------------------------------------------------------


def at(*addresses: str, **connects: Any) -> FakeWire:
    wire = ndes(PKI.bundle, lookups={HOST: NameLook(addresses, (), 1.0)})
    wire.connects = {(address, 443): connects.get(f"node{i}", 1.0) for i, address in enumerate(addresses)}
    return wire


async def test_of_an_address_only_the_connection_is_seen() -> None:
    finding = await found(CHECK, at(*ADDRESSES))
    assert finding.verdict == "ok"
    assert finding.evidence["nodes"] == [f"{address}: takes connections" for address in ADDRESSES]
    assert "not seen by address" in finding.summary


async def test_an_address_that_takes_no_connection_is_a_warning() -> None:
    assert (await found(CHECK, at(*ADDRESSES, node1="timeout"))).verdict == "warn"


async def test_registered_addresses_go_before_those_of_the_name() -> None:
    wire = at(*ADDRESSES)
    assert (await found(CHECK, wire, nodes=("192.0.2.8", "192.0.2.7"))).verdict == "ok"
    assert ("DNS", HOST) not in wire.asked


async def test_one_node_is_nothing_to_compare() -> None:
    assert (await found(CHECK, at(ADDRESSES[0]))).verdict == "skipped"
    assert (await found(CHECK, at(*ADDRESSES), nodes=NAMES[:1])).verdict == "skipped"
    assert (await found(CHECK, at(*ADDRESSES), url=URL.replace(HOST, "192.0.2.7"))).verdict == "skipped"


async def test_addresses_of_an_application_proxy_are_no_nodes() -> None:
    assert (await found(CHECK, at(*ADDRESSES), front="app-proxy")).verdict == "skipped"


async def test_there_is_an_end_to_them() -> None:
    finding = await found(CHECK, at(*(f"192.0.2.{n}" for n in range(1, 40))))
    assert len(finding.evidence["nodes"]) == 10  # type: ignore[arg-type]
