"""What must be written is written again and again while the database is away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from bot.errors import Away

TRIES: Final = 120
"""Tries after which it is given up: ten minutes."""
_LONGEST: Final = 5.0  # seconds between two of them

Pause = Callable[[float], Awaitable[None]]
"""Waits a number of seconds."""
T = TypeVar("T")
_log = logging.getLogger(__name__)


def pause_before(tries: int) -> float:
    """Seconds to wait after so many tries."""
    return min(2.0**tries, _LONGEST)


async def insist(write: Callable[[], Awaitable[T]], what: str, pause: Pause = asyncio.sleep) -> T:
    """What `write` gives once the database lets it. Raises `Away` in the end, after a line in the log on `what`."""
    for tries in range(TRIES - 1):
        try:
            return await write()
        except Away:
            await pause(pause_before(tries))
    try:
        return await write()
    except Away as error:
        _log.error(what, extra={"reason": str(error)})
        raise
