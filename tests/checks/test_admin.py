"""The password page must be closed, and shows whether its pool runs."""

import pytest

from bot.errors import ProbeError
from connectors.checks.admin import CHECK
from tests.checks import pages
from tests.checks.asking import SITE, found, outcome
from tests.checks.fake_wire import FakeWire, Page, reply

ADMIN = f"{SITE}/certsrv/mscep_admin/"
WINDOWS = {**pages.IIS, "WWW-Authenticate": "Negotiate, NTLM"}

ANSWERS = [
    (reply(401, pages.iis(401), WINDOWS), "ok", "401_ntlm"),
    (reply(401, b"", {"WWW-Authenticate": "ntlm"}), "ok", "401_ntlm"),
    (reply(401, pages.iis(401), {**pages.IIS, "WWW-Authenticate": 'Basic realm="x"'}), "unknown", "401_iis"),
    (reply(200, pages.CHALLENGE, pages.IIS), "fail", "200_challenge"),
    (reply(200, pages.GENERAL, pages.IIS), "warn", "200_general"),
    (reply(503, pages.httpsys(), pages.HTTPSYS), "fail", "503_httpsys"),
    (reply(403, pages.iis(403), pages.IIS), "ok", "403_iis"),
    (reply(404, pages.iis(404), pages.IIS), "ok", "404_iis"),
    (reply(404, b"", pages.APP_PROXY), "ok", "404_appproxy"),
    (reply(500, pages.iis(500), pages.IIS), "warn", "500_iis"),
    (reply(504, b"", pages.APP_PROXY), "unknown", "504_appproxy"),
]


@pytest.mark.parametrize(("page", "verdict", "word"), ANSWERS, ids=[word for _, _, word in ANSWERS])
async def test_each_answer_has_its_verdict(page: Page, verdict: str, word: str) -> None:
    finding = await found(CHECK, FakeWire(pages={ADMIN: page}))
    assert (finding.verdict, outcome(finding)) == (verdict, word)


async def test_a_password_that_is_shown_is_not_repeated() -> None:
    finding = await found(CHECK, FakeWire(pages={ADMIN: reply(200, pages.CHALLENGE, pages.IIS)}))
    assert "9A2C41D07B3E55F8" not in repr(finding)


async def test_without_an_answer_nothing_is_known() -> None:
    with pytest.raises(ProbeError):
        await found(CHECK, FakeWire(pages={ADMIN: "timeout"}))
