"""`ndesbot serve` with a small platform in the place of Slack: a process of its own, to be stopped and killed.

python serve_child.py SETTINGS POSTS GRACE
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.errors import Busy
from bot.ports import Press, Receive
from bot.types import Answer, Message, Place, Role
from connectors import serving
from connectors.telemetry.log import log_to_stderr


class Platform:
    """Takes messages by HTTP as long as it is served; what is posted is written to a file.

    A thread called `busy` is refused once, one called `slow` is posted to after a second, one called `stuck` not
    before the file `open` is there.
    """

    name = "slack"
    pause = inf
    looks_up = True
    connected = True

    def __init__(self, application: web.Application, posts: Path) -> None:
        self._posts = posts
        self._receive: Receive | None = None
        self._refused = False
        application.router.add_post("/say", self._said)

    async def _said(self, request: web.Request) -> web.Response:
        if self._receive is None:
            return web.Response(status=503)
        told = await request.json()
        await self._receive(Message(told["id"], Place("slack", "C1", told["thread"]), "U-ANN", told["text"]))
        return web.Response(status=200)

    async def serve(self, receive: Receive) -> None:
        self._receive = receive
        try:
            await asyncio.Event().wait()
        finally:
            self._receive = None

    def role_of(self, message: Message) -> Role:
        return "viewer"

    async def send(self, place: Place, answer: Answer, press: Press, *, key: str, reader: str | None = None) -> str:
        if place.thread == "busy" and not self._refused:
            self._refused = True
            raise Busy(0.01)
        if place.thread == "slow":
            await asyncio.sleep(1)
        while place.thread == "stuck" and not self._posts.with_name("open").exists():
            await asyncio.sleep(0.05)
        with self._posts.open("a") as file:
            file.write(json.dumps({"key": key, "title": answer.title}) + "\n")
        return key

    async def edit(self, place: Place, sent: str, answer: Answer, press: Press) -> None: ...

    async def find(self, place: Place, key: str) -> str | None:
        posted = self._posts.read_text().splitlines() if self._posts.exists() else []
        return key if any(json.loads(line)["key"] == key for line in posted) else None


def main(settings: str, posts: str, grace: str) -> None:
    """Serve until told to stop."""

    @asynccontextmanager
    async def surfaces(_: Any, application: web.Application, *__: Any) -> AsyncIterator[list[Platform]]:
        yield [Platform(application, Path(posts))]

    serving.surfaces = surfaces  # type: ignore[assignment]
    serving.GRACE = float(grace)  # type: ignore[misc]
    log_to_stderr()
    asyncio.run(serving.serve(Path(settings), lambda address: print(address, flush=True)))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
