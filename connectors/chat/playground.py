"""A chat in the browser: no account, no token, the same bot, reachable from this computer alone."""

import asyncio
import json
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from aiohttp import web
from aiohttp.typedefs import Handler as WebHandler
from aiohttp.typedefs import Middleware

from bot.ports import Handler
from bot.types import Answer, Message, Place
from connectors.render.html import render

LARGEST_BODY: Final = 21 * 1024 * 1024
"""Bytes of one request: a log of 20 MB and its JSON around it."""

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
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
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
    404: "There is nothing at this address.",
    405: "This address does not take that kind of request.",
    413: "The message is larger than 21 MB. Send the part of the log around the error.",
}
_PAUSE = 1.0  # seconds between two showings of an answer that fills in
_PATIENCE = 2.0  # seconds that open requests get when the playground stops

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
        runner = web.AppRunner(_application(handle, port), access_log=None, shutdown_timeout=_PATIENCE)
        try:
            await runner.setup()
            await web.SockSite(runner, listener).start()
            if self._on_ready:
                self._on_ready(f"http://127.0.0.1:{port}/")
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()
            listener.close()


def _listener(port: int) -> socket.socket:
    """A socket of this computer only: the address is no setting, so that nobody opens it to a network."""
    return socket.create_server(("127.0.0.1", port))


def _application(handle: Handler, port: int) -> web.Application:
    application = web.Application(client_max_size=LARGEST_BODY, middlewares=[_plain_errors, _guard(port)])
    application.on_response_prepare.append(_secure)
    for address, (name, kind) in _FILES.items():
        application.router.add_get(address, _file(name, kind))
    application.router.add_post("/api/message", _conversation(handle))
    return application


def _file(name: str, kind: str) -> WebHandler:
    content = (_FOLDER / name).read_bytes()

    async def send(_: web.Request) -> web.StreamResponse:
        return web.Response(body=content, content_type=kind, charset="utf-8")

    return send


def _conversation(handle: Handler) -> WebHandler:
    async def converse(request: web.Request) -> web.StreamResponse:
        message = _message(await request.read())
        stream = _Stream(request)
        return await stream.end(await handle(message, stream.show))

    return converse


class _Stream:
    """An answer that may fill in: lines of JSON, each to be shown in the place of the one before."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._response: web.StreamResponse | None = None
        self._shown = -_PAUSE

    async def show(self, answer: Answer) -> None:
        """Send what there is so far, at most once a second. A page that was closed is no error."""
        now = asyncio.get_running_loop().time()
        if now - self._shown < _PAUSE:
            return
        self._shown = now
        if self._response is None:
            self._response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
            await self._response.prepare(self._request)
        with suppress(ConnectionError):
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
    said = {
        "silent": answer is None,
        "html": render(answer) if answer else "",
        "title": answer.title if answer else "",
        "final": final,
    }
    return json.dumps(said).encode() + b"\n"


# --- what comes in ---------------------------------------------------------------------------


class _Refused(Exception):
    """A request that is answered with a status and a sentence."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def _message(body: bytes) -> Message:
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
        return _error(refused.status, refused.reason)
    except web.HTTPException as error:
        return _error(error.status, _REASONS.get(error.status, "This request was not understood."))
    except Exception as error:
        # The exception's own text may quote the paste, so only its kind is logged.
        _log.error("a message of the playground was not answered", extra={"error": type(error).__name__})
        return _error(500, "ndesbot failed while it worked on this message. Its log says why.")


def _error(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)
