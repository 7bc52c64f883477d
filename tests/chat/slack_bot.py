"""The whole bot around the Slack surface: inbox, router, store and knowledge, as `ndesbot serve` has them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from bot.answer import explain
from bot.check import Checker
from bot.findings import Finding, Past, Server
from bot.inbox import Inbox
from bot.ports import Check, Clock, Handler, Wire
from bot.router import Router
from connectors import shelf
from connectors.chat.slack import Slack, pages
from connectors.chat.slack.http_mode import HttpMode
from connectors.clock import now
from connectors.conversing import cases, use_cases
from connectors.settings_file import Network, SlackSecrets
from connectors.settings_file import Slack as Settings
from connectors.store import SqlStore, open_store
from knowledge.causes import Causes
from knowledge.codes import Codes
from knowledge.library import Library
from tests.chat.fake_slack import APP_TOKEN, BOT_TOKEN, SECRET, TEAM, FakeSlack, until
from tests.checks.fake_wire import FakeWire
from tests.fakes import wires_of

NDES = Server("ndes01", "https://ndes.corp.example/certsrv/mscep/mscep.dll")


def a_check(name: str, verdict: str, seconds: float = 0.0) -> Check:
    async def run(server: Server, wire: Wire, at: datetime, past: Past) -> Finding:
        await asyncio.sleep(seconds)
        return Finding(name, verdict, f"{name} is {verdict}.")  # type: ignore[arg-type]

    return Check(name, "R00", "Is it well?", run)


@dataclass
class Bot:
    """One running instance."""

    slack: Slack
    inbox: Inbox
    store: SqlStore
    router: Router
    serving: asyncio.Task[None]


class Mortal:
    """A mail whose user may be killed in the middle of a word: the database ends it, or has not begun it."""

    def __init__(self, mail: Any) -> None:
        self._mail = mail
        self._words: set[asyncio.Task[Any]] = set()

    def __getattr__(self, word: str) -> Any:
        async def said(*args: Any, **more: Any) -> Any:
            task = asyncio.create_task(getattr(self._mail, word)(*args, **more))
            self._words.add(task)
            task.add_done_callback(self._words.discard)
            return await asyncio.shield(task)

        return said

    async def close(self) -> None:
        await asyncio.gather(*self._words, return_exceptions=True)


def secrets() -> SlackSecrets:
    return SlackSecrets(
        bot_token=SecretStr(BOT_TOKEN), app_token=SecretStr(APP_TOKEN), signing_secret=SecretStr(SECRET)
    )


@asynccontextmanager
async def running(
    fake: FakeSlack,
    mode: str,
    database: Path,
    library: Library,
    codes: Codes,
    *,
    checks: Sequence[Check] = (),
    handle: Handler | None = None,
    clock: Clock = now,
    pause: Any = asyncio.sleep,
    settings: dict[str, Any] | None = None,
    kill: bool = False,
) -> AsyncIterator[Bot]:
    """The bot, served until the block ends; with `kill` it leaves whatever it was doing."""
    said = Settings.model_validate({"mode": mode, "workspaces": [TEAM], "api": fake.origin} | (settings or {}))
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(f"sqlite+aiosqlite:///{database}"))
        mail: Any = store.mail
        if kill:
            mail = Mortal(store.mail)
            stack.push_async_callback(mail.close)
        web_app = web.Application()
        slack = Slack(
            said,
            secrets(),
            network=Network(),
            web_app=web_app,
            mail=store.mail,
            page=pages(store, store.diary, store.mail),
            entry=lambda name: explain(name, library=library, codes=codes) if name in library.entries else None,
            clock=clock,
        )
        stack.push_async_callback(slack.close)
        causes = Causes.load(shelf.FOLDER)
        wires = wires_of(FakeWire())
        checker = Checker(store=store, checks=checks, wires=wires, clock=clock, causes=causes)  # type: ignore[arg-type]
        router = Router(
            use_cases(
                {slack.name: slack},
                library,
                codes,
                checker=checker,
                store=store,
                kept=cases(store, library),
                clock=clock,
            ),
            slack.role_of,
        )
        inbox = Inbox(
            mail=mail,
            handle=handle or router.handle,
            may=router.may,
            surfaces=[slack, slack.steps],
            clock=clock,
            holder="slack-test",
            pause=pause,
        )
        await inbox.begin()
        if mode == "http":
            runner = web.AppRunner(web_app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            fake.http_door = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        before = fake.links
        serving = asyncio.create_task(slack.serve(inbox.receive))
        try:
            await until(lambda: serving.done() or (fake.links > before if mode == "socket" else _open(slack)))
            if serving.done():
                await serving
            yield Bot(slack, inbox, store, router, serving)
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving
            await inbox.settle(0 if kill else 10)


def _open(slack: Slack) -> bool:
    return isinstance(slack._door, HttpMode) and slack._door._dispatch is not None
