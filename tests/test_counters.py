"""What is counted, and that counting changes nothing and stays small."""

import asyncio
import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot import errors
from bot.errors import Busy, ConnectorError, Gone
from bot.findings import Finding, Past, Report, Server, Suspect
from bot.ports import Press, Receive, Show
from bot.types import Answer, Message, Place
from connectors.telemetry import counters
from connectors.telemetry.counters import Counters
from tests.chat.fake_surface import FakeSurface
from tests.fakes import NOON, FakeStore

HERE = Place("fake", "C-SECRET-CHANNEL", "1")
SERVER = Server("ndes01", "https://ndes01.corp.example/certsrv/mscep/mscep.dll")
REPORT = Report(
    SERVER,
    NOON,
    "fail",
    (Finding("tls", "ok", ""), Finding("scep-base", "fail", "500 from ndes01"), Finding("names", "ok", "")),
    (
        Suspect("ra-expired", "ra-certificate-expired", "confirmed", "why"),
        Suspect("pool-stopped", "pool-stopped", "ruled_out", "why"),
    ),
    requests=3,
    took_ms=1500.0,
)


def message(text: str = "hello") -> Message:
    return Message("m1", HERE, "U-ANN", text)


async def unseen(_: Answer) -> None: ...


async def figures(counted: Counters) -> dict[str, float]:
    lines = [line for line in (await counted.page()).decode().splitlines() if not line.startswith("#")]
    return {name.removeprefix("ndesbot_"): float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


async def test_answers_are_counted_by_platform_and_outcome_and_pass_as_they_are() -> None:
    counted, answer = Counters(), Answer("t", "problem")

    async def handle(message: Message, show: Show) -> Answer | None:
        if message.text == "broken":
            raise ZeroDivisionError
        return None if message.text == "chatter" else answer

    handler = counted.handler(handle)
    assert await handler(message(), unseen) is answer
    assert await handler(message("chatter"), unseen) is None
    with pytest.raises(ZeroDivisionError):
        await handler(message("broken"), unseen)
    told = await figures(counted)
    for outcome in ("problem", "silence", "failed"):
        assert told[f'answers_total{{outcome="{outcome}",surface="fake"}}'] == 1
    assert told['answer_seconds_count{surface="fake"}'] == 3


@pytest.mark.parametrize(
    ("trouble", "outcome"), [(None, "done"), (Busy(3), "busy"), (Gone(), "gone"), (ConnectorError("x"), "failed")]
)
async def test_calls_of_a_platform_are_counted_by_what_came_of_them(trouble: Exception | None, outcome: str) -> None:
    counted, fake = Counters(), FakeSurface()
    surface = counted.surface(fake)
    assert (surface.name, surface.pause, surface.looks_up) == (fake.name, fake.pause, fake.looks_up)
    assert surface.role_of(message()) == "operator"
    await fake.send(HERE, Answer("t", "info"), str, key="k")
    calls: dict[str, Callable[[], Any]] = {
        "send": lambda: surface.send(HERE, Answer("t", "info"), str, key="k", reader="U-ANN"),
        "edit": lambda: surface.edit(HERE, "1", Answer("t", "info"), str),
        "find": lambda: surface.find(HERE, "k"),
    }
    for call in calls.values():
        fake.troubles = [trouble]
        if trouble is None:
            await call()
        else:
            with pytest.raises(type(trouble)) as raised:
                await call()
            assert raised.value is trouble
    told = await figures(counted)
    for call_name in calls:
        assert told[f'platform_calls_total{{call="{call_name}",outcome="{outcome}",surface="fake"}}'] == 1


async def test_messages_are_counted_when_they_are_taken_over() -> None:
    counted = Counters()

    class Handing(FakeSurface):
        async def serve(self, receive: Receive) -> None:
            await receive(message())
            with pytest.raises(ConnectorError):
                await receive(message("lost"))

    async def receive(message: Message) -> None:
        if message.text == "lost":
            raise ConnectorError

    await counted.surface(Handing()).serve(receive)
    told = await figures(counted)
    assert told['messages_total{outcome="taken",surface="fake"}'] == 1
    assert told['messages_total{outcome="failed",surface="fake"}'] == 1


async def test_runs_are_counted_when_they_are_kept_with_their_checks_and_what_they_confirm() -> None:
    counted, kept = Counters(), FakeStore()
    store = counted.store(kept)
    await store.register(SERVER)
    await store.keep(REPORT, Past(NOON))
    assert await kept.servers() == await store.servers() == [SERVER]
    assert await store.last("ndes01") == await kept.last("ndes01") == (NOON, REPORT.findings)
    assert await store.past("ndes01") == Past(NOON)
    told = await figures(counted)
    assert told['runs_total{verdict="fail"}'] == 1
    assert told['checks_total{check="scep-base",verdict="fail"}'] == 1
    assert {name: value for name, value in told.items() if "causes" in name} == {
        'causes_confirmed_total{cause="ra-expired"}': 1
    }
    assert told["run_seconds_sum"] == 1.5


async def test_a_run_that_the_database_takes_at_the_second_try_is_counted_once() -> None:
    counted = Counters()

    class Away(FakeStore):
        away = True

        async def keep(self, report: Report, good: Past | None) -> None:
            if self.away:
                self.away = False
                raise errors.Away
            await super().keep(report, good)

    store = counted.store(Away())
    with pytest.raises(errors.Away):
        await store.keep(REPORT, None)
    await store.keep(REPORT, None)
    told = await figures(counted)
    assert (told['runs_total{verdict="fail"}'], told["run_seconds_count"]) == (1, 1)


async def test_what_is_looked_up_is_told_and_what_hangs_or_fails_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(counters, "PATIENCE", 0.05)
    counted = Counters()

    async def seven() -> float:
        return 7

    async def none() -> None:
        return None

    async def fails() -> float:
        raise ConnectorError("postgresql://bot:secret@db")

    async def hangs() -> float:
        await asyncio.Event().wait()
        return 1

    for look in (seven, none, fails, hangs):
        counted.reading(look.__name__, "A figure.", look)
    told = await figures(counted)
    assert told["seven"] == 7
    assert [name for name in ("none", "fails", "hangs") if not math.isnan(told[name])] == []


async def test_no_figure_names_anybody_and_there_are_few() -> None:
    counted = Counters()
    surface = counted.surface(FakeSurface())

    async def handle(message: Message, show: Show) -> Answer:
        return Answer("t", "info")

    handler, store = counted.handler(handle), counted.store(FakeStore())
    press: Press = str
    for number in range(500):
        place = Place("fake", f"C-SECRET-{number}")
        await handler(Message(f"m{number}", place, f"U-ANN-{number}", "x"), unseen)
        await surface.send(place, Answer("t", "info"), press, key=f"m{number}", reader=f"U-ANN-{number}")
        await store.keep(replace(REPORT, server=replace(SERVER, name=f"ndes{number:04}")), None)
    page = (await counted.page()).decode()
    assert len([line for line in page.splitlines() if not line.startswith("#")]) < 80
    assert not re.search("SECRET|ANN|ndes0|m499|/|_created", page)


async def test_two_bots_in_one_process_count_apart() -> None:
    one, other = Counters(), Counters()

    async def handle(message: Message, show: Show) -> Answer | None:
        return None

    await one.handler(handle)(message(), unseen)
    assert any("answers_total" in name for name in await figures(one))
    told = await figures(other)
    assert not any("answers_total" in name for name in told)
    (build,) = [name for name in told if name.startswith("build_info")]
    assert re.fullmatch(r'build_info\{python="3[\d.]+\w*",version="[^"]+"\}', build)
