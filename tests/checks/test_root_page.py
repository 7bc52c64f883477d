"""The start page tells whether the whole site is published."""

import pytest

from bot.errors import ProbeError
from connectors.checks.root_page import CHECK
from tests.checks import pages
from tests.checks.asking import SITE, found
from tests.checks.fake_wire import FakeWire, reply


async def test_a_start_page_of_iis_is_told() -> None:
    page = reply(200, b"<title>IIS Windows Server</title>", pages.IIS)
    finding = await found(CHECK, FakeWire(pages={f"{SITE}/": page}))
    assert (finding.verdict, finding.evidence) == ("ok", {"status": 200, "title": "IIS Windows Server"})
    assert finding.summary.startswith("The whole")


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_anything_else_is_well_too(status: int) -> None:
    finding = await found(CHECK, FakeWire(pages={f"{SITE}/": reply(status, pages.iis(status), pages.IIS)}))
    assert (finding.verdict, finding.outcomes) == ("ok", ())


async def test_without_an_answer_nothing_is_known() -> None:
    with pytest.raises(ProbeError):
        await found(CHECK, FakeWire(pages={f"{SITE}/": "timeout"}))
