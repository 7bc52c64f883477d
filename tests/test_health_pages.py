"""The pages for whoever watches the bot say what is well, at once, whatever hangs."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from bot.errors import ConnectorError
from connectors import health_pages
from connectors.health_pages import HealthPages, Part
from connectors.telemetry.counters import Counters

Ask = Callable[[str], "asyncio.Future[tuple[int, str, str]]"]


async def well() -> bool:
    return True


async def ill() -> bool:
    return False


async def broken() -> bool:
    raise ConnectorError("the database at postgresql://bot:secret@db is gone")


async def hanging() -> bool:
    await asyncio.Event().wait()
    return True


@asynccontextmanager
async def pages(**parts: Part) -> AsyncIterator[tuple[HealthPages, Ask]]:
    application = web.Application()
    shown = HealthPages(parts, Counters().page)
    shown.open(application)
    async with TestServer(application) as server, ClientSession() as session:

        async def ask(path: str) -> tuple[int, str, str]:
            async with session.get(server.make_url(path)) as answer:
                return answer.status, await answer.text(), answer.headers["Content-Type"]

        yield shown, ask  # type: ignore[misc]


async def test_all_is_well() -> None:
    async with pages(slack=well, database=well) as (_, ask):
        status, told, _ = await ask("/readyz")
        assert (status, json.loads(told)) == (
            200,
            {"ok": True, "stopping": False, "parts": {"slack": True, "database": True}},
        )
        assert (await ask("/healthz"))[:2] == (200, '{"ok": true}')


@pytest.mark.parametrize("part", [ill, broken, hanging])
async def test_a_part_that_is_not_well_is_named_and_its_words_are_not(
    monkeypatch: pytest.MonkeyPatch, part: Part
) -> None:
    monkeypatch.setattr(health_pages, "PATIENCE", 0.05)
    async with pages(slack=well, database=part) as (_, ask):
        status, told, _ = await ask("/readyz")
        assert (status, json.loads(told)["parts"]) == (503, {"slack": True, "database": False})
        assert "secret" not in told
        assert (await ask("/healthz"))[0] == 200


async def test_a_part_that_hangs_is_looked_at_once_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_pages, "PATIENCE", 0.05)
    looks, comes = 0, asyncio.Event()

    async def database() -> bool:
        nonlocal looks
        looks += 1
        await comes.wait()
        return True

    async with pages(database=database) as (_, ask):
        asked = [await ask("/readyz") for _ in range(3)] + await asyncio.gather(*(ask("/readyz") for _ in range(5)))
        assert ({status for status, *_ in asked}, looks) == ({503}, 1)
        comes.set()
        while (await ask("/readyz"))[0] != 200:
            pass


async def test_a_bot_that_stops_says_so_though_all_is_well() -> None:
    async with pages(slack=well) as (shown, ask):
        shown.stopping = True
        status, told, _ = await ask("/readyz")
        assert (status, json.loads(told)) == (503, {"ok": False, "stopping": True, "parts": {"slack": True}})
        assert (await ask("/healthz"))[0] == 200


async def test_the_figures_are_in_the_format_of_prometheus() -> None:
    async with pages() as (_, ask):
        status, told, kind = await ask("/metrics")
    assert (status, kind.partition(";")[0]) == (200, "text/plain")
    assert "ndesbot_build_info{" in told
