"""Thousands of deliveries to the whole bot, repeated, out of order and through restarts; and hours of refusals."""

import asyncio
import heapq
import random
import re
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

from bot.ports import Show
from bot.types import Answer, Message, Text
from knowledge.codes import Codes
from knowledge.library import Library
from tests.chat.fake_slack import BOT, FakeSlack, until
from tests.chat.slack_bot import running
from tests.fakes import FakeClock

AT_ONCE = 40
"""Deliveries under way at a time."""
ASKED = ("0x80094012", "explain 12175", "HTTP 403 at /certsrv/mscep/mscep.dll", "help", "what is 0x8009310b?")


async def deliveries(
    number: int, mode: str, folder: Path, library: Library, codes: Codes, *, restarts: int = 10, seed: int = 1
) -> dict[str, int]:
    """Figures of so many deliveries; a third are repetitions, all are out of order, and the bot is killed and begun
    again in between. Raises `AssertionError` where a message is not answered exactly once."""
    dice = random.Random(seed)
    async with FakeSlack() as slack:
        slack.retries, slack.patience, slack.retry_pause, slack.strict = 1000, 1.0, 0.05, False
        events = [
            slack.written(f"<@{BOT}> {dice.choice(ASKED)}", channel=dice.choice(("C1", "C2", "DU1")))
            for _ in range(number * 3 // 4)
        ]
        lot = events + dice.sample(events, number - len(events))
        dice.shuffle(lot)
        if mode == "http":
            slack.http_door = "http://127.0.0.1:9/"  # nobody serves yet
        telling = asyncio.create_task(_tell(slack, lot))
        done = 0
        while not telling.done():
            done += number // restarts
            async with running(slack, mode, folder / "deliveries.db", library, codes, kill=True):
                await until(lambda: telling.done() or len(slack.acked) >= done, 600)  # noqa: B023 - used at once
        await telling
        async with running(slack, mode, folder / "deliveries.db", library, codes) as bot:
            await until(lambda: not bot.inbox._under_way, 120)
        asked = Counter(f"{event['channel']} {event['ts']}" for event in events)
        answered = Counter(_key(post) for post in slack.answers() if not post.reader)
        private = [post for post in slack.answers() if post.reader]
        silent = [event for event in events if event["text"].endswith("help") and not event["channel"].startswith("D")]
        assert {key: times for key, times in answered.items() if times > 1} == {}
        missing = set(asked) - set(answered) - {f"{event['channel']} {event['ts']}" for event in silent}
        assert not missing, missing
        # What only one person sees is in no history: where its posting was cut off, it may come again.
        assert len({post.thread for post in private}) == len(silent)
        return {"messages": len(events), "deliveries": len(lot), "answers": len(answered) + len(silent)}


async def _tell(slack: FakeSlack, lot: list[dict[str, Any]]) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def tell(event: dict[str, Any]) -> None:
        async with turns:
            await slack.event(event)

    await asyncio.gather(*map(tell, lot))


def _key(post: Any) -> str:
    return str((post.metadata or {}).get("event_payload", {}).get("key"))


# --- a storm of refusals ---------------------------------------------------------------------


class Simulated(FakeClock):
    """A clock on which waiting costs nothing: when all wait, it jumps to the first who is due."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[tuple[Any, int, asyncio.Event]] = []
        self._number = count()

    async def pause(self, seconds: float) -> None:
        over = asyncio.Event()
        before, self.now = self.now, self.now
        self.pass_by(seconds)
        due, self.now = self.now, before
        heapq.heappush(self._waiting, (due, next(self._number), over))
        await over.wait()

    async def go(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(0.02)
            if self._waiting:
                self.now = max(self.now, self._waiting[0][0])
            while self._waiting and self._waiting[0][0] <= self.now:
                heapq.heappop(self._waiting)[2].set()


async def storm(
    messages: int, minutes: float, mode: str, folder: Path, library: Library, codes: Codes, *, after: int = 30
) -> dict[str, int]:
    """Figures of messages that are asked while Slack refuses every post. Raises `AssertionError` where one is lost,
    answered twice, or out of the order of its thread, or where Slack is asked before the time it named."""
    clock = Simulated()
    until_when = clock.now.timestamp() + 60 * minutes
    threads = 20

    async def answer(message: Message, show: Show) -> Answer | None:
        return Answer(f"Answer to {message.text}", "info", (Text("So it is."),))

    async with FakeSlack() as slack:
        slack.now = lambda: clock.now.timestamp()
        slack.storm = lambda method: method == "chat.postMessage" and slack.now() < until_when
        slack.busy_for, slack.strict = after, False
        going = asyncio.create_task(clock.go())
        how: dict[str, Any] = {"handle": answer, "clock": clock, "pause": clock.pause}
        async with running(slack, mode, folder / "storm.db", library, codes, **how):
            for number in range(messages):
                thread = f"16000000{number % threads:02}.1"
                channel = f"C{1 + number % threads % 2}"
                await slack.say(f"<@{BOT}> {number}", channel=channel, thread=thread)
            await slack.answered(messages)
            refused = slack.calls["chat.postMessage"] - messages
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        for thread in {post.thread for post in slack.answers()}:
            numbers = [int(re.findall(r"Answer to (\d+)", post.text)[0]) for post in slack.answers(thread=thread)]
            assert numbers == sorted(set(numbers))
        assert len(slack.answers()) == messages
        assert slack.now() >= until_when
        return {"messages": messages, "refusals": refused}
