"""What the bare SCEP URL answers, and what that means for a server with and without a policy module."""

import re
from typing import Any

import pytest

from bot.errors import ProbeError, Trouble
from bot.findings import Finding
from connectors.checks.scep_base import CHECK
from tests.checks import pages
from tests.checks.asking import URL, found, outcome
from tests.checks.fake_wire import FakeWire, Page, reply

SIGN_IN = "https://login.microsoftonline.com/x/oauth2/authorize"
GATEWAY = {**pages.APP_PROXY, "x-ms-proxy-error-details": "ConnectorTimeout"}

FAULTS = [
    ("500_iis", reply(500, pages.iis(500), pages.IIS)),
    ("503_httpsys", reply(503, pages.httpsys(), pages.HTTPSYS)),
    ("503_other", reply(503, b"busy", {"Server": "nginx"})),
    ("503_appproxy", reply(503, b"", pages.APP_PROXY)),
    ("403_other", reply(403, b"<h1>Blocked</h1>", {"Server": "cloudflare"})),
    ("403_other", reply(403, pages.httpsys(403, "Forbidden", "No."), pages.HTTPSYS)),
    ("404_iis", reply(404, pages.iis(404), pages.IIS)),
    ("404_httpsys", reply(404, pages.httpsys(404, "Not Found", "Not found."), pages.HTTPSYS)),
    ("404_appproxy", reply(404, pages.corporate("NotFound"), pages.APP_PROXY)),
    ("401_iis", reply(401, pages.iis(401), {**pages.IIS, "WWW-Authenticate": "Negotiate, NTLM"})),
    ("302_login", reply(302, b"", {**pages.APP_PROXY, "Location": SIGN_IN})),
    ("502_appproxy", reply(502, pages.corporate("BadGateway"), pages.CONNECTED)),
    ("504_appproxy", reply(504, pages.corporate("GatewayTimeout"), GATEWAY)),
    ("504_other", reply(504, b"", {"Server": "nginx"})),
    ("200_iis", reply(200, b"<title>IIS Windows Server</title>", pages.IIS)),
]


async def base(page: Page, **more: Any) -> Finding:
    return await found(CHECK, FakeWire(pages={URL: page}), **more)


async def test_403_of_iis_is_health_with_the_policy_module() -> None:
    finding = await base(reply(403, pages.iis(403), pages.IIS))
    assert (finding.verdict, finding.outcomes) == ("ok", (("base", "403_iis"),))
    assert finding.evidence["title"] == "403 - Forbidden: Access is denied."
    assert finding.evidence["written_by"] == "iis"
    assert finding.evidence["length"] == len(pages.iis(403))


async def test_403_of_iis_behind_the_application_proxy_is_health() -> None:
    page = reply(403, pages.iis(403), {**pages.CONNECTED, **pages.IIS})
    assert (await base(page, front="app-proxy")).verdict == "ok"


@pytest.mark.parametrize("module", ["plain", "jamf"])
async def test_the_general_page_is_health_without_a_policy_module(module: str) -> None:
    finding = await base(reply(200, pages.GENERAL, pages.IIS), module=module)
    assert (finding.verdict, finding.outcomes) == ("ok", (("base", "200_general"),))
    assert finding.evidence["encoding"] == "utf-16-le"


async def test_the_general_page_where_a_policy_module_should_be_is_a_failure() -> None:
    finding = await base(reply(200, pages.GENERAL, pages.IIS))
    assert (finding.verdict, outcome(finding)) == ("fail", "200_general")
    assert "policy module" in finding.summary


async def test_403_of_iis_where_no_policy_module_should_be_is_a_failure() -> None:
    finding = await base(reply(403, pages.iis(403), pages.IIS), module="plain")
    assert (finding.verdict, outcome(finding)) == ("fail", "403_iis")


@pytest.mark.parametrize(("word", "page"), FAULTS, ids=[word for word, _ in FAULTS])
@pytest.mark.parametrize("module", ["intune", "plain"])
async def test_every_other_answer_fails_with_the_word_of_its_author(word: str, page: Page, module: str) -> None:
    finding = await base(page, module=module)
    assert (finding.verdict, outcome(finding)) == ("fail", word)


async def test_no_sentence_tells_a_sub_status() -> None:
    for _, page in FAULTS:
        assert not re.search(r"\d\d\d\.\d", (await base(page)).summary)


@pytest.mark.parametrize("trouble", ["dropped", "reset", "truncated", "timeout"])
async def test_a_connection_that_breaks_off_is_an_outcome(trouble: Trouble) -> None:
    finding = await base(trouble)
    assert (finding.verdict, finding.outcomes) == ("fail", (("base", trouble),))


@pytest.mark.parametrize("trouble", ["refused", "tls", "nxdomain", "guarded", "left-alone", "too-large"])
async def test_other_troubles_are_for_other_checks_to_tell(trouble: Trouble) -> None:
    with pytest.raises(ProbeError):
        await base(trouble)


@pytest.mark.parametrize(("front", "seconds"), [("direct", 30), ("app-proxy", 95)])
async def test_a_cold_server_is_given_time(front: str, seconds: float) -> None:
    wire = FakeWire(pages={URL: reply(403, pages.iis(403), pages.IIS)})
    await found(CHECK, wire, front=front)
    assert wire.deadlines[URL] == seconds
    assert CHECK.deadline > seconds


async def test_foreign_words_are_cut_and_clean() -> None:
    evil = {"Server": "evil\x1b[31m" + "x" * 9_000, "Location": "<!channel>" + "y" * 9_000}
    finding = await base(reply(302, b"<title>" + b"z" * 9_000, evil))
    assert "\x1b" not in str(finding.evidence)
    assert len(str(finding.evidence)) < 1_000
