"""A request that nobody may be granted goes only to what surely refuses it; a grant is an alarm."""

from typing import Any

import pytest

from bot.errors import ProbeError, Trouble
from bot.findings import Finding
from connectors.checks.scep_request import CHECK
from tests.checks import pages
from tests.checks.asking import CAPS_URL, URL, found
from tests.checks.fake_wire import FakeWire, Page, reply
from tests.checks.issued import BROKEN, CACERT_URL, OPERATION_URL, ndes
from tests.checks.test_scep_poll import LAB, healthy, signed_message


async def asked(answer: Page) -> Finding:
    return await found(CHECK, ndes(LAB.bundle(), posts={OPERATION_URL: answer}))


async def test_a_refusal_is_as_it_must_be() -> None:
    wire = healthy()
    finding = await found(CHECK, wire)
    assert (finding.verdict, finding.outcomes) == ("ok", (("request", "certrep_FAILURE_badRequest"),))
    assert finding.evidence["genuine"] is True
    assert [what for verb, what in wire.asked if verb == "POST"] == [OPERATION_URL]
    assert not CHECK.usual


@pytest.mark.parametrize(("status", "word"), [("0", "issues certificates"), ("3", "accepts requests")])
async def test_a_grant_is_an_alarm_whoever_signed_it(status: str, word: str) -> None:
    finding = await asked(signed_message(status=status, reason=None))
    assert (finding.verdict, finding.outcomes) == ("fail", ())
    assert finding.summary.startswith("ALARM")
    assert word in finding.summary
    assert "ndes-check-probe-do-not-issue" in finding.summary
    assert finding.evidence["alarm"] is True


@pytest.mark.parametrize("trouble", ["dropped", "reset"])
async def test_a_lost_connection_is_an_outcome(trouble: Trouble) -> None:
    finding = await asked(trouble)
    assert (finding.verdict, finding.outcomes) == ("fail", (("request", trouble),))


@pytest.mark.parametrize(
    ("page", "verdict"),
    [
        (BROKEN, "fail"),
        (reply(404, pages.iis(404), pages.IIS), "unknown"),
        (reply(200, b""), "unknown"),
        (signed_message(), "warn"),
        (signed_message(status=None, reason=None), "warn"),
    ],
)
async def test_everything_else_proves_nothing(page: Page, verdict: str) -> None:
    finding = await asked(page)
    assert (finding.verdict, finding.outcomes) == (verdict, ())


async def test_other_troubles_are_told_as_they_are() -> None:
    with pytest.raises(ProbeError):
        await asked("timeout")


# --- to whom it never goes -------------------------------------------------------------------

NAMELESS = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    "changed",
    [
        {URL: reply(200, pages.GENERAL, pages.IIS)},
        {URL: reply(403, pages.iis(403), NAMELESS)},
        {URL: reply(403, pages.iis(403), {**NAMELESS, "Server": "nginx"})},
        {URL: reply(403, b"no", {"Server": "nginx"})},
        {URL: BROKEN},
        {CAPS_URL: BROKEN},
        {CAPS_URL: reply(200, b"hello", pages.IIS)},
        {CACERT_URL: BROKEN},
        {CACERT_URL: reply(200, b"junk", pages.IIS)},
    ],
)
async def test_a_server_that_may_grant_it_is_not_asked(changed: dict[str, Page]) -> None:
    await _is_not_asked(FakeWire(pages={**ndes(LAB.bundle()).pages, **changed}))


@pytest.mark.parametrize("module", ["plain", "jamf"])
async def test_a_server_without_intunes_module_is_not_asked(module: str) -> None:
    await _is_not_asked(healthy(), module=module)


async def _is_not_asked(wire: FakeWire, **more: Any) -> None:
    finding = await found(CHECK, wire, **more)
    assert (finding.verdict, finding.outcomes) == ("skipped", ())
    assert finding.summary.startswith("No request was sent: ")
    assert all(verb != "POST" for verb, _ in wire.asked)
