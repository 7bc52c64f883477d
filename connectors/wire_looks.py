"""Looks that many may wait for: what several checks want to know is asked once, for as long as one of them waits."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from bot.errors import ProbeError

Found = TypeVar("Found")
Begin = Callable[[], None]
"""Called by a look when it stops queueing and starts asking: deadlines count from here."""
Work = Callable[[Begin], Coroutine[Any, Any, Found]]


class Look(Generic[Found]):
    """One look, under way or done. A caller who goes does not end it for the others; the last one to go does."""

    def __init__(self, work: Work[Found], where: str) -> None:
        self._where = where
        self._begun = asyncio.Event()
        self._since = 0.0
        self._waiting = 0
        self._given_up = False
        self._patience = 0.0  # seconds that somebody waited in vain
        self.task: asyncio.Task[Found] = asyncio.create_task(work(self._begin))
        self.task.add_done_callback(self._ended)

    def serves(self, deadline: float) -> bool:
        """Whether a further caller can be told something; not where all went and none had waited that long."""
        return not self._given_up or deadline <= self._patience

    async def found(self, deadline: float) -> Found:
        """What the look finds. Raises its `ProbeError`, or "timeout" after `deadline` seconds of asking."""
        if not self._given_up and not self.task.done():
            await self._wait(deadline)
        if self._given_up or not self.task.done():
            raise ProbeError("timeout", f"{self._where} did not answer within {deadline:g} s.")
        if self.task.cancelled():
            raise ProbeError("left-alone", f"{self._where} was not asked to the end: the run was over.")
        if isinstance(error := self.task.exception(), ProbeError):
            raise ProbeError(error.trouble, str(error))  # anew: a raised one keeps the frames of every caller
        return self.task.result()

    async def _wait(self, deadline: float) -> None:
        self._waiting += 1
        try:
            await self._begun.wait()
            left = self._since + deadline - asyncio.get_running_loop().time()
            if not self.task.done():
                await asyncio.wait({self.task}, timeout=max(0.0, left))
            if not self.task.done():
                self._patience = max(self._patience, deadline)
        finally:
            self._waiting -= 1
            if not self._waiting and not self.task.done():
                self._given_up = True
                self.task.cancel()

    def _begin(self) -> None:
        self._since = asyncio.get_running_loop().time()
        self._begun.set()

    def _ended(self, task: asyncio.Task[Found]) -> None:
        self._begun.set()
        if not task.cancelled():
            task.exception()  # seen: it may be that nobody is left who waits for it


class Looks:
    """The looks of a run, by what they ask."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Look[Any]] = {}
        self._running: set[asyncio.Task[Any]] = set()

    def of(self, key: Hashable, work: Work[Found], *, where: str, deadline: float, fresh: bool = False) -> Look[Found]:
        """The look of this key; a new one where it is `fresh`, or there is none that serves."""
        look: Look[Found] | None = None if fresh else self._kept.get(key)
        if look is None or not look.serves(deadline):
            look = self._kept[key] = Look(work, where)
            self._running.add(look.task)
            look.task.add_done_callback(self._running.discard)
        return look

    async def close(self) -> None:
        """End what still runs; whoever waits for it hears "left-alone"."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
