"""Deaths by SIGKILL at every named step of a digest and of a check, each with a successor: what it did not do right."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.diary import Subscription
from bot.findings import Server
from bot.types import Place
from connectors.engine import open_engine
from connectors.store import open_store
from tests import fault_child
from tests.chat.fake_slack import FakeSlack, Post, until
from tests.fault_child import CHECK, DIGEST, Fault
from tests.store import postgres
from tests.store.postgres import ask

NDES = Server("ndes01", "https://ndes.corp.example/certsrv/mscep/mscep.dll")
Database = Callable[[Path], AbstractContextManager[str]]
"""Gives the address of a database of its own; its file, if it is one, goes into the folder."""
_AT_ONCE = 8


async def wrong(kind: str, server: str | None, folder: Path, steps: Collection[str] = ()) -> dict[str, str]:
    """What went wrong, by step, of those steps of a kind (`digest`, `check`) or all; each in a database of its own,
    on SQLite or the PostgreSQL `server`."""
    lanes = asyncio.Semaphore(_AT_ONCE)
    faults, one = (DIGEST, _digest) if kind == "digest" else (CHECK, _check)

    async def tried(step: str, database: Database, number: int) -> str | None:
        (own := folder / f"{kind}-{number}").mkdir()
        async with lanes:
            with database(own) as address:
                try:
                    await one(address, own, faults[step])
                    return None
                except (AssertionError, TimeoutError, ValueError) as error:  # also where not one answer stands
                    return f"{type(error).__name__} {error}"

    names = [step for step in faults if step in steps or not steps]
    async with _databases(server, folder) as database:
        outcomes = await asyncio.gather(*(tried(step, database, number) for number, step in enumerate(names)))
    return {step: outcome for step, outcome in zip(names, outcomes, strict=True) if outcome}


@asynccontextmanager
async def _databases(server: str | None, folder: Path) -> AsyncIterator[Database]:
    """Makes databases in which all tables are there already."""
    (first := folder / "first").mkdir()

    @contextmanager
    def file(folder: Path, like: Path | None = None) -> Iterator[str]:
        if like:
            shutil.copytree(like, folder, dirs_exist_ok=True)
        yield f"sqlite+aiosqlite:///{folder}/bot.db"

    with postgres.copied(server) if server else file(first) as template:
        async with open_store(template) as store, open_engine(template, executor="first", work={}):
            await store.register(NDES)
        yield lambda folder: postgres.copied(server, template) if server else file(folder, first)


async def _digest(address: str, folder: Path, fault: Fault) -> None:
    slot = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    since = slot - timedelta(days=3)  # of three slots none was told
    async with open_store(address) as store:
        await store.diary.subscribe(Subscription(Place("slack", "C1"), "daily", slot.hour, since=since))
        async with _death_and_successor(address, folder, fault) as slack:
            (post,) = slack.answers()
            assert f"{since:%a} {since.day} {since:%b} to {slot:%a} {slot.day}" in _told(post), _told(post)
            (subscription,) = await store.diary.subscriptions()
            assert subscription.since == slot


async def _check(address: str, folder: Path, fault: Fault) -> None:
    async with open_store(address) as store, _death_and_successor(address, folder, fault, "check ndes01") as slack:
        (post,) = slack.answers()
        assert "ndes01: " in _told(post), _told(post)
        assert "Checking" not in _told(post), _told(post)
        assert await store.last("ndes01")


@asynccontextmanager
async def _death_and_successor(address: str, folder: Path, fault: Fault, say: str = "") -> AsyncIterator[FakeSlack]:
    """Until nothing waits for an answer any more."""
    async with FakeSlack() as slack:
        slack.patience, slack.retries = 2, 10
        dying = fault_child.start("bot-1", address, slack.origin, folder, fault)
        saying = asyncio.create_task(slack.mention(say)) if say else None
        try:
            await fault_child.dead(dying, "bot-1", folder)
        finally:
            dying.kill()
        successor = fault_child.start("bot-1", address, slack.origin, folder)
        try:
            if saying:
                await saying
            await until(lambda: bool(slack.answers()), 30)
            async with asyncio.timeout(30):
                while await asyncio.to_thread(ask, address, "select message from inbox"):
                    await asyncio.sleep(0.05)
            yield slack
        finally:
            successor.kill()
            await asyncio.to_thread(successor.join)


def _told(post: Post) -> str:
    return f"{post.text} {post.blocks}".replace("\u2060", "")
