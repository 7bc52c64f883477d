"""The internal name tells a fault of NDES from one of what stands in front of it."""

from typing import Any

import pytest

from bot.errors import ProbeError, Trouble
from bot.findings import Finding
from connectors.checks.inside_twin import CHECK
from tests.checks import pages
from tests.checks.asking import HOST, URL, found
from tests.checks.fake_wire import FakeWire, Page, reply
from tests.checks.issued import BROKEN, CAPS, REFUSED, hands_out, ra
from tests.knowledge.pki import Pki

PKI = Pki.make()
INSIDE = "ndes01.corp.local"
WELL: tuple[Page, Page, Page] = (REFUSED, CAPS, hands_out(PKI.bundle))
GATEWAY = reply(504, pages.corporate("GatewayTimeout"), pages.APP_PROXY)


def sides(inside: tuple[Page, ...], outside: tuple[Page, ...]) -> FakeWire:
    """A wire to both names; each side answers the bare URL, GetCACaps and GetCACert."""
    questions = ("", "?operation=GetCACaps&message=ca", "?operation=GetCACert&message=ca")
    pages_of = {f"{URL}{asked}": page for asked, page in zip(questions, outside, strict=True)}
    twin = URL.replace(HOST, INSIDE)
    return FakeWire(pages=pages_of | {f"{twin}{asked}": page for asked, page in zip(questions, inside, strict=True)})


async def compared(inside: tuple[Page, ...], outside: tuple[Page, ...], **more: Any) -> Finding:
    finding = await found(CHECK, sides(inside, outside), **{"inside": True, "internal_name": INSIDE, **more})
    assert finding.outcomes == ()
    return finding


async def test_both_alike_and_well_is_well() -> None:
    finding = await compared(WELL, WELL)
    assert finding.verdict == "ok"
    assert finding.evidence["inside_base"] == finding.evidence["outside_base"] == "403_iis"
    assert finding.evidence["inside_cacert"] == finding.evidence["outside_cacert"]


async def test_well_inside_and_not_outside_is_a_fault_in_front() -> None:
    finding = await compared(WELL, (GATEWAY,) * 3, front="app-proxy")
    assert finding.verdict == "fail"
    assert "NDES is well by its internal name; HTTP 504 outside comes from what stands in front" in finding.summary


@pytest.mark.parametrize("trouble", ["timeout", "nxdomain", "refused", "tls"])
async def test_no_answer_outside_is_in_front_as_well(trouble: Trouble) -> None:
    finding = await compared(WELL, (trouble,) * 3)
    assert finding.verdict == "fail"
    assert f"no answer ({trouble}) outside" in finding.summary


async def test_the_same_error_on_both_sides_is_that_of_ndes() -> None:
    finding = await compared((BROKEN,) * 3, (BROKEN,) * 3)
    assert finding.verdict == "fail"
    assert "no better (HTTP 500)" in finding.summary


async def test_well_outside_only_is_a_warning() -> None:
    finding = await compared(("nxdomain",) * 3, WELL)
    assert finding.verdict == "warn"
    assert "no answer (nxdomain)" in finding.summary


async def test_different_certificates_on_both_sides_are_a_warning() -> None:
    other = hands_out(PKI.with_(encryption=ra(PKI, "encryption")).bundle)
    assert (await compared((REFUSED, CAPS, other), WELL)).verdict == "warn"


@pytest.mark.parametrize("trouble", ["dropped", "reset", "truncated"])
async def test_a_server_that_drops_connections_outside_is_not_asked_inside(trouble: Trouble) -> None:
    wire = sides(WELL, (trouble,) * 3)
    finding = await found(CHECK, wire, inside=True, internal_name=INSIDE)
    assert (finding.verdict, wire.requests) == ("skipped", 1)


@pytest.mark.parametrize("trouble", ["dropped", "reset", "truncated", "left-alone"])
@pytest.mark.parametrize("falls_at", [1, 2], ids=["GetCACaps", "GetCACert"])
async def test_one_lost_connection_outside_is_enough_to_leave_the_same_pool_alone(
    trouble: Trouble, falls_at: int
) -> None:
    outside = list(WELL)
    outside[falls_at] = trouble
    wire = sides(WELL, tuple(outside))
    finding = await found(CHECK, wire, inside=True, internal_name=INSIDE)
    assert finding.verdict == "skipped"
    assert not [what for _, what in wire.asked if INSIDE in what]


async def test_what_is_left_alone_meanwhile_is_not_taken_for_an_answer() -> None:
    finding = await compared((REFUSED, "left-alone", "left-alone"), WELL)
    assert finding.verdict == "skipped"
    assert "both names lead to it" in finding.summary


async def test_a_server_that_drops_connections_inside_is_asked_once() -> None:
    wire = sides(("dropped",) * 3, WELL)
    await found(CHECK, wire, inside=True, internal_name=INSIDE)
    assert len([what for _, what in wire.asked if INSIDE in what]) == 1


async def test_only_who_is_registered_inside_is_asked() -> None:
    for more in ({"inside": False}, {"internal_name": None}, {"internal_name": HOST.upper()}):
        asked = {"inside": True, "internal_name": INSIDE, **more}
        assert (await found(CHECK, sides(WELL, WELL), **asked)).verdict == "skipped"
    with pytest.raises(ProbeError):
        await compared(("guarded",) * 3, WELL)


async def test_another_port_is_kept_without_a_proxy_and_left_with_one() -> None:
    for front, place in (("direct", f"{INSIDE}:8443"), ("app-proxy", INSIDE)):
        wire = FakeWire(rule=lambda url: REFUSED if "Get" not in url else CAPS)
        url = URL.replace(HOST, f"{HOST}:8443")
        await found(CHECK, wire, url=url, front=front, inside=True, internal_name=INSIDE)
        assert ("GET", URL.replace(HOST, place)) in wire.asked
