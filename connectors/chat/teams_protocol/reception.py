"""What is done about an activity: handed over, answered in the same breath, or let be."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final

from bot.errors import BotError, ConnectorError
from bot.ports import Receive
from bot.types import Answer, Message, Place
from connectors.chat.teams_protocol import extension, outgoing
from connectors.chat.teams_protocol.callers import Caller, TurnedAway
from connectors.chat.teams_protocol.delivery import Delivery
from connectors.chat.teams_protocol.extension import Extension
from connectors.chat.teams_protocol.files import Files
from connectors.chat.teams_protocol.heard import (
    Consented,
    Diagnosed,
    Event,
    Joined,
    Origin,
    Pressed,
    Searched,
    Seen,
    Wrote,
    event,
    origin,
)
from connectors.chat.teams_protocol.library import Json, Reply
from connectors.chat.teams_protocol.people import STRANGER, People
from connectors.chat.teams_protocol.remembered import Remembered
from connectors.chat.teams_protocol.standing import Standing
from connectors.render.teams import file_sent, render

_NOTICED: Final = 10_000
_ON_ITS_WAY: Final = "I am on it: the answer comes into this conversation."

_log = logging.getLogger(__name__)


class Reception:
    """Hears what comes in."""

    def __init__(
        self,
        *,
        people: People,
        delivery: Delivery,
        files: Files,
        standing: Standing,
        extension: Extension,
        overheard: frozenset[str],
    ) -> None:
        """`overheard` are the conversations in which the bot may answer what was not said to it."""
        self._people = people
        self._delivery = delivery
        self._files = files
        self._standing = standing
        self._extension = extension
        self._overheard = overheard
        self._noticed: Remembered[str, bool] = Remembered(_NOTICED)
        self._later: set[asyncio.Task[None]] = set()
        self.receive: Receive | None = None

    async def take(self, caller: Caller, activity: Json) -> Reply | None:
        """Do what an activity asks for; an invoke gets a reply. Raises `TurnedAway` for one without a sender."""
        at = origin(activity)
        if at is None:
            raise TurnedAway(400, "It does not say where it comes from.")
        happened = event(activity, at)
        if happened is None or self._is_none_of_ours(happened, at):
            return None
        refused = None if caller.emulator else await self._refusal(happened, at)
        if refused is not None:
            return self._turn_down(happened, at, refused)
        return await self._do(happened, at)

    def _is_none_of_ours(self, happened: Event, at: Origin) -> bool:
        if not isinstance(happened, Wrote) or happened.message.addressed:
            return False
        return at.place.conversation not in self._overheard

    async def _refusal(self, happened: Event, at: Origin) -> Answer | None:
        """What to tell who may not talk to the bot."""
        if isinstance(happened, Joined):  # the greeting is for those who are there, not for who added the bot
            return STRANGER if at.shared else None
        refused = await self._people.refusal(at)
        if isinstance(happened, Searched | Diagnosed | Pressed) and refused is not STRANGER:
            # Where the bot is no member, Teams tells it of nobody; there is nothing there but public knowledge.
            return None if await self._delivery.known(at.place) is None else refused
        return refused

    def _turn_down(self, happened: Event, at: Origin, refused: Answer) -> Reply | None:
        match happened:
            case Searched():
                return Reply(200, extension.told(refused.title))
            case Diagnosed() | Pressed(where="dialog"):
                return Reply(200, extension.told_in_dialog(refused.title))
            case Pressed(where="card") | Seen():
                return Reply(200, extension.told_under_card(refused.title))
            case Wrote(message=message) if message.addressed:
                self._notice(at, refused)
        return None

    async def _do(self, happened: Event, at: Origin) -> Reply | None:
        match happened:
            case Wrote():
                await self._wrote(happened, at)
            case Joined():
                await self._delivery.remember(at)
                await self._hand_over(happened.message)
            case Pressed():
                return await self._pressed(happened, at)
            case Seen():
                return self._seen(at)
            case Searched():
                return await self._extension.searched(happened.words, at.place)
            case Diagnosed():
                return await self._extension.diagnosed(happened.message)
            case Consented():
                if self._is_first(at):
                    self._begin(self._consented(happened, at))
                return Reply(200)
        return None

    # --- messages and buttons ----------------------------------------------------------------

    async def _wrote(self, wrote: Wrote, at: Origin) -> None:
        message = wrote.message
        self._standing.asked(message.id, at.person)
        await asyncio.gather(self._delivery.remember(at), self._hand_over(message))  # both are kept before this ends

    async def _pressed(self, pressed: Pressed, at: Origin) -> Reply | None:
        try:
            member = await self._delivery.known(at.place) is not None
        except ConnectorError:
            member = True  # as a rule
        if not member:
            return await self._extension.pressed(pressed.message, pressed.where)
        await self._hand_over(pressed.message)
        match pressed.where:
            case "card":
                return Reply(200, extension.told_under_card(_ON_ITS_WAY))
            case "dialog":
                return Reply(200, extension.told_in_dialog(_ON_ITS_WAY))
        return None

    def _seen(self, at: Origin) -> Reply:
        card = self._standing.card(at.place, at.replies_to)
        return Reply(200, extension.new_card(card) if card else extension.no_card("It is as it stands."))

    async def _hand_over(self, message: Message) -> None:
        if self.receive is None:
            raise TurnedAway(503, "The bot is starting or stopping.")
        await self.receive(message)

    # --- on the side -------------------------------------------------------------------------

    async def _consented(self, said: Consented, at: Origin) -> None:
        offered = self._files.taken(said.token, at.place.conversation)
        if offered is None:
            await self._say(at.place, outgoing.plain("That file is not kept any more. Please ask again."))
            return
        if said.yes:
            try:
                await self._files.put(offered, said.upload)
                shown = outgoing.with_attachments([file_sent(offered.name, said.file_id, said.shown_at)], offered.name)
            except ConnectorError as error:
                shown = outgoing.plain(str(error))
            await self._say(at.place, shown)
        if at.replies_to:
            await self._delivery.delete(at.place, at.replies_to)

    def _notice(self, at: Origin, answer: Answer) -> None:
        """Say something about a message that is not handed over, once."""
        if self._is_first(at):
            self._begin(self._told(at, answer))

    def _is_first(self, at: Origin) -> bool:
        """Whether this was not delivered before; the inbox knows that of what it is handed."""
        if self._noticed.get(at.id):
            return False
        self._noticed.keep(at.id, True)
        return True

    async def _told(self, at: Origin, answer: Answer) -> None:
        await self._delivery.remember(at)
        drawn = render(answer, str)
        await self._say(at.place, outgoing.message(drawn.cards[0], drawn.text))

    async def _say(self, place: Place, activity: Json) -> None:
        await self._delivery.post(place, activity)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_quietly(work))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def close(self) -> None:
        """Stop what is done on the side."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except BotError as error:
        _log.warning("something was not said in Teams", extra={"reason": str(error)})
    except Exception as error:
        _log.error("something was not said in Teams", extra={"error": type(error).__name__})
