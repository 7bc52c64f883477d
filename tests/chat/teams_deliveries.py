"""Thousands of deliveries to the whole bot, repeated, out of order and through restarts; and a storm of refusals."""

import asyncio
import gc
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientError, ClientSession

from bot.ports import Show
from bot.types import Answer, Message, Piece, Quote
from tests.chat.fake_teams import TENANT, FakeTeams, Post, deliver
from tests.chat.slack_deliveries import Simulated
from tests.chat.teams_bot import running

AT_ONCE: Final = 40
"""Deliveries under way at a time."""
_TO_A_CHAT: Final = 5  # messages of one conversation: Teams lets a bot post seven in a second
_APOLOGY: Final = "I was restarted"


async def _answer(message: Message, show: Show) -> Answer | None:
    await asyncio.sleep(random.uniform(0, 0.01))
    return Answer(f"Answer to {message.text}", "info", (Quote((Piece(message.text, False),)),))


async def deliveries(number: int, sdk: str, folder: Path, *, restarts: int = 10, seed: int = 1) -> dict[str, int]:
    """Figures of so many deliveries; a third are repetitions, all are out of order, and the bot is killed and begun
    again in between. Raises `AssertionError` where a message is answered twice, or neither answered nor named by an
    apology: Teams cannot be asked what was posted before a kill."""
    dice = random.Random(seed)
    async with FakeTeams().running() as teams, ClientSession() as session:
        messages = [_message(teams, n) for n in range(number * 2 // 3)]
        lot = messages + dice.choices(messages, k=number - len(messages))
        dice.shuffle(lot)
        share = -(-len(lot) // restarts)
        for start in range(0, len(lot), share):
            left = lot[start : start + share]
            async with running(sdk, folder, teams=teams, handle=_answer, settled=0) as bot:
                await _tell(teams, session, bot.address, left)
        gc.collect()  # what the killed ones left open makes its noise now
        async with running(sdk, folder, teams=teams, handle=_answer) as bot:
            await bot.settled()
        return _judged(teams, len(messages), len(lot))


def _message(teams: FakeTeams, number: int) -> dict[str, Any]:
    conversation = {"id": f"a:{number // _TO_A_CHAT}", "conversationType": "personal", "tenantId": TENANT}
    return teams.message(f"message {number}", conversation=conversation)


async def _tell(teams: FakeTeams, session: ClientSession, address: str, lot: list[dict[str, Any]]) -> None:
    turns, token = asyncio.Semaphore(AT_ONCE), teams.token()

    async def tell(activity: dict[str, Any]) -> None:
        async with turns:
            try:
                status, _ = await deliver(session, address, activity, token)
            except ClientError:
                status = 0
            assert status == 200, status

    await asyncio.gather(*map(tell, lot))


def _judged(teams: FakeTeams, messages: int, deliveries: int) -> dict[str, int]:
    answered = Counter(_number(post) for post in teams.standing() if _APOLOGY not in post.words)
    apologised = Counter(_number(post) for post in teams.standing() if _APOLOGY in post.words)
    assert {number: times for number, times in answered.items() if times > 1} == {}
    assert sorted({*answered, *apologised}) == list(range(messages))
    return {"messages": messages, "deliveries": deliveries, "answers": len(answered), "apologies": len(apologised)}


def _number(post: Post) -> int:
    return int(re.findall(r"message (\d+)", post.words)[0])


# --- a storm of refusals ---------------------------------------------------------------------


async def storm(messages: int, minutes: float, sdk: str, folder: Path, *, threads: int = 20) -> dict[str, int]:
    """Figures of messages that are written while Teams refuses every post. Raises `AssertionError` where one is lost,
    answered twice, or out of the order of its thread."""
    clock = Simulated()
    over = clock.now.timestamp() + 60 * minutes
    async with FakeTeams(now=lambda: clock.now.timestamp()).running() as teams:
        teams.storm = lambda: teams.now() < over
        going = asyncio.create_task(clock.go())
        how: dict[str, Any] = {"clock": clock, "pause": clock.pause, "surface": {"wait": clock.pause}}
        async with running(sdk, folder, teams=teams, handle=_answer, **how) as bot:
            for number in range(messages):
                await bot.hears(teams.in_channel(f"message {number}", thread=str(number % threads)))
            async with asyncio.timeout(600):
                while len(teams.posts) < messages:
                    await asyncio.sleep(0.05)
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        for thread in range(threads):
            posts = teams.standing(f"19:channel@thread.tacv2;messageid={thread}")
            assert list(map(_number, posts)) == list(range(thread, messages, threads))
        assert teams.now() >= over
        refused = teams.requests.count(("POST", "activities")) - messages
        return {"messages": messages, "refusals": refused}
