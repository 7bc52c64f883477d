"""What Slack's home page tells is read at a price that does not grow with the servers."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.diary import Expiry, Health, Run
from bot.findings import Finding, Report, Server, Verdict
from bot.judging import verdict_of
from connectors.chat.slack.pages import pages
from tests.fakes import NOON, FakeDiary, FakeMail, FakeStore

URL = "https://ndes.example.org/certsrv/mscep/mscep.dll"
WELL = Finding("scep-caps", "ok", "Keywords as expected.")
ENDS = Expiry("ndes00007", "tls", "ndes.example.org", NOON + timedelta(days=12), NOON)


class Desk:
    """Everything that the page is read from, and how often it is asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.mail, self.store = FakeMail(), FakeStore()
        self.diary = FakeDiary(self.mail)
        self._page = pages(*(self._counted(one) for one in (self.store, self.diary, self.mail)))
        self.page = lambda: self._page("U1", NOON)

    def _counted(self, port: object) -> Any:
        asked = self.asked

        class Counted:
            def __getattr__(self, name: str) -> Any:
                asked[name] += 1
                return getattr(port, name)

        return Counted()

    async def servers(self, count: int) -> None:
        for number in range(count):
            await self.store.register(Server(f"ndes{number:05}", URL))

    async def stands(self, name: str, verdict: Verdict) -> None:
        assert await self.diary.stand(Health(name, verdict, NOON, seen=NOON), None)

    async def ran(self, name: str, *findings: Finding) -> None:
        server = await self.store.server(name)
        assert server
        await self.store.keep(Report(server, NOON, verdict_of(findings), findings, (), 3, 10.0), None)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_many_servers_are_asked_for_no_more_often_than_few(desk: Desk) -> None:
    await desk.servers(40)
    assert len((await desk.page()).standings) == 40
    few, _ = Counter(desk.asked), desk.asked.clear()
    await desk.servers(400)
    assert len((await desk.page()).standings) == 400
    assert desk.asked == few


async def test_the_worst_are_shown_with_what_was_found_wherever_they_stand_in_the_alphabet(desk: Desk) -> None:
    await desk.servers(200)
    for number in range(200):
        await desk.stands(f"ndes{number:05}", "ok")
        await desk.ran(f"ndes{number:05}", WELL)
    broken = Finding("scep-base", "fail", "Nobody answers but http.sys.")
    await desk.ran("ndes00199", WELL, broken)
    desk.diary._health["ndes00199"] = replace(desk.diary._health["ndes00199"], verdict="fail")
    first = (await desk.page()).standings[0]
    assert (first.server.name, first.verdict, first.summary) == ("ndes00199", "fail", broken.summary)


async def test_a_run_that_somebody_asked_for_is_told_at_once(desk: Desk) -> None:
    await desk.servers(1)
    await desk.stands("ndes00000", "fail")
    await desk.ran("ndes00000", WELL)
    [standing] = (await desk.page()).standings
    assert (standing.verdict, standing.at, standing.summary) == ("ok", NOON, WELL.summary)


async def test_the_summary_is_of_a_finding_that_made_the_verdict(desk: Desk) -> None:
    await desk.servers(1)
    lost = Finding("scep-base", "unknown", "No answer within 10 s.")
    await desk.ran("ndes00000", Finding("tls-verify", "warn", "Ends soon."), lost)
    [standing] = (await desk.page()).standings
    assert (standing.verdict, standing.summary) == ("unknown", lost.summary)


async def test_what_runs_out_is_what_the_diary_says(desk: Desk) -> None:
    far = replace(ENDS, name="far", ends=NOON + timedelta(days=400))
    await desk.diary.remember(Run("ndes00007", NOON, "ok", {}), [ENDS, far])
    assert list((await desk.page()).expiries) == [ENDS]
