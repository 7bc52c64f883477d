"""The pages for whoever watches the bot: is it alive, is it ready, and its figures."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

PATIENCE: Final = 2.0
"""Seconds that a part has to say that it is well."""
Part = Callable[[], Awaitable[bool]]
"""Whether something that the bot needs is well; an exception is a no."""


class HealthPages:
    """`/healthz` answers while the process lives, `/readyz` says of each part whether it is well (503 where one is
    not, or the bot is about to stop), `/metrics` shows the figures."""

    def __init__(self, parts: Mapping[str, Part], figures: Callable[[], Awaitable[bytes]]) -> None:
        self.stopping = False
        self._parts = parts
        self._figures = figures
        self._looks: dict[str, asyncio.Task[bool]] = {}

    def open(self, application: web.Application) -> None:
        """Add the pages."""
        application.router.add_get("/healthz", self._alive)
        application.router.add_get("/readyz", self._ready)
        application.router.add_get("/metrics", self._metrics)

    async def _alive(self, _: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def _ready(self, _: web.Request) -> web.Response:
        well = await asyncio.gather(*(self._is_well(name) for name in self._parts))
        ok = all(well) and not self.stopping
        told = {"ok": ok, "stopping": self.stopping, "parts": dict(zip(self._parts, well, strict=True))}
        return web.json_response(told, status=200 if ok else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=await self._figures(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _is_well(self, name: str) -> bool:
        """One look at a part at a time, however many ask: a database that hangs is not asked again and again."""
        if name not in self._looks:
            self._looks[name] = asyncio.create_task(_look(self._parts[name]))
            self._looks[name].add_done_callback(lambda _: self._looks.pop(name))
        done, _ = await asyncio.wait({look := self._looks[name]}, timeout=PATIENCE)
        return bool(done) and look.result()


async def _look(part: Part) -> bool:
    try:
        return await part()
    except Exception:  # why is in the log of whoever failed
        return False
