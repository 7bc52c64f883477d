"""The digests of many channels, due at the same moment, on platforms that keep their rate limits: in simulated time."""

import asyncio
import heapq
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bot.check import Checker
from bot.commands import UseCases
from bot.diary import Health, Run, Subscription
from bot.digests import Digests
from bot.findings import Server
from bot.inbox import Inbox
from bot.ports import ChatSurface, Handler
from bot.rounds import Rounds
from bot.router import Router
from bot.types import Place
from connectors import shelf
from connectors.render.chart import chart
from connectors.store import SqlStore, open_store
from knowledge.causes import Causes
from knowledge.codes import Codes
from knowledge.library import Library
from tests.chat import slack_bot, teams_bot
from tests.chat.fake_slack import FakeSlack
from tests.chat.fake_teams import BOT, TENANT, FakeTeams
from tests.chat.limits import Limits
from tests.chat.slack_deliveries import Simulated
from tests.checks.fake_wire import FakeWire
from tests.fakes import wires_of

URL: Final = "https://ndes.corp.example/certsrv/mscep/mscep.dll"
SERVERS: Final = 20
_LONGEST: Final = timedelta(hours=1)  # of simulated time, whatever is missing
_AFTERWARDS: Final = timedelta(minutes=1)  # in which a digest would come that comes twice


class Stepping(Simulated):
    """A clock that jumps when it is told to: once all wait for it, so that work takes no time, whatever it takes."""

    async def idle(self, waiting: Callable[[], int]) -> None:
        """Until so many wait."""
        while len(self._waiting) < waiting():
            await asyncio.sleep(0.002)

    def jump(self) -> None:
        """To the first who is due, and wake all that are."""
        self.now = max(self.now, self._waiting[0][0])
        while self._waiting and self._waiting[0][0] <= self.now:
            heapq.heappop(self._waiting)[2].set()


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of it. `late` are the digests that say so of themselves."""

    channels: int
    digests: int
    doubled: int
    minutes: float
    refused: dict[str, int]
    late: int

    def __str__(self) -> str:
        refused = ", ".join(f"{name} {times}" for name, times in self.refused.items()) or "none"
        return (
            f"{self.digests} digests in {self.channels} channels, {self.doubled} twice, {self.minutes:.1f} simulated"
            f" minutes, {self.late} say that they are late, refused: {refused}"
        )


async def on_slack(channels: int, folder: Path, library: Library, codes: Codes) -> Posted:
    """The digests of so many channels of a workspace."""
    clock = Stepping()
    limits = Limits(lambda: clock.now.timestamp())
    names = [f"C{number:05}" for number in range(channels)]
    async with FakeSlack() as slack:
        slack.now, slack.strict, slack.wait = lambda: clock.now.timestamp(), False, limits.slack
        slack.channels |= {name: {"is_member": True} for name in names}
        running = slack_bot.running(slack, "socket", folder / "bot.db", library, codes, clock=clock)
        async with running as bot:
            minutes = await _until_posted(bot.slack, bot.store, names, clock, library, codes)
        assert {post.channel for post in slack.posts if post.files} == set(names)  # each has its picture
        posts = [(post.channel, str(post.shown)) for post in slack.answers()]
    return _judged(names, posts, minutes, limits)


async def on_teams(channels: int, folder: Path, library: Library, codes: Codes, sdk: str = "botbuilder") -> Posted:
    """The digests of so many channels of a tenant, in each of which the bot was heard of before."""
    clock = Stepping()
    limits = Limits(lambda: clock.now.timestamp())
    names = [f"19:{number:05}@thread.tacv2" for number in range(channels)]
    async with FakeTeams(now=lambda: clock.now.timestamp()).running() as teams:
        teams.wait = limits.teams
        how: dict[str, Any] = {"clock": clock, "surface": {"wait": clock.pause}}
        async with teams_bot.running(sdk, folder, teams=teams, **how) as bot:
            for name in names:
                conversation = {"id": name, "conversationType": "channel", "isGroup": True, "tenantId": TENANT}
                said = {"channelId": "msteams", "serviceUrl": teams.service, "conversation": conversation}
                await bot.mail.refer("teams", name, {**said, "bot": {"id": BOT}})
            async with open_store(f"sqlite+aiosqlite:///{folder}/digests.db") as store:
                store.mail = bot.mail  # type: ignore[assignment]
                minutes = await _until_posted(bot.surface, store, names, clock, library, codes)
        posts = [(post.conversation, post.words) for post in teams.standing()]
    return _judged(names, posts, minutes, limits)


def _judged(names: list[str], posts: list[tuple[str, str]], minutes: float, limits: Limits) -> Posted:
    """Raises `AssertionError` where something was posted elsewhere."""
    times = Counter(channel for channel, _ in posts)
    assert set(times) <= set(names)
    late = sum(bool(re.search(r"This digest is .* late", words)) for _, words in posts)
    return Posted(len(names), len(times), sum(n > 1 for n in times.values()), minutes, dict(limits.refused), late)


async def _until_posted(
    surface: ChatSurface,
    store: SqlStore,
    channels: list[str],
    clock: Stepping,
    library: Library,
    codes: Codes,
) -> float:
    """Simulated minutes from the hour of the digests until nothing is left to be done for them, or an hour went by."""
    await _fill(store, surface.name, channels, clock)
    clock.pass_by(timedelta(days=1).total_seconds())
    clock.now = clock.now.replace(hour=8, minute=0, second=1)
    begun = clock.now
    digests = Digests(store, store.diary, clock, {}, chart)
    checker = Checker(store=store, checks=(), wires=wires_of(FakeWire()), clock=clock, causes=Causes.load(shelf.FOLDER))  # type: ignore[arg-type]
    role_of = surface.role_of
    router = Router(UseCases(library, codes, checker=checker, store=store, clock=clock, digests=digests), role_of)
    handle: Handler = router.handle
    inbox = Inbox(
        mail=store.mail,
        handle=handle,
        surfaces=[surface],
        clock=clock,
        holder="digests",
        told=digests.told,
        pause=clock.pause,
    )

    async def online() -> bool:
        return True

    rounds = Rounds(
        store=store,
        diary=store.diary,
        mail=store.mail,
        checker=checker,
        surfaces={surface.name: surface},
        receive=inbox.receive,
        clock=clock,
        every=None,
        online=online,
        pause=clock.pause,
    )
    looking = asyncio.create_task(rounds.look_after())
    try:
        last = begun
        while True:
            await clock.idle(lambda: 1 + len(inbox._under_way))
            if inbox._under_way or await _due(store, begun):
                last = clock.now
            if clock.now - last > _AFTERWARDS or clock.now - begun > _LONGEST:
                break
            clock.jump()
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await inbox.settle(5)
    return (last - begun).total_seconds() / 60


async def _due(store: SqlStore, since: datetime) -> bool:
    return any(one.since is None or one.since < since - timedelta(hours=1) for one in await store.diary.subscriptions())


async def _fill(store: SqlStore, surface: str, channels: list[str], clock: Stepping) -> None:
    """Some servers, one of them broken since yesterday, and a daily digest for each channel."""
    for number in range(SERVERS):
        name = f"ndes{number:02}"
        await store.register(Server(name, URL))
        verdict = "fail" if number == 0 else "ok"
        health = Health(name, verdict, clock.now - timedelta(hours=1))  # type: ignore[arg-type]
        await store.diary.stand(health, None)
        await store.diary.remember(Run(name, clock.now - timedelta(hours=1), verdict, {"scep-base": verdict}), [])  # type: ignore[arg-type,dict-item]
    for channel in channels:
        await store.diary.subscribe(Subscription(Place(surface, channel), "daily", since=clock.now))
