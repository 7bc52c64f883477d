"""The whole bot on a Teams that works: inbox, router, a real database and the shipped knowledge, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
from pydantic import SecretStr

from bot.answer import answer_paste
from bot.check import Checker
from bot.inbox import Inbox
from bot.ports import Handler, Mail
from bot.router import Router
from bot.types import Answer, Message
from connectors import shelf
from connectors.chat.teams_protocol import Found, TeamsSurface
from connectors.conversing import cases, use_cases
from connectors.settings_file import Network, Teams
from connectors.store import open_store
from knowledge.causes import Causes
from knowledge.codes import Codes
from knowledge.library import Library
from tests.chat.fake_teams import APP, SECRET, TENANT, FakeTeams, deliver
from tests.chat.slack_bot import Mortal
from tests.checks.fake_wire import FakeWire
from tests.fakes import wires_of

MODULES = {"botbuilder": "connectors.chat.teams", "agents": "connectors.chat.teams_agents"}
PAT = "0000aaaa-0000-0000-0000-00000000000a"


class MovingClock:
    """The real time, and as much further as it is told to go."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_by(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


@dataclass
class Bot:
    """A bot that serves, and what its tests ask it through."""

    teams: FakeTeams
    surface: TeamsSurface
    inbox: Inbox
    mail: Mail
    clock: Any
    session: ClientSession
    address: str
    waits: list[float] = field(default_factory=list)

    async def hears(self, *activities: dict[str, Any]) -> list[dict[str, Any]]:
        """Deliver activities one after the other, with good tokens; the bodies of the replies."""
        bodies = []
        for activity in activities:
            status, body = await deliver(self.session, self.address, activity, self.teams.token())
            assert status == 200, (status, body)
            bodies.append(body)
        return bodies

    async def settled(self) -> None:
        """Wait until everything that was heard is answered."""
        await self.inbox.settle(20)
        while self.surface._reception._later:
            await asyncio.sleep(0.005)

    async def answers(self, *activities: dict[str, Any]) -> list[str]:
        """Deliver activities and wait for what comes of them: the titles of all that stands."""
        await self.hears(*activities)
        await self.settled()
        return self.teams.titles()


def settings(**special: Any) -> Teams:
    """As an administrator would write them."""
    return Teams(**{"app_id": APP, "tenant": TENANT, "admins": frozenset({PAT.upper()}), **special})


@asynccontextmanager
async def running(
    sdk: str,
    folder: Path,
    *,
    teams: FakeTeams | None = None,
    handle: Handler | None = None,
    serve: bool = True,
    listens_on: str = "127.0.0.1",
    settled: float = 20.0,
    network: Network | None = None,
    surface: dict[str, Any] | None = None,
    clock: Any = None,
    pause: Callable[[float], Awaitable[None]] | None = None,
    **said: Any,
) -> AsyncIterator[Bot]:
    """A bot that serves; what it waits for, after a refusal or before a post, passes at once. In the end its process
    is gone."""
    async with AsyncExitStack() as stack:
        teams = teams or await stack.enter_async_context(FakeTeams().running())
        store = await stack.enter_async_context(open_store(f"sqlite+aiosqlite:///{folder}/bot.db"))
        mail = Mortal(store.mail)
        stack.push_async_callback(mail.close)
        clock, application, waits = clock or MovingClock(), web.Application(client_max_size=2**20), list[float]()
        library, codes = _knowledge()

        async def now(message: Message) -> Answer | None:
            return await asyncio.to_thread(answer_paste, message.text, library=library, codes=codes)

        async def passes(seconds: float) -> None:
            clock.pass_by(seconds)
            await asyncio.sleep(0)

        chat: TeamsSurface = import_module(MODULES[sdk]).Teams(
            settings(sdk=sdk, **said),
            network=network or Network(),
            application=application,
            listens_on=listens_on,
            mail=mail,
            clock=clock,
            **{
                "secret": SecretStr(SECRET),
                "search": _search(library),
                "answer_now": now,
                "cloud": teams.cloud,
                "wait": passes,
                **(surface or {}),
            },
        )

        async def shortly(seconds: float) -> None:
            waits.append(seconds)
            await asyncio.sleep(min(seconds, 0.002))

        checker = Checker(store=store, checks=(), wires=wires_of(FakeWire()), clock=clock, causes=_causes())  # type: ignore[arg-type]
        router = Router(
            use_cases(
                {chat.name: chat}, library, codes, checker=checker, store=store, kept=cases(store, library), clock=clock
            ),
            chat.role_of,
        )
        inbox = Inbox(
            mail=mail,
            handle=handle or router.handle,
            surfaces=[chat],
            clock=clock,
            holder="here",
            pause=pause or shortly,
        )
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        session = await stack.enter_async_context(ClientSession())
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/api/messages"
        await inbox.begin()
        serving = asyncio.create_task(chat.serve(inbox.receive)) if serve else None
        await asyncio.sleep(0)
        try:
            yield Bot(teams, chat, inbox, store.mail, clock, session, address, waits)
        finally:
            if serving:
                serving.cancel()
                with suppress(asyncio.CancelledError):
                    await serving
            await inbox.settle(settled)


_LOADED: list[tuple[Library, Codes]] = []


def _knowledge() -> tuple[Library, Codes]:
    if not _LOADED:
        _LOADED.append((shelf.library(None), shelf.codes()))
    return _LOADED[0]


def _causes() -> Causes:
    return Causes.load(shelf.FOLDER)


def _search(library: Library) -> Callable[[str], Awaitable[Sequence[Found]]]:
    async def search(words: str) -> Sequence[Found]:
        found = [entry for entry in library.entries.values() if words.lower() in entry.title.lower()]
        return [Found(entry.title, entry.kind, f"explain {entry.id}") for entry in found[:10]]

    return search
