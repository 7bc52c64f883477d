"""Who gets a digest, when and of what; what is kept quiet; what people say of answers."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from bot import slots
from bot.diary import Asked, Expiry, Health, Pages, Period, Quiet, Run, Subscription
from bot.digest import compose
from bot.errors import BadRequest
from bot.findings import Server
from bot.ports import Clock, Diary, Store
from bot.types import Answer, Block, Choices, Message, Place, Text

DUE: Final = "due"
"""What the clock says to a channel's digest, with the slot behind it."""
THE_CLOCK: Final = "the clock"
"""Who sends what nobody asked for; no platform has a person of that name."""
VOTE: Final = "vote: "
"""How the buttons under an answer begin that say whether it helped."""
_DUE: Final = f"/digest {DUE} "
_LONGEST_QUIET: Final = timedelta(days=30)
_OUTLOOK: Final = timedelta(days=90)
_TIME: Final = re.compile(r"([01]?\d|2[0-3])(?::([0-5]\d))?")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the diary knows at a moment of all servers."""

    servers: Sequence[Server]
    health: Mapping[str, Health]
    runs: Sequence[Run]
    ending: Sequence[Expiry]
    asked: Sequence[Asked]


class Digests:
    """The use cases around the diary."""

    def __init__(
        self,
        store: Store,
        diary: Diary,
        clock: Clock,
        titles: Mapping[str, str],
        illustrate: Callable[[Pages], Block | None] = lambda _: None,
    ) -> None:
        """`titles` are those of the entries, by id; `illustrate` draws what a digest tells."""
        self._illustrate = illustrate
        self._readings: WeakValueDictionary[Period, asyncio.Task[_Seen]] = WeakValueDictionary()
        self._store = store
        self._diary = diary
        self._clock = clock
        self._titles = titles

    # --- a digest ----------------------------------------------------------------------------

    async def due(self, place: Place, slot: datetime) -> Answer | None:
        """The digest that was to be written at `slot`; None for silence, and where the channel wants none any more,
        or has it: as long as it does not stand, `since` is that of the one before, so all that was missed is told.
        """
        subscription = await self._of(place)
        if subscription is None or (subscription.since and subscription.since >= slot):
            return None
        return await self._written(subscription, slot)

    async def told(self, message: Message) -> None:
        """The answer to a message stands: where that is a digest, its slot is done."""
        if message.sender == THE_CLOCK and message.text.startswith(_DUE):
            await self._diary.told(replace(message.place, thread=None), slot_of(message.text))

    async def channels(self) -> list[Subscription]:
        """Every channel that gets one."""
        return await self._diary.subscriptions()

    async def preview(self, place: Place) -> Answer:
        """What would be written now, for the one who asks."""
        kept = await self._of(place)
        now = self._clock()
        subscription = replace(kept or Subscription(place), since=None, all_quiet=True)
        answer = await self._written(subscription, now)
        if answer is None:
            raise BadRequest("There is nothing to tell yet.")
        when = "" if kept else " This channel has no digest yet: say `digest weekly 8:00 Europe/Berlin`."
        told = f"A preview for you alone; it tells of the time since the last one was due.{when}"
        return replace(answer, blocks=(Text(told), *answer.blocks), private=True)

    async def _written(self, subscription: Subscription, slot: datetime) -> Answer | None:
        period = slots.period_of(subscription, slot)
        if subscription.since and subscription.since < period.begins:  # some were missed: this one tells of all
            period = replace(period, begins=subscription.since)
        earlier = slots.earlier(subscription, period)
        wanted = set(subscription.tags)
        reading = self._seen(Period(earlier[-1].begins, period.ends))
        seen = await asyncio.shield(reading)
        servers = tuple(server.name for server in seen.servers if not wanted or wanted & set(server.tags))
        named = frozenset(servers)
        asked = seen.asked
        here = f"{subscription.place.surface} {subscription.place.conversation}"
        if wanted:  # a channel with servers of its own hears of its own questions only
            asked = [one for one in asked if one.conversation == here]
        votes = [await self._diary.votes(one.begins, one.ends) for one in (period, *earlier)]
        pages = Pages(
            subscription=subscription,
            period=period,
            earlier=earlier,
            now=self._clock(),
            due=slot,
            servers=servers,
            health={name: seen.health[name] for name in servers if name in seen.health},
            runs=tuple(run for run in seen.runs if run.server in named),
            expiries=tuple(one for one in seen.ending if one.server in named),
            asked=tuple(asked),
            votes=tuple(votes),
            titles=self._titles,
        )
        answer = await asyncio.to_thread(compose, pages)
        picture = await asyncio.to_thread(self._illustrate, pages) if answer else None
        if answer is None or picture is None:
            return answer
        return replace(answer, blocks=(*answer.blocks[:1], picture, *answer.blocks[1:]))

    def _seen(self, period: Period) -> "asyncio.Task[_Seen]":
        """Read once for all channels whose digests are due at the same moment, as with many servers it is most of
        it; remembered as long as one of them is being written."""
        reading = self._readings.get(period)
        if reading is None or (reading.done() and reading.exception()):
            reading = self._readings[period] = asyncio.create_task(self._read(period))
        return reading

    async def _read(self, period: Period) -> _Seen:
        return _Seen(
            await self._store.servers(),
            await self._diary.health(),
            await self._diary.runs(period.begins, period.ends),
            await self._diary.expiries(self._clock() + _OUTLOOK),
            await self._diary.asked(period.begins, period.ends),
        )

    # --- who gets it -------------------------------------------------------------------------

    async def subscribe(self, place: Place, words: str) -> Answer:
        """Let a channel have a digest. Raises `BadRequest` where the words do not say when."""
        channel = replace(place, thread=None)
        if words == "off":
            if not await self._diary.unsubscribe(channel):
                raise BadRequest("This channel has no digest.")
            return Answer("No more digests here", "info")
        wanted = slots.proven(replace(_subscription(channel, words), since=self._clock()))
        await self._diary.subscribe(wanted)
        first = slots.next_slot(wanted, self._clock())
        when = f"{first.astimezone(slots.zone_of(wanted)):%Y-%m-%d %H:%M} ({wanted.zone})" if first else "never"
        about = f"about servers tagged {', '.join(wanted.tags)}" if wanted.tags else "about all servers"
        return Answer("This channel gets a digest", "success", (Text(f"The first one comes {when}, {about}."),))

    async def _of(self, place: Place) -> Subscription | None:
        return await self._diary.subscription(replace(place, thread=None))

    # --- quiet times and votes ---------------------------------------------------------------

    async def hush(self, words: str, who: str) -> Answer:
        """Announce nothing for some hours. Raises `BadRequest` where the words do not say what and how long."""
        scope, _, rest = words.partition(" ")
        if rest.strip() == "off":
            return await self._unhush(scope)
        hours, _, why = rest.strip().partition(" ")
        try:
            length = timedelta(hours=float(hours.removesuffix("h")))
        except (ValueError, OverflowError):
            length = timedelta()
        if not scope or not timedelta() < length <= _LONGEST_QUIET:
            raise BadRequest(
                "Say `quiet ndes01 4` or `quiet tag:berlin 12`: what, and for how many hours (720 at most)."
            )
        servers = await self._store.servers()
        tags = {f"tag:{tag}" for server in servers for tag in server.tags}
        if scope != "*" and scope not in tags | {server.name for server in servers}:
            raise BadRequest("That is neither a registered server nor a tag of one.")
        now = self._clock()
        await self._diary.hush(Quiet(scope, now, now + length, who, why))
        return Answer(
            f"Quiet about {scope}",
            "info",
            (Text(f"Nothing is announced of it until {now + length:%Y-%m-%d %H:%M} UTC."),),
        )

    async def _unhush(self, scope: str) -> Answer:
        if not await self._diary.unhush(scope, self._clock()):
            raise BadRequest("Nothing is kept quiet under that name.")
        return Answer(f"No longer quiet about {scope}", "info", (Text("What lasts is announced at the next look."),))

    async def vote(self, message: Message) -> Answer:
        """What a person says of an answer."""
        said, _, answer = message.text.removeprefix(VOTE).partition(" ")
        if said not in ("yes", "no") or not answer:
            raise BadRequest("That is no vote.")
        await self._diary.vote(answer, message.sender, helped=said == "yes", at=self._clock())
        more = () if said == "yes" else (Text("Say `/ndes-missing` and what the answer should have been."),)
        return Answer("Thank you, it is noted", "info", more, private=True)


def digest_due(place: Place, slot: datetime) -> Message:
    """What asks for a channel's digest: one message for each channel and slot, whoever sends it."""
    when = slot.isoformat()
    return Message(f"digest {place.conversation} {when}", place, THE_CLOCK, f"{_DUE}{when}")


def slot_of(text: str) -> datetime:
    """The slot of the digest that such a message asks for."""
    return datetime.fromisoformat(text.removeprefix(_DUE))


def asking(message: Message) -> Choices:
    """The question under an answer whether it helped."""
    name = f"{message.place.surface} {message.id}"
    return Choices("Did this help?", (("Yes", f"{VOTE}yes {name}"), ("No", f"{VOTE}no {name}")))


def is_subscribing(words: str) -> bool:
    """Whether the words behind `digest` change who gets one."""
    first = words.split(" ", 1)[0]
    return first == "off" or first in slots.FIXED or len(words.split()) >= 5


def _subscription(place: Place, words: str) -> Subscription:
    """`weekly 8:30 Europe/Berlin tag:prod silent`, or five fields of cron in the first place."""
    said = words.split()
    when, said = (said[0], said[1:]) if said[0] in slots.FIXED else (" ".join(said[:5]), said[5:])
    found = Subscription(place, when)
    for word in said:
        if word == "silent":
            found = replace(found, all_quiet=False)
        elif word.startswith("tag:") and len(word) > len("tag:"):
            found = replace(found, tags=(*found.tags, word.removeprefix("tag:")))
        elif time := _TIME.fullmatch(word):
            found = replace(found, hour=int(time[1]), minute=int(time[2] or 0))
        elif "/" in word or word == "UTC":
            found = replace(found, zone=word)
        else:
            raise BadRequest(
                f"I do not understand {word[:40]!r}. Say `digest weekly 8:30 Europe/Berlin tag:prod silent`."
            )
    return found
