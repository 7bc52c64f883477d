"""The shortest and the longest URL are tried first; where they differ, the first refusal tells the limit too small."""

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
    assert finding.evidence.keys() == {"url_2300", "url_31000"}
    assert wire.requests == 3


async def test_request_filtering_is_told_at_the_first_length() -> None:
    finding, wire = await climbed(2_048, FILTERED)
    assert (finding.verdict, finding.outcomes) == ("fail", (("url_2300", "404_iis"),))
    assert "maxQueryString" in finding.summary
    assert wire.requests == 2


@pytest.mark.parametrize(("most", "refused", "asked"), [(4_096, 5_000, 4), (16_384, 17_500, 5), (30_000, 31_000, 5)])
async def test_where_the_longest_is_refused_those_between_tell_from_where_on(
    most: int, refused: int, asked: int
) -> None:
    finding, wire = await climbed(most, FILTERED)
    passed = [length for length in RUNGS if length < refused]
    assert finding.outcomes == (*((f"url_{length}", "ok") for length in passed), (f"url_{refused}", "404_iis"))
    assert f"URL of {refused} bytes" in finding.summary
    assert wire.requests == asked


async def test_of_two_limits_the_smaller_one_is_told() -> None:
    wire = FakeWire(rule=lambda url: CAPS if _length(url) <= 4_096 else LISTENER if _length(url) > 16_384 else FILTERED)
    finding = await found(CHECK, wire)
    assert finding.outcomes == (("url_2300", "ok"), ("url_5000", "404_iis"))
    assert finding.evidence["url_31000"] == "400 Microsoft-HTTPAPI/2.0"


async def test_the_web_listener_is_told_by_its_limit() -> None:
    finding, _ = await climbed(16_384, LISTENER)
    assert finding.outcomes == (("url_2300", "ok"), ("url_5000", "ok"), ("url_17500", "400_httpsys"))
    assert "MaxFieldLength" in finding.summary
    assert finding.evidence == {
        "url_2300": "200 Microsoft-IIS/10.0",
        "url_5000": "200 Microsoft-IIS/10.0",
        "url_17500": "400 Microsoft-HTTPAPI/2.0",
        "url_31000": "400 Microsoft-HTTPAPI/2.0",
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


async def test_a_length_that_nothing_reads_is_told() -> None:
    finding, _ = await climbed(8_192, "malformed")
    assert (finding.verdict, finding.outcomes[-1]) == ("fail", ("url_17500", "malformed"))


@pytest.mark.parametrize("trouble", ["reset", "dropped", "truncated"])
async def test_a_connection_that_breaks_off_is_the_last_question(trouble: Trouble) -> None:
    """Each further one would count towards stopping the pool."""
    finding, wire = await climbed(8_192, trouble)
    assert (finding.verdict, finding.outcomes) == ("fail", (("url_2300", "ok"), ("url_31000", trouble)))
    assert wire.requests == 3


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
    for most in (1, 8_192):
        with pytest.raises(ProbeError):
            await climbed(most, "left-alone")
    with pytest.raises(ProbeError):
        await climbed(1, "dropped")
