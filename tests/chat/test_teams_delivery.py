"""What Teams refuses is tried again in order and posted once; long answers are parted; files go with consent."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import Busy, ConnectorError, Gone
from bot.ports import Show
from bot.types import Answer, Fold, Message, Place, Steps
from connectors.chat.teams_protocol.governor import LIMITS, PATIENCE, Governor
from connectors.chat.teams_protocol.outgoing import MOST_PARTS, activities, weight
from connectors.render.teams import LARGEST_MESSAGE
from tests.chat.teams_bot import Bot, running
from tests.fakes import NOON, FakeClock

PERSONAL = Place("teams", "a:personal-pat")
CHANNEL = Place("teams", "19:channel@thread.tacv2", "1700")


async def echo(message: Message, show: Show) -> Answer | None:
    """Says the words again; `long` is a very long answer, `filling` one that fills in."""
    if message.text == "filling":
        for step in range(3):
            await show(Answer(f"{step} of 3", "info"))
            await asyncio.sleep(0.02)
        return long(3)
    return long(4) if message.text == "long" else Answer(message.text, "info")


def long(parts: int) -> Answer:
    steps = tuple(f"Step {number} of a very long list: " + "look closely, " * 40 for number in range(parts * 40))
    return Answer("Long", "info", (Fold("All", "", (Steps(steps),)),))


@pytest.fixture
async def bot(sdk: str, tmp_path: Path) -> AsyncIterator[Bot]:
    """A bot that echoes."""
    async with running(sdk, tmp_path, handle=echo) as whole:
        yield whole


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [412, 429, 502, 504])
async def test_what_teams_wants_tried_again_is_tried_again_later_each_time(bot: Bot, status: int) -> None:
    bot.teams.troubles = [(status, {})] * 4
    assert await bot.answers(bot.teams.message("hello there")) == ["Good to know: hello there"]
    assert [2**n * 0.5 <= wait <= 2**n * 1.5 for n, wait in enumerate(bot.waits)] == [True] * 4


async def test_the_time_that_teams_names_is_kept(bot: Bot) -> None:
    bot.teams.troubles = [
        (429, {"Retry-After": "17"}),
        (429, {"Retry-After": "tomorrow"}),
        (429, {"Retry-After": "-1"}),
    ]
    await bot.answers(bot.teams.message("hello there"))
    assert 17 <= bot.waits[0] <= 18
    assert max(bot.waits[1:]) <= 6


@pytest.mark.parametrize("status", [400, 403, 404, 413])
async def test_what_teams_does_not_want_is_not_tried_again(bot: Bot, status: int) -> None:
    bot.teams.troubles = [(status, {})]
    assert await bot.answers(bot.teams.message("one"), bot.teams.message("two")) == ["Good to know: two"]
    assert bot.waits == []


async def test_a_teams_that_fails_is_tried_again(bot: Bot) -> None:
    bot.teams.troubles = [(500, {}), (503, {})]
    assert await bot.answers(bot.teams.message("one")) == ["Good to know: one"]
    assert len(bot.waits) == 2


async def test_a_storm_of_refusals_loses_nothing_and_keeps_the_order_of_each_thread(bot: Bot) -> None:
    dice = random.Random(3)
    bot.teams.troubles = [(429, {}) if dice.random() < 0.7 else None for _ in range(60)]
    said = [bot.teams.in_channel(f"{n}", thread=str(n % 5)) for n in range(25)]
    await bot.answers(*said)
    for thread in range(5):
        titles = bot.teams.titles(f"19:channel@thread.tacv2;messageid={thread}")
        assert titles == [f"Good to know: {n}" for n in range(25) if n % 5 == thread]


async def test_where_nobody_wrote_nothing_is_posted(bot: Bot) -> None:
    with pytest.raises(Gone):
        await bot.surface.send(Place("teams", "19:nobody"), Answer("x", "info"), str, key="k")


async def test_an_address_that_was_changed_in_the_store_gets_nothing(bot: Bot) -> None:
    for address in ("https://evil.example/", "", None, 7):
        kept = {"serviceUrl": address, "conversation": {"id": "19:changed"}}
        await bot.mail.refer("teams", f"19:changed{address}", kept)
        with pytest.raises(Gone):
            await bot.surface.send(Place("teams", f"19:changed{address}"), Answer("x", "info"), str, key="k")


async def test_a_teams_that_is_away_is_no_busy_one(bot: Bot) -> None:
    await bot.answers(bot.teams.message("hello there"))
    kept = await bot.mail.reference("teams", PERSONAL.conversation)
    await bot.mail.refer("teams", "19:away", {**(kept or {}), "serviceUrl": "http://127.0.0.1:9/"})
    with pytest.raises(ConnectorError, match="cannot be reached") as raised:
        await bot.surface.send(Place("teams", "19:away"), Answer("x", "info"), str, key="k")
    assert not isinstance(raised.value, Busy | Gone)


# --- long answers ----------------------------------------------------------------------------


async def test_a_long_answer_comes_in_parts_each_small_enough(bot: Bot) -> None:
    await bot.answers(bot.teams.in_channel("long"))
    posts = bot.teams.standing()
    assert len(posts) > 2
    assert [f"Part {n} of {len(posts)}" in post.words for n, post in enumerate(posts, 1)] == [True] * len(posts)
    assert max(2 * len(json.dumps(post.activity)) for post in posts) <= LARGEST_MESSAGE


async def test_a_refusal_between_two_parts_repeats_none(bot: Bot) -> None:
    bot.teams.troubles = [None, (429, {}), None, (502, {})]
    await bot.answers(bot.teams.in_channel("long"))
    posts = bot.teams.standing()
    assert [f"Part {n} of {len(posts)}" in post.words for n, post in enumerate(posts, 1)] == [True] * len(posts)


async def test_an_answer_that_grows_and_shrinks_stands_once(bot: Bot) -> None:
    await bot.answers(bot.teams.in_channel("hello there"))
    (sent,) = bot.teams.posts
    bot.teams.troubles = [None, None, (429, {})]
    with pytest.raises(Busy):
        await bot.surface.edit(CHANNEL, sent, long(4), str)
    await bot.surface.edit(CHANNEL, sent, long(4), str)
    posts = bot.teams.standing()
    assert [f"Part {n} of {len(posts)}" in post.words for n, post in enumerate(posts, 1)] == [True] * len(posts)
    await bot.surface.edit(CHANNEL, sent, Answer("Short", "info"), str)
    assert bot.teams.titles() == ["Good to know: Short"]


async def test_an_answer_fills_in_where_it_stands(bot: Bot) -> None:
    bot.surface.pause = 0
    await bot.answers(bot.teams.in_channel("filling"))
    first, *others = bot.teams.standing()
    assert first.shown[0]["summary"] == "Good to know: 0 of 3"
    assert [post.activity["summary"] for post in (first, *others)] == ["Good to know: Long"] * len(bot.teams.standing())


async def test_what_was_taken_away_cannot_be_edited(bot: Bot) -> None:
    await bot.answers(bot.teams.message("hello there"))
    with pytest.raises(Gone):
        await bot.surface.edit(PERSONAL, "1:unheard-of", Answer("x", "info"), str)


def test_an_answer_without_end_is_cut_visibly_and_nothing_is_too_large() -> None:
    parts = activities(long(3 * MOST_PARTS), str, "29:pat")
    assert len(parts) == MOST_PARTS + 1
    assert "left out" in parts[-1]["text"]
    assert max(map(weight, parts)) <= LARGEST_MESSAGE


# --- files -----------------------------------------------------------------------------------


async def _consent(bot: Bot) -> tuple[str, dict[str, str]]:
    await bot.answers(bot.teams.message("long"))
    sent, post = list(bot.teams.posts.items())[-1]
    (card,) = post.activity["attachments"]
    assert card["contentType"] == "application/vnd.microsoft.teams.card.file.consent"
    return sent, card["content"]["acceptContext"]


async def test_a_long_answer_may_be_had_as_a_file(bot: Bot) -> None:
    sent, context = await _consent(bot)
    upload = {"uploadUrl": f"{bot.teams.url}/files/answer.txt", "contentUrl": f"{bot.teams.url}/files/answer.txt"}
    value = {"action": "accept", "context": context, "uploadInfo": {**upload, "uniqueId": "u1", "fileType": "txt"}}
    said = bot.teams.invoke("fileConsent/invoke", value, replyToId=sent)
    await bot.answers(said, said)
    await bot.answers({**said, "id": "another"})
    assert "Step 159" in bot.teams.files["answer.txt"].decode()
    assert bot.teams.posts[sent].gone
    shown, again = bot.teams.standing()[-2:]
    assert shown.activity["attachments"][0]["contentType"] == "application/vnd.microsoft.teams.card.file.info"
    assert "not kept" in again.words


async def test_a_file_that_is_not_wanted_is_not_put_anywhere(bot: Bot) -> None:
    sent, context = await _consent(bot)
    await bot.answers(bot.teams.invoke("fileConsent/invoke", {"action": "decline", "context": context}, replyToId=sent))
    assert (bot.teams.files, bot.teams.posts[sent].gone) == ({}, True)


async def test_a_file_is_put_only_where_microsoft_keeps_files(bot: Bot) -> None:
    _, context = await _consent(bot)
    value = {"action": "accept", "context": context, "uploadInfo": {"uploadUrl": "https://evil.example/x"}}
    assert "not Microsoft's" in (await bot.answers(bot.teams.invoke("fileConsent/invoke", value)))[-1]


async def test_no_file_is_offered_where_teams_takes_none(bot: Bot) -> None:
    await bot.answers(bot.teams.in_channel("long"))
    assert "consent" not in json.dumps([post.activity for post in bot.teams.standing()])


# --- the governor ----------------------------------------------------------------------------


class Traffic:
    """Posts through a governor, on a clock that goes only while somebody waits."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.governor = Governor(self.clock, self.pause)
        self.posted: list[tuple[str, float]] = []

    async def pause(self, seconds: float) -> None:
        until = self.clock() + timedelta(seconds=seconds)
        await asyncio.sleep(0)
        self.clock.now = max(self.clock.now, until)

    async def post(self, thread: str) -> None:
        while True:
            try:
                await self.governor.come(thread)
            except Busy as busy:
                await self.pause(busy.after)
                continue
            self.posted.append((thread, (self.clock() - NOON).total_seconds()))
            return

    def within_limits(self, thread: str) -> bool:
        times = [at for name, at in self.posted if name == thread]
        return not any(
            later - earlier < seconds
            for most, seconds in LIMITS
            for earlier, later in zip(times, times[most:], strict=False)
        )


async def test_no_thread_gets_more_than_teams_takes() -> None:
    traffic = Traffic()
    for number in range(4000):
        await traffic.post("one")
        if number % 100 == 0:
            await traffic.post("another")
    assert traffic.within_limits("one")
    assert traffic.within_limits("another")
    assert traffic.posted[6][1] == 0  # seven at once
    assert traffic.posted[-1][1] < 2.3 * 3600  # and no slower than it must be


async def test_those_who_wait_go_in_the_order_in_which_they_came() -> None:
    traffic, order = Traffic(), list[int]()

    async def post(number: int) -> None:
        await traffic.post("one")
        order.append(number)

    await asyncio.gather(*(post(number) for number in range(50)))
    assert order == list(range(50))


async def test_who_would_wait_long_hears_so_instead() -> None:
    clock = FakeClock()

    async def pause(seconds: float) -> None:
        clock.pass_by(seconds)

    governor = Governor(clock, pause, ((1, 100.0),))
    await governor.come("one")
    with pytest.raises(Busy) as busy:
        await governor.come("one")
    assert busy.value.after == pytest.approx(100, abs=PATIENCE)
    clock.pass_by(-5000)  # a clock that was put back stops nobody
    await governor.come("one")


async def test_threads_at_rest_are_forgotten() -> None:
    clock = FakeClock()
    governor = Governor(clock, asyncio.sleep)
    for number in range(20_000):
        clock.pass_by(10)
        await governor.come(str(number))
    assert len(governor._threads) < 3_000


async def test_the_whole_bot_posts_no_faster_than_teams_takes(sdk: str, tmp_path: Path) -> None:
    """Of nine posts in one thread the last goes after two seconds, by the clock of the bot."""
    async with running(sdk, tmp_path, handle=echo) as bot:
        await bot.answers(*(bot.teams.in_channel(f"{n}") for n in range(9)))
        assert bot.clock.ahead >= timedelta(seconds=0.5)
        assert len(bot.teams.posts) == 9
