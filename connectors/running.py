"""Keeps what serves running until it is told to stop, by SIGINT or SIGTERM."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any


async def until_stopped(serve: Coroutine[Any, Any, None]) -> None:
    """Let something serve; returns after SIGINT or SIGTERM, or when it ends. Raises what it raises."""
    stop = stopped()
    serving = asyncio.create_task(serve)
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    serving.cancel()
    results = await asyncio.gather(serving, return_exceptions=True)
    if isinstance(results[0], Exception):
        raise results[0]


def stopped() -> asyncio.Event:
    """Set when the process is told to stop."""
    stop = asyncio.Event()
    for name in ("SIGINT", "SIGTERM"):
        _on_signal(getattr(signal, name), stop)
    return stop


def _on_signal(number: signal.Signals, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(number, stop.set)
    except NotImplementedError:  # Windows
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
