"""The door at /api/messages: judged first, then read, then handed to the library."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from connectors.chat.teams_protocol.bodies import TooLarge, json_object, whole
from connectors.chat.teams_protocol.callers import Caller, Gate, TurnedAway
from connectors.chat.teams_protocol.library import Json, Library, Malformed, Reply

PATH: Final = "/api/messages"
LARGEST: Final = 1024 * 1024
"""Bytes of one activity; a message of Teams has a tenth of it."""
_ARRIVAL: Final = 10.0  # seconds within which a body must have arrived

_log = logging.getLogger(__name__)

Take = Callable[[Caller, Json], Awaitable[Reply | None]]
"""Does what an activity asks for; an invoke gets a reply."""


class Door:
    """Takes requests while somebody serves."""

    def __init__(self, gate: Gate, library: Library, take: Take) -> None:
        """`take` is asked within a turn of the library."""
        self._gate = gate
        self._library = library
        self._take = take
        self.open = False

    async def knock(self, request: web.Request) -> web.StreamResponse:
        """The answer to a request: one JSON object, never more than a sentence for who may not come in."""
        try:
            if not self.open:
                raise TurnedAway(503, "The bot is starting or stopping.")
            return await self._let_in(request)
        except TurnedAway as away:
            _log.warning("a request of Teams was turned away", extra={"status": away.status, "reason": away.reason})
            return web.json_response({"error": away.reason}, status=away.status)
        except Exception as error:
            # The exception's own text may quote the message, so only its kind is logged.
            _log.error("a request of Teams failed", extra={"error": type(error).__name__})
            return web.json_response({"error": "The bot failed; its log says why."}, status=500)

    async def _let_in(self, request: web.Request) -> web.StreamResponse:
        caller = await self._gate.caller(request)
        activity = await _activity(request)
        self._gate.admit(caller, activity)
        try:
            reply = await self._library.turn(activity, caller.claims, lambda: self._take(caller, activity))
        except Malformed:
            raise TurnedAway(400, "That is no activity.") from None
        if activity.get("type") != "invoke":
            return web.json_response({}, status=200)
        reply = reply or Reply(501)
        return web.json_response(reply.body or {}, status=reply.status)


async def _activity(request: web.Request) -> Json:
    if request.content_type != "application/json":
        raise TurnedAway(415, "An activity is sent as application/json.")
    try:
        async with asyncio.timeout(_ARRIVAL):
            body = await whole(request.content, LARGEST)
    except TooLarge:
        raise TurnedAway(413, "That activity is too large.") from None
    except TimeoutError:
        raise TurnedAway(408, "The activity did not arrive in time.") from None
    except (web.RequestPayloadError, HttpProcessingError, ConnectionError):
        raise TurnedAway(400, "The activity did not arrive whole.") from None
    activity = json_object(body)
    if activity is None:
        raise TurnedAway(400, "That is no JSON object.")
    return activity
