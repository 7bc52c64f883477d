"""Who opens a connection and never ends the head of a request keeps it for a while, not for an hour."""

import asyncio

import pytest
from aiohttp import web

from connectors import serving
from connectors.settings_file import Web


@pytest.mark.parametrize("said", [b"", b"GET /healthz HTTP/1.1\r\nHost: x"])
async def test_half_a_request_is_closed_although_it_goes_on(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_IDLE", 0.5)
    async with serving._listening(web.Application(), Web(port=0)) as address:
        port = int(address.split(":")[2].split("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        closed = asyncio.create_task(reader.read())
        async with asyncio.timeout(15):
            while not closed.done():
                if said:
                    writer.write(b"x")
                await asyncio.wait({closed}, timeout=0.1)
        writer.close()
