"""HTTP mode: Slack calls us. Nothing of a request is read before its signature is known to be Slack's, and fresh."""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.ports import Clock

PATH: Final = "/slack/events"
"""Where events, commands and interactions come in."""
WINDOW: Final = 300
"""Seconds for which a signature counts."""
LAST_ACKS: Final = 3.0
"""Seconds that what is being taken over gets when we stop."""
_LONGEST: Final = 1024 * 1024  # bytes of a request
_REMEMBERED: Final = 20_000  # signatures: at Slack's own limit of events, more than there are in a window

Dispatch = Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]

_log = logging.getLogger(__name__)


class HttpMode:
    """The door for Slack's requests; closed, with status 503, while nobody serves."""

    def __init__(self, web_app: web.Application, secret: str, clock: Clock) -> None:
        self._secret = secret.encode()
        self._clock = clock
        self._answered: dict[str, None] = {}
        self._dispatch: Dispatch | None = None
        self._at_work: set[asyncio.Future[None]] = set()
        web_app.router.add_post(PATH, self._called)

    @property
    def connected(self) -> bool:
        """Slack calls: there is nothing to keep up."""
        return True

    async def serve(self, dispatch: Dispatch) -> None:
        """Keep the door open until cancelled."""
        self._dispatch = dispatch
        try:
            await asyncio.Event().wait()
        finally:
            self._dispatch = None
            if self._at_work:
                await asyncio.wait(self._at_work, timeout=LAST_ACKS)

    async def _called(self, request: web.Request) -> web.Response:
        dispatch = self._dispatch
        if dispatch is None:
            return web.Response(status=503)
        if (request.content_length or 0) > _LONGEST:
            return web.Response(status=413)
        body = await request.read()
        signature = request.headers.get("X-Slack-Signature", "")
        if not self._is_slacks(body, request.headers.get("X-Slack-Request-Timestamp", ""), signature):
            _log.warning("a request that is not Slack's, or not of now, is refused")
            return web.Response(status=401)
        if signature in self._answered:  # Slack signs each of its own tries anew
            _log.warning("a request that was answered before is refused")
            return web.Response(status=401)
        try:
            asked = AsyncBoltRequest(body=body.decode(), query=request.query_string, headers=dict(request.headers))
        except (ValueError, RecursionError, AttributeError, TypeError):  # no JSON, or none that Slack would send
            return web.Response(status=400)
        response = await self._taken(dispatch(asked))
        if response.status == 404:  # nothing that we listen to: to be told so, Slack would send it again and again
            response = BoltResponse(status=200, body="")
        if response.status == 200:
            self._remember(signature)
        return await to_aiohttp_response(response)

    async def _taken(self, work: Awaitable[BoltResponse]) -> BoltResponse:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._at_work.add(done)
        try:
            return await work
        finally:
            self._at_work.discard(done)
            done.set_result(None)

    def _is_slacks(self, body: bytes, at: str, signature: str) -> bool:
        if not (at.isascii() and at.isdigit() and len(at) < 15):
            return False
        if abs(self._clock().timestamp() - int(at)) > WINDOW:
            return False
        signed = hmac.new(self._secret, b"v0:%b:%b" % (at.encode(), body), sha256).hexdigest()
        return hmac.compare_digest(f"v0={signed}".encode(), signature.encode("utf-8", "surrogateescape"))

    def _remember(self, signature: str) -> None:
        self._answered[signature] = None
        if len(self._answered) > _REMEMBERED:
            del self._answered[next(iter(self._answered))]
