"""Puts the pieces of `ndesbot serve` together: store, engine, checks, inbox, and the chat platforms of the settings."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from aiohttp import web

from bot.check import CHECK
from bot.digests import Digests
from bot.errors import BadRequest, BotError
from bot.inbox import LEFT_AFTER, Inbox
from bot.ports import ChatSurface
from bot.rounds import ROUND, Rounds
from bot.router import Router
from connectors import settings, settings_file, shelf
from connectors.assembly import checker, wires
from connectors.calendar_page import CalendarPage
from connectors.clock import now
from connectors.conversing import cases, use_cases
from connectors.engine import open_engine
from connectors.health_pages import HealthPages, Part
from connectors.online import online, places_of
from connectors.platforms import surfaces
from connectors.render.chart import chart
from connectors.running import stopped
from connectors.settings_file import Settings, Web
from connectors.sites import Bell, Door, Sites
from connectors.store import SqlStore, open_store
from connectors.telemetry.counters import Counters
from knowledge.codes import Codes
from knowledge.library import Library

GRACE: Final = 10.0
"""Seconds that answers under way get when the bot stops; what takes longer is taken up at the next start."""
_LEAVING: Final = 5.0  # seconds that platforms get to acknowledge what is being taken over
_LAST_REQUESTS: Final = 2.0  # seconds that requests get which are open when all is done, such as a worker's
_IDLE: Final = 75.0  # seconds that a connection may take for the head of a request, also for the next one
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds before a platform that failed is tried again
_LARGEST_BODY: Final = 1024 * 1024  # bytes of a request; platforms send a tenth of it at most

_log = logging.getLogger(__name__)


async def serve(path: Path, ready: Callable[[str], None]) -> None:
    """Serve until told to stop; `ready` is given the address of the health page. Raises `BadRequest` for settings
    that cannot work, `ConnectorError` where the database cannot be opened, `OSError` where the port is taken."""
    said = settings_file.read(path)
    if not (said.slack or said.teams):
        raise BadRequest(f"{path} names no chat platform; add a table [slack] or [teams].")
    library, codes = shelf.library(settings.cache_folder()), shelf.codes()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings_file.database_of(said)))
        application = web.Application(client_max_size=_LARGEST_BODY)
        bell = Bell()
        Door(store.errands, now, bell=bell).open(application)
        if token := settings.calendar_token():
            CalendarPage(store.diary, now, token).open(application)
        opened = await stack.enter_async_context(surfaces(said, application, store, library, codes))
        counters = _counters(store)
        chats = {surface.name: counters.surface(surface) for surface in opened}
        inbox, rounds = await stack.enter_async_context(_house(said, store, bell, chats, library, codes, counters))
        states = {name: State() for name in chats}
        pages = HealthPages(_parts(opened, states, store), counters.page)
        pages.open(application)
        ready(await stack.enter_async_context(_listening(application, said.web)))
        await _until_stopped(chats, inbox, rounds, states, pages)


class State:
    """Whether a platform is being served."""

    serving = False


def _parts(surfaces: Sequence[ChatSurface], states: Mapping[str, State], store: SqlStore) -> dict[str, Part]:
    """Everything without which the bot is not ready."""

    def part(surface: ChatSurface) -> Part:
        async def is_served() -> bool:
            return states[surface.name].serving and surface.connected

        return is_served

    async def database() -> bool:
        await store.past("")
        return True

    return {**{surface.name: part(surface) for surface in surfaces}, "database": database}


def _counters(store: SqlStore) -> Counters:
    """The figures of this process, and what the database knows of all of them."""

    async def waiting() -> float:
        return len(await store.mail.waiting())

    async def left() -> float:
        return sum(one.held < now() - LEFT_AFTER for one in await store.mail.waiting())

    async def digest_age() -> float | None:
        slots = [one.since for one in await store.diary.subscriptions() if one.since]
        return (now() - max(slots)).total_seconds() if slots else None

    async def failures() -> float:
        return store.failures

    counters = Counters()
    counters.reading("messages_waiting", "Messages without an answer in the chat yet, of all processes.", waiting)
    counters.reading("messages_left", "Those of them that no process works on.", left)
    counters.reading("database_failures", "Failures of the database since it last answered this process.", failures)
    counters.reading(
        "digest_age_seconds", "Since the last digest of any channel was due, of all processes.", digest_age
    )
    return counters


@asynccontextmanager
async def _house(
    said: Settings,
    store: SqlStore,
    bell: Bell,
    chats: Mapping[str, ChatSurface],
    library: Library,
    codes: Codes,
    counters: Counters,
) -> AsyncIterator[tuple[Inbox, Rounds]]:
    """The whole way of a message, with an engine under it: what is begun here ends, here or after a restart."""
    name = said.name or socket.gethostname()
    allow = [*settings.private_ranges(), *said.checks.allow]
    sites = Sites(store.errands, now, here=said.checks.sites, allow=[str(one) for one in allow], bell=bell)
    checks = checker(counters.store(store), wires(allow), elsewhere=sites.look)
    digests = Digests(store, store.diary, now, {entry.id: entry.title for entry in library.entries.values()}, chart)
    router = Router(
        use_cases(chats, library, codes, checker=checks, store=store, kept=cases(store, library), digests=digests),
        lambda message: chats[message.place.surface].role_of(message),
    )
    handle = counters.handler(router.handle)
    inbox = Inbox(
        mail=store.mail,
        handle=handle,
        surfaces=chats.values(),
        clock=now,
        holder=name,
        may=router.may,
        told=digests.told,
        neighbours=lambda: engine.others(),  # it is opened below, before anything is heard
    )
    rounds = Rounds(
        store=store,
        diary=store.diary,
        mail=store.mail,
        checker=checks,
        surfaces=chats,
        receive=inbox.receive,
        clock=now,
        every=timedelta(minutes=said.checks.every_minutes) or None,
        online=online(places_of(said)),
    )
    work = {CHECK: checks.carry_out, ROUND: rounds.carry_out}
    brief = {ROUND: max(2 * timedelta(minutes=said.checks.every_minutes), timedelta(hours=1))}
    async with open_engine(settings_file.database_of(said), executor=name, work=work, brief=brief) as engine:
        checks.rely_on(engine)
        rounds.rely_on(engine)
        await inbox.begin()
        yield inbox, rounds


async def _until_stopped(
    chats: Mapping[str, ChatSurface], inbox: Inbox, rounds: Rounds, states: Mapping[str, State], pages: HealthPages
) -> None:
    """Serve; then take nothing new, say so, and let what is under way end."""
    serving = [asyncio.create_task(_supervised(chat, inbox, states[name])) for name, chat in chats.items()]
    serving += [asyncio.create_task(inbox.look_after()), asyncio.create_task(rounds.look_after())]
    try:
        await stopped().wait()
    finally:
        pages.stopping = True
        for task in serving:
            task.cancel()
        await asyncio.wait(serving, timeout=_LEAVING)
        await inbox.settle(GRACE)


async def _supervised(chat: ChatSurface, inbox: Inbox, state: State) -> None:
    """Serve a platform for ever: what goes wrong with it is tried again, and costs the other one nothing."""
    pause = _FIRST_PAUSE
    while True:
        began = asyncio.get_running_loop().time()
        try:
            state.serving = True
            await chat.serve(inbox.receive)
            reason = "it ended by itself"
        except BotError as error:
            reason = str(error)
        except Exception as error:  # a bug in one platform's adapter must not cost the other
            reason = type(error).__name__
        finally:
            state.serving = False
        if asyncio.get_running_loop().time() - began > _LONGEST_PAUSE:
            pause = _FIRST_PAUSE
        _log.error("a platform is not served for now", extra={"surface": chat.name, "reason": reason})
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


@asynccontextmanager
async def _listening(application: web.Application, said: Web) -> AsyncIterator[str]:
    """The web server of the platforms that call in, of workers, and of whoever watches; gives the address of the
    page that says whether the bot lives."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=_LAST_REQUESTS, keepalive_timeout=_IDLE)
    await runner.setup()
    try:
        site = web.TCPSite(runner, said.host, said.port)
        await site.start()
        host = f"[{said.host}]" if ":" in said.host else said.host
        port = runner.addresses[0][1]
        yield f"http://{host}:{port}/healthz"
    finally:
        await runner.cleanup()
