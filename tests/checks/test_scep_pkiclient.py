"""The long form of the SCEP URL must answer as the short one does."""

import pytest

from bot.errors import ProbeError, Trouble
from connectors.checks.scep_pkiclient import CHECK
from tests.checks import pages
from tests.checks.asking import URL, found
from tests.checks.fake_wire import FakeWire, Page, reply

REFUSED = reply(403, pages.iis(403), pages.IIS)


def wire(long: Page, short: Page = REFUSED) -> FakeWire:
    return FakeWire(pages={URL: short, f"{URL}/pkiclient.exe": long})


async def test_the_same_answer_is_well() -> None:
    finding = await found(CHECK, wire(REFUSED))
    assert (finding.verdict, finding.evidence["same"]) == ("ok", True)


async def test_the_same_failure_is_the_business_of_another_check() -> None:
    failure = reply(500, pages.iis(500), pages.IIS)
    assert (await found(CHECK, wire(failure, failure))).verdict == "ok"


async def test_another_author_is_a_rule_in_between() -> None:
    finding = await found(CHECK, wire(reply(403, b"<h1>Blocked</h1>", {"Server": "cloudflare"})))
    assert (finding.verdict, finding.evidence["same"]) == ("fail", False)


@pytest.mark.parametrize("trouble", ["reset", "dropped", "timeout"])
async def test_a_long_form_that_is_cut_off_is_a_rule_in_between(trouble: Trouble) -> None:
    finding = await found(CHECK, wire(trouble))
    assert (finding.verdict, finding.evidence["same"]) == ("fail", False)


async def test_without_an_answer_of_the_short_form_there_is_nothing_to_compare() -> None:
    asked = wire(REFUSED, "dropped")
    with pytest.raises(ProbeError):
        await found(CHECK, asked)
    assert asked.requests == 1


async def test_what_was_left_alone_is_raised() -> None:
    with pytest.raises(ProbeError):
        await found(CHECK, wire("left-alone"))
