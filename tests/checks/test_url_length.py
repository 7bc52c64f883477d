"""Long URLs are tried from short to long, and the first refusal tells which limit is too small."""

from urllib.parse import urlsplit

import pytest

from bot.errors import ProbeError, Trouble
from bot.findings import Finding
from connectors.checks.url_length import CHECK, RUNGS, padded
from tests.checks import pages
from tests.checks.asking import CAPS_URL, found
from tests.checks.fake_wire import FakeWire, Page, reply

CAPS = reply(200, pages.CAPS, {**pages.IIS, "Content-Type": "text/plain"})
FILTERED = reply(404, pages.iis(404), pages.IIS)
LISTENER = reply(400, pages.too_long(), pages.HTTPSYS)


def limited(most: int, refusal: Page) -> FakeWire:
    return FakeWire(rule=lambda url: CAPS if _length(url) <= most else refusal)


def _length(url: str) -> int:
    parts = urlsplit(url)
    return len(parts.path) + 1 + len(parts.query)


async def climbed(most: int, refusal: Page) -> tuple[Finding, FakeWire]:
    wire = limited(most, refusal)
    return await found(CHECK, wire), wire


@pytest.mark.parametrize("length", RUNGS)
def test_padding_makes_path_and_query_exactly_so_long(length: int) -> None:
    url = padded(CAPS_URL, length)
    assert _length(url) == length
    assert url.startswith(CAPS_URL)


async def test_a_server_that_takes_all_lengths_is_well() -> None:
    finding, wire = await climbed(99_999, FILTERED)
    assert finding.verdict == "ok"
    assert finding.outcomes == tuple((f"url_{length}", "ok") for length in RUNGS)
    assert wire.requests == 5


async def test_request_filtering_is_told_at_the_first_length() -> None:
    finding, wire = await climbed(2_048, FILTERED)
    assert (finding.verdict, finding.outcomes) == ("fail", (("url_2300", "404_iis"),))
    assert "maxQueryString" in finding.summary
    assert wire.requests == 2


async def test_the_web_listener_is_told_by_its_limit() -> None:
    finding, _ = await climbed(16_384, LISTENER)
    assert finding.outcomes == (("url_2300", "ok"), ("url_5000", "ok"), ("url_17500", "400_httpsys"))
    assert "MaxFieldLength" in finding.summary
    assert finding.evidence == {
        "url_2300": "200 Microsoft-IIS/10.0",
        "url_5000": "200 Microsoft-IIS/10.0",
        "url_17500": "400 Microsoft-HTTPAPI/2.0",
    }


@pytest.mark.parametrize(
    ("status", "word"), [(414, "414_other"), (413, "413_other"), (431, "431_other"), (502, "502_other")]
)
async def test_a_proxy_in_between_is_told(status: int, word: str) -> None:
    finding, _ = await climbed(8_192, reply(status, b"", {"Server": "nginx"}))
    assert finding.outcomes[-1] == ("url_17500", word)
    assert "proxy" in finding.summary


async def test_an_answer_that_does_not_come_may_be_chance() -> None:
    finding, _ = await climbed(8_192, "timeout")
    assert (finding.verdict, finding.outcomes[-1]) == ("unknown", ("url_17500", "timeout"))


@pytest.mark.parametrize("trouble", ["reset", "dropped", "truncated", "malformed"])
async def test_a_connection_that_breaks_off_ends_the_climb(trouble: Trouble) -> None:
    finding, _ = await climbed(8_192, trouble)
    assert (finding.verdict, finding.outcomes[-1]) == ("fail", ("url_17500", trouble))


@pytest.mark.parametrize(
    "page",
    [
        reply(404, pages.iis(404), pages.IIS),
        reply(500, pages.iis(500), pages.IIS),
        reply(200, b"<html>welcome</html>", pages.IIS),
        reply(200, b"", pages.IIS),
    ],
)
async def test_a_server_that_answers_no_short_url_is_not_asked_long_ones(page: Page) -> None:
    wire = FakeWire(pages={CAPS_URL: page})
    finding = await found(CHECK, wire)
    assert (finding.verdict, finding.outcomes) == ("skipped", ())
    assert wire.requests == 1


async def test_what_is_no_matter_of_length_is_raised() -> None:
    with pytest.raises(ProbeError):
        await climbed(8_192, "left-alone")
    with pytest.raises(ProbeError):
        await climbed(1, "dropped")
