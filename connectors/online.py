"""Does this computer reach anything at all? Asked before a server is blamed for not answering."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from connectors.settings_file import Settings

PATIENCE: Final = 3.0
"""Seconds in which one of the places must take a connection."""
_MICROSOFT: Final = "https://login.microsoftonline.com"


def places_of(said: Settings) -> tuple[tuple[str, int], ...]:
    """Host and port of what this bot must reach anyhow: its proxy, or its chat platforms."""
    addresses = [said.network.proxy] if said.network.proxy else []
    if not addresses and said.slack:
        addresses.append(said.slack.api)
    if not addresses and said.teams:
        addresses.append(_MICROSOFT)
    parts = [urlsplit(address) for address in addresses if address]
    return tuple((p.hostname, p.port or (443 if p.scheme == "https" else 80)) for p in parts if p.hostname)


def online(places: Sequence[tuple[str, int]]) -> Callable[[], Awaitable[bool]]:
    """A question that is answered yes where one of the places takes a connection; or where there is none to ask."""

    async def ask() -> bool:
        if not places:
            return True
        return any(await asyncio.gather(*(_reached(host, port) for host, port in places)))

    return ask


async def _reached(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
