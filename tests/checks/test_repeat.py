"""A server that answers now and then is found by asking three times, but never more once it fails."""

import pytest

from bot.errors import ProbeError
from bot.findings import Finding
from connectors.checks.repeat import CHECK
from tests.checks import pages
from tests.checks.asking import CAPS_URL, found
from tests.checks.fake_wire import FakeWire, Page, reply
from tests.checks.issued import CAPS

STOPPED = reply(503, pages.httpsys(), pages.HTTPSYS)


async def repeated(*answers: Page) -> tuple[Finding, FakeWire]:
    wire = FakeWire(pages={CAPS_URL: answers})
    finding = await found(CHECK, wire)
    assert finding.outcomes == ()
    return finding, wire


async def test_three_answers_are_well() -> None:
    finding, wire = await repeated(CAPS)
    assert (finding.verdict, wire.requests) == ("ok", 3)
    assert finding.evidence == {"answers": ["200_caps"] * 3, "ms": ["3"] * 3}


@pytest.mark.parametrize("second", [STOPPED, "dropped", "timeout", "refused", reply(200, b"<html>")])
async def test_what_fails_the_second_time_is_asked_no_more(second: Page) -> None:
    finding, wire = await repeated(CAPS, second, CAPS)
    assert (finding.verdict, wire.requests) == ("warn", 2)


async def test_the_third_time_counts_too() -> None:
    finding, _ = await repeated(CAPS, CAPS, STOPPED)
    assert finding.verdict == "warn"
    assert finding.evidence["answers"] == ["200_caps", "200_caps", "503_httpsys"]
    assert "503 by httpsys" in finding.summary


async def test_a_server_that_is_not_well_is_not_asked_again() -> None:
    finding, wire = await repeated(STOPPED)
    assert (finding.verdict, wire.requests) == ("skipped", 1)
    with pytest.raises(ProbeError):
        await repeated("refused")


def test_it_runs_only_where_asked_for() -> None:
    assert not CHECK.usual
