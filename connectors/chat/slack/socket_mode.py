"""Socket Mode: we call Slack, and it sends over a WebSocket. No door is open to the outside."""

import asyncio
import json
import logging
import random
from typing import Any, Final

from aiohttp import ClientError, ClientWebSocketResponse, WSMsgType
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.errors import Busy, ConnectorError
from connectors.chat.slack.calls import PATIENCE, Calls, Refused
from connectors.chat.slack.http_mode import LAST_ACKS, Dispatch

_HEARTBEAT = 20.0  # seconds between two signs of life
_LARGEST = 4 * 1024 * 1024  # bytes of one message of Slack
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds before a connection that failed is tried again
_LEAVING = 30.0  # seconds that a connection is still read after Slack said that it will close it
_FINAL: Final = {"invalid_auth", "not_allowed_token_type", "token_revoked", "account_inactive", "missing_scope"}
"""Refusals that no second try mends."""

_log = logging.getLogger(__name__)


class SocketMode:
    """One connection at a time, and for a moment two: the next one stands before the old one is left."""

    def __init__(self, calls: Calls, token: str) -> None:
        """`token` is that of the app, xapp-…"""
        self._calls = calls
        self._token = token
        self._links: set[asyncio.Task[None]] = set()
        self._at_work: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """Whether a socket stands."""
        return bool(self._links)

    async def serve(self, dispatch: Dispatch) -> None:
        """Read and acknowledge until cancelled. Raises `ConnectorError` where Slack refuses for good."""
        try:
            while True:
                link = await self._connected()
                over = asyncio.get_running_loop().create_future()
                reading = asyncio.create_task(self._read(link, dispatch, over))
                self._links.add(reading)
                reading.add_done_callback(self._links.discard)
                await over  # another connection is wanted: this one is closed, or will be
        finally:
            await self._leave()

    # --- connecting --------------------------------------------------------------------------

    async def _connected(self) -> ClientWebSocketResponse:
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._connect()
            except Busy as busy:
                wait = busy.after
            except Refused as refused:
                if refused.code in _FINAL:
                    raise
                reason, wait = str(refused), pause
                _log.warning("Slack is not connected", extra={"reason": reason})
            except (ConnectorError, ClientError, OSError, ValueError) as error:
                reason, wait = str(error) if isinstance(error, ConnectorError) else type(error).__name__, pause
                _log.warning("Slack is not connected", extra={"reason": reason})
            await asyncio.sleep(wait * random.uniform(0.75, 1.25))  # noqa: S311 - spreads, hides nothing
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _connect(self) -> ClientWebSocketResponse:
        address = str((await self._calls.post("apps.connections.open", token=self._token)).get("url", ""))
        if not address.startswith("ws://" if self._calls.origin.startswith("http://") else "wss://"):
            raise ConnectorError("Slack named no address to connect to.")
        async with asyncio.timeout(PATIENCE):  # not `wait_for`, which in Python 3.11 may miss that we are stopped
            return await self._calls.session.ws_connect(
                address, heartbeat=_HEARTBEAT, max_msg_size=_LARGEST, proxy=self._calls.proxy
            )

    # --- reading -----------------------------------------------------------------------------

    async def _read(self, link: ClientWebSocketResponse, dispatch: Dispatch, over: "asyncio.Future[None]") -> None:
        """Read one connection to its end; `over` is done as soon as another one is wanted."""
        leaving: float | None = None
        try:
            while True:
                left = None if leaving is None else max(0.0, leaving - asyncio.get_running_loop().time())
                sent = await link.receive(timeout=left)
                if sent.type is not WSMsgType.TEXT:
                    break
                envelope = _envelope(sent.data)
                if envelope.get("type") == "disconnect":
                    if envelope.get("reason") == "link_disabled":
                        raise ConnectorError("Socket Mode is switched off for this app; switch it on at its page.")
                    leaving = asyncio.get_running_loop().time() + _LEAVING
                    _ended(over)
                elif "envelope_id" in envelope:
                    self._take(link, envelope, dispatch)
            _ended(over)
        except TimeoutError:
            pass
        except ConnectorError as error:
            if not over.done():
                over.set_exception(error)
        finally:
            _ended(over)
            await link.close()

    def _take(self, link: ClientWebSocketResponse, envelope: dict[str, Any], dispatch: Dispatch) -> None:
        task = asyncio.create_task(_answer(link, envelope, dispatch))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def _leave(self) -> None:
        """What is being taken over is still acknowledged; what Slack sends meanwhile it sends to the next one."""
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=LAST_ACKS)
        tasks = [*self._links, *self._at_work]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _ended(over: "asyncio.Future[None]") -> None:
    if not over.done():
        over.set_result(None)


def _envelope(said: str) -> dict[str, Any]:
    try:
        envelope = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    return envelope if isinstance(envelope, dict) else {}


async def _answer(link: ClientWebSocketResponse, envelope: dict[str, Any], dispatch: Dispatch) -> None:
    """Hand one thing over, then acknowledge it; what could not be taken over, Slack sends again."""
    payload = envelope.get("payload")
    response = await dispatch(AsyncBoltRequest(mode="socket_mode", body=payload if isinstance(payload, dict) else {}))
    if response.status not in (200, 404):  # 404: nothing that we listen to
        return
    acknowledged: dict[str, Any] = {"envelope_id": envelope["envelope_id"]}
    if response.status == 200 and (said := _payload(response)):
        acknowledged["payload"] = said
    try:
        await link.send_str(json.dumps(acknowledged))
    except (ClientError, OSError, RuntimeError):
        _log.info("something was taken over, but its connection is closed")


def _payload(response: BoltResponse) -> dict[str, Any] | None:
    if not response.body:
        return None
    said = json.loads(response.body) if response.body.startswith("{") else {"text": response.body}
    return said if isinstance(said, dict) else None
