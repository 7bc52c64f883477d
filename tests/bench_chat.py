"""`python -m tests.bench_chat`: questions per second and the wait for an acknowledgement, against bare echoes.

The pretend platform runs in this process, each bot in one of its own. All bots answer the same questions, delivered
over HTTP and signed, and so many are in flight: delivered, and not answered yet. An acknowledgement is timed from the
first byte of a delivery to the last of its answer. Bots take turns, so that what else this computer does hits all of
them; on a busy one compare the time of the processor, which hardly depends on that.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

from tests.chat.fake_slack import BOT, BOT_ID, BOT_TOKEN, SECRET, TEAM, encoded, signed

IN_FLIGHT = 200
"""Questions under way at a time."""
ASKED = (
    "0x80094012",
    "explain 12175",
    "HTTP 403 at /certsrv/mscep/mscep.dll",
    "The Network Device Enrollment Service cannot be started (0x80070057). Event ID 2",
    "2026-11-20 10:11:12 10.0.0.4 GET /certsrv/mscep/mscep.dll operation=GetCACaps 443 - 10.0.0.9 - 403 16 2148204809",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """One run of one bot: answers a second, milliseconds until a delivery was acknowledged, milliseconds of the
    processor for each question, megabytes of the process at the end."""

    rate: float
    p50: float
    p99: float
    cpu: float
    size: float


# --- the bots, each in a process of its own ---------------------------------------------------


async def echo(origin: str, _: str) -> web.Application:
    """Bolt as its first page shows it."""
    from slack_bolt.async_app import AsyncApp
    from slack_sdk.web.async_client import AsyncWebClient

    bolt = AsyncApp(client=AsyncWebClient(BOT_TOKEN, base_url=f"{origin}/api/"), signing_secret=SECRET)

    @bolt.event("app_mention")
    async def mentioned(event: dict[str, Any], say: Any) -> None:
        await say(text=event["text"], thread_ts=event["ts"])

    return bolt.web_app(path="/slack/events")


async def keeping_echo(origin: str, database: str) -> web.Application:
    """The same, answering each event once: its id is stored before it is acknowledged."""
    from slack_bolt.async_app import AsyncApp
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.types import Message, Place
    from connectors.clock import now
    from connectors.store import open_store

    store = await open_store(database).__aenter__()
    client = AsyncWebClient(BOT_TOKEN, base_url=f"{origin}/api/")
    bolt = AsyncApp(client=client, signing_secret=SECRET, process_before_response=True)
    answering: set[asyncio.Task[None]] = set()

    async def answer(message: Message, event: dict[str, Any], say: Any) -> None:
        await say(text=event["text"], thread_ts=event["ts"])
        await store.mail.answered(message, now(), None)

    @bolt.event("app_mention")
    async def mentioned(event: dict[str, Any], body: dict[str, Any], say: Any) -> None:
        message = Message(body["event_id"], Place("slack", event["channel"], event["ts"]), event["user"], event["text"])
        if await store.mail.receive(message, "echo", now()):
            task = asyncio.create_task(answer(message, event, say))
            answering.add(task)
            task.add_done_callback(answering.discard)

    return bolt.web_app(path="/slack/events")


async def whole(origin: str, database: str) -> web.Application:
    """ndesbot as it is served."""
    from bot.commands import UseCases
    from bot.inbox import Inbox
    from bot.router import Router
    from connectors import shelf
    from connectors.assembly import checker, wires
    from connectors.chat.slack import Slack, pages
    from connectors.clock import now
    from connectors.settings_file import Network, SlackSecrets
    from connectors.settings_file import Slack as Settings
    from connectors.store import open_store

    store = await open_store(database).__aenter__()
    web_app = web.Application()
    said = {"mode": "http", "workspaces": [TEAM], "api": origin}
    slack = Slack(
        Settings.model_validate(said),
        SlackSecrets.model_validate({"bot_token": BOT_TOKEN, "signing_secret": SECRET}),
        network=Network(),
        web_app=web_app,
        mail=store.mail,
        page=pages(store, store.diary, store.mail),
        entry=lambda _: None,
        clock=now,
    )
    checks = checker(store, wires([]))
    router = Router(UseCases(shelf.library(None), shelf.codes(), checker=checks, store=store, clock=now), slack.role_of)
    inbox = Inbox(mail=store.mail, handle=router.handle, surfaces=[slack], clock=now, holder="bench")
    web_app["serving"] = asyncio.create_task(slack.serve(inbox.receive))  # type: ignore[misc]
    return web_app


BOTS: dict[str, Callable[[str, str], Awaitable[web.Application]]] = {
    "slack-bolt, echo": echo,
    "slack-bolt, echo that stores the event id": keeping_echo,
    "ndesbot": whole,
}


async def _be(name: str, origin: str, database: str) -> None:
    runner = web.AppRunner(await BOTS[name](origin, database), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events", flush=True)  # noqa: T201
    await asyncio.Event().wait()


# --- the platform ----------------------------------------------------------------------------


class Platform:
    """Slack's Web API as far as an answer needs it: it takes posts and says yes."""

    def __init__(self) -> None:
        self._posts = count(1)
        self.answered: dict[str, asyncio.Event] = {}

    async def called(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        body = await request.read()
        told: dict[str, Any] = {"ok": True}
        if method == "auth.test":
            told |= {"user_id": BOT, "bot_id": BOT_ID, "team_id": TEAM}
        elif method == "users.info":
            told |= {"user": {"id": "U1"}}
        elif method == "files.getUploadURLExternal":
            told |= {"file_id": "F1", "upload_url": f"{request.url.origin()}/api/upload"}
        elif method == "files.completeUploadExternal":
            told |= {"files": [{"id": "F1"}]}
        elif method == "chat.postMessage":
            told |= {"ts": f"1700000001.{next(self._posts):06}", "channel": "C1"}
            self.answered[json.loads(body)["thread_ts"]].set()
        return web.json_response(told)


async def run(name: str, messages: int, platform: Platform, origin: str, database: str) -> Figures:
    """Begin a bot, warm it up, ask it, end it."""
    program = [sys.executable, "-m", "tests.bench_chat", "--be", name, origin, database]
    child = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
    try:
        assert child.stdout
        door = (await child.stdout.readline()).decode().strip()
        limits = {"connector": TCPConnector(limit=IN_FLIGHT), "timeout": ClientTimeout(60)}
        async with ClientSession(**limits) as session:  # type: ignore[arg-type]
            await _ask(session, door, platform, IN_FLIGHT)
            before, began = _processor(child.pid), time.perf_counter()
            waits = await _ask(session, door, platform, messages)
            took, worked = time.perf_counter() - began, _processor(child.pid) - before
            size = _resident(child.pid)
    finally:
        child.kill()
        await child.wait()
    cut = statistics.quantiles(waits, n=100)
    return Figures(messages / took, 1000 * cut[49], 1000 * cut[98], 1000 * worked / messages, size)


async def _ask(session: ClientSession, door: str, platform: Platform, number: int) -> list[float]:
    waits: list[float] = []
    left = iter(range(number))

    async def one_after_the_other() -> None:
        for n in left:
            body = _event(n)
            answered = platform.answered[body["event"]["ts"]] = asyncio.Event()
            data, content = encoded("events_api", body)
            headers = {"Content-Type": content, **signed(data, int(time.time()), SECRET)}
            began = time.perf_counter()
            async with session.post(door, data=data, headers=headers) as response:
                await response.read()
                assert response.status == 200, response.status
            waits.append(time.perf_counter() - began)
            await asyncio.wait_for(answered.wait(), 60)

    await asyncio.gather(*(one_after_the_other() for _ in range(min(IN_FLIGHT, number))))
    return waits


def _processor(process: int) -> float:
    """Seconds of the processor that a process has had."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def _event(number: int) -> dict[str, Any]:
    text = f"<@{BOT}> {ASKED[number % len(ASKED)]}"
    ts = f"{time.time():.6f}{number}"
    event = {"type": "app_mention", "user": f"U{number % 20}", "text": text, "channel": f"C{number % 50}", "ts": ts}
    return {"type": "event_callback", "team_id": TEAM, "event_id": f"Ev{uuid4().hex}", "event": event}


async def main(messages: int, rounds: int, database: str | None) -> None:
    platform = Platform()
    application = web.Application()
    application.router.add_route("*", "/api/{method}", platform.called)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    runs: dict[str, list[Figures]] = {name: [] for name in BOTS}
    for number in range(rounds):
        for name in BOTS:
            with tempfile.TemporaryDirectory() as folder:
                where = database or f"sqlite+aiosqlite:///{folder}/bench{number}.db"
                runs[name].append(await run(name, messages, platform, origin, where))
    await runner.cleanup()
    told = {name: [_median(each, of) for of in Figures.__slots__] for name, each in runs.items()}
    print(f"{messages} questions, {IN_FLIGHT} in flight, median of {rounds}")  # noqa: T201
    bare = told["slack-bolt, echo"]
    for name, (rate, p50, p99, cpu, size) in told.items():
        parts = f"{rate:5.0f}/s {rate / bare[0]:5.2f}  processor {cpu:5.2f} ms {bare[3] / cpu:5.2f}"
        print(f"{name:42} {parts}  ack p50 {p50:4.0f} ms p99 {p99:4.0f} ms  {size:4.0f} MB")  # noqa: T201
    print(json.dumps(told))  # noqa: T201


def _median(runs: list[Figures], of: str) -> float:
    return round(statistics.median(getattr(one, of) for one in runs), 1)


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--be", nargs=3, metavar=("BOT", "ORIGIN", "DATABASE"), help="be one of the bots")
    words.add_argument("--messages", type=int, default=3000)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--database", help="its address; SQLite in a new file if there is none")
    said = words.parse_args()
    asyncio.run(_be(*said.be) if said.be else main(said.messages, said.rounds, said.database))
