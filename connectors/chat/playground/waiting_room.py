"""One message after the other is worked on, and its answer told while it fills in."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from itertools import count
from typing import Any, Final

from aiohttp import web

from bot.ports import Handler
from bot.types import Answer, Message
from connectors.chat.playground.files import Uploads
from connectors.chat.playground.incoming import LARGEST_BODY, Gone, Refused, received
from connectors.render import slack, teams
from connectors.render.html import render

AT_WORK: Final = 2
"""Messages that are worked on at a time, of which one may be long. What has shown how far it is, such as a
check of a server, waits for others and no longer counts."""
WAITING: Final = 8
"""Messages that may wait for that."""
_SHORT: Final = 1024 * 1024  # bytes up to which a message is read before its turn; a longer one waits in its socket
_PAUSE = 1.0  # seconds between two showings of an answer that fills in

_log = logging.getLogger(__name__)


class WaitingRoom:
    """Few messages are worked on at a time, some wait, more are refused: long logs may not stop this computer."""

    def __init__(self, handle: Handler, uploads: Uploads) -> None:
        self._handle = handle
        self._uploads = uploads
        self._present = 0
        self._turns = asyncio.Semaphore(AT_WORK)
        self._long = asyncio.Semaphore(AT_WORK - 1)  # so that a short question never waits for long logs alone
        self._works: set[asyncio.Task[web.StreamResponse]] = set()

    async def converse(self, request: web.Request) -> web.StreamResponse:
        """The answer to a message, when its turn has come. Raises `Refused` and `Gone`."""
        size = request.content_length
        if size is not None and size > LARGEST_BODY:
            raise Refused(413)
        short = size is not None and size <= _SHORT
        async with AsyncExitStack() as stay:
            stay.enter_context(self._place())
            message = await received(request, self._uploads.attached) if short else None
            turn = await stay.enter_async_context(AsyncExitStack())
            if not short:
                await turn.enter_async_context(self._long)
            await turn.enter_async_context(self._turns)
            message = message or await received(request, self._uploads.attached)
            work = asyncio.create_task(self._work(message, Stream(request, turn.aclose), stay.pop_all()))
        self._works.add(work)
        work.add_done_callback(self._done)
        # What runs in a thread cannot be stopped: it keeps its turn to the end, though the client be gone.
        return await asyncio.shield(work)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._present == AT_WORK + WAITING:
            raise Refused(503)
        self._present += 1
        try:
            yield
        finally:
            self._present -= 1

    async def _work(self, message: Message, stream: "Stream", stay: AsyncExitStack) -> web.StreamResponse:
        async with stay:
            try:
                return await stream.end(await self._handle(message, stream.show))
            except Exception as error:
                # The exception's own text may quote the paste, so only its kind is logged.
                _log.error(
                    "a message of the playground was not answered",
                    extra={"message_id": message.id, "error": type(error).__name__},
                )
                raise (Gone() if stream.begun else Refused(500)) from None

    def _done(self, work: asyncio.Task[web.StreamResponse]) -> None:
        self._works.discard(work)
        if not work.cancelled():
            work.exception()  # was logged; where the client has gone, nobody else asks for it

    async def close(self, _: web.Application) -> None:
        """Stop what is still worked on."""
        for work in self._works:
            work.cancel()
        await asyncio.gather(*self._works, return_exceptions=True)


class Stream:
    """An answer that may fill in: lines of JSON, each to be shown in the place of the one before."""

    def __init__(self, request: web.Request, yield_turn: Callable[[], Awaitable[None]]) -> None:
        self._request = request
        self._yield_turn = yield_turn
        self._response: web.StreamResponse | None = None
        self._shown = -_PAUSE

    @property
    def begun(self) -> bool:
        """Whether part of the answer was sent."""
        return self._response is not None

    async def show(self, answer: Answer) -> None:
        """Send what there is so far, at most once a second. A page that was closed is no error."""
        await self._yield_turn()  # what fills in waits for a server under check, not for this computer
        now = asyncio.get_running_loop().time()
        if now - self._shown < _PAUSE:
            return
        self._shown = now
        with suppress(ConnectionError):
            if self._response is None:
                response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
                await response.prepare(self._request)
                self._response = response
            await self._response.write(_line(answer, final=False))

    async def end(self, answer: Answer | None) -> web.StreamResponse:
        """Send the answer itself, or that there is none."""
        line = _line(answer, final=True)
        if self._response is None:
            return web.Response(body=line, content_type="application/json")
        with suppress(ConnectionError):
            await self._response.write(line)
            await self._response.write_eof()
        return self._response


def _line(answer: Answer | None, *, final: bool) -> bytes:
    said: dict[str, Any] = {
        "silent": answer is None,
        "html": render(answer) if answer else "",
        "title": answer.title if answer else "",
        "final": final,
        "payloads": _payloads(answer) if answer and final else {},
    }
    return json.dumps(said).encode() + b"\n"


def _payloads(answer: Answer) -> dict[str, list[dict[str, Any]]]:
    """What the chat platforms would be sent for the same answer; the buttons' ids are made up."""
    numbers = count()

    def press(_: str) -> str:
        return f"opaque-id.{next(numbers)}"

    message = slack.render(answer, press)
    in_slack = [{"text": message.text, "blocks": list(message.blocks), **slack.POSTING}]
    if message.rest is not None:
        in_slack.append({"filename": "answer.txt", "content": message.rest})
    cards = teams.render(answer, press)
    in_teams = [
        {"type": "message", "summary": cards.text, "attachments": [teams.attachment(card)]} for card in cards.cards
    ]
    in_slack += [{"filename": one.name, "bytes": len(one.data)} for one in message.documents]
    return {"Slack": in_slack, "Teams": in_teams}
