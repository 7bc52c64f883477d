"""Puts the pieces of `ndesbot serve` together: store, engine, checks, inbox, and the chat platforms of the settings."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web

from bot.check import CHECK
from bot.errors import BadRequest, BotError
from bot.inbox import MESSAGE, Inbox
from bot.ports import ChatSurface
from bot.router import Router
from connectors import settings, settings_file, shelf
from connectors.assembly import checker, now, wires
from connectors.engine import open_engine
from connectors.platforms import surfaces
from connectors.running import stopped
from connectors.settings_file import Settings, Web
from connectors.sites import Door, Sites
from connectors.store import SqlStore, open_store
from knowledge.codes import Codes
from knowledge.library import Library

GRACE: Final = 10.0
"""Seconds that answers under way get when the bot stops; what takes longer is taken up at the next start."""
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
        store = await stack.enter_async_context(open_store(said.database or settings.database()))
        application = web.Application(client_max_size=_LARGEST_BODY)
        Door(store.errands, now).open(application)
        opened = await stack.enter_async_context(surfaces(said, application, store, library, codes))
        chats = {surface.name: surface for surface in opened}
        inbox = await stack.enter_async_context(_inbox(said, store, chats, library, codes))
        states = {name: State() for name in chats}
        address = await stack.enter_async_context(_listening(application, said.web, states))
        ready(address)
        await _until_stopped(chats, inbox, states)


class State:
    """Whether a platform is being served."""

    serving = False


@asynccontextmanager
async def _inbox(
    said: Settings, store: SqlStore, chats: Mapping[str, ChatSurface], library: Library, codes: Codes
) -> AsyncIterator[Inbox]:
    """The whole way of a message, with an engine under it: what is begun here ends, here or after a restart."""
    name = said.name or socket.gethostname()
    allow = [*settings.private_ranges(), *said.checks.allow]
    sites = Sites(store.errands, now, here=said.checks.sites, allow=[str(one) for one in allow])
    checks = checker(store, wires(allow), elsewhere=sites.look)
    router = Router(
        library,
        codes,
        checker=checks,
        store=store,
        clock=now,
        role_of=lambda message: chats[message.place.surface].role_of(message),
    )
    inbox = Inbox(mail=store.mail, handle=router.handle, surfaces=chats.values(), clock=now, holder=name)
    work = {CHECK: checks.carry_out, MESSAGE: inbox.take_up}
    async with open_engine(said.database or settings.database(), executor=name, work=work) as engine:
        checks.rely_on(engine)
        inbox.rely_on(engine)
        await inbox.begin()
        yield inbox


async def _until_stopped(chats: Mapping[str, ChatSurface], inbox: Inbox, states: Mapping[str, State]) -> None:
    serving = [asyncio.create_task(_supervised(chat, inbox, states[name])) for name, chat in chats.items()]
    serving.append(asyncio.create_task(inbox.look_after()))
    try:
        await stopped().wait()
    finally:
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
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
async def _listening(application: web.Application, said: Web, states: Mapping[str, State]) -> AsyncIterator[str]:
    """The web server of the platforms that call in, with a page that says whether all is well."""

    async def alive(_: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def ready(_: web.Request) -> web.Response:
        told = {name: state.serving for name, state in states.items()}
        return web.json_response(
            {"ok": all(told.values()), "platforms": told}, status=200 if all(told.values()) else 503
        )

    application.router.add_get("/healthz", alive)
    application.router.add_get("/readyz", ready)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=GRACE)
    await runner.setup()
    try:
        site = web.TCPSite(runner, said.host, said.port)
        await site.start()
        host = f"[{said.host}]" if ":" in said.host else said.host
        port = runner.addresses[0][1]
        yield f"http://{host}:{port}/healthz"
    finally:
        await runner.cleanup()
