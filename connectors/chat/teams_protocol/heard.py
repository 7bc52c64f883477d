"""What an activity means: who is where, and what they want. Every field may be anything; nothing here raises."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from bot.types import Attached, Message, Place
from connectors.chat.teams_protocol import words
from connectors.chat.teams_protocol.library import Json
from connectors.render.teams import pressed

SURFACE: Final = "teams"
GREETINGS: Final = frozenset({"hi", "hello", "hey", "start"})
"""What people say to a bot to see what it is; Microsoft's store wants an answer to the first two."""
MOST_FILES: Final = 20
"""Files of one message that are heard of."""

_THREAD = ";messageid="
# Ids go into addresses, and one of the libraries does not escape them.
_ID = re.compile(r"[A-Za-z0-9:@._=+!~|-]{1,250}")
_FILE = "application/vnd.microsoft.teams.file.download.info"

Scope = Literal["personal", "group", "channel"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an activity came from. `sender` is the Entra object id where there is one, `person` Teams' own id;
    `replies_to` is the id of the message on which somebody acted. In a `shared` channel others read along."""

    id: str
    place: Place
    scope: Scope
    sender: str
    person: str
    bot: str
    service: str
    tenant: str
    shared: bool
    replies_to: str


@dataclass(frozen=True, slots=True)
class Wrote:
    """Somebody wrote something; to the bot, or where it may read along."""

    message: Message


@dataclass(frozen=True, slots=True)
class Joined:
    """The bot came to a conversation."""

    message: Message


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button, and how Teams wants to hear that it was pressed: not at all, under the card, or in a dialog."""

    message: Message
    where: Literal["message", "card", "dialog"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A card renews itself, because somebody looks at it."""


@dataclass(frozen=True, slots=True)
class Searched:
    """Somebody types into the search of the message extension."""

    words: str


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """Somebody chose a message and wants to know what it means."""

    message: Message


@dataclass(frozen=True, slots=True)
class Consented:
    """Somebody said whether a file may be put into their OneDrive, and where."""

    token: str
    yes: bool
    upload: str = ""
    shown_at: str = ""
    file_id: str = ""


Event = Wrote | Joined | Pressed | Seen | Searched | Diagnosed | Consented


# --- where -----------------------------------------------------------------------------------


def origin(activity: Json) -> Origin | None:
    """Where an activity came from; None where that cannot be told, or be answered."""
    conversation, _, thread = _text(activity, "conversation", "id").partition(_THREAD)
    service = _text(activity, "serviceUrl")
    if not _ID.fullmatch(conversation) or (thread and not _ID.fullmatch(thread)):
        return None
    if urlsplit(service).query or urlsplit(service).fragment:
        return None
    person = _text(activity, "from", "id")
    return Origin(
        id=_message_id(activity, conversation),
        place=Place(SURFACE, conversation, thread or None),
        scope=_scope(activity),
        sender=(_text(activity, "from", "aadObjectId").lower() or person)[:300],
        person=person if _ID.fullmatch(person) else "",
        bot=_id(_text(activity, "recipient", "id")),
        service=service,
        tenant=_text(activity, "conversation", "tenantId") or _text(activity, "channelData", "tenant", "id"),
        shared=_text(activity, "channelData", "channel", "type").lower() == "shared",
        replies_to=_id(_text(activity, "replyToId")),
    )


def conversation_id(place: Place) -> str:
    """A place as Teams addresses it."""
    return f"{place.conversation}{_THREAD}{place.thread}" if place.thread else place.conversation


def _scope(activity: Json) -> Scope:
    kind = _text(activity, "conversation", "conversationType").lower()
    if kind == "channel" or (
        _text(activity, "conversation", "id").startswith("19:") and _THREAD in _text(activity, "conversation", "id")
    ):
        return "channel"
    group = kind == "groupchat" or _part(activity, "conversation", "isGroup") is True
    return "group" if group else "personal"


def _message_id(activity: Json, conversation: str) -> str:
    """Ids of activities are times, so two conversations may have the same."""
    given = _text(activity, "id")
    if not given:  # nothing to tell a repeated one by but all of it
        return "0." + sha256(repr(sorted(activity.items(), key=lambda item: str(item[0]))).encode()).hexdigest()[:24]
    name = given if _ID.fullmatch(given) and len(given) <= 80 else sha256(given.encode("utf-8", "replace")).hexdigest()
    return f"{name}.{sha256(conversation.encode()).hexdigest()[:8]}"


# --- what ------------------------------------------------------------------------------------


def event(activity: Json, at: Origin) -> Event | None:
    """What an activity wants; None for what is of no interest."""
    match activity.get("type"):
        case "message":
            return _message(activity, at)
        case "conversationUpdate":
            return _joined(at) if _came(activity.get("membersAdded"), at.bot) else None
        case "installationUpdate":
            return _joined(at) if activity.get("action") == "add" else None
        case "invoke":
            return _invoke(activity, at)
    return None


def _joined(at: Origin) -> Joined:
    """Both events of one installation are one message, so that it is greeted once."""
    name = sha256(at.place.conversation.encode()).hexdigest()[:16]
    return Joined(Message(f"welcome.{name}", Place(SURFACE, at.place.conversation), at.sender, "help"))


def _came(members: Any, bot: str) -> bool:
    added = members if isinstance(members, list) else []
    return bool(bot) and any(isinstance(member, dict) and member.get("id") == bot for member in added)


def _message(activity: Json, at: Origin) -> Event:
    data = activity.get("value")
    if isinstance(data, dict) and (token := pressed(data)):
        return _pressed(token, at, "message")
    names = words.names_of(at.bot, activity.get("entities"))
    files = _files(activity.get("attachments"))
    text = words.said(_text(activity, "text"), names)
    addressed = at.scope == "personal" or bool(names)
    if text.lower().strip("!.? ") in GREETINGS or not (text or files):
        text = "help" if addressed else text
    return Wrote(Message(at.id, at.place, at.sender, text, addressed, files=files))


def _files(attachments: Any) -> tuple[Attached, ...]:
    """The files that hang on a message, with where each can be fetched without a token."""
    found = []
    for attachment in attachments if isinstance(attachments, list) else ():
        if not isinstance(attachment, dict) or attachment.get("contentType") != _FILE:
            continue
        address = _text(attachment, "content", "downloadUrl")
        name = words.whole(_text(attachment, "name"))[:200] or "the file"
        found.append(Attached(name, address))
    return tuple(found[:MOST_FILES])


def _pressed(token: str, at: Origin, where: Literal["message", "card", "dialog"]) -> Pressed:
    return Pressed(Message(at.id, at.place, at.sender, token[:200], pressed=True), where)


# --- invokes ---------------------------------------------------------------------------------


def _invoke(activity: Json, at: Origin) -> Event | None:
    value = activity.get("value")
    if not isinstance(value, dict):
        return None
    match activity.get("name"):
        case "adaptiveCard/action":
            return _card(value, at)
        case "composeExtension/query":
            return Searched(_query(value))
        case "composeExtension/fetchTask" | "composeExtension/submitAction":
            return _chosen(value, at)
        case "fileConsent/invoke":
            return _consented(value)
    return None


def _card(value: Json, at: Origin) -> Event | None:
    if value.get("trigger") == "automatic":
        return Seen()
    data = _part(value, "action", "data")
    token = pressed(data) if isinstance(data, dict) else None
    if token == REFRESH:
        return Seen()
    return _pressed(token, at, "card") if token else None


REFRESH: Final = "refresh"
"""What a card carries in place of a button's id, to renew itself."""


def _query(value: Json) -> str:
    parameters = value.get("parameters")
    for parameter in parameters if isinstance(parameters, list) else ():
        if isinstance(parameter, dict) and parameter.get("name") != "initialRun":
            return words.whole(_text(parameter, "value"))[:500].strip()
    return ""


def _chosen(value: Json, at: Origin) -> Event | None:
    data = value.get("data")
    if isinstance(data, dict) and (token := pressed(data)):
        return _pressed(token, at, "dialog")
    body = _text(value, "messagePayload", "body", "content")
    html = _text(value, "messagePayload", "body", "contentType").lower() == "html"
    text = words.without_html(body) if html else words.said(body, ())
    return Diagnosed(Message(at.id, at.place, at.sender, text))


def _consented(value: Json) -> Event | None:
    token = _text(value, "context", "press")
    return Consented(
        token,
        value.get("action") == "accept",
        _text(value, "uploadInfo", "uploadUrl"),
        _text(value, "uploadInfo", "contentUrl"),
        _text(value, "uploadInfo", "uniqueId")[:200],
    )


# --- fields ----------------------------------------------------------------------------------


def _part(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _text(value: Any, *path: str) -> str:
    part = _part(value, *path)
    return part if isinstance(part, str) else ""


def _id(text: str) -> str:
    return text if _ID.fullmatch(text) else ""
