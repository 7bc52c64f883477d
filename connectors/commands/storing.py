"""How a command uses what the bot keeps: the store is open as long as the work takes."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any


def with_store(work: Callable[[Any], Awaitable[Any]], settings_file: Path | None = None) -> Any:
    """Run something with the store of the bot that a settings file describes (`settings_file.database` says which)."""
    import asyncio

    from connectors.settings_file import database
    from connectors.store import open_store

    async def inside() -> Any:
        async with open_store(database(settings_file)) as store:
            return await work(store)

    return asyncio.run(inside())
