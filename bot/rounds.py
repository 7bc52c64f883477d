"""What happens unasked: servers are looked at in turn, changes announced once, digests asked for when due."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from bot import slots
from bot.check import Checker
from bot.diary import Change, Expiry, Health, Run, Subscription
from bot.digests import THE_CLOCK, digest_due
from bot.errors import BadRequest, ConnectorError
from bot.findings import Report
from bot.forecast import expiries
from bot.health import announced, hushed, next_health, untold
from bot.insisting import Pause
from bot.ports import ChatSurface, Clock, Diary, Engine, Mail, Receive, Said, Store
from bot.posting import Posting, Turns
from bot.types import Message, Place

ROUND: Final = "round"
"""The kind of a durable run that looks at one server in its turn."""
LOOK_EVERY: Final = 5.0
"""Seconds between two looks at what is due."""
AT_ONCE: Final = 24
"""Servers of a site looked at at a time: one whose servers hang, or whose workers are gone, holds up no other."""
LOOKS_AT_ONCE: Final = 200
"""Looks begun at a look at what is due: 40 a second, about what one processor carries. After an outage all servers are
due, and what is begun and waits for its turn costs memory, and the database its patience."""
DIGESTS_AT_ONCE: Final = 6
"""Digests begun at a look: 72 in a minute. Slack takes 100 pictures in one, and who is refused costs it more calls than
who waits; a thousand channels have theirs within a quarter of an hour."""
QUESTIONS_FOR: Final = timedelta(days=90)
"""How long questions are kept."""
FINDINGS_FOR: Final = timedelta(days=400)
"""How long the history of servers is kept."""
_FOREVER: Final = timedelta(days=36_500)
_OVER: Final = timedelta(days=30)  # after which what ran out is no news any more
_SWEEP_EVERY: Final = timedelta(hours=6)

Online = Callable[[], Awaitable[bool]]
"""Whether this computer reaches anything at all; asked before a server is blamed."""

_log = logging.getLogger(__name__)


class Rounds:
    """Keeps an eye on everything that is registered and subscribed. Any number of replicas may: each slot is one's."""

    def __init__(
        self,
        *,
        store: Store,
        diary: Diary,
        mail: Mail,
        checker: Checker,
        surfaces: Mapping[str, ChatSurface],
        receive: Receive,
        clock: Clock,
        every: timedelta | None,
        online: Online,
        pause: Pause = asyncio.sleep,
    ) -> None:
        """`every` is how often each server is looked at, None for never; `receive` is the inbox's."""
        self._store = store
        self._diary = diary
        self._mail = mail
        self._checker = checker
        self._surfaces = surfaces
        self._receive = receive
        self._engine: Engine | None = None
        self._clock = clock
        self._every = every
        self._online = online
        self._pause = pause
        self._begun: dict[str, datetime] = {}
        self._asked: dict[Place, datetime] = {}
        self._senseless: set[Subscription] = set()
        self._lanes: dict[str, asyncio.Semaphore] = {}
        self._turns = Turns()
        self._swept: datetime | None = None

    def rely_on(self, engine: Engine) -> None:
        """Looks are runs of this engine, which does `carry_out` for `ROUND`; without one none is begun."""
        self._engine = engine

    async def look_after(self) -> None:
        """Until cancelled: begin what is due."""
        while True:
            try:
                await self.begin_what_is_due()
            except ConnectorError as error:
                _log.error("what is due cannot be begun", extra={"reason": str(error)})
            except Exception as error:  # a bug met once must not end all that happens unasked
                _log.error("what is due cannot be begun", extra={"reason": type(error).__name__})
            await self._pause(LOOK_EVERY)

    async def begin_what_is_due(self) -> None:
        """Begin the looks whose slot has come, and ask for the digests whose hour has."""
        now = self._clock()
        if self._every and self._engine:
            await self._begin_looks(self._engine, self._every, now)
        await self._ask_for_digests(now)
        if self._swept is None or now - self._swept > _SWEEP_EVERY:
            self._swept = now
            await self._mail.sweep(now)
            await self._diary.sweep(now, questions=QUESTIONS_FOR, findings=FINDINGS_FOR)

    async def _ask_for_digests(self, now: datetime) -> None:
        """Ask for those that are due, no more than `DIGESTS_AT_ONCE` that were not asked for before."""
        begun = 0
        for subscription in await self._diary.subscriptions():
            place = subscription.place
            if place.surface not in self._surfaces or (slot := self._slot(subscription, now)) is None:
                continue
            if self._asked.get(place) != slot:
                if begun == DIGESTS_AT_ONCE:
                    continue
                begun += 1
            await self._receive(digest_due(place, slot))
            self._asked[place] = slot

    def _slot(self, subscription: Subscription, now: datetime) -> datetime | None:
        """The slot that is due; None, and once a line in the log, for what this computer cannot make sense of, such
        as a time zone that it does not know."""
        try:
            return slots.latest_slot(subscription, now)
        except BadRequest as error:
            if subscription not in self._senseless:
                self._senseless.add(subscription)
                _log.error("a digest cannot be written here", extra={"reason": str(error)})
            return None

    async def _begin_looks(self, engine: Engine, every: timedelta, now: datetime) -> None:
        """Begin those that are due the longest. A slot is one run, whichever replica begins it: the engine knows it by
        its key."""
        site_of = {server.name: server.site for server in await self._store.servers()}
        slot_of = {name: slots.check_slot(name, every, now) for name in site_of}
        due = sorted((slot, name) for name, slot in slot_of.items() if self._begun.get(name) != slot)
        for slot, name in due[:LOOKS_AT_ONCE]:
            said = {"server": name, "site": site_of[name]}
            await engine.start(ROUND, f"{ROUND} {name} {slot.isoformat()}", said)
            self._begun[name] = slot

    # --- one server --------------------------------------------------------------------------

    async def carry_out(self, said: Said) -> Said:
        """Look at a server in its turn, remember how it was, and announce what changed. Done twice, it is told once."""
        lanes = self._lanes.setdefault(said.get("site", ""), asyncio.Semaphore(AT_ONCE))
        async with lanes:  # all that asks the database: who waits for it too long has failed
            if (server := await self._store.server(said["server"])) is None:
                return {}
            report = await self._checker.look_unasked(server)
            if report.verdict != "ok" and not await self._online():
                _log.warning("this computer reaches nothing, so no server is blamed", extra={"server": server.name})
                return {}
            news = await self._remember(report)
            if await self._store.server(server.name) is None:  # removed meanwhile: nothing of it is to stay
                await self._store.remove(server.name)
                return {}
        if news:
            await self._tell(report, *news)
        return {"verdict": report.verdict}

    async def _remember(self, report: Report) -> tuple[Health, Health | None, Change | None] | None:
        """How the server stands now, how it stood, and what changed; None where another replica tells of it."""
        name = report.server.name
        run = Run(name, report.at, report.verdict, {finding.check: finding.verdict for finding in report.findings})
        await self._diary.remember(run, await self._running_out(report))
        before = (await self._diary.health(name)).get(name)
        health, change = next_health(before, run)
        if health != before and not await self._diary.stand(health, before):
            return None  # another replica saw the same
        return health, before, change

    async def _running_out(self, report: Report) -> list[Expiry]:
        """What runs out, as far as it was seen; what a server in trouble did not show is as it was, for some time."""
        found = list(expiries(report))
        if report.verdict in ("ok", "warn"):
            return found
        seen = {one.kind for one in found}
        kept = await self._diary.expiries(report.at + _FOREVER, report.server.name)
        return found + [one for one in kept if one.kind not in seen and one.ends > report.at - _OVER]

    async def _zone(self, place: Place) -> tzinfo:
        """The time zone of a channel, where it has a digest and so one is known; else UTC."""
        subscription = await self._diary.subscription(place)
        try:
            return slots.zone_of(subscription) if subscription else UTC
        except BadRequest:
            return UTC

    async def _tell(self, report: Report, health: Health, before: Health | None, change: Change | None) -> None:
        """One message in the owner's channel, edited as it goes on; none in a quiet time, but then after it."""
        place = place_of(report.server.owner_channel, self._surfaces)
        change = change or untold(health)
        if place is None or change is None:
            return
        if hushed(await self._diary.quiets(report.at), health.server, report.server.tags, report.at):
            return
        if change == "healed" and health.post is None:
            return  # nobody was told that it was ill
        zone = await self._zone(place)
        answer = announced(change, health, before, self._clock(), findings=report.findings, zone=zone)
        key = f"{health.server} {health.since.isoformat()} {change}"
        sent = health.post[1] if health.post and health.post[0] == place else None
        message = Message(key, place, THE_CLOCK, "")
        surface = self._surfaces[place.surface]
        posting = Posting(
            message,
            self._turns.take(place),
            surface,
            self._mail,
            self._clock,
            self._pause,
            sent=sent,
            unsure=sent is None and surface.looks_up,
        )
        await posting.finish(answer)
        if posting.sent:
            after = replace(health, post=(place, posting.sent), told=health.verdict)
            with suppress(ConnectorError):
                await self._diary.stand(after, health)


def place_of(channel: str | None, surfaces: Mapping[str, ChatSurface]) -> Place | None:
    """Where a server's owner is told: `slack:C0123`, `teams:19:...`, or the id alone where there is one platform."""
    if not channel:
        return None
    surface, colon, conversation = channel.partition(":")
    if colon:
        return Place(surface, conversation) if surface in surfaces and conversation else None
    first = next(iter(surfaces), None)
    return Place(first, channel) if first else None
