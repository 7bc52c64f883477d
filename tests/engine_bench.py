"""What the tests of the engine stand on: work that can be held up, a delivery that remembers, a PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from connectors.engine import Said, Work, open_engine
from tests.store import postgres

NDES = {"server": "ndes01"}


@contextmanager
def postgres_for_runs() -> Iterator[str]:
    """One schema for all tests of a file: each has keys of its own."""
    with postgres.server() as database, postgres.empty_schema(database) as address:
        yield address
        connections = sa.create_engine(address, poolclass=sa.NullPool)
        with connections.begin() as connection:
            name = f"{connection.scalar(sa.select(sa.func.current_schema()))}_runs"
            connection.execute(sa.schema.DropSchema(name, cascade=True, if_exists=True))


class Bench:
    """Work that counts and can be held up, and a delivery that remembers."""

    def __init__(self) -> None:
        self.worked: list[Said] = []
        self.delivered: list[tuple[str, str, Said, Said | None]] = []
        self.go = asyncio.Event()
        self.go.set()
        self.arrived = asyncio.Event()

    async def work(self, said: Said) -> Said:
        self.worked.append(said)
        await self.go.wait()
        return {"verdict": "ok", "of": said["server"]}

    async def deliver(self, kind: str, key: str, said: Said, result: Said | None) -> None:
        self.delivered.append((kind, key, said, result))
        self.arrived.set()

    def open(self, address: str, *, executor: str = "this", **more: Any) -> Any:
        work: dict[str, Work] = {"check": self.work, "digest": self.work, **more.pop("work", {})}
        return open_engine(address, executor=executor, work=work, deliver=self.deliver, **more)


OK = {"verdict": "ok", "of": "ndes01"}


async def in_the_end(done: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await done():
            await asyncio.sleep(0.05)
