"""An answer posted, edited and found again; what does not fit goes into the thread as a file, once."""

import logging
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from bot.errors import ConnectorError, Gone
from bot.ports import Press
from bot.types import Answer, Place
from connectors.chat.slack.calls import Calls, Refused
from connectors.render.slack import POSTING, UPDATING, SlackMessage, render

EVENT_TYPE: Final = "ndesbot_answer"
"""What the metadata of every post is called; the key is in it."""
_FOR_ONE: Final = "only "  # how the id of a post begins that one person sees: it is in no history
_SEARCHED: Final = 999  # posts of a thread or channel among which one is looked for: what Slack gives at once
_INDIGESTIBLE: Final = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "block_mismatch"}

_log = logging.getLogger(__name__)


class Posts:
    """What stands in Slack. Every verb raises as `ChatSurface.send` does."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def send(self, place: Place, answer: Answer, press: Press, *, key: str, reader: str | None) -> str:
        """Post an answer; its id."""
        message = render(answer, press)
        where: dict[str, Any] = {"channel": place.conversation}
        if place.thread:
            where["thread_ts"] = place.thread
        if reader and not place.conversation.startswith("D"):
            told = await self._put("chat.postEphemeral", message, **where, user=reader, **POSTING)
            return f"{_FOR_ONE}{told.get('message_ts', '')}"
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"key": key}}
        told = await self._put("chat.postMessage", message, **where, metadata=metadata, **POSTING)
        sent = str(told.get("ts") or "")
        if not sent:
            raise ConnectorError("Slack did not say what it posted.")
        try:
            for file in _files(message):
                await self._attach(place, sent, file)
        except ConnectorError as error:
            # It stands, so it must not be posted again: it will be found, edited, and get its files then.
            raise ConnectorError(f"A file of an answer was not taken: {error}") from None
        return sent

    async def edit(self, place: Place, sent: str, answer: Answer, press: Press) -> None:
        """Put another answer where one stands."""
        if sent.startswith(_FOR_ONE):
            return  # Slack lets nobody edit these, and none of them is interim
        message = render(answer, press)
        await self._put("chat.update", message, channel=place.conversation, ts=sent, **UPDATING)
        if files := _files(message):
            there = await self._attached(place, sent)
            for file in files:
                if file.name not in there:
                    await self._attach(place, sent, file)

    async def find(self, place: Place, key: str, me: str) -> str | None:
        """The id of the answer that was posted with that key; nobody else's post counts."""
        for post in await self._posts(place, place.thread):
            if post.get("user") == me and _key_of(post) == key:
                return str(post["ts"])
        return None

    # --- how ---------------------------------------------------------------------------------

    async def _put(self, method: str, message: SlackMessage, **where: Any) -> Any:
        try:
            return await self._calls.post(method, text=message.text, blocks=list(message.blocks), **where)
        except Refused as refused:
            if refused.code not in _INDIGESTIBLE:
                raise
            _log.error("Slack took the words of an answer only", extra={"reason": refused.code})
            return await self._calls.post(method, text=message.text, **where)

    async def _posts(self, place: Place, thread: str | None) -> list[dict[str, Any]]:
        where: dict[str, Any] = {"channel": place.conversation, "limit": _SEARCHED, "include_all_metadata": True}
        try:
            if thread:
                told = await self._calls.get("conversations.replies", ts=thread, **where)
            else:
                told = await self._calls.get("conversations.history", **where)
        except Gone:
            return []
        return [post for post in told.get("messages") or () if isinstance(post, dict)]

    async def _attach(self, place: Place, sent: str, file: "_File") -> None:
        try:
            await self._calls.upload(
                file.name, file.content, alt=file.alt, channel=place.conversation, thread=place.thread or sent
            )
        except Refused as refused:  # a second try would end the same, and the answer stands
            _log.error("the file of an answer is refused", extra={"reason": str(refused)})

    async def _attached(self, place: Place, sent: str) -> set[str]:
        """The names of the files that are there already: then an earlier try was cut off just after one."""
        files = [file for post in await self._posts(place, place.thread or sent) for file in post.get("files") or ()]
        return {str(file.get("name")) for file in files if isinstance(file, dict)}


def _key_of(post: dict[str, Any]) -> Any:
    metadata = post.get("metadata") or {}
    return (metadata.get("event_payload") or {}).get("key") if metadata.get("event_type") == EVENT_TYPE else None


@dataclass(frozen=True, slots=True)
class _File:
    """What does not fit into blocks: its name is the same for the same content, so that it is known again."""

    name: str
    content: bytes
    alt: str | None = None


def _files(message: SlackMessage) -> list[_File]:
    """The whole of a long answer, its pictures and its documents."""
    files = [_File(document.name, document.data) for document in message.documents]
    files += [_File(_name(picture.png, "png"), picture.png, picture.alt) for picture in message.pictures]
    if message.rest is not None:
        text = message.rest.encode()
        files.append(_File(_name(text, "txt"), text))
    return files


def _name(content: bytes, kind: str) -> str:
    return f"ndesbot-{sha256(content).hexdigest()[:12]}.{kind}"
