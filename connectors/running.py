"""Keeps a chat surface running until it is told to stop, by SIGINT or SIGTERM."""

import asyncio
import signal
from collections.abc import Callable

from bot.ports import ChatSurface, Handler
from bot.types import Answer, Message


def in_thread(handle: Callable[[Message], Answer | None]) -> Handler:
    """A handler that thinks in a thread of its own, so that a long text holds up nobody else."""

    async def think(message: Message) -> Answer | None:
        return await asyncio.to_thread(handle, message)

    return think


def until_stopped(surface: ChatSurface, handle: Handler) -> None:
    """Serve a surface; returns after SIGINT or SIGTERM. Raises `OSError` where its port is taken."""
    asyncio.run(_until_stopped(surface, handle))


async def _until_stopped(surface: ChatSurface, handle: Handler) -> None:
    stop = asyncio.Event()
    for name in ("SIGINT", "SIGTERM"):
        _on_signal(getattr(signal, name), stop)
    serving = asyncio.create_task(surface.serve(handle))
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    serving.cancel()
    results = await asyncio.gather(serving, return_exceptions=True)
    if isinstance(results[0], OSError):
        raise results[0]


def _on_signal(number: signal.Signals, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(number, stop.set)
    except NotImplementedError:  # Windows
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
