"""Who stands in front of NDES, and the application proxy's own word for a failure."""

from typing import Any

import pytest

from bot.errors import ProbeError
from bot.findings import Finding
from connectors.checks.front import CHECK
from tests.checks import pages
from tests.checks.asking import URL, found
from tests.checks.fake_wire import FakeWire, Page, reply


async def seen(page: Page, **more: Any) -> Finding:
    return await found(CHECK, FakeWire(pages={URL: page}), **more)


async def test_a_direct_server_shows_no_proxy() -> None:
    finding = await seen(reply(403, pages.iis(403), pages.IIS))
    assert (finding.verdict, finding.outcomes) == ("ok", ())
    assert finding.evidence["server"] == "Microsoft-IIS/10.0"
    assert finding.evidence["connector"] is None
    assert finding.evidence["proxy"] == []


async def test_a_connector_is_named() -> None:
    finding = await seen(reply(403, pages.iis(403), {**pages.CONNECTED, **pages.IIS}), front="app-proxy")
    assert finding.verdict == "ok"
    assert finding.evidence["connector"] == pages.CONNECTED["x-ms-proxy-connector-id"]


@pytest.mark.parametrize("word", ["EmptyConnectorGroup", "ConnectorTimeout", "BackendTimeout", "BackendUntrusted"])
async def test_the_word_of_the_application_proxy_is_an_outcome(word: str) -> None:
    headers = {**pages.APP_PROXY, "x-ms-proxy-error-details": word}
    finding = await seen(reply(504, pages.corporate("GatewayTimeout"), headers), front="app-proxy")
    assert (finding.verdict, finding.outcomes) == ("fail", (("ap_error", word),))


async def test_a_gateway_error_without_a_word_has_no_outcome_here() -> None:
    finding = await seen(reply(504, pages.corporate("GatewayTimeout"), pages.APP_PROXY), front="app-proxy")
    assert (finding.verdict, finding.outcomes) == ("ok", ())
    assert "alone" in finding.summary


async def test_what_ndes_wrote_is_not_put_down_to_the_cloud() -> None:
    finding = await seen(reply(403, pages.iis(403), {**pages.APP_PROXY, **pages.IIS}), front="app-proxy")
    assert "alone" not in finding.summary


async def test_a_proxy_that_was_not_registered_is_a_warning() -> None:
    assert (await seen(reply(403, pages.iis(403), {**pages.CONNECTED, **pages.IIS}))).verdict == "warn"


async def test_a_registered_proxy_without_a_trace_is_a_warning() -> None:
    assert (await seen(reply(403, pages.iis(403), pages.IIS), front="app-proxy")).verdict == "warn"


async def test_another_proxy_that_names_itself_is_told() -> None:
    finding = await seen(reply(403, pages.iis(403), {**pages.IIS, "Via": "1.1 edge\x00\x1b"}))
    assert (finding.verdict, finding.evidence["via"]) == ("ok", "1.1 edge")


async def test_without_an_answer_nothing_is_known() -> None:
    with pytest.raises(ProbeError):
        await seen("dropped")
