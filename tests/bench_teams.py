"""`python -m tests.bench_teams`: how fast ndesbot is in Teams, beside bare echoes on the same libraries.

The pretend Teams runs in this process, each bot in one of its own. Bots take turns, so that what else this computer
does hits all of them; on a busy one compare the time of the processor, which hardly depends on that.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, TCPConnector, web

from bot.types import Message, Place
from connectors.store import open_store
from tests.chat.fake_teams import TENANT, FakeTeams

AT_ONCE: Final = 200
"""Messages in flight: delivered, and not answered yet."""
ROUNDS: Final = 3
TEXT: Final = "0x80094800"
_A_CHAT: Final = 4  # messages of one conversation: Teams lets a bot post seven in a second
_PEOPLE: Final = 100
KINDS: Final = ("bare echo", "echo that stores", "ndesbot")


@dataclass(frozen=True, slots=True)
class Figures:
    """Answers per second, milliseconds until a request was acknowledged, and of a processor for one answer."""

    rate: float
    p99: float
    processor: float


# --- the bots, each in a process of its own --------------------------------------------------

Echo = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _archived(note: Callable[[str], Awaitable[Any]]) -> Echo:
    from botbuilder.core import MessageFactory
    from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication

    class Settings:
        APP_ID = APP_PASSWORD = APP_TENANTID = ""
        APP_TYPE = "MultiTenant"

    class Bot:
        async def on_turn(self, context: Any) -> None:
            await note(context.activity.id)
            await context.send_activity(MessageFactory.text(f"echo: {context.activity.text}"))

    adapter, bot = CloudAdapter(ConfigurationBotFrameworkAuthentication(Settings())), Bot()
    return lambda request: adapter.process(request, bot)


def _successors(note: Callable[[str], Awaitable[Any]]) -> Echo:
    import logging

    from microsoft_agents.authentication.msal import MsalConnectionManager
    from microsoft_agents.hosting.aiohttp import CloudAdapter
    from microsoft_agents.hosting.core import ActivityHandler, AgentAuthConfiguration, MessageFactory

    class Bot(ActivityHandler):
        async def on_message_activity(self, context: Any) -> None:
            await note(context.activity.id)
            await context.send_activity(MessageFactory.text(f"echo: {context.activity.text}"))

    logging.disable(logging.CRITICAL)
    settings = AgentAuthConfiguration(anonymous_allowed=True)
    manager = MsalConnectionManager(connections_configurations={"SERVICE_CONNECTION": settings})
    adapter, bot = CloudAdapter(connection_manager=manager), Bot()
    return lambda request: adapter.process(request, bot)


@asynccontextmanager
async def _echo(sdk: str, folder: Path, stores: bool) -> AsyncIterator[str]:
    async with open_store(f"sqlite+aiosqlite:///{folder}/bot.db") as store:

        async def note(name: str) -> None:
            if stores:
                await store.mail.receive(Message(name, Place("teams", "c"), "s", TEXT), "here", datetime.now(UTC))

        echo = (_archived if sdk == "botbuilder" else _successors)(note)
        application = web.Application()
        application.router.add_post("/api/messages", echo)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/messages"
        finally:
            await runner.cleanup()


async def _serve(kind: str, sdk: str, url: str) -> None:
    """One bot, until nobody listens to it any more; says its address first."""
    from tests.chat.teams_bot import running

    with tempfile.TemporaryDirectory() as folder:
        if kind == "ndesbot":
            async with running(sdk, Path(folder), teams=FakeTeams(url=url)) as bot:
                await _until_told(bot.address)
        else:
            async with _echo(sdk, Path(folder), kind == "echo that stores") as address:
                await _until_told(address)


async def _until_told(address: str) -> None:
    print(address, flush=True)  # noqa: T201
    while await asyncio.to_thread(sys.stdin.readline):
        print(time.process_time(), flush=True)  # noqa: T201


# --- measuring -------------------------------------------------------------------------------


async def measured(kind: str, sdk: str, number: int) -> Figures:
    """One bot under load."""
    async with FakeTeams().running() as teams:
        teams._issued.add("")  # the bare ones send no token
        command = [sys.executable, "-m", "tests.bench_teams", "serve", kind, sdk, teams.url]
        process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdout
        assert process.stdin
        try:
            address = (await process.stdout.readline()).decode().strip()
            async with ClientSession(connector=TCPConnector(limit=0)) as session:
                signed = {"Authorization": f"Bearer {teams.token()}"} if kind == "ndesbot" else {}
                await _load(teams, session, address, signed, AT_ONCE)
                before = await _processor_time(process)
                rate, p99 = await _load(teams, session, address, signed, number)
                return Figures(rate, p99, (await _processor_time(process) - before) * 1000 / number)
        finally:
            process.stdin.close()
            await process.wait()


async def _processor_time(process: asyncio.subprocess.Process) -> float:
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"\n")
    return float(await process.stdout.readline())


async def _load(
    teams: FakeTeams, session: ClientSession, address: str, headers: dict[str, str], number: int
) -> tuple[float, float]:
    """Answers per second, and the p99 of the milliseconds until a request was acknowledged."""
    turns, acks = asyncio.Semaphore(AT_ONCE), list[float]()
    run = len(teams.posts)

    async def ask(n: int) -> None:
        person = {"id": f"29:{n % _PEOPLE}", "name": "P", "aadObjectId": f"0000-{n % _PEOPLE}"}
        conversation = {"id": f"a:{run}-{n // _A_CHAT}", "conversationType": "personal", "tenantId": TENANT}
        activity = teams.message(TEXT, conversation=conversation, **{"from": person})
        await turns.acquire()
        began = time.perf_counter()
        async with session.post(address, json=activity, headers=headers) as response:
            assert response.status < 300, response.status
            await response.read()
        acks.append((time.perf_counter() - began) * 1000)

    teams.heard = turns.release
    began = time.perf_counter()
    await asyncio.gather(*map(ask, range(number)))
    while len(teams.posts) < run + number:
        await asyncio.sleep(0.005)
    taken = time.perf_counter() - began
    return number / taken, sorted(acks)[int(0.99 * len(acks))]


def _middle(runs: list[Figures]) -> Figures:
    return Figures(*(statistics.median(getattr(one, name) for one in runs) for name in Figures.__slots__))


def run(number: int = 1000) -> dict[str, float]:
    """Measure every bot on either library; the figures by name."""
    figures: dict[str, float] = {}
    for sdk in ("botbuilder", "agents"):
        rounds = [{kind: asyncio.run(measured(kind, sdk, number)) for kind in KINDS} for _ in range(ROUNDS)]
        told = {kind: _middle([one[kind] for one in rounds]) for kind in KINDS}
        for kind, one in told.items():
            figures[f"{sdk}: {kind}, answers per second"] = one.rate
            figures[f"{sdk}: {kind}, p99 ack in ms at {AT_ONCE} in flight"] = one.p99
            figures[f"{sdk}: {kind}, processor ms for an answer"] = one.processor
        for kind in KINDS[:2]:
            figures[f"{sdk}: ndesbot's rate, of the {kind}'s"] = told["ndesbot"].rate / told[kind].rate
            figures[f"{sdk}: the {kind}'s processor time, of ndesbot's"] = (
                told[kind].processor / told["ndesbot"].processor
            )
    return figures


def main() -> None:
    """Print one line a figure."""
    for name, value in run().items():
        print(f"{name:<70} {value:9.2f}")  # noqa: T201


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(_serve(*sys.argv[2:5]))
    else:
        main()
