"""How fast Teams lets a bot post into one thread: nothing is sent that would be refused."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from bot.errors import Busy
from bot.ports import Clock

LIMITS: Final = ((7, 1.0), (8, 2.0), (60, 30.0), (1800, 3600.0))
"""Posts in seconds, per bot and thread (learn.microsoft.com, "Optimize your bot with rate limiting"; read
2026-11-20)."""
PATIENCE: Final = 15.0
"""Seconds that a post waits here; one that must wait longer is `Busy`."""
_SWEEP: Final = 1_000  # threads remembered before those at rest are forgotten

Pause = Callable[[float], Awaitable[None]]


class Governor:
    """Holds posts back until their thread may take them, in the order in which they came."""

    def __init__(self, clock: Clock, pause: Pause, limits: Sequence[tuple[int, float]] = LIMITS) -> None:
        """`clock` tells the time, `pause` lets it pass."""
        self._clock = clock
        self._pause = pause
        self._limits = limits
        self._longest = max(seconds for _, seconds in limits)
        self._most = max(posts for posts, _ in limits)
        self._threads: dict[str, _Thread] = {}
        self._swept_at = _SWEEP

    async def come(self, thread: str) -> None:
        """Wait until a post may go. Raises `Busy` where that takes longer than `PATIENCE`."""
        known = self._threads.get(thread)
        if known is None:
            known = self._threads[thread] = _Thread(self._most)
            self._sweep()
        async with known.row:
            while (wait := self._wait(known.posts)) > 0:
                if wait > PATIENCE:
                    raise Busy(wait)
                await self._pause(wait)
            known.posts.append(self._clock())

    def _wait(self, posts: "deque[datetime]") -> float:
        """Seconds until one more is within every limit."""
        now = self._clock()
        while posts and posts[-1] > now:  # the clock was put back
            posts.pop()
        waits = (seconds - (now - posts[-most]).total_seconds() for most, seconds in self._limits if len(posts) >= most)
        return max(waits, default=0.0)

    def _sweep(self) -> None:
        if len(self._threads) <= self._swept_at:
            return
        now = self._clock()
        self._threads = {name: thread for name, thread in self._threads.items() if not self._at_rest(thread, now)}
        self._swept_at = max(_SWEEP, 2 * len(self._threads))

    def _at_rest(self, thread: "_Thread", now: datetime) -> bool:
        """Whether nothing that was posted still counts. A thread that was just asked about has no posts yet."""
        if thread.row.locked() or not thread.posts:
            return False
        return (now - thread.posts[-1]).total_seconds() > self._longest


class _Thread:
    """When the last posts went, and the row of those that wait."""

    def __init__(self, most: int) -> None:
        self.posts: deque[datetime] = deque(maxlen=most)
        self.row = asyncio.Lock()
