"""What was looked up is known for a while: few calls, and never two for the same thing at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

MOST: Final = 10_000
"""Things that are remembered, where nothing else is said."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LookedUp(Generic[K, V]):
    """Asks for a value once, then knows it for some seconds. A question that failed is asked again."""

    def __init__(self, ask: Callable[[K], Awaitable[V]], keep: Callable[[V], float], most: int = MOST) -> None:
        """`keep` says for how many seconds a value is known; of more than `most` the oldest make room."""
        self._ask = ask
        self._keep = keep
        self._most = most
        self._known: dict[K, tuple[V, float]] = {}
        self._asking: dict[K, asyncio.Task[V]] = {}

    async def __call__(self, key: K) -> V:
        """The value of a key. Raises what asking raises; who waits no longer leaves the question under way."""
        now = asyncio.get_running_loop().time()
        if (known := self._known.get(key)) and known[1] > now:
            return known[0]
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._asked(key))
            asking.add_done_callback(lambda task: self._done(key, task))
        return await asyncio.shield(asking)

    def put(self, key: K, value: V) -> None:
        """Know a value without asking."""
        self._known.pop(key, None)
        if len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        self._known[key] = value, asyncio.get_running_loop().time() + self._keep(value)

    async def _asked(self, key: K) -> V:
        value = await self._ask(key)
        self.put(key, value)
        return value

    def _done(self, key: K, task: "asyncio.Task[V]") -> None:
        del self._asking[key]
        if not task.cancelled():
            task.exception()  # whoever waited was told; perhaps nobody did

    async def close(self) -> None:
        """Leave what is being asked."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
