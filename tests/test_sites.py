"""Servers of another site are looked at by its worker: over HTTPS that it opens itself."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.check import PROBE, Checker
from bot.errands import LARGEST_BUNDLE, Order, order_of, seen_of, seen_said
from bot.errors import Away, BadRequest
from bot.findings import Finding, Past, Server
from bot.looking import Seen, time_for
from bot.ports import Check, Errand
from bot.report import told
from bot.types import Text
from connectors import sites, working
from connectors.assembly import causes, wires
from connectors.checks import catalogue
from connectors.clock import now
from connectors.lab.server import Lab
from connectors.sites import LEASE, Bell, Door, Sites
from connectors.store import SqlStore, open_store
from connectors.store.errands import SqlErrands
from connectors.working import Bot
from knowledge.library import Library
from tests.chat.fake_slack import until
from tests.fakes import NOON

TOKEN = "a-token-that-is-long-enough-0123456789"
ONE = {"worker": "w", "most": 1}
ROOT = Path(__file__).parents[1]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with open_store(f"sqlite+aiosqlite:///{tmp_path}/bot.db") as opened:
        await opened.errands.admit("dmz-1", TOKEN, "test", NOON)
        yield opened


@dataclass
class Heard:
    """A question at the door, and whether it has its answer."""

    request: web.Request
    over: bool = False


def looks(errands: SqlErrands) -> list[str]:
    """The sites whose errands are looked for, from now on."""
    looked, take = [], errands.take

    async def counted(site: str, *said: Any) -> list[Errand]:
        looked.append(site)
        return await take(site, *said)

    errands.take = counted  # type: ignore[method-assign,assignment]
    return looked


@asynccontextmanager
async def door(store: SqlStore, bell: Bell | None = None, heard: "list[Heard] | None" = None) -> AsyncIterator[str]:
    @web.middleware
    async def told(request: web.Request, handler: Any) -> web.StreamResponse:
        question = Heard(request)
        if heard is not None:
            heard.append(question)
        try:
            answer: web.StreamResponse = await handler(request)
            return answer
        finally:
            question.over = True

    application = web.Application(client_max_size=2**22, middlewares=[told])
    Door(store.errands, now, bell=bell).open(application)
    runner = web.AppRunner(application, shutdown_timeout=1)  # as `serve` has it: aiohttp's test server cancels handlers
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def checker(store: SqlStore, *, seconds: float = 60) -> Checker:
    site = Sites(store.errands, now, here=["default"], allow=["127.0.0.0/8"], patience=seconds)
    return Checker(
        store=store,
        checks=catalogue(),
        wires=wires([ip_network("127.0.0.0/8")]),
        clock=now,
        causes=causes(),
        elsewhere=site.look,
    )


def started(address: str, site: str = "dmz-1", token: str = TOKEN) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "connectors.main", "worker", "--site", site, "--bot", address]
    env = {"PATH": "", "NDESBOT_WORKER_TOKEN": token, "HOME": "/nonexistent"}
    return subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE)


@asynccontextmanager
async def worker(address: str) -> AsyncIterator["subprocess.Popen[bytes]"]:
    process = started(address)
    try:
        yield process
    finally:
        process.terminate()
        await asyncio.to_thread(process.communicate)


def at_the_site(lab: Lab) -> Server:
    return replace(lab.server("ndes01"), site="dmz-1")


async def test_a_worker_looks_and_the_bot_judges(store: SqlStore) -> None:
    async with Lab("ra-expired-500") as lab, door(store) as address, worker(address):
        report = await checker(store).run(at_the_site(lab), who="ann")
    assert report.verdict == "fail"
    assert report.suspects
    assert [finding.check for finding in report.findings] == [check.id for check in catalogue() if check.usual]
    assert (await store.last("ndes01") or (None, ()))[1] == report.findings


async def test_a_worker_remembers_nothing_and_the_bot_does(store: SqlStore) -> None:
    async with Lab("healthy") as lab, door(store) as address, worker(address):
        await checker(store).run(at_the_site(lab), who="ann")
        past = await store.past("ndes01")
        assert past.bundle
        lab.become("ra-expired-500")
        report = await checker(store).run(at_the_site(lab), who="ann")
    assert any(finding.evidence.get("from_memory") for finding in report.findings)


async def test_without_a_runner_every_check_is_unknown_and_says_so(store: SqlStore) -> None:
    server = Server("ndes01", "https://ndes.example/certsrv/mscep/mscep.dll", site="dmz-2")
    report = await checker(store, seconds=0.3).run(server, who="ann")
    assert report.verdict == "unknown"
    assert {finding.summary for finding in report.findings} == {"No runner for site dmz-2 answered."}
    answer = told(report, Library(()))
    assert answer.title == "ndes01: unknown, for nobody looked"
    assert answer.blocks[0] == Text("No runner for site dmz-2 answered.")
    assert "Also possible" not in repr(answer)


async def test_the_errand_of_a_lost_worker_goes_to_another_of_its_site(store: SqlStore) -> None:
    await store.errands.put(Errand("e", "dmz-1", {}), NOON)
    assert await store.errands.take("dmz-1", "first", NOON, NOON + timedelta(seconds=60))
    assert await store.errands.take("dmz-1", "second", NOON + timedelta(seconds=59), NOON) == []
    assert await store.errands.take("dmz-1", "second", NOON + timedelta(seconds=61), NOON + timedelta(seconds=99))
    assert await store.errands.give_back("e", "dmz-1", {"by": "second"})
    assert not await store.errands.give_back("e", "dmz-1", {"by": "first"})
    kept = await store.errands.errand("e")
    assert kept
    assert kept.result == {"by": "second"}


async def test_of_many_workers_one_takes_an_errand(store: SqlStore) -> None:
    for number in range(10):
        await store.errands.put(Errand(f"e{number}", "dmz-1", {}), NOON)
    asking = [store.errands.take("dmz-1", f"w{n}", NOON, NOON + timedelta(seconds=9)) for n in range(40)]
    taken = [errand.name for errands in await asyncio.gather(*asking) for errand in errands]
    assert sorted(taken) == [f"e{number}" for number in range(10)]


async def test_a_worker_that_left_while_it_asked_takes_nothing(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.sites._LOOK_EVERY", 0.05)
    heard, looked = list[Heard](), looks(store.errands)
    async with door(store, heard=heard) as address:
        asking = asyncio.create_task(asked(address, "/worker/take", {"worker": "w", "wait": 20, "most": 1}))
        await until(lambda: looked)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await until(lambda: heard[0].request.transport is None)  # the door knows that it left
        await store.errands.put(Errand("e", "dmz-1", {}), now())
        await until(lambda: heard[0].over)
        errand = await store.errands.errand("e")
    assert errand
    assert not errand.taken


async def test_an_errand_that_nobody_waits_for_any_more_is_not_taken_and_goes(store: SqlStore) -> None:
    await store.errands.put(Errand("left", "dmz-1", {"checks": ["scep-request"]}), NOON)  # and the bot dies
    later = NOON + timedelta(minutes=11)
    assert await store.errands.take("dmz-1", "w", later, later) == []
    await store.errands.put(Errand("new", "dmz-1", {}), later)
    assert await store.errands.errand("left") is None
    assert [errand.name for errand in await store.errands.take("dmz-1", "w", later, later)] == ["new"]


def test_an_errand_is_one_workers_for_as_long_as_its_look_may_take() -> None:
    slow = Server("ndes01", "https://ndes.example/certsrv/mscep/mscep.dll", front="app-proxy")
    assert time_for(slow, catalogue()) < LEASE.total_seconds()


async def test_a_probe_is_never_handed_to_a_second_worker(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.sites.time_for", lambda *_: 0.0)
    monkeypatch.setattr("connectors.sites.MARGIN", 0.5)
    probe = [check for check in catalogue() if check.id == PROBE]
    server = Server("ndes01", "https://ndes.example/certsrv/mscep/mscep.dll", site="dmz-1")
    site = Sites(store.errands, now, here=["default"], allow=[])
    await taken_by_one_that_dies(site, server, probe, store)


async def test_an_order_of_another_version_costs_a_worker_that_order_alone(
    store: SqlStore, caplog: pytest.LogCaptureFixture
) -> None:
    await store.errands.put(Errand("e1", "dmz-1", {"server": {"name": "ndes01"}, "from": "tomorrow"}), now())
    await store.errands.put(Errand("e2", "dmz-1", ORDER.said()), now())
    async with door(store) as address, aiohttp.ClientSession() as session:
        assert await Bot(session, address, TOKEN, "w").take(8) == [("e2", ORDER)]
    assert "versions" in caplog.records[0].reason  # type: ignore[attr-defined]


async def test_a_worker_takes_as_many_as_it_asks_for_the_oldest_first(store: SqlStore) -> None:
    for number in (3, 1, 2, 0):
        await store.errands.put(Errand(f"e{number}", "dmz-1", {}), NOON + timedelta(seconds=number))
    taken = await store.errands.take("dmz-1", "w", NOON + timedelta(seconds=9), NOON + LEASE, 3)
    assert [errand.name for errand in taken] == ["e0", "e1", "e2"]
    taken = await store.errands.take("dmz-1", "w", NOON + timedelta(seconds=9), NOON + LEASE, 3)
    assert [errand.name for errand in taken] == ["e3"]


async def test_an_idle_worker_asks_one_question_which_looks_into_the_database_once_a_second(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sites._LOOK_EVERY >= 1
    monkeypatch.setattr("connectors.sites._LOOK_EVERY", 3600.0)
    bell, heard, looked = Bell(), list[Heard](), looks(store.errands)
    async with door(store, bell, heard) as address, worker(address):
        for number in range(1, 20):  # as often as the second is over, or something was laid out
            await until(lambda number=number: len(looked) == number)
            bell.ring("site:dmz-1")
    assert len(heard) == 1  # eight lanes, each with questions of its own, asked forty times a second


async def test_what_is_laid_out_and_done_here_is_heard_at_once(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.sites._LOOK_EVERY", 3600.0)
    bell, looked = Bell(), looks(store.errands)
    site = Sites(store.errands, now, here=["default"], allow=[], bell=bell)
    async with door(store, bell) as address, aiohttp.ClientSession() as session:
        bot = Bot(session, address, TOKEN, "w")
        asking = asyncio.create_task(bot.take(8))
        await until(lambda: looked)
        looking = asyncio.create_task(site.look(ORDER.server, TCP, Past(), now()))
        ((errand, order),) = await asking
        await bot.give_back(errand, FINE)
        seen = await looking
    assert order.checks == ("tcp",)
    assert seen
    assert [finding.verdict for finding in seen.findings] == ["ok"]


# --- a database that is away for a moment ------------------------------------------------------


async def taken_by_one_that_dies(site: Sites, server: Server, probe: Sequence[Check], store: SqlStore) -> None:
    """A look whose worker dies with it: its outcome is unknown, and no second worker is sent."""
    looking = asyncio.create_task(site.look(server, probe, Past(), now()))
    while not await store.errands.take("dmz-1", "dies", now(), now() + LEASE):
        await asyncio.sleep(0.01)
    seen = await looking
    assert seen
    assert [finding.verdict for finding in seen.findings] == ["unknown"]
    assert await store.errands.take("dmz-1", "second", now() + 2 * LEASE, now() + 3 * LEASE) == []


def stumbling(errands: SqlErrands, word: str, times: int = 1) -> None:
    """The database is away when this is asked of it."""
    ask, left = getattr(errands, word), times

    async def away_first(*said: Any) -> Any:
        nonlocal left
        if left:
            left -= 1
            raise Away("the database is gone")
        return await ask(*said)

    setattr(errands, word, away_first)


TCP = [check for check in catalogue() if check.id == "tcp"]
FINE = seen_said(Seen((Finding("tcp", "ok", "fine"),), None, 1, 1.0))


@pytest.mark.parametrize(("word", "times"), [("put", 1), ("errand", 1), ("drop", 1000)])
async def test_a_database_that_is_away_for_a_moment_costs_no_look(store: SqlStore, word: str, times: int) -> None:
    site, asks = Sites(store.errands, now, here=["default"], allow=[]), copy(store.errands)
    stumbling(store.errands, word, times)
    looking = asyncio.create_task(site.look(ORDER.server, TCP, Past(), now()))
    while not (taken := await asks.take("dmz-1", "w", now(), now() + LEASE)) and not looking.done():
        await asyncio.sleep(0.01)
    await asks.give_back(taken[0].name, "dmz-1", FINE)
    seen = await looking
    assert seen
    assert [finding.verdict for finding in seen.findings] == ["ok"]


async def test_an_errand_that_was_given_up_is_taken_back_from_a_database_that_was_away(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.sites.time_for", lambda *_: 0.0)
    monkeypatch.setattr("connectors.sites.MARGIN", 0.1)
    probe = [check for check in catalogue() if check.id == PROBE]
    site = Sites(store.errands, now, here=["default"], allow=[])
    stumbling(store.errands, "drop")
    await taken_by_one_that_dies(site, ORDER.server, probe, store)


async def test_a_worker_hands_over_again_what_the_bot_could_not_take(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "AGAIN", (0.01, 0.01))
    stumbling(store.errands, "give_back", 2)
    await store.errands.put(Errand("e", "dmz-1", {}), now())
    async with door(store) as address, aiohttp.ClientSession() as session:
        await working.hand_over(Bot(session, address, TOKEN, "w"), "e", FINE)
    kept = await store.errands.errand("e")
    assert kept
    assert kept.result == FINE


# --- who may -----------------------------------------------------------------------------------


async def asked(address: str, path: str, said: Any, token: str | None = TOKEN, method: str = "POST") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{address}{path}", json=said, headers=headers) as response,
    ):
        return response.status


async def test_a_token_is_good_for_its_site_until_it_is_taken_back(store: SqlStore) -> None:
    await store.errands.put(Errand("theirs", "dmz-2", {"secret": 1}), NOON)
    async with door(store) as address:
        assert await asked(address, "/worker/take", ONE) == 204
        assert await asked(address, "/worker/give-back", {"errand": "theirs", "result": {}}) == 200
        theirs = await store.errands.errand("theirs")
        assert theirs
        assert theirs.result is None
        assert await store.errands.dismiss("dmz-1") == 1
        assert await asked(address, "/worker/take", ONE) == 401


@pytest.mark.parametrize("token", [None, "", "short", "x" * 40, "é" * 30, TOKEN[:-1], TOKEN + "x"])
async def test_no_other_token_opens_the_door(store: SqlStore, token: str | None) -> None:
    async with door(store) as address:
        assert await asked(address, "/worker/take", ONE, token) in (400, 401)


async def test_guessers_lock_no_worker_out_not_even_of_a_bot_that_has_just_begun(store: SqlStore) -> None:
    async with door(store) as address:
        for n in range(40):
            assert await asked(address, "/worker/take", ONE, f"{n:040}") == 401
        assert await asked(address, "/worker/take", ONE) == 204
        await store.errands.dismiss("dmz-1")
        assert await asked(address, "/worker/take", ONE) == 401


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/worker/take", {}),
        ("/worker/take", {"worker": "w"}),
        ("/worker/take", {"worker": "w", "most": 0}),
        ("/worker/take", {"worker": "w", "most": 9999}),
        ("/worker/take", {**ONE, "wait": 9999}),
        ("/worker/take", {**ONE, "more": 1}),
        ("/worker/take", []),
        ("/worker/give-back", {"errand": "e"}),
        ("/worker/give-back", {"errand": "e", "result": "x"}),
    ],
)
async def test_what_no_worker_says_is_refused(store: SqlStore, path: str, said: Any) -> None:
    async with door(store) as address:
        assert await asked(address, path, said) == 400


async def test_a_stolen_token_opens_nothing_else(store: SqlStore) -> None:
    async with door(store) as address:
        for path in ("/", "/worker", "/worker/questions", "/worker/take/../questions", "/healthz"):
            assert await asked(address, path, {}, method="GET") in (404, 405)


async def test_a_worker_whose_token_is_refused_says_so_and_ends(store: SqlStore) -> None:
    async with door(store) as address:
        process = started(address, token="wrong-token-that-is-long-enough-01234")
        _, complaint = await asyncio.to_thread(process.communicate)
    assert process.returncode == 2
    assert b"NDESBOT_WORKER_TOKEN" in complaint
    assert b"wrong-token" not in complaint


@pytest.mark.parametrize("address", ["http://ndesbot.example", "ftp://x", "https://user:pw@x", "ndesbot.example", ""])
def test_a_worker_talks_to_no_bot_in_the_clear(address: str) -> None:
    process = started(address)
    _, complaint = process.communicate()
    assert process.returncode == 2
    assert b"--bot is an address" in complaint


# --- a worker that lies ------------------------------------------------------------------------

ORDER = Order(Server("ndes01", "https://ndes.example/x", site="dmz-1"), ("tcp", "tls"), Past(), ())
SEEN = Seen((Finding("tcp", "ok", "fine"), Finding("tls", "ok", "fine")), Past(NOON, b"x", "ab", ()), 3, 5.0)


def test_what_was_seen_comes_back_as_it_was() -> None:
    back = seen_of(seen_said(SEEN), ORDER, NOON)
    assert (back.findings, back.requests) == (SEEN.findings, 3)
    assert back.good
    assert (back.good.bundle, back.good.at) == (b"x", NOON)
    assert order_of(ORDER.said()) == ORDER


@pytest.mark.parametrize(
    "changed",
    [
        {"findings": []},
        {"findings": [{"check": "tcp", "verdict": "ok", "summary": "x"}] * 2},
        {"findings": [{"check": "tcp", "verdict": "perfect", "summary": "x"}]},
        {"findings": "x"},
        {"requests": "many"},
        {"took_ms": None},
        {"good": {"at": NOON.isoformat(), "bundle": "A" * (2 * LARGEST_BUNDLE), "tls": None, "findings": []}},
        {"good": {"at": NOON.isoformat(), "bundle": "!", "tls": None, "findings": []}},
        {"good": {"at": "2026-01-01T00:00:00", "bundle": None, "tls": None, "findings": []}},
        {"good": {"at": 1}},
    ],
)
def test_an_answer_that_is_none_to_the_order_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        seen_of({**seen_said(SEEN), **changed}, ORDER, NOON)


def test_what_a_worker_says_is_bounded_and_redacted() -> None:
    page = "challenge password is: 8A2F6F1F2E3D4C5B"
    long = Finding("tcp", "ok", "x" * 10**6, {"page": page, "n": ["y" * 10**5] * 999})
    seen = seen_of(seen_said(replace(SEEN, findings=(long, SEEN.findings[1]), requests=10**9)), ORDER, NOON)
    assert len(repr(seen)) < 10**6 * 2
    assert "8A2F6F" not in repr(seen)
    assert seen.requests <= 1000
