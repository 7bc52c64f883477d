"""The message extension: what a message means, and a search over the entries. It works where the bot is no member."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from bot.errors import ConnectorError
from bot.ports import Clock, Mail
from bot.posting import meant, pressing, said
from bot.types import Answer, Message, Place, Text
from connectors.chat.teams_protocol.library import Reply
from connectors.render.teams import dialog, found, hit, render

IN_TIME: Final = 4.0
"""Seconds that an answer may take: Teams waits for five."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that a search found: its name, a sentence about it, and what to say to the bot for all of it."""

    name: str
    says: str
    more: str


Search = Callable[[str], Awaitable[Sequence[Found]]]
"""The entries that some words find, the best first; for no words those that are of use to begin with."""
AnswerNow = Callable[[Message], Awaitable[Answer | None]]
"""The answer to a message from what is known: it asks no server, changes nothing, and posts nothing. None where
that does not answer it."""

_SLOW = Answer("That takes too long here", "unsure", (Text("Write it to me in a chat: there I have more time."),))
_NOTHING = Answer(
    "I know nothing about this",
    "unknown",
    (Text("Write it to me in a chat, with the lines of the log around it."),),
)
_ELSEWHERE = Answer("I cannot do that here", "info", (Text("Write it to me in a chat of ours, or where I was added."),))


class Extension:
    """Answers in the same breath."""

    def __init__(self, search: Search, answer_now: AnswerNow, mail: Mail, clock: Clock) -> None:
        """`mail` keeps what the buttons say."""
        self._search = search
        self._answer_now = answer_now
        self._mail = mail
        self._clock = clock

    async def searched(self, words: str, place: Place) -> Reply:
        """The results of a search."""
        try:
            async with asyncio.timeout(IN_TIME):
                hits = await self._search(words)
                press = await pressing([one.more for one in hits], place, self._mail, self._clock())
        except TimeoutError:
            return Reply(200, told("That takes too long. Try fewer words, or write to me in a chat."))
        return Reply(200, found([hit(one.name, one.says, one.more, press) for one in hits]))

    async def diagnosed(self, message: Message) -> Reply:
        """What a message means, in a dialog that only the asker sees."""
        answer = await self._in_time(message) if message.text else _NOTHING
        return Reply(200, await self._dialog(answer or _NOTHING, message.place))

    async def pressed(self, message: Message, where: Literal["message", "card", "dialog"]) -> Reply:
        """A button on a card that stands where the bot is no member: the answer takes the card's place."""
        says = await self._says(message)
        answer = await self._in_time(replace(message, text=says, pressed=False)) if says else None
        if where == "dialog":
            return Reply(200, await self._dialog(answer or _ELSEWHERE, message.place))
        return Reply(200, new_card((await self._drawn(answer or _ELSEWHERE, message.place)).cards[0]))

    async def _in_time(self, message: Message) -> Answer | None:
        try:
            async with asyncio.timeout(IN_TIME):
                return await self._answer_now(message)
        except TimeoutError:
            return _SLOW

    async def _says(self, message: Message) -> str | None:
        try:
            return await meant(message.text, message.place, self._mail)
        except ConnectorError:
            return None

    async def _drawn(self, answer: Answer, place: Place) -> Any:
        return render(answer, await pressing(said(answer.blocks), place, self._mail, self._clock()))

    async def _dialog(self, answer: Answer, place: Place) -> dict[str, Any]:
        drawn = await self._drawn(answer, place)
        return dialog("ndesbot", drawn.cards[0])


# --- how Teams hears it ----------------------------------------------------------------------


def told(words: str) -> dict[str, Any]:
    """A sentence in place of results."""
    return {"composeExtension": {"type": "message", "text": words}}


def told_in_dialog(words: str) -> dict[str, Any]:
    """A sentence in place of a dialog."""
    return {"task": {"type": "message", "value": words}}


def told_under_card(words: str) -> dict[str, Any]:
    """A sentence that Teams shows where a button was pressed."""
    return {"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": words}


def new_card(card: dict[str, Any]) -> dict[str, Any]:
    """A card in place of the one that was acted on."""
    return {"statusCode": 200, "type": "application/vnd.microsoft.card.adaptive", "value": card}


def no_card(words: str) -> dict[str, Any]:
    """The card stays as it is."""
    error = {"code": "NotFound", "message": words}
    return {"statusCode": 404, "type": "application/vnd.microsoft.error", "value": error}
