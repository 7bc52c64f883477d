"""Servers are looked at in turn, changes are told once, digests come when due: whatever crashes."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.check import Checker
from bot.commands import UseCases
from bot.diary import Expiry, Quiet, Run, Subscription
from bot.digests import Digests, digest_due
from bot.errors import ConnectorError
from bot.findings import Finding, Past, Server
from bot.inbox import Inbox
from bot.ports import Check, Offer, Said, Wire, Work
from bot.rounds import DIGESTS_AT_ONCE, ROUND, Rounds, place_of
from bot.router import Router
from bot.slots import check_slot
from bot.types import Answer, Message, Place
from connectors import shelf
from knowledge.causes import Causes
from knowledge.codes import Codes
from knowledge.library import Library
from tests.chat.fake_surface import FakeSurface
from tests.checks.fake_wire import FakeWire
from tests.fakes import FakeClock, FakeDiary, FakeMail, FakeStore, wires_of

URL = "https://ndes.corp.example/certsrv/mscep/mscep.dll"
NDES = Server("ndes01", URL, tags=("berlin",), owner_channel="fake:C-owner")
OWNER = Place("fake", "C-owner")
CHANNEL = Place("fake", "C-digest")
EVERY = timedelta(minutes=15)


class FakeEngine:
    """Runs at once, each key once, on whatever the replicas share."""

    def __init__(self, runs: dict[str, Said]) -> None:
        self.runs = runs
        self.work: dict[str, Work] = {}

    async def run(self, kind: str, key: str, said: Said) -> Said:
        if key not in self.runs:
            self.runs[key] = {}
            self.runs[key] = await self.work[kind](said)
        return self.runs[key]

    async def start(self, kind: str, key: str, said: Said) -> None:
        await self.run(kind, key, said)

    async def result(self, key: str) -> Said | None:
        return self.runs.get(key)


class World:
    """What replicas share: the database, the chat, the time, and how the server is."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store, self.mail = FakeStore(), FakeMail()
        self.diary = FakeDiary(self.mail)
        self.surface = FakeSurface()
        self.runs: dict[str, Said] = {}
        self.verdict = "ok"
        self.looks = 0
        self.online = True

    async def look(self, server: Server, wire: Wire, now: Any, past: Past) -> Finding:
        self.looks += 1
        return Finding("scep-base", self.verdict, f"It is {self.verdict}.")  # type: ignore[arg-type]

    async def is_online(self) -> bool:
        return self.online

    def replica(self, name: str, library: Library, codes: Codes) -> "Replica":
        return Replica(self, name, library, codes)


class Replica:
    """One process."""

    def __init__(self, world: World, name: str, library: Library, codes: Codes) -> None:
        self.world = world
        causes = Causes.load(shelf.FOLDER)
        checks = (Check("scep-base", "R00", "Is it well?", world.look),)
        wires = wires_of(FakeWire())
        checker = Checker(store=world.store, checks=checks, wires=wires, clock=world.clock, causes=causes)  # type: ignore[arg-type]
        digests = Digests(world.store, world.diary, world.clock, {})
        self.router = Router(
            UseCases(library, codes, checker=checker, store=world.store, clock=world.clock, digests=digests),
            world.surface.role_of,
        )
        self.inbox = Inbox(
            mail=world.mail,
            handle=self.router.handle,
            surfaces=[world.surface],
            clock=world.clock,
            holder=name,
            told=digests.told,
        )
        self.rounds = Rounds(
            store=world.store,
            diary=world.diary,
            mail=world.mail,
            checker=checker,
            surfaces={"fake": world.surface},
            receive=self.inbox.receive,
            clock=world.clock,
            every=EVERY,
            online=world.is_online,
        )
        engine = FakeEngine(world.runs)
        engine.work = {ROUND: self.rounds.carry_out}
        self.rounds.rely_on(engine)

    async def turn(self) -> None:
        await self.rounds.begin_what_is_due()
        await self.inbox.settle(5)

    async def turns(self, number: int, verdict: str) -> None:
        self.world.verdict = verdict
        for _ in range(number):
            self.world.clock.pass_by(EVERY.total_seconds())
            await self.turn()

    async def says(self, text: str, sender: str = "ann", name: str = "") -> Answer | None:
        return await self.router.handle(Message(name or text, CHANNEL, sender, text))


async def watched(library: Library, codes: Codes) -> tuple[World, Replica]:
    world = World()
    await world.store.register(NDES)
    replica = world.replica("one", library, codes)
    await replica.turns(2, "ok")
    return world, replica


# --- looking -----------------------------------------------------------------------------------


async def test_each_server_is_looked_at_once_in_each_period_by_one_of_the_replicas(
    library: Library, codes: Codes
) -> None:
    world = World()
    for number in range(20):
        await world.store.register(replace(NDES, name=f"ndes{number:02}"))
    replicas = [world.replica(f"r{n}", library, codes) for n in range(3)]
    for _ in range(8 * 15):  # two hours, a minute at a time
        world.clock.pass_by(60)
        await asyncio.gather(*(replica.turn() for replica in replicas))
    assert world.looks in range(20 * 8, 20 * 9 + 1)
    assert len({key for key in world.runs if key.startswith(ROUND)}) == world.looks


async def test_a_server_that_breaks_is_told_of_once_and_the_message_heals_with_it(
    library: Library, codes: Codes
) -> None:
    world, replica = await watched(library, codes)
    assert world.surface.titles() == []
    await replica.turns(5, "fail")
    (post,) = world.surface.posts.values()
    assert post.place == OWNER
    assert post.title.startswith("ndes01 is broken since")
    await replica.turns(3, "ok")
    assert list(world.surface.posts.values()) == [post]
    assert post.title.startswith("ndes01 is well again")


async def test_one_bad_look_is_no_news(library: Library, codes: Codes) -> None:
    world, replica = await watched(library, codes)
    await replica.turns(1, "fail")
    await replica.turns(3, "ok")
    assert world.surface.titles() == []


async def test_a_quiet_time_says_nothing_and_what_lasts_is_told_after_it(library: Library, codes: Codes) -> None:
    world, replica = await watched(library, codes)
    now = world.clock()
    await world.diary.hush(Quiet("tag:berlin", now, now + timedelta(hours=1), "ann"))
    await replica.turns(3, "fail")
    assert world.surface.titles() == []
    await replica.turns(3, "fail")
    assert len(world.surface.titles()) == 1


async def test_no_server_is_blamed_where_this_computer_reaches_nothing(library: Library, codes: Codes) -> None:
    world, replica = await watched(library, codes)
    world.online = False
    await replica.turns(5, "fail")
    assert world.surface.titles() == []
    world.online = True
    await replica.turns(2, "fail")
    assert len(world.surface.titles()) == 1


async def test_a_death_between_believing_and_telling_costs_no_news(library: Library, codes: Codes) -> None:
    world, replica = await watched(library, codes)
    await replica.turns(3, "fail")
    (post,) = world.surface.posts.values()
    world.verdict = "ok"
    health = (await world.diary.health("ndes01"))["ndes01"]
    healed = replace(health, verdict="ok", since=world.clock())
    assert await world.diary.stand(healed, health)  # ... and the process dies here
    await world.replica("another", library, codes).turns(1, "ok")
    assert post.title.startswith("ndes01 is well again")


def test_an_owner_is_found_by_platform_and_channel() -> None:
    surfaces: Any = {"slack": None, "teams": None}
    assert place_of("teams:19:abc@thread.tacv2", surfaces) == Place("teams", "19:abc@thread.tacv2")
    assert place_of("C0123", surfaces) == Place("slack", "C0123")
    assert place_of(None, surfaces) is None
    assert place_of("discord:1", surfaces) is None
    assert place_of("C0123", {}) is None


# --- digests -----------------------------------------------------------------------------------


async def test_a_channel_gets_one_digest_a_day_however_many_replicas_and_restarts(
    library: Library, codes: Codes
) -> None:
    world = World()
    await world.store.register(NDES)
    await world.diary.subscribe(Subscription(CHANNEL, "daily", 8, since=world.clock()))
    for hour in range(24 * 5):
        world.clock.pass_by(3600)
        replicas = [world.replica(f"r{n}-{hour}", library, codes) for n in range(3)]  # all are new each hour
        await asyncio.gather(*(replica.turn() for replica in replicas))
    assert len(world.surface.titles(CHANNEL)) == 5


async def test_channels_whose_digests_are_due_at_the_same_time_all_get_theirs(library: Library, codes: Codes) -> None:
    world = World()
    await world.store.register(NDES)
    channels = [replace(CHANNEL, conversation=f"C{number}") for number in range(3)]
    for channel in channels:
        await world.diary.subscribe(Subscription(channel, "daily", 8, since=world.clock()))
    world.clock.pass_by(24 * 3600)
    replicas = [world.replica(f"r{number}", library, codes) for number in range(2)]
    await asyncio.gather(*(replica.turn() for replica in replicas))
    assert sorted(post.place.conversation for post in world.surface.posts.values()) == ["C0", "C1", "C2"]


async def test_a_digest_that_was_missed_comes_once_and_says_that_it_is_late(library: Library, codes: Codes) -> None:
    world = World()
    await world.store.register(NDES)
    await world.diary.subscribe(Subscription(CHANNEL, "daily", 8, since=world.clock()))
    world.clock.pass_by(3 * 24 * 3600)
    for _ in range(3):
        await world.replica("late", library, codes).turn()
    (post,) = world.surface.posts.values()
    assert "late" in repr(post.shown[-1]).lower()


async def test_a_digest_that_the_database_kept_from_being_written_comes_when_it_is_back(
    library: Library, codes: Codes
) -> None:
    world = World()
    await world.store.register(NDES)
    await world.diary.subscribe(Subscription(CHANNEL, "daily", 8, since=world.clock()))
    world.clock.pass_by(24 * 3600)
    replica = world.replica("one", library, codes)
    reading = world.diary.expiries

    async def gone(until: datetime) -> list[Expiry]:
        raise ConnectorError("the database is gone")

    world.diary.expiries = gone  # type: ignore[method-assign]
    await replica.rounds.begin_what_is_due()
    await asyncio.sleep(0.05)
    assert world.surface.titles() == []  # nobody asked, so nobody is told
    world.diary.expiries = reading  # type: ignore[method-assign]
    await replica.inbox.settle(5)
    (title,) = world.surface.titles(CHANNEL)
    assert "well" in title


async def test_what_a_replica_began_and_left_is_posted_by_another(library: Library, codes: Codes) -> None:
    world = World()
    await world.store.register(NDES)
    await world.diary.subscribe(Subscription(CHANNEL, "daily", 8, since=world.clock()))
    world.clock.pass_by(24 * 3600)
    await world.mail.receive(digest_due(CHANNEL, world.clock().replace(hour=8)), "dead", world.clock())
    survivor = world.replica("alive", library, codes)
    await survivor.turn()
    assert world.surface.titles() == []  # it is the other one's yet

    async def short(_: float) -> None:
        await asyncio.sleep(0)

    survivor.inbox._pause = short
    looking_after = asyncio.create_task(survivor.inbox.look_after())
    async with asyncio.timeout(5):
        while not world.surface.titles(CHANNEL):
            await asyncio.sleep(0.01)
    looking_after.cancel()
    await survivor.inbox.settle(5)
    await survivor.turn()
    assert len(world.surface.titles(CHANNEL)) == 1


async def test_a_crash_before_the_post_costs_no_missed_digest_its_news(library: Library, codes: Codes) -> None:
    world = World()
    await world.store.register(NDES)
    begin = world.clock()
    await world.diary.subscribe(Subscription(CHANNEL, "daily", 8, since=begin))
    world.clock.pass_by(3 * 24 * 3600)
    dying = world.replica("r", library, codes)

    async def dies(*_: object, **__: object) -> str:
        raise asyncio.CancelledError

    sending, world.surface.send = world.surface.send, dies  # type: ignore[method-assign]
    await dying.turn()
    world.surface.send = sending  # type: ignore[method-assign]
    (kept,) = await world.diary.subscriptions()
    assert kept.since == begin
    successor = world.replica("r", library, codes)
    await successor.inbox.begin()
    await successor.turn()
    (post,) = world.surface.posts.values()
    assert "Mon 4 May to Thu 7 May" in repr(post.shown[-1])  # it tells of all that was missed
    (kept,) = await world.diary.subscriptions()
    assert kept.since
    assert kept.since > begin + timedelta(days=2)


async def test_a_digest_that_the_platform_never_took_is_made_up_for_by_the_next(library: Library, codes: Codes) -> None:
    world = World()
    await world.store.register(NDES)
    await world.diary.subscribe(Subscription(CHANNEL, "daily", 8, since=world.clock()))
    begin = world.clock()

    async def quickly(seconds: float) -> None:
        world.clock.pass_by(seconds)
        await asyncio.sleep(0)

    replica = world.replica("r", library, codes)
    replica.inbox._pause = quickly
    world.clock.pass_by(24 * 3600)
    world.surface.troubles = [ConnectorError("down")] * 10_000  # for longer than it is tried
    await replica.turn()
    world.surface.troubles = []
    (kept,) = await world.diary.subscriptions()
    assert kept.since == begin
    world.clock.pass_by(24 * 3600)
    await replica.turn()
    (post,) = world.surface.posts.values()
    assert "Mon 4 May to Wed 6 May" in repr(post.shown[-1])


async def test_a_digest_that_stands_is_not_written_over_by_what_is_taken_up_again(
    library: Library, codes: Codes
) -> None:
    world = World()
    await world.store.register(NDES)
    await world.diary.subscribe(Subscription(CHANNEL, "daily", 8, since=world.clock()))
    world.clock.pass_by(3 * 24 * 3600)
    replica = world.replica("r", library, codes)
    due = digest_due(CHANNEL, world.clock().replace(hour=8))
    await replica.turn()
    (post,) = world.surface.posts.values()
    before = list(post.shown)
    assert await replica.router.handle(due) is None  # as after a death between noting that it stands and the end
    assert post.shown == before


async def test_a_channel_is_subscribed_and_unsubscribed_by_words(library: Library, codes: Codes) -> None:
    world, replica = await watched(library, codes)
    answer = await replica.says("digest weekly 8:30 Europe/Berlin tag:berlin silent")
    assert answer
    assert answer.tone == "success"
    (kept,) = await world.diary.subscriptions()
    assert (kept.when, kept.hour, kept.minute, kept.zone, kept.tags, kept.all_quiet) == (
        "weekly",
        8,
        30,
        "Europe/Berlin",
        ("berlin",),
        False,
    )
    await replica.says("digest 0 7 * * 1-5 UTC")
    (kept,) = await world.diary.subscriptions()
    assert kept.when == "0 7 * * 1-5"
    await replica.says("digest off")
    assert await world.diary.subscriptions() == []


async def test_words_that_say_no_time_are_told_how_to_say_it(library: Library, codes: Codes) -> None:
    _, replica = await watched(library, codes)
    for words in ("weekly 25:00", "weekly Mars/Olympus", "daily nonsense", "a b c d e", "off"):
        answer = await replica.says(f"/digest {words}")
        assert answer
        assert answer.title == "I cannot do that", words


async def test_a_preview_is_for_the_one_who_asks(library: Library, codes: Codes) -> None:
    _, replica = await watched(library, codes)
    answer = await replica.says("digest")
    assert answer
    assert answer.private


async def test_a_subscription_that_cannot_be_kept_here_costs_the_others_nothing(library: Library, codes: Codes) -> None:
    world = World()
    await world.store.register(NDES)
    for channel in ("C-first", "C-zone", "C-last"):
        zone = "Mars/Olympus" if channel == "C-zone" else "UTC"  # as after a move to a computer without that zone
        place = replace(CHANNEL, conversation=channel)
        await world.diary.subscribe(Subscription(place, "daily", 8, zone=zone, since=world.clock()))
    elsewhere = Place("another-platform", "C-other")
    await world.diary.subscribe(Subscription(elsewhere, "daily", 8, since=world.clock()))
    world.clock.pass_by(24 * 3600)
    await world.replica("one", library, codes).turn()
    assert sorted(post.place.conversation for post in world.surface.posts.values()) == ["C-first", "C-last"]
    assert await world.mail.waiting() == []  # a replica with that platform takes its own


async def test_what_goes_wrong_once_does_not_end_the_rounds(library: Library, codes: Codes) -> None:
    _, replica = await watched(library, codes)
    looks = 0

    async def stumble() -> None:
        nonlocal looks
        looks += 1
        raise [ConnectorError("the database is gone"), KeyError("a bug")][looks % 2]

    async def short(_: float) -> None:
        await asyncio.sleep(0)

    replica.rounds.begin_what_is_due = stumble  # type: ignore[method-assign]
    replica.rounds._pause = short
    rounds = asyncio.create_task(replica.rounds.look_after())
    while looks < 5 and not rounds.done():
        await asyncio.sleep(0)
    assert not rounds.done()
    rounds.cancel()


async def test_a_digest_counts_questions_and_nothing_else_that_was_said(library: Library, codes: Codes) -> None:
    world, replica = await watched(library, codes)
    await world.diary.subscribe(Subscription(CHANNEL, "daily", 8, since=world.clock(), all_quiet=False))
    for _ in range(2):
        for number, text in enumerate(("good morning", "servers", "check ndes01")):
            for who in ("ann", "bob"):
                addressed = text != "good morning"
                said = Message(f"{number} {who} {world.clock()}", OWNER, who, text, addressed=addressed)
                await replica.inbox.receive(said)
        await replica.turns(24 * 4, "ok")
    assert world.surface.titles(CHANNEL) == []  # there is nothing to tell, not even of the digest before
    await replica.inbox.receive(Message("q", OWNER, "ann", "error 0x8badf00d, and nobody knows why"))
    await replica.turns(24 * 4, "ok")
    assert [title.partition(", ")[2] for title in world.surface.titles(CHANNEL)] == ["1 question without an answer"]


async def test_what_is_old_is_swept_unasked(library: Library, codes: Codes) -> None:
    world, replica = await watched(library, codes)
    await world.mail.offer("token", Offer(CHANNEL, ("help",)), world.clock())
    for _ in range(8):
        world.clock.pass_by(24 * 3600)
        await replica.turn()
    assert await world.mail.offered("token") is None


async def test_nobody_can_speak_for_the_clock(library: Library, codes: Codes) -> None:
    world, replica = await watched(library, codes)
    answer = await replica.says("/digest due 2026-05-04T08:00:00+00:00", sender="mallory")
    assert answer
    assert answer.title == "I cannot do that"
    assert world.surface.titles() == []


# --- quiet times and votes ---------------------------------------------------------------------


async def test_quiet_is_asked_for_by_words(library: Library, codes: Codes) -> None:
    world, replica = await watched(library, codes)
    await replica.says("quiet tag:berlin 4")
    (quiet,) = await world.diary.quiets(world.clock())
    assert (quiet.scope, quiet.ends - quiet.begins, quiet.who) == ("tag:berlin", timedelta(hours=4), "ann")
    for words in ("ndes99 4", "ndes01 0", "ndes01 -1", "ndes01 nan", "ndes01 1e9", "ndes01", "tag:mars 4"):
        answer = await replica.says(f"/quiet {words}")
        assert answer
        assert answer.title == "I cannot do that", words


async def test_a_quiet_time_can_be_ended(library: Library, codes: Codes) -> None:
    world, replica = await watched(library, codes)
    await replica.says("quiet tag:berlin 4", name="q1")
    world.clock.pass_by(60)
    await replica.says("quiet tag:berlin off", name="q2")
    assert await world.diary.quiets(world.clock()) == []
    answer = await replica.says("quiet tag:berlin off", name="q3")
    assert answer
    assert answer.title == "I cannot do that"


async def test_what_runs_out_is_still_known_while_a_server_shows_nothing(library: Library, codes: Codes) -> None:
    world, replica = await watched(library, codes)
    now = world.clock()
    known = Expiry("ndes01", "ra", "CEP Encryption", now + timedelta(days=20), now)
    await world.diary.remember(Run("ndes01", now, "ok", {}), [known])
    await replica.turns(3, "fail")
    assert await world.diary.expiries(now + timedelta(days=90)) == [known]
    await replica.turns(1, "ok")
    assert await world.diary.expiries(now + timedelta(days=90)) == []


async def test_everybody_may_say_once_whether_an_answer_helped(library: Library, codes: Codes) -> None:
    world, replica = await watched(library, codes)
    asked = Message("m1", CHANNEL, "ann", "POST VerifyRequest - 403 16 2148204809 NDES_Plugin")
    await replica.inbox.receive(asked)
    await replica.inbox.settle(5)
    (post,) = world.surface.posts.values()
    for number, (who, label) in enumerate((("ann", "Yes"), ("bob", "Yes"), ("eve", "No"), ("ann", "Yes"))):
        await replica.inbox.receive(Message(f"c{number}", CHANNEL, who, post.buttons[label], pressed=True))
        await replica.inbox.settle(5)
    votes = await world.diary.votes(world.clock() - timedelta(hours=1), world.clock())
    assert (votes.helped, votes.not_helped) == (2, 1)


async def test_a_vote_is_pressed_and_not_written(library: Library, codes: Codes) -> None:
    world, replica = await watched(library, codes)
    for number in range(3):
        assert (
            await replica.router.handle(
                Message(f"m{number}", CHANNEL, "ann", f"vote: yes for pizza on day {number}", addressed=False)
            )
            is None
        )
        await replica.says(f"vote: no fake {number}")
    votes = await world.diary.votes(world.clock() - timedelta(hours=1), world.clock())
    assert (votes.helped, votes.not_helped) == (0, 0)


async def test_digests_that_are_due_together_are_asked_for_in_turn_and_none_is_forgotten(
    library: Library, codes: Codes
) -> None:
    world, replica = await watched(library, codes)
    places = [Place("fake", f"C{number}") for number in range(2 * DIGESTS_AT_ONCE + 1)]
    for place in places:
        await world.diary.subscribe(Subscription(place, "daily", since=world.clock()))
    world.clock.pass_by(24 * 3600)
    posted = []
    for _ in range(4):
        await replica.rounds.begin_what_is_due()
        await replica.inbox.settle(5)
        world.clock.pass_by(5)
        posted.append(len(world.surface.posts))
    assert posted == [DIGESTS_AT_ONCE, 2 * DIGESTS_AT_ONCE, len(places), len(places)]


async def test_a_change_is_told_in_the_time_of_its_channel_and_help_names_what_there_is(
    library: Library, codes: Codes
) -> None:
    world, replica = await watched(library, codes)
    await world.diary.subscribe(Subscription(OWNER, "daily", zone="Europe/Berlin", since=world.clock()))
    await replica.turns(1, "ok")
    await replica.turns(2, "fail")
    assert world.surface.titles() == ["ndes01 is broken since 15:00 CEST"]
    answer = await replica.says("help")
    assert answer
    assert "quiet" in repr(answer)


async def test_of_many_servers_that_are_due_those_that_wait_the_longest_are_looked_at_first(
    library: Library, codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.rounds.LOOKS_AT_ONCE", 3)
    world = World()
    names = [f"ndes{number:02}" for number in range(8)]
    for name in names:
        await world.store.register(replace(NDES, name=name))
    replica = world.replica("a", library, codes)
    for begun in (3, 6, 8, 8):
        await replica.turn()
        assert len(world.runs) == begun
    looked_at = [key.split()[1] for key in world.runs]
    assert looked_at == sorted(names, key=lambda name: check_slot(name, EVERY, world.clock()))


async def test_a_site_whose_servers_hang_holds_up_no_other(
    library: Library, codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.rounds.AT_ONCE", 1)
    world = World()
    hanging = asyncio.Event()

    async def look(server: Server, wire: Wire, now: Any, past: Past) -> Finding:
        if server.site == "dmz":
            await hanging.wait()
        return Finding("scep-base", "ok", "It is well.")

    monkeypatch.setattr(world, "look", look)
    replica = world.replica("a", library, codes)
    for name, site in (("ndes01", "dmz"), ("ndes02", "default")):
        await world.store.register(replace(NDES, name=name, site=site))
    hung = asyncio.create_task(replica.rounds.carry_out({"server": "ndes01", "site": "dmz"}))
    await asyncio.sleep(0)
    assert await replica.rounds.carry_out({"server": "ndes02", "site": "default"}) == {"verdict": "ok"}
    assert not hung.done()
    hanging.set()
    assert await hung == {"verdict": "ok"}
