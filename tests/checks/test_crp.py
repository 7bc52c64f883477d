"""What the certificate registration point answers depends on the generation of the connector."""

from typing import Any

import pytest

from bot.errors import ProbeError, Trouble
from bot.findings import Finding
from connectors.checks.crp import CHECK
from tests.checks import pages
from tests.checks.asking import SITE, found, outcome
from tests.checks.fake_wire import FakeWire, Page, reply

CRP = f"{SITE}/CertificateRegistrationSvc/"
REFUSED = reply(403, pages.iis(403), pages.IIS)
ABSENT = reply(404, pages.iis(404), pages.IIS)


async def asked(page: Page, **more: Any) -> Finding:
    return await found(CHECK, FakeWire(pages={CRP: page}), **more)


@pytest.mark.parametrize("connector", ["old", "new", None])
async def test_refusing_strangers_is_well(connector: str | None) -> None:
    finding = await asked(REFUSED, connector=connector)
    assert (finding.verdict, finding.outcomes) == ("ok", (("crp", "403_iis"),))


@pytest.mark.parametrize(("connector", "verdict"), [("old", "fail"), ("new", "ok"), (None, "unknown")])
async def test_its_absence_depends_on_the_connector(connector: str | None, verdict: str) -> None:
    assert (await asked(ABSENT, connector=connector)).verdict == verdict


@pytest.mark.parametrize("module", ["plain", "jamf"])
async def test_without_a_policy_module_nothing_needs_to_be_there(module: str) -> None:
    assert (await asked(ABSENT, module=module)).verdict == "ok"


async def test_its_absence_is_an_outcome_unless_only_the_scep_url_is_published() -> None:
    assert outcome(await asked(ABSENT)) == "404_iis"
    hidden = await asked(ABSENT, front="app-proxy")
    assert (hidden.verdict, hidden.outcomes) == ("unknown", ())
    assert outcome(await asked(REFUSED, front="app-proxy")) == "403_iis"


@pytest.mark.parametrize(
    ("page", "word"),
    [
        (reply(401, pages.iis(401), {**pages.IIS, "WWW-Authenticate": "Negotiate"}), "401_iis"),
        (reply(500, pages.iis(500), pages.IIS), "500_iis"),
        (reply(500, b"<title>Server Error in '/CertificateRegistrationSvc'</title>", pages.IIS), "500_iis"),
        (reply(503, pages.httpsys(), pages.HTTPSYS), "503_httpsys"),
    ],
)
async def test_a_broken_registration_point_fails(page: Page, word: str) -> None:
    finding = await asked(page)
    assert (finding.verdict, outcome(finding)) == ("fail", word)


@pytest.mark.parametrize(
    "page",
    [
        reply(403, b"", {"Server": "cloudflare"}),
        reply(504, b"", pages.APP_PROXY),
        reply(302, b"", {"Location": "https://login.microsoftonline.com/x"}),
        reply(200, b"hello", pages.IIS),
    ],
)
async def test_what_others_say_tells_nothing(page: Page) -> None:
    assert (await asked(page)).verdict == "unknown"


async def test_without_an_answer_nothing_is_known() -> None:
    with pytest.raises(ProbeError):
        await asked("unreachable")


@pytest.mark.parametrize("trouble", ["dropped", "reset", "timeout"])
async def test_no_answer_here_either_speaks_of_the_whole_site(trouble: Trouble) -> None:
    finding = await asked(trouble)
    assert (finding.verdict, finding.outcomes) == ("unknown", (("crp", trouble),))
