"""What ten thousand servers cost: the real rounds, engine, store and worker's door, over looks that cost nothing.

python -m tests.sizes SERVERS ADDRESS prints the figures of one size as JSON: a process for each, for memory's sake.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from aiohttp import ClientSession, web

from bot.check import Checker
from bot.diary import Subscription
from bot.digests import Digests
from bot.errands import seen_said
from bot.findings import Past, Server
from bot.looking import Seen, see
from bot.ports import Check
from bot.rounds import DIGESTS_AT_ONCE, LOOKS_AT_ONCE, ROUND, Rounds
from bot.servers import listed
from bot.types import Place
from connectors.assembly import causes, wires
from connectors.checks import catalogue
from connectors.engine import open_engine
from connectors.lab.server import Lab
from connectors.render import text
from connectors.sites import Bell, Door, Sites
from connectors.store import SqlStore, open_store
from connectors.working import Bot
from tests.fakes import FakeClock
from tests.store import postgres

ROOT: Final = Path(__file__).parents[1]
EVERY: Final = timedelta(minutes=15)
A_DAY: Final = timedelta(days=1) / EVERY
"""Looks at each server."""
SITES: Final = 20
REMOTE: Final = 2
"""Of these sites, those whose servers a worker looks at, through the door."""
PERIODS: Final = 2
DIGESTS: Final = 12
"""Digests written, of which the cost of one is told."""
TOKEN: Final = "a-token-of-the-simulation-0123456789-{}"
KEPT: Final = ("servers", "runs", "good_states", "history", "health", "expiries")
OF_RUNS: Final = ("workflow_status", "workflow_input", "workflow_output", "operation_outputs")
TABLES: Final = KEPT + OF_RUNS
Figures = dict[str, float]


class World:
    """A bot with so many servers, all as one healthy server of the lab was seen."""

    def __init__(self, store: SqlStore, seen: Seen, checks: Sequence[Check]) -> None:
        self.clock = FakeClock()
        self.store, self.seen, self.bell = store, seen, Bell()
        here = [f"site-{number}" for number in range(REMOTE, SITES)]
        self.sites = Sites(store.errands, self.clock, here=here, allow=[], bell=self.bell)
        self.checker = Checker(
            store=store,
            checks=checks,
            wires=wires(()),
            clock=self.clock,
            causes=causes(),
            elsewhere=self._looked,
        )
        self.done = 0
        self.rounds = Rounds(
            store=store,
            diary=store.diary,
            mail=store.mail,
            checker=self.checker,
            surfaces={},
            receive=self._nobody,
            clock=self.clock,
            every=EVERY,
            online=self._online,
        )

    async def _looked(self, server: Server, checks: Sequence[Check], past: Past, now: Any) -> Seen | None:
        seen = await self.sites.look(server, checks, past, now)
        good = replace(self.seen.good, at=now) if self.seen.good else None
        return seen or replace(self.seen, good=good)

    async def _nobody(self, _: object) -> None:
        return None

    async def _online(self) -> bool:
        return True

    async def carry_out(self, said: Any) -> Any:
        """A look in its turn, counted."""
        try:
            return await self.rounds.carry_out(said)
        finally:
            self.done += 1


# --- one size ------------------------------------------------------------------------------------


async def measured(servers: int, address: str) -> Figures:
    """The figures of one size. Raises `AssertionError` where a look was not carried out, or failed."""
    figures: Figures = {"load": os.getloadavg()[0]}
    async with open_store(address) as store:
        world = World(store, *await _seen())
        await _fill(store, servers)
        figures |= await _listed(store)
        statements = _counted(store)
        async with (
            _workers(world),
            open_engine(address, executor="sizes", work={ROUND: world.carry_out}) as engine,
        ):
            world.rounds.rely_on(engine)
            for _ in range(PERIODS):
                figures |= await _period(world, servers, statements)
        assert _count(address, "history") >= servers
        figures |= await _digests(world, servers)
    for table in TABLES:
        rows, size = _size(address, table)
        figures[f"{table}: rows"], figures[f"{table}: bytes"] = rows, size
    figures["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


async def _seen() -> tuple[Seen, tuple[Check, ...]]:
    """What the usual checks see of a healthy server, and those checks."""
    from ipaddress import ip_network

    usual = tuple(check for check in catalogue() if check.usual)
    clock = FakeClock()
    async with Lab("healthy") as lab:
        open_wire = wires([ip_network("127.0.0.0/8")], any_port=True)
        seen = await see(lab.server("lab"), usual, open_wire, past=Past(), now=clock())
    return seen, usual


async def _fill(store: SqlStore, servers: int) -> None:
    for number in range(servers):
        url = f"https://ndes{number:05}.corp.example/certsrv/mscep/mscep.dll"
        tags = (f"team-{number % 100}",)
        await store.register(Server(f"ndes{number:05}", url, site=f"site-{number % SITES}", tags=tags))


async def _listed(store: SqlStore) -> Figures:
    """Milliseconds of CPU for the answer to `servers`, as text; the second time as a bot that runs has it."""
    took = []
    for _ in range(2):
        began = time.process_time()
        text.render(listed(await store.servers(), may_check=True))
        took.append((time.process_time() - began) * 1000)
    return {"listed at first: CPU ms": took[0], "listed: CPU ms": took[1]}


async def _period(world: World, servers: int, statements: Callable[[], int]) -> Figures:
    """Every server is due at once, which is the worst that can come, as after an outage."""
    world.clock.now += EVERY
    world.done, before, began, cpu = 0, statements(), time.perf_counter(), time.process_time()
    begun = 0
    while world.done < servers:
        if begun < servers and begun - world.done < LOOKS_AT_ONCE:
            await world.rounds.begin_what_is_due()
            begun += LOOKS_AT_ONCE
        await asyncio.sleep(0.05)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    health = await world.store.diary.health()
    assert len(health) == servers
    assert {one.seen for one in health.values()} == {world.clock.now}
    return {
        "looks/s needed": servers / EVERY.total_seconds(),
        "looks/s carried": servers / seconds,
        "look: CPU ms": cpu / servers * 1000,
        "look: statements": (statements() - before) / servers,
    }


async def _digests(world: World, servers: int) -> Figures:
    """Milliseconds of CPU of a digest about all servers, and of one about a hundredth of them."""
    digests = Digests(world.store, world.store.diary, world.clock, {})
    figures = {}
    for name, tags in (("digest of all", ()), ("digest of 1 %", ("team-1",))):
        places = [Place("slack", f"C{name}{number}") for number in range(DIGESTS)]
        for place in places:
            await world.store.diary.subscribe(Subscription(place, "daily", tags=tags, since=None))
        began = time.process_time()
        for at in range(0, DIGESTS, DIGESTS_AT_ONCE):
            lot = places[at : at + DIGESTS_AT_ONCE]
            assert all(await asyncio.gather(*(digests.due(place, world.clock()) for place in lot)))
        figures[f"{name}: CPU ms"] = (time.process_time() - began) / DIGESTS * 1000
    return figures


# --- the workers of two sites --------------------------------------------------------------------


@asynccontextmanager
async def _workers(world: World) -> AsyncIterator[None]:
    """A worker for each remote site, in this process, behind the real door."""
    async with AsyncExitStack() as stack:
        application = web.Application(client_max_size=2**22)
        Door(world.store.errands, world.clock, bell=world.bell).open(application)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        session = await stack.enter_async_context(ClientSession())
        working = []
        for number in range(REMOTE):
            token = TOKEN.format(number)
            await world.store.errands.admit(f"site-{number}", token, "", world.clock())
            bot = Bot(session, address, token, f"worker-{number}")
            working.append(asyncio.create_task(_work(bot, seen_said(world.seen))))
        try:
            yield
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)


async def _work(bot: Bot, seen: Any) -> None:
    while True:
        for errand, _ in await bot.take(8):
            await bot.give_back(errand, seen)


# --- counting ------------------------------------------------------------------------------------


def _counted(store: SqlStore) -> Callable[[], int]:
    """How many statements the store has made so far."""
    made = 0

    def count(*_: object) -> None:
        nonlocal made
        made += 1

    sa.event.listen(store._engine.sync_engine, "before_cursor_execute", count)
    return lambda: made


def _count(address: str, table: str) -> int:
    return int(postgres.ask(address, f"select count(*) from {table}")[0][0])


def _size(address: str, table: str) -> tuple[int, int]:
    """Rows and bytes of a table with its indices, wherever it is: the engine has a file or a schema of its own."""
    runs = table in OF_RUNS
    if address.startswith("sqlite"):
        address = address.replace(".db", "-runs.db") if runs else address
        parts = "select name from sqlite_master where tbl_name = :t"
        pages = f"select coalesce(sum(pgsize), 0) from dbstat where name in ({parts})"
        return _count(address, table), int(postgres.ask(address, pages, t=table)[0][0])
    if runs:
        schema = postgres.ask(address, "select current_schema()")[0][0]
        table = f"{schema}_runs.{table}"
    size = postgres.ask(address, "select pg_total_relation_size(cast(:t as regclass))", t=table)
    return _count(address, table), int(size[0][0])


# --- all of them ---------------------------------------------------------------------------------


def in_a_process_of_its_own(servers: int, address: str) -> Figures:
    """The figures of one size, by a process that did nothing else."""
    command = [sys.executable, "-m", "tests.sizes", str(servers), address]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def a_day(figures: Figures, servers: int) -> Figures:
    """Rows and bytes that a day adds, where nothing changes: a run in the engine for each look, and one line of
    history a server."""
    looks = servers * A_DAY
    of_run = sum(figures[f"{table}: bytes"] for table in OF_RUNS) / figures["workflow_status: rows"]
    of_look = sum(figures[f"{table}: bytes"] for table in ("runs", "good_states", "expiries", "health")) / servers
    return {
        "runs a day": looks,
        "engine: MB a day": looks * of_run / 1e6,
        "engine: MB kept": looks / 24 * 2 * of_run / 1e6,  # they are known for an hour, and forgotten once an hour
        "history: MB a day": servers * figures["history: bytes"] / figures["history: rows"] / 1e6,
        "as it stands: MB": sum(figures[f"{table}: bytes"] for table in KEPT if table != "history") / 1e6,
        "written: MB a day": looks * (of_run + of_look) / 1e6,
    }


def told(servers: int, figures: Figures) -> str:
    """A line of what matters."""
    all_of = {**figures, **a_day(figures, servers)}
    names = (
        "looks/s needed",
        "looks/s carried",
        "look: CPU ms",
        "look: statements",
        "listed: CPU ms",
        "listed at first: CPU ms",
        "digest of all: CPU ms",
        "digest of 1 %: CPU ms",
        "runs a day",
        "engine: MB a day",
        "engine: MB kept",
        "history: MB a day",
        "as it stands: MB",
        "written: MB a day",
        "peak MB",
        "load",
    )
    return f"{servers} servers: " + ", ".join(f"{name} {all_of[name]:.4g}" for name in names)


def main() -> None:
    _, servers, address = sys.argv
    print(json.dumps(asyncio.run(measured(int(servers), address))))  # noqa: T201


if __name__ == "__main__":
    main()
