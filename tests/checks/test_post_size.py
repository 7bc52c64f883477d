"""A large POST is only sent where asked for, and tells whether its size is refused."""

import pytest

from bot.errors import ProbeError
from connectors.checks.post_size import CHECK
from tests.checks import pages
from tests.checks.asking import CAPS_URL, found
from tests.checks.fake_wire import FakeWire, reply

CAPS = reply(200, pages.CAPS, pages.IIS)


def test_it_is_not_usual() -> None:
    assert not CHECK.usual


@pytest.mark.parametrize(
    ("status", "verdict", "words"),
    [
        (413, "fail", ("413_iis",)),
        (404, "warn", ("404_iis",)),
        (500, "unknown", ()),
        (403, "ok", ("ok",)),
        (401, "ok", ("ok",)),
    ],
)
async def test_the_status_tells_whether_the_size_was_refused(status: int, verdict: str, words: tuple[str, ...]) -> None:
    body = pages.iis(status) if status != 413 else b""
    wire = FakeWire(pages={CAPS_URL: CAPS}, posts={CAPS_URL: reply(status, body, pages.IIS)})
    finding = await found(CHECK, wire)
    assert (finding.verdict, finding.evidence["status"]) == (verdict, status)
    assert finding.outcomes == tuple(("post_64k", word) for word in words)
    assert wire.asked == [("GET", CAPS_URL), ("POST", CAPS_URL)]


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_a_server_that_does_not_answer_without_a_body_is_sent_none(status: int) -> None:
    wire = FakeWire(pages={CAPS_URL: reply(status, pages.iis(status), pages.IIS)})
    finding = await found(CHECK, wire)
    assert (finding.verdict, finding.outcomes) == ("skipped", ())
    assert wire.asked == [("GET", CAPS_URL)]


async def test_without_an_answer_nothing_is_known() -> None:
    with pytest.raises(ProbeError):
        await found(CHECK, FakeWire(pages={CAPS_URL: CAPS}, posts={CAPS_URL: "reset"}))
    with pytest.raises(ProbeError):
        await found(CHECK, FakeWire(pages={CAPS_URL: "reset"}))
