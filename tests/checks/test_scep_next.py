"""The next CA certificate is only information."""

import pytest

from bot.errors import ProbeError
from connectors.checks.scep_next import CHECK
from tests.checks import pages
from tests.checks.asking import URL, found
from tests.checks.fake_wire import FakeWire, reply

NEXT_URL = f"{URL}?operation=GetNextCACert&message=ca"


@pytest.mark.parametrize("status", [200, 400, 403, 404, 500])
async def test_whatever_is_no_certificate_is_well(status: int) -> None:
    finding = await found(CHECK, FakeWire(pages={NEXT_URL: reply(status, b"", pages.IIS)}))
    assert (finding.verdict, finding.evidence["status"], finding.outcomes) == ("ok", status, ())
    assert finding.summary.startswith("No next")


async def test_a_next_certificate_is_told() -> None:
    page = reply(200, b"\x30", {"Content-Type": "application/x-x509-next-ca-cert"})
    assert (await found(CHECK, FakeWire(pages={NEXT_URL: page}))).summary.startswith("A next")


async def test_without_an_answer_nothing_is_known() -> None:
    with pytest.raises(ProbeError):
        await found(CHECK, FakeWire(pages={NEXT_URL: "reset"}))
