"""PostgreSQL away while two replicas are asked all the time: how many are answered meanwhile, twice, or never."""

import asyncio
import statistics
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.findings import Server
from bot.inbox import HOLD_EVERY
from connectors.store import open_store
from tests import fault_child
from tests.chat.fake_slack import FakeSlack, until
from tests.store import postgres
from tests.store.postgres import Stoppable, ask

How = Literal["frozen", "shut down"]
_NDES = Server("ndes01", "https://ndes.corp.example/certsrv/mscep/mscep.dll")
_APART = 0.25  # seconds between two questions


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of so many questions `asked` while the database was away: those answered before it was back, those whose answer
    stands twice or never, and seconds that they took; `kept` are those that the database knows of in the end. What was
    answered to the check that was `under_way`, and to the one that was `meant` to be made meanwhile."""

    asked: int
    meanwhile: int
    doubled: int
    lost: int
    median: float
    longest: float
    kept: int
    under_way: tuple[str, ...]
    meant: tuple[str, ...]


async def outage(server: Stoppable, folder: Path, how: How, seconds: float, pace: float = 1.0) -> Outcome:
    """The database goes away for some seconds."""
    with postgres.copied(server.address) as address:
        async with open_store(address) as store:
            await store.register(_NDES)
        replicas = []
        async with FakeSlack() as slack:
            slack.latency, slack.retries = 0.05, 3
            try:
                for number, name in enumerate(("bot-1", "bot-2"), 1):
                    replicas.append(fault_child.start(name, address, slack.origin, folder, lasts=2.0, pace=pace))
                    await until(lambda number=number: slack.links == number, 30)
                await asyncio.sleep(pace * HOLD_EVERY + 1)  # they know of each other
                return await _during(server, slack, folder, address, how, seconds)
            finally:
                for replica in replicas:
                    replica.kill()
                    await asyncio.to_thread(replica.join)


async def _during(server: Stoppable, slack: FakeSlack, folder: Path, address: str, how: How, seconds: float) -> Outcome:
    goes, comes = (server.freeze, server.thaw) if how == "frozen" else (server.shut_down, server.start)
    under_way = await slack.mention("check ndes01")
    await until((folder / "journal").exists, 30)
    await asyncio.to_thread(goes)
    asking = _Asking(slack)
    try:
        until_then = time.monotonic() + seconds
        meant = await slack.mention("check ndes01", user="U1")
        while time.monotonic() < until_then:
            asking.one()
            await asyncio.sleep(_APART)
            asking.answered()
        meanwhile = len(asking.answered())
    finally:
        await asyncio.to_thread(comes)
    await asking.all()
    orders = [under_way["ts"], meant["ts"]]
    async with asyncio.timeout(90):
        while _unfinished(slack, orders) or await asyncio.to_thread(ask, address, "select message from inbox"):
            await asyncio.sleep(0.1)
    until_then = time.monotonic() + 15
    while (kept := await _kept(address)) < len(asking.answered()) and time.monotonic() < until_then:
        await asyncio.sleep(0.1)
    return asking.outcome(meanwhile, kept, *(tuple(_answers(slack, order)) for order in orders))


class _Asking:
    """Questions, when each was asked, and when its answer stood."""

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack
        self._began: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def one(self) -> None:
        self._tasks.add(asyncio.create_task(self._ask(len(self._tasks))))

    async def _ask(self, number: int) -> None:
        began = time.monotonic()
        event = await self._slack.mention(f"0x8009{number % 10}01{number % 7} in my log, number {number}")
        self._began[event["ts"]] = began

    def answered(self) -> dict[str, float]:
        """Seconds that each took, as seen now."""
        there = {post.thread for post in self._slack.answers() if post.thread}
        for thread in there & self._began.keys() - self._took.keys():
            self._took[thread] = time.monotonic() - self._began[thread]
        return self._took

    async def all(self) -> None:
        """Wait until all are answered, or for a minute and a half."""
        await asyncio.gather(*self._tasks)
        until_then = time.monotonic() + 90
        while len(self.answered()) < len(self._began) and time.monotonic() < until_then:
            await asyncio.sleep(0.1)

    def outcome(self, meanwhile: int, kept: int, under_way: tuple[str, ...], meant: tuple[str, ...]) -> Outcome:
        posts = Counter(post.thread for post in self._slack.answers())
        took = self.answered().values()
        return Outcome(
            asked=len(self._began),
            meanwhile=meanwhile,
            doubled=sum(posts[thread] > 1 for thread in self._began),
            lost=sum(posts[thread] == 0 for thread in self._began),
            median=round(statistics.median(took), 1),
            longest=round(max(took), 1),
            kept=kept,
            under_way=under_way,
            meant=meant,
        )


def _answers(slack: FakeSlack, thread: str) -> list[str]:
    return [post.text.replace("\u2060", "").splitlines()[0] for post in slack.answers(thread=thread)]


async def _kept(address: str) -> int:
    ((count,),) = await asyncio.to_thread(ask, address, "select count(*) from questions where text like '%0x8009%'")
    return int(count)


def _unfinished(slack: FakeSlack, threads: list[str]) -> bool:
    answers = [_answers(slack, thread) for thread in threads]
    return not all(answers) or any("Checking" in title or "yet" in title for titles in answers for title in titles)
