"""Opens the chat platforms that the settings name; neither is loaded, nor in the way, where it is not named."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

from aiohttp import web

from bot.answer import answer_paste, explain
from bot.ports import ChatSurface
from bot.search import search
from bot.types import Answer, Message
from connectors import settings, settings_file
from connectors.clock import now
from connectors.settings_file import Settings
from connectors.store import SqlStore
from knowledge.codes import Codes
from knowledge.library import Library

_ALL_OF_IT = "explain "  # what a search hit's button says

_LEARNING: Final = 5.0  # seconds that Slack gets to say who is in the user groups before anything is answered


@asynccontextmanager
async def surfaces(
    said: Settings, application: web.Application, store: SqlStore, library: Library, codes: Codes
) -> AsyncIterator[list[ChatSurface]]:
    """The surfaces, by their settings and secrets; those that are called in add their routes to `application`.

    Raises `BadRequest` for settings or secrets that cannot work.
    """
    async with AsyncExitStack() as stack:
        opened: list[ChatSurface] = []
        if said.slack:
            opened += await stack.enter_async_context(_slack(said, application, store, library, codes))
        if said.teams:
            opened.append(await stack.enter_async_context(_teams(said, application, store, library, codes)))
        yield opened


@asynccontextmanager
async def _slack(
    said: Settings, application: web.Application, store: SqlStore, library: Library, codes: Codes
) -> AsyncIterator[list[ChatSurface]]:
    from connectors.chat.slack import Slack, pages

    assert said.slack  # noqa: S101 - the caller looked

    def entry(name: str) -> Answer | None:
        return explain(name, library=library, codes=codes) if name in library.entries else None

    slack = Slack(
        said.slack,
        settings_file.slack_secrets(said.slack.mode),
        network=said.network,
        web_app=application,
        mail=store.mail,
        page=pages(store, store.diary, store.mail),
        entry=entry,
        clock=now,
    )
    try:
        with suppress(TimeoutError):  # it is looked again once Slack is served
            async with asyncio.timeout(_LEARNING):
                await slack.learn_roles()
        yield [slack, slack.steps]
    finally:
        await slack.close()


@asynccontextmanager
async def _teams(
    said: Settings, application: web.Application, store: SqlStore, library: Library, codes: Codes
) -> AsyncIterator[ChatSurface]:
    from connectors.chat.teams_protocol import VIRTUAL_MACHINE, Found, app_service

    assert said.teams  # noqa: S101 - the caller looked
    if said.teams.sdk == "agents":
        from connectors.chat.teams_agents import Teams
    else:
        from connectors.chat.teams import Teams  # type: ignore[assignment]

    async def find(words: str) -> Sequence[Found]:
        entries = await asyncio.to_thread(search, words, library)
        return [Found(entry.title, entry.meaning, f"{_ALL_OF_IT}{entry.id}") for entry in entries]

    async def at_once(message: Message) -> Answer | None:
        if message.text.startswith(_ALL_OF_IT):
            return explain(message.text.removeprefix(_ALL_OF_IT), library=library, codes=codes)
        return await asyncio.to_thread(answer_paste, message.text, library=library, codes=codes)

    yield Teams(
        said.teams,
        None if said.teams.app_type == "managed-identity" else settings_file.teams_secret(),
        network=said.network,
        application=application,
        listens_on=said.web.host,
        mail=store.mail,
        clock=now,
        search=find,
        answer_now=at_once,
        identity=app_service(*inside) if (inside := settings.app_service()) else VIRTUAL_MACHINE,
    )
