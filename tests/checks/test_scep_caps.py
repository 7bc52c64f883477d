"""GetCACaps is answered by every NDES; anything else in its place is told by who wrote it."""

import pytest

from bot.errors import ProbeError, Trouble
from connectors.checks.scep_caps import CHECK
from tests.checks import pages
from tests.checks.asking import CAPS_URL, found, outcome
from tests.checks.fake_wire import FakeWire, Page, reply

ANSWERS = [
    (reply(403, pages.iis(403), pages.IIS), "403_iis"),
    (reply(403, b"<h1>Blocked</h1>", {"Server": "cloudflare"}), "403_other"),
    (reply(403, pages.httpsys(403, "Forbidden", "No."), pages.HTTPSYS), "403_other"),
    (reply(500, pages.iis(500), pages.IIS), "500_iis"),
    (reply(503, pages.httpsys(), pages.HTTPSYS), "503_httpsys"),
    (reply(404, pages.iis(404), pages.IIS), "404_iis"),
    (reply(302, b"", {"Location": "https://login.microsoftonline.com/x"}), "302_login"),
    (reply(504, b"", pages.APP_PROXY), "504_appproxy"),
    (reply(200, pages.GENERAL, pages.IIS), "200_general"),
    (reply(200, b"", pages.IIS), "200_iis"),
    (reply(200, b"hello\nworld\n", {"Server": "nginx"}), "200_other"),
]


async def test_keywords_are_health() -> None:
    finding = await found(CHECK, FakeWire(pages={CAPS_URL: reply(200, pages.CAPS, pages.IIS)}))
    assert (finding.verdict, finding.outcomes) == ("ok", (("caps", "200_caps"),))
    assert finding.evidence["keywords"] == pages.CAPS.decode().split()
    assert (finding.evidence["post"], finding.evidence["sha2"], finding.evidence["aes"]) == (True, True, False)


async def test_one_word_for_all_of_them_counts_as_all() -> None:
    finding = await found(CHECK, FakeWire(pages={CAPS_URL: reply(200, b"SCEPStandard\r\n")}))
    assert (finding.evidence["post"], finding.evidence["sha2"], finding.evidence["aes"]) == (True, True, True)


async def test_the_content_type_does_not_matter() -> None:
    page = reply(200, pages.CAPS, {"Content-Type": "application/octet-stream"})
    assert (await found(CHECK, FakeWire(pages={CAPS_URL: page}))).verdict == "ok"


@pytest.mark.parametrize(("page", "word"), ANSWERS, ids=[word for _, word in ANSWERS])
async def test_anything_else_fails(page: Page, word: str) -> None:
    finding = await found(CHECK, FakeWire(pages={CAPS_URL: page}))
    assert (finding.verdict, outcome(finding)) == ("fail", word)


@pytest.mark.parametrize("trouble", ["dropped", "reset", "truncated", "timeout", "malformed", "too-large"])
async def test_a_broken_answer_is_an_outcome(trouble: Trouble) -> None:
    finding = await found(CHECK, FakeWire(pages={CAPS_URL: trouble}))
    assert (finding.verdict, finding.outcomes) == ("fail", (("caps", trouble),))


@pytest.mark.parametrize("trouble", ["refused", "tls", "nxdomain", "guarded", "left-alone"])
async def test_other_troubles_are_for_other_checks_to_tell(trouble: Trouble) -> None:
    with pytest.raises(ProbeError):
        await found(CHECK, FakeWire(pages={CAPS_URL: trouble}))


async def test_foreign_words_are_cut_and_clean() -> None:
    body = b"SHA-256\n" + b"x\x1b[31m" * 500 + b"\n" + b"<!channel>\n" * 500
    finding = await found(CHECK, FakeWire(pages={CAPS_URL: reply(200, body)}))
    assert finding.verdict == "ok"
    assert "\x1b" not in str(finding.evidence)
    assert len(str(finding.evidence)) < 2_000
