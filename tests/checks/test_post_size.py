"""A large POST is only sent where asked for, and tells whether its size is refused."""

import pytest

from bot.errors import ProbeError
from connectors.checks.post_size import CHECK
from tests.checks import pages
from tests.checks.asking import CAPS_URL, found
from tests.checks.fake_wire import FakeWire, reply


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
    wire = FakeWire(posts={CAPS_URL: reply(status, body, pages.IIS)})
    finding = await found(CHECK, wire)
    assert (finding.verdict, finding.evidence["status"]) == (verdict, status)
    assert finding.outcomes == tuple(("post_64k", word) for word in words)
    assert wire.asked == [("POST", CAPS_URL)]


async def test_without_an_answer_nothing_is_known() -> None:
    with pytest.raises(ProbeError):
        await found(CHECK, FakeWire(posts={CAPS_URL: "reset"}))
