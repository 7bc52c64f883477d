"""Activities on their way to Teams: to the right address, no faster than allowed, and what a refusal means."""

import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from bot.errors import Busy, ConnectorError, Gone
from bot.ports import Mail
from bot.types import Place
from connectors.chat.teams_protocol.governor import Governor
from connectors.chat.teams_protocol.heard import SURFACE, Origin, conversation_id
from connectors.chat.teams_protocol.library import Json, Library, Refused
from connectors.chat.teams_protocol.references import reference
from connectors.chat.teams_protocol.remembered import Remembered

ASK_AGAIN: Final = frozenset({412, 429, 502, 504})
"""What Teams wants tried again (learn.microsoft.com, "Optimize your bot with rate limiting"; read 2026-11-20)."""
_LONGEST_WAIT: Final = 60.0
_CONVERSATIONS: Final = 10_000

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Delivery:
    """Posts, updates and deletes in conversations that are known."""

    def __init__(self, library: Library, mail: Mail, governor: Governor, may_go: Callable[[str], bool]) -> None:
        """`may_go` judges a service URL: what was stored may have been changed."""
        self._library = library
        self._mail = mail
        self._governor = governor
        self._may_go = may_go
        self._references: Remembered[str, Json] = Remembered(_CONVERSATIONS)
        self._refusals: Remembered[str, int] = Remembered(_CONVERSATIONS)

    # --- addresses ---------------------------------------------------------------------------

    async def remember(self, at: Origin) -> None:
        """Keep the address of a conversation in which the bot is a member."""
        kept = reference(at)
        if self._references.get(at.place.conversation) == kept:
            return
        self._references.keep(at.place.conversation, kept)
        try:
            await self._mail.refer(SURFACE, at.place.conversation, kept)
        except ConnectorError as error:
            _log.error("the address of a conversation is not kept", extra={"reason": str(error)})

    async def known(self, place: Place) -> Json | None:
        """The address of a conversation, where the bot is a member. Raises `ConnectorError`."""
        if kept := self._references.get(place.conversation):
            return kept
        kept = await self._mail.reference(SURFACE, place.conversation)
        if kept is not None:
            self._references.keep(place.conversation, kept)
        return kept

    # --- activities --------------------------------------------------------------------------

    async def post(self, place: Place, activity: Json) -> str:
        """Post an activity; its id. Raises as `ChatSurface.send` does."""
        service, conversation, whole = await self._addressed(place, activity)
        return await self._asked(conversation, lambda: self._library.post(service, conversation, whole))

    async def update(self, place: Place, sent: str, activity: Json) -> None:
        """Put another activity where one stands. Raises as `ChatSurface.send` does."""
        service, conversation, whole = await self._addressed(place, {**activity, "id": sent})
        await self._asked(conversation, lambda: self._library.update(service, conversation, sent, whole))

    async def delete(self, place: Place, sent: str) -> None:
        """Take an activity away. Raises as `ChatSurface.send` does."""
        service, conversation, _ = await self._addressed(place, {})
        await self._asked(conversation, lambda: self._library.delete(service, conversation, sent))

    async def _addressed(self, place: Place, activity: Json) -> tuple[str, str, dict[str, Any]]:
        kept = await self.known(place)
        service = kept.get("serviceUrl") if kept else None
        if kept is None or not isinstance(service, str) or not self._may_go(service):
            raise Gone("Nobody has talked to the bot in that conversation, so Teams lets it post nothing there.")
        conversation = conversation_id(place)
        bot = {"from": kept["bot"]} if "bot" in kept else {}
        return service, conversation, {**activity, **bot, "conversation": {"id": conversation}}

    async def _asked(self, thread: str, ask: Callable[[], Awaitable[T]]) -> T:
        await self._governor.come(thread)
        try:
            result = await ask()
        except Refused as refused:
            raise self._meaning(thread, refused) from None
        self._refusals.take(thread)
        return result

    def _meaning(self, thread: str, refused: Refused) -> ConnectorError:
        if refused.status in ASK_AGAIN:
            times = self._refusals.get(thread) or 0
            self._refusals.keep(thread, times + 1)
            wait = min(2.0 ** min(times, 10), _LONGEST_WAIT) * random.uniform(0.5, 1.5)  # noqa: S311 - spreads only
            # A little more than was asked for, so that those who were refused together do not return together.
            return Busy(refused.after + random.uniform(0, 1) if refused.after is not None else wait)  # noqa: S311
        if refused.status == 401 or refused.status >= 500:
            return ConnectorError(f"Teams answered {refused.status}.")
        return Gone(f"Teams answered {refused.status}.")
