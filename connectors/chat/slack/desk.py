"""What comes in becomes a message of the house: from whom, where, in which words."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from bot.errors import BotError, ConnectorError
from bot.ports import Receive
from bot.types import Message, Place
from connectors.chat.slack.people import People

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is in the workspace."""

    user: str


class Desk:
    """Takes messages over for the inbox, as long as somebody serves."""

    def __init__(self, surface: str, people: People) -> None:
        self.surface = surface
        self._people = people
        self._errands: set[asyncio.Task[None]] = set()
        self.receive: Receive | None = None

    async def take(self, message: Message) -> None:
        """Hand a message over. Raises `ConnectorError` where nobody takes it, so that it is delivered again."""
        if self.receive is None:
            raise ConnectorError("Nobody takes messages of Slack at present.")
        await self.receive(message)

    async def place(self, channel: str, thread: str | None, person: str) -> Place | None:
        """Where to answer what was asked without writing it: there, or in the direct messages where the bot is not
        in that conversation; None where it may not be used. Raises `ConnectorError`."""
        known = await self._people.channel(channel)
        if not self._people.open_to_bot(known):
            return None
        if known.member:
            return Place(self.surface, channel, thread)
        return Place(self.surface, await self._people.direct(person))

    # --- what nobody waits for ---------------------------------------------------------------

    def errand(self, work: Coroutine[Any, Any, None], what: str) -> "asyncio.Task[None]":
        """Do something beside; that it failed is told to the log alone."""
        task = asyncio.create_task(_told(work, what))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
        return task

    async def close(self) -> None:
        """Leave what is done beside."""
        tasks = list(self._errands)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _told(work: Coroutine[Any, Any, None], what: str) -> None:
    try:
        await work
    except BotError as error:
        _log.warning("%s failed", what, extra={"reason": str(error)})
    except Exception as error:  # its own text may quote what somebody wrote
        _log.error("%s failed", what, extra={"error": type(error).__name__})
