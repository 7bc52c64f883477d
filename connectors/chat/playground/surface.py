"""A chat in the browser: no account, no token, the same bot, reachable from this computer alone."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler as WebHandler

from bot.ports import Handler
from bot.types import Attached
from connectors.chat.playground.files import Uploads
from connectors.chat.playground.gate import HEADERS, guard, plain_errors, refusal, secure
from connectors.chat.playground.incoming import ARRIVAL, REASONS, Gone
from connectors.chat.playground.waiting_room import WaitingRoom
from connectors.render.forms import REGISTER

_FOLDER = Path(__file__).with_name("page")
_FILES: Final = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/samples.json": ("samples.json", "application/json"),
}
_PATIENCE = 2.0  # seconds that open requests get when the playground stops
_LINGERING = 5.0  # seconds for the rest of a request that was refused: a client hears nothing before it has spoken

_log = logging.getLogger(__name__)


class Playground:
    """The chat page on 127.0.0.1. Messages are handled in the event loop that runs `serve`; what is long, a paste or
    logs, is read in threads beside it."""

    name = "playground"

    def __init__(self, port: int = 0, on_ready: Callable[[str], None] | None = None) -> None:
        """`port` 0 takes any free one; `on_ready` is told the address once the page can be opened."""
        self._port = port
        self._on_ready = on_ready
        self._uploads = Uploads()

    def fetch(self, file: Attached) -> AsyncIterator[bytes]:
        """The bytes of a file that the page sent."""
        return self._uploads.fetch(file)

    async def serve(self, handle: Handler) -> None:
        """Answer the page until cancelled. Raises `OSError` where the port is taken."""
        listener = _listener(self._port)
        port: int = listener.getsockname()[1]
        # A client that goes away while it waits takes its message with it: its handler is cancelled.
        runner = web.AppRunner(
            _application(handle, self._uploads, port), handler_cancellation=True, shutdown_timeout=_PATIENCE
        )
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


def _application(handle: Handler, uploads: Uploads, port: int) -> web.Application:
    application = web.Application(middlewares=[plain_errors, guard(port)])
    application.on_response_prepare.append(secure)
    for address, (name, kind) in _FILES.items():
        application.router.add_get(address, _file(name, kind))
    application.router.add_get("/register.json", _registering)
    room = WaitingRoom(handle, uploads)
    application.on_cleanup.extend((room.close, uploads.close))
    application.router.add_post("/api/file", uploads.take)
    application.router.add_post("/api/message", room.converse)
    return application


class _Connection(web.RequestHandler):
    """What a client says that is no HTTP is refused like any other request; neither log nor answer repeats it."""

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """A sentence, with the headers of every other answer; the connection ends."""
        if isinstance(exc, Gone) or request.writer.output_size:
            raise Gone from None  # nobody reads it, or it would stand in the middle of another answer
        if status >= 500:
            _log.error("a request was not answered", extra={"error": type(exc).__name__})
        response = refusal(status, REASONS[500 if status >= 500 else 400])
        response.headers.update(HEADERS)
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
        keepalive_timeout=ARRIVAL,
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
