"""What people press, choose and fill in: commands, shortcuts, buttons and forms."""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.errors import BadRequest, Busy, ConnectorError
from bot.types import Message, Place
from connectors.chat.slack.calls import Calls
from connectors.chat.slack.desk import Desk
from connectors.chat.slack.forms import DIAGNOSE, FORMS
from connectors.chat.slack.home import FORM, Home
from connectors.chat.slack.people import People
from connectors.chat.slack.uploads import attached
from connectors.chat.slack.words import all_words, plain
from connectors.render.forms import Form
from connectors.render.slack import ACTION, filled_in, modal, refused

COMMANDS: Final = ("/ndes-check", "/ndes-explain", "/ndes-help", "/ndes-servers", "/ndes-digest")
MESSAGE_SHORTCUT: Final = "diagnose_message"
GLOBAL_SHORTCUT: Final = "diagnose_text"

_NOT_HERE = "This bot is not open to guests, and not to channels that are shared with other companies."
_IN_DIRECT = "I am not in this conversation, so my answer comes as a direct message."

_log = logging.getLogger(__name__)


class Interactions:
    """Listens to what is meant for the bot alone. Whatever it is told is answered, at least with a sentence."""

    def __init__(self, *, desk: Desk, people: People, home: Home, calls: Calls) -> None:
        self._desk = desk
        self._people = people
        self._home = home
        self._calls = calls

    def listen(self, bolt: AsyncApp) -> None:
        """Begin to listen."""
        bolt.action(re.compile(rf"^(?:{ACTION}|home)-\d+$"))(self._pressed)
        bolt.command(_one_of(COMMANDS))(self._commanded)
        bolt.shortcut(MESSAGE_SHORTCUT)(self._message_chosen)
        bolt.shortcut(GLOBAL_SHORTCUT)(self._text_wanted)
        bolt.view(_one_of(FORMS))(self._filled_in)

    # --- commands and shortcuts --------------------------------------------------------------

    async def _commanded(self, ack: AsyncAck, command: dict[str, Any]) -> None:
        words = f"{command['command']} {plain(str(command.get('text') or ''))}".strip()
        where = Place(self._desk.surface, command["channel_id"])
        await ack(await self._asked(Message(f"command {command['trigger_id']}", where, command["user_id"], words)))

    async def _message_chosen(self, ack: AsyncAck, shortcut: dict[str, Any]) -> None:
        chosen, person = shortcut["message"], shortcut["user"]["id"]
        thread = chosen.get("thread_ts") or chosen.get("ts") or shortcut.get("message_ts")
        where = Place(self._desk.surface, shortcut["channel"]["id"], thread)
        words, files = all_words(chosen), attached(chosen.get("files"))
        told = await self._asked(Message(f"shortcut {shortcut['trigger_id']}", where, person, words, files=files))
        await ack()
        if told:
            self._desk.errand(self._tell(person, told), "telling somebody about a shortcut")

    async def _asked(self, message: Message) -> str:
        """Take over what was asked somewhere; what to tell the person at once, if there is anything."""
        asked = message.place
        try:
            if not await self._people.may_talk(message.sender):
                return _NOT_HERE
            place = await self._desk.place(asked.conversation, asked.thread, message.sender)
            if place is None:
                return _NOT_HERE
            await self._desk.take(replace(message, place=place))
        except ConnectorError as error:
            _log.warning("something was not taken over", extra={"reason": str(error)})
            return _later(error)
        return "" if place.conversation == asked.conversation else _IN_DIRECT

    async def _tell(self, person: str, sentence: str) -> None:
        await self._calls.post("chat.postMessage", channel=await self._people.direct(person), text=sentence)

    async def _text_wanted(self, ack: AsyncAck, shortcut: dict[str, Any]) -> None:
        await ack()
        if await self._people.may_talk(shortcut["user"]["id"]):
            self._open(shortcut, DIAGNOSE)

    # --- buttons -----------------------------------------------------------------------------

    async def _pressed(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A button, or a line of a menu. What it means only the inbox knows; whether it may be done, too."""
        value, person = _value(body["actions"][0]), body["user"]["id"]
        if value is None or not await self._people.may_talk(person):
            await ack()
            return
        on_home = body.get("view") is not None
        if on_home and value.partition(" ")[0] == FORM:
            await ack()
            self._open(body, FORMS[value.partition(" ")[2]][0])
            return
        place = await (self._home.place(person) if on_home else self._desk.place(*_stands(body), person))
        if place is not None:
            await self._desk.take(Message(f"click {body['trigger_id']}", place, person, value, pressed=True))
        await ack()
        if on_home:
            self._desk.errand(self._home.publish(person), "showing the home page again")

    # --- forms -------------------------------------------------------------------------------

    def _open(self, body: Mapping[str, Any], form: Form) -> None:
        opening = self._calls.post("views.open", trigger_id=body["trigger_id"], view=modal(form))
        self._desk.errand(_done(opening), "opening a form")

    async def _filled_in(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        form, words_of = FORMS[view["callback_id"]]
        person = body["user"]["id"]
        try:
            if not await self._people.may_talk(person):
                raise BadRequest(_NOT_HERE)
            words = words_of(filled_in(view))
            await self._desk.take(Message(f"form {view['id']}", await self._home.place(person), person, words))
        except BadRequest as error:
            await ack(**refused(form, str(error)))
        except ConnectorError as error:
            await ack(**refused(form, _later(error)))
        else:
            await ack()


def _one_of(names: Iterable[str]) -> re.Pattern[str]:
    return re.compile(f"^(?:{'|'.join(map(re.escape, names))})$")


async def _done(work: Any) -> None:
    await work


def _value(action: Mapping[str, Any]) -> str | None:
    chosen = action.get("selected_option")
    value = chosen.get("value") if isinstance(chosen, Mapping) else action.get("value")
    return value if isinstance(value, str) else None


def _stands(body: Mapping[str, Any]) -> tuple[str, str | None]:
    """The conversation and the thread of what was pressed. Under what only one person sees there is no thread."""
    message, container = body.get("message") or {}, body.get("container") or {}
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id", "")
    thread = message.get("thread_ts") or container.get("thread_ts")
    if thread is None and not container.get("is_ephemeral") and not channel.startswith("D"):
        thread = message.get("ts") or container.get("message_ts")
    return channel, thread


def _later(error: ConnectorError) -> str:
    if isinstance(error, Busy):
        return f"Slack asks me to wait. Please try again in {error.after:.0f} s."
    return "I could not take this over. Please try again in a minute."
