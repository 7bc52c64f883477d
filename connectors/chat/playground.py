"""A chat in the browser: no account, no token, the same bot, reachable from this computer alone."""

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler as WebHandler
from aiohttp.typedefs import Middleware

from bot.ports import Handler
from bot.types import Answer, Message, Place
from connectors.render import slack, teams
from connectors.render.forms import REGISTER
from connectors.render.html import render

LARGEST_BODY: Final = 21 * 1024 * 1024
"""Bytes of one request: a log of 20 MB and its JSON around it."""
AT_WORK: Final = 2
"""Messages that are worked on at a time, of which one may be long. What has shown how far it is, such as a
check of a server, waits for others and no longer counts."""
WAITING: Final = 8
"""Messages that may wait for that."""

_SHORT: Final = 1024 * 1024  # bytes up to which a message is read before its turn; a longer one waits in its socket
_FOLDER = Path(__file__).with_name("playground_page")
_FILES: Final = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/samples.json": ("samples.json", "application/json"),
}
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_REASONS: Final = {
    400: "This request was not understood.",
    404: "There is nothing at this address.",
    405: "This address does not take that kind of request.",
    408: "The message did not arrive in time.",
    413: "The message is larger than 21 MB. Send the part of the log around the error.",
    500: "ndesbot failed while it worked on this message. Its log says why.",
    503: "ndesbot has its hands full with other messages. Try again in a moment.",
}
_PAUSE = 1.0  # seconds between two showings of an answer that fills in
_PATIENCE = 2.0  # seconds that open requests get when the playground stops
_ARRIVAL = 30.0  # seconds within which a request must have arrived, from its first byte or from its turn
_LINGERING = 5.0  # seconds for the rest of a request that was refused: a client hears nothing before it has spoken

_log = logging.getLogger(__name__)


class Playground:
    """The chat page on 127.0.0.1. Every message is handled in the event loop that runs `serve`, never in a thread."""

    name = "playground"

    def __init__(self, port: int = 0, on_ready: Callable[[str], None] | None = None) -> None:
        """`port` 0 takes any free one; `on_ready` is told the address once the page can be opened."""
        self._port = port
        self._on_ready = on_ready

    async def serve(self, handle: Handler) -> None:
        """Answer the page until cancelled. Raises `OSError` where the port is taken."""
        listener = _listener(self._port)
        port: int = listener.getsockname()[1]
        # A client that goes away while it waits takes its message with it: its handler is cancelled.
        runner = web.AppRunner(_application(handle, port), handler_cancellation=True, shutdown_timeout=_PATIENCE)
        try:
            await runner.setup()
            server = await asyncio.get_running_loop().create_server(lambda: _connection(runner), sock=listener)
            try:
                if self._on_ready:
                    self._on_ready(f"http://127.0.0.1:{port}/")
                await asyncio.Event().wait()
            finally:
                server.close()  # it does not wait for connections: they get their time below
        finally:
            await runner.cleanup()
            listener.close()


def _listener(port: int) -> socket.socket:
    """A socket of this computer only: the address is no setting, so that nobody opens it to a network."""
    return socket.create_server(("127.0.0.1", port))


def _application(handle: Handler, port: int) -> web.Application:
    application = web.Application(middlewares=[_plain_errors, _guard(port)])
    application.on_response_prepare.append(_secure)
    for address, (name, kind) in _FILES.items():
        application.router.add_get(address, _file(name, kind))
    application.router.add_get("/register.json", _registering)
    desk = _Desk(handle)
    application.on_cleanup.append(desk.close)
    application.router.add_post("/api/message", desk.converse)
    return application


class _Connection(web.RequestHandler):
    """What a client says that is no HTTP is refused like any other request; neither log nor answer repeats it."""

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """A sentence, with the headers of every other answer; the connection ends."""
        if isinstance(exc, _Gone) or request.writer.output_size:
            raise _Gone from None  # nobody reads it, or it would stand in the middle of another answer
        if status >= 500:
            _log.error("a request was not answered", extra={"error": type(exc).__name__})
        response = _error(status, _REASONS[500 if status >= 500 else 400])
        response.headers.update(_HEADERS)
        response.force_close()
        return response

    def log_exception(self, *args: Any, exc_info: BaseException | None = None, **kw: Any) -> None:
        """The kind of what went wrong in a connection, without its text."""
        _log.error("a connection broke", extra={"error": type(exc_info).__name__})


def _connection(runner: web.AppRunner) -> _Connection:
    assert runner.server is not None  # noqa: S101 - it was set up
    return _Connection(
        runner.server,
        loop=asyncio.get_running_loop(),
        access_log=None,  # type: ignore[arg-type] # it means none
        auto_decompress=False,  # no page of ours packs anything, and what is packed may be without end
        keepalive_timeout=_ARRIVAL,
        lingering_time=_LINGERING,
    )


def _file(name: str, kind: str) -> WebHandler:
    content = (_FOLDER / name).read_bytes()

    async def send(_: web.Request) -> web.StreamResponse:
        return web.Response(body=content, content_type=kind, charset="utf-8")

    return send


async def _registering(_: web.Request) -> web.StreamResponse:
    """The questions about a server, the same as in any other chat."""
    return web.json_response(asdict(REGISTER))


# --- one message after the other -------------------------------------------------------------


class _Desk:
    """Few messages are worked on at a time, some wait, more are refused: long logs may not stop this computer."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle
        self._present = 0
        self._turns = asyncio.Semaphore(AT_WORK)
        self._long = asyncio.Semaphore(AT_WORK - 1)  # so that a short question never waits for long logs alone
        self._works: set[asyncio.Task[web.StreamResponse]] = set()

    async def converse(self, request: web.Request) -> web.StreamResponse:
        """The answer to a message, when its turn has come. Raises `_Refused` and `_Gone`."""
        size = request.content_length
        if size is not None and size > LARGEST_BODY:
            raise _Refused(413)
        short = size is not None and size <= _SHORT
        async with AsyncExitStack() as stay:
            stay.enter_context(self._place())
            message = await _received(request) if short else None
            turn = await stay.enter_async_context(AsyncExitStack())
            if not short:
                await turn.enter_async_context(self._long)
            await turn.enter_async_context(self._turns)
            message = message or await _received(request)
            work = asyncio.create_task(self._work(message, _Stream(request, turn.aclose), stay.pop_all()))
        self._works.add(work)
        work.add_done_callback(self._done)
        # What runs in a thread cannot be stopped: it keeps its turn to the end, though the client be gone.
        return await asyncio.shield(work)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._present == AT_WORK + WAITING:
            raise _Refused(503)
        self._present += 1
        try:
            yield
        finally:
            self._present -= 1

    async def _work(self, message: Message, stream: "_Stream", stay: AsyncExitStack) -> web.StreamResponse:
        async with stay:
            try:
                return await stream.end(await self._handle(message, stream.show))
            except Exception as error:
                # The exception's own text may quote the paste, so only its kind is logged.
                _log.error(
                    "a message of the playground was not answered",
                    extra={"message_id": message.id, "error": type(error).__name__},
                )
                raise (_Gone() if stream.begun else _Refused(500)) from None

    def _done(self, work: asyncio.Task[web.StreamResponse]) -> None:
        self._works.discard(work)
        if not work.cancelled():
            work.exception()  # was logged; where the client has gone, nobody else asks for it

    async def close(self, _: web.Application) -> None:
        """Stop what is still worked on."""
        for work in self._works:
            work.cancel()
        await asyncio.gather(*self._works, return_exceptions=True)


class _Stream:
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


# --- what comes in ---------------------------------------------------------------------------


class _Refused(Exception):
    """A request that is answered with a status and a sentence."""

    def __init__(self, status: int, reason: str | None = None) -> None:
        super().__init__(reason or _REASONS[status])
        self.status = status


class _Gone(ConnectionError):
    """The client left: there is nobody to be told of anything."""


async def _received(request: web.Request) -> Message:
    """The message of a request, read now. Raises `_Refused` where it is none, or too long, or does not arrive."""
    body = bytearray()
    try:
        async with asyncio.timeout(_ARRIVAL):
            async for part in request.content.iter_any():
                body += part
                if len(body) > LARGEST_BODY:
                    raise _Refused(413)
    except TimeoutError:
        raise _Refused(408) from None
    except ConnectionError:
        raise _Gone from None
    except (web.RequestPayloadError, HttpProcessingError):  # cut into pieces that are none
        raise _Refused(400) from None
    await asyncio.sleep(0)  # that a client left stands behind its last byte
    if request.transport is None or request.transport.is_closing():
        raise _Gone
    return _message(body)


def _message(body: bytes | bytearray) -> Message:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise _Refused(400, "The message is not readable JSON.") from None
    if not isinstance(said, dict) or not isinstance(text := said.get("text"), str):
        raise _Refused(400, 'The message needs the field "text" with the words in it.')
    if not isinstance(addressed := said.get("addressed", True), bool):
        raise _Refused(400, 'The field "addressed" is either true or false.')
    return Message(uuid4().hex, Place("playground", "browser"), "you", _whole(text), addressed)


def _whole(text: str) -> str:
    """Half characters (JSON may carry lone surrogates) become question marks: nothing behind can store them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _guard(port: int) -> Middleware:
    """Refuse what no page of ours sends: foreign names for this address (DNS rebinding) and foreign pages (CSRF)."""
    hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}

    @web.middleware
    async def guard(request: web.Request, handler: WebHandler) -> web.StreamResponse:
        host = request.headers.get("Host", "").lower()
        if host not in hosts:
            raise _Refused(403, f"The playground answers only at http://127.0.0.1:{port}/ on this computer.")
        if request.method == "POST":
            _check_sender(request, host)
        return await handler(request)

    return guard


def _check_sender(request: web.Request, host: str) -> None:
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() != f"http://{host}":
        raise _Refused(403, "Another page may not talk to the playground.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise _Refused(403, "Another page may not talk to the playground.")
    if request.content_type != "application/json":
        raise _Refused(415, "The message must be sent as application/json.")


# --- what goes out ---------------------------------------------------------------------------


async def _secure(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


@web.middleware
async def _plain_errors(request: web.Request, handler: WebHandler) -> web.StreamResponse:
    """Every failure is a sentence in JSON; what went wrong inside is for the log, not for the page."""
    try:
        return await handler(request)
    except _Refused as refused:
        return _error(refused.status, str(refused))
    except web.HTTPException as error:
        return _error(error.status, _REASONS.get(error.status, _REASONS[400]))


def _error(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)
