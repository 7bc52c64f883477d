"""Writes of one kind that are asked for while one is under way share the next transaction: a commit costs the most."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

MOST: Final = 200
"""Items of one transaction."""

T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """Asked for one item, answers with its result. Alone, an item waits for nobody."""

    def __init__(self, write: Callable[[list[T]], Awaitable[list[R]]]) -> None:
        """`write` gives a result for each item, in their order; what it raises, everybody of that lot gets."""
        self._write = write
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def __call__(self, item: T) -> R:
        """The result for an item, once it is written. Who is cancelled meanwhile may find it written or not."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._writing is None:
            self._writing = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        try:
            while self._waiting:
                lot, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._one(lot)
        finally:
            self._writing = None

    async def _one(self, lot: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._write([item for item, _ in lot])
        except BaseException as error:
            for _, future in lot:
                if not future.done():
                    future.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), result in zip(lot, results, strict=True):
            if not future.done():
                future.set_result(result)
