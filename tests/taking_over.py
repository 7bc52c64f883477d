"""Two replicas, of which one dies or stands still with its hands full: what the other one takes over, and how soon."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

from bot.findings import Server
from connectors.engine import open_engine
from connectors.store import open_store
from tests import fault_child
from tests.chat.fake_slack import FakeSlack, until
from tests.store.postgres import ask

QUESTIONS: Final = 10
"""Questions in the first replica's hands, beside a check."""
_NDES = Server("ndes01", "https://ndes.corp.example/certsrv/mscep/mscep.dll")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Seconds from the death to the last answer to a question, and to that of the check; `taken` are the messages
    that were taken over, `made` how often the check was begun, `posts` what stands in the end."""

    questions: float
    check: float
    taken: int
    made: int
    posts: int

    @property
    def once(self) -> bool:
        """Whether everything was answered, and nothing twice."""
        return self.posts == QUESTIONS + 1


async def death(address: str, folder: Path, pace: float = 1.0) -> Outcome:
    """The first replica is killed."""
    async with _hands_full(address, folder, pace, lasts=(60.0, 0.1)) as (slack, first):
        first.kill()
        return await _ended(address, folder, slack)


async def standstill(address: str, folder: Path, seconds: float) -> Outcome:
    """The first replica does nothing for a time, as on a computer that swaps or sleeps; its times count from the end
    of it."""
    async with _hands_full(address, folder, 1.0, lasts=(2.0, 2.0)) as (slack, first):
        assert first.pid
        os.kill(first.pid, signal.SIGSTOP)
        slack.busy.clear()
        await asyncio.sleep(seconds)
        taken = await _taken(address)
        os.kill(first.pid, signal.SIGCONT)
        outcome = await _ended(address, folder, slack)
        await asyncio.sleep(1)
        return Outcome(outcome.questions, outcome.check, taken, outcome.made, len(slack.answers()))


@asynccontextmanager
async def _hands_full(
    address: str, folder: Path, pace: float, lasts: tuple[float, float]
) -> AsyncIterator[tuple[FakeSlack, ForkServerProcess]]:
    """Two replicas; all questions and the check are the first one's, for the platform takes no answer yet."""
    async with open_store(address) as store, open_engine(address, executor="neither", work={}):
        await store.register(_NDES)
    replicas = []
    async with FakeSlack() as slack:
        slack.busy["chat.postMessage"] = 1_000_000
        try:
            replicas.append(fault_child.start("bot-1", address, slack.origin, folder, lasts=lasts[0], pace=pace))
            await until(lambda: slack.links == 1, 30)
            await slack.mention("check ndes01")
            await until((folder / "journal").exists, 30)
            await asyncio.gather(*(slack.mention(f"0x8009401{n}") for n in range(QUESTIONS)))
            replicas.append(fault_child.start("bot-2", address, slack.origin, folder, lasts=lasts[1], pace=pace))
            await until(lambda: slack.links == 2, 30)
            await asyncio.sleep(pace)  # it looked after its inbox, or not
            yield slack, replicas[0]
        finally:
            for replica in replicas:
                replica.kill()
                await asyncio.to_thread(replica.join)


async def _ended(address: str, folder: Path, slack: FakeSlack) -> Outcome:
    slack.busy.clear()
    began, questions, check = time.monotonic(), 0.0, 0.0
    async with asyncio.timeout(120):
        while not (questions and check):
            told = [post.text.replace("\u2060", "") for post in slack.answers()]
            well = [text for text in told if "ndes01: " in text and "Checking" not in text]
            check = check or (time.monotonic() - began if well else 0.0)
            others = [text for text in told if "ndes01" not in text]
            questions = questions or (time.monotonic() - began if len(others) >= QUESTIONS else 0.0)
            await asyncio.sleep(0.05)
        while await asyncio.to_thread(ask, address, "select message from inbox"):
            await asyncio.sleep(0.05)
    made = len((folder / "journal").read_text().splitlines())
    return Outcome(questions, check, 0, made, len(slack.answers()))


async def _taken(address: str) -> int:
    holders = await asyncio.to_thread(ask, address, "select holder from inbox")
    return QUESTIONS + 1 - sum(holder == "bot-1" for (holder,) in holders)
