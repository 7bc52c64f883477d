"""Whatever remembers over time keeps the same promises, and so does the fake."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.diary import Asked, Expiry, Health, Quiet, Run, Subscription, Votes
from bot.findings import Verdict
from bot.ports import Diary
from bot.types import Message, Place
from connectors.store import SqlStore, open_store
from tests.fakes import NOON
from tests.store.conftest import Room
from tests.store.postgres import ask
from tests.store.test_contract import FULL, NDES
from tests.store.test_mail import message

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EVER = NOON - 10_000 * DAY, NOON + 10_000 * DAY
CHANNEL = Place("slack", "C1")


def run(hours: float = 0, verdict: Verdict = "ok", server: str = "ndes01", **checks: Verdict) -> Run:
    return Run(server, NOON + hours * HOUR, verdict, checks or {"scep-base": verdict, "tls": "ok"})


def expiry(name: str = "CEP", days: float = 30, server: str = "ndes01") -> Expiry:
    return Expiry(server, "ra", name, NOON + days * DAY, NOON)


def health(verdict: Verdict = "ok", server: str = "ndes01") -> Health:
    return Health(server, verdict, NOON)


FULL_HEALTH = Health(
    "ndes02", "fail", NOON, "ok", 2, (NOON - DAY, NOON), True, (Place("teams", "19:ä@thread", "17"), "1700.1")
)


# --- runs ------------------------------------------------------------------------------------


async def test_a_new_diary_is_empty(diary: Diary) -> None:
    assert await diary.runs(*EVER) == []
    assert await diary.expiries(EVER[1]) == []
    assert await diary.health() == {}
    assert await diary.subscriptions() == []
    assert await diary.quiets(NOON) == []
    assert await diary.votes(*EVER) == Votes()
    assert await diary.asked(*EVER) == []


async def test_a_run_comes_back_with_every_check(diary: Diary) -> None:
    kept = Run("ndes01", NOON, "fail", {"scep-base": "fail", "tls": "ok", "aia": "skipped", "clock": "unknown"})
    await diary.remember(kept, [])
    assert await diary.runs(*EVER) == [kept]


async def test_a_run_without_checks_is_a_run(diary: Diary) -> None:
    await diary.remember(Run("ndes01", NOON, "unknown", {}), [])
    assert await diary.runs(*EVER) == [Run("ndes01", NOON, "unknown", {})]


async def test_a_run_that_says_the_same_is_not_kept(diary: Diary) -> None:
    runs = [run(0), run(1), run(2, "fail"), run(3, "fail"), run(4), run(5)]
    for each in runs:
        await diary.remember(each, [])
    assert await diary.runs(*EVER) == [runs[0], runs[2], runs[4]]


async def test_a_run_is_kept_where_only_one_check_says_something_else(diary: Diary) -> None:
    first, second = run(0, "warn", tls="warn", clock="ok"), run(1, "warn", tls="warn", clock="warn")
    for each in (first, second):
        await diary.remember(each, [])
    assert await diary.runs(*EVER) == [first, second]


async def test_the_first_run_of_each_day_of_utc_is_kept(diary: Diary) -> None:
    in_tokyo = replace(run(12), at=(NOON + 12 * HOUR).astimezone(timezone(9 * HOUR)))  # midnight of UTC
    runs = [run(0), run(11.9), in_tokyo, run(13), run(36)]
    for each in runs:
        await diary.remember(each, [])
    assert await diary.runs(*EVER) == [runs[0], runs[2], runs[4]]


async def test_each_server_has_its_own_past(diary: Diary) -> None:
    for each in (run(0), run(1, server="ndes02"), run(2), run(3, server="ndes02")):
        await diary.remember(each, [])
    assert [(r.server, r.at) for r in await diary.runs(*EVER)] == [("ndes01", NOON), ("ndes02", NOON + HOUR)]


async def test_the_same_run_twice_is_one(diary: Diary) -> None:
    await asyncio.gather(*(diary.remember(run(), [expiry()]) for _ in range(5)))
    assert await diary.runs(*EVER) == [run()]
    assert await diary.expiries(EVER[1]) == [expiry()]


async def test_runs_of_a_time_begin_after_it_and_end_with_it(diary: Diary) -> None:
    runs = [run(0, "ok"), run(1, "fail"), run(2, "ok"), run(3, "fail")]
    for each in reversed(runs):
        await diary.remember(each, [])
    assert await diary.runs(NOON, NOON + 2 * HOUR) == runs[1:3]
    assert await diary.runs(NOON + 3 * HOUR, NOON + 9 * HOUR) == []


# --- expiries --------------------------------------------------------------------------------


async def test_a_quiet_time_is_ended_by_its_name(diary: Diary) -> None:
    for scope in ("tag:berlin", "ndes01"):
        await diary.hush(Quiet(scope, NOON, NOON + HOUR, "ann"))
    assert [await diary.unhush("tag:berlin", NOON + HOUR / 2) for _ in range(2)] == [1, 0]
    assert [quiet.scope for quiet in await diary.quiets(NOON + HOUR / 2)] == ["ndes01"]


async def test_how_one_server_stands_is_asked_alone(diary: Diary) -> None:
    await diary.stand(Health("ndes01", "ok", NOON), None)
    await diary.stand(Health("ndes02", "fail", NOON), None)
    assert list(await diary.health("ndes02")) == ["ndes02"]
    assert await diary.health("ndes03") == {}


async def test_expiries_take_the_place_of_those_of_that_server(diary: Diary) -> None:
    await diary.remember(run(), [expiry("CEP"), expiry("Enrollment Agent", 31)])
    await diary.remember(run(server="ndes02"), [expiry("CEP", 7, "ndes02")])
    await diary.remember(run(1), [expiry("CEP", 700)])
    assert await diary.expiries(EVER[1]) == [expiry("CEP", 7, "ndes02"), expiry("CEP", 700)]
    assert await diary.expiries(EVER[1], "ndes02") == [expiry("CEP", 7, "ndes02")]
    await diary.remember(run(2), [])
    assert await diary.expiries(EVER[1]) == [expiry("CEP", 7, "ndes02")]


async def test_what_runs_out_first_comes_first_up_to_a_time(diary: Diary) -> None:
    ends = [expiry("past", -3), expiry("soon", 1), expiry("then", 90), expiry("late", 91)]
    await diary.remember(run(), ends[::-1])
    assert await diary.expiries(NOON + 90 * DAY) == ends[:3]


async def test_two_certificates_of_one_name_are_two(diary: Diary) -> None:
    """Nodes behind one name."""
    await diary.remember(run(), [expiry("ndes", 9), expiry("ndes", 5)])
    assert await diary.expiries(EVER[1]) == [expiry("ndes", 5), expiry("ndes", 9)]


# --- health ----------------------------------------------------------------------------------


async def test_a_server_stands_as_it_was_said(diary: Diary) -> None:
    assert await diary.stand(FULL_HEALTH, None)
    assert await diary.stand(health(), None)
    assert await diary.health() == {"ndes01": health(), "ndes02": FULL_HEALTH}


async def test_a_server_stands_otherwise_only_where_it_stood_as_before(diary: Diary) -> None:
    assert not await diary.stand(health("fail"), health())
    assert await diary.stand(health(), None)
    assert not await diary.stand(health("fail"), None)
    assert not await diary.stand(health("fail"), health("warn"))
    assert await diary.health() == {"ndes01": health()}
    seen = (await diary.health())["ndes01"]
    assert await diary.stand(replace(seen, against=1, candidate="fail"), seen)
    assert not await diary.stand(health("fail"), seen)
    assert (await diary.health())["ndes01"].against == 1


async def test_the_same_moment_in_another_zone_is_the_same(diary: Diary) -> None:
    assert await diary.stand(FULL_HEALTH, None)
    elsewhere = replace(FULL_HEALTH, since=NOON.astimezone(timezone(-5 * HOUR)))
    assert await diary.stand(replace(elsewhere, flapping=False), elsewhere)


async def test_of_many_that_saw_the_same_one_hears_yes(diary: Diary) -> None:
    heard = await asyncio.gather(*(diary.stand(replace(health(), against=n), None) for n in range(20)))
    assert sum(heard) == 1
    before = (await diary.health())["ndes01"]
    heard = await asyncio.gather(*(diary.stand(replace(health("fail"), against=n), before) for n in range(20)))
    assert sum(heard) == 1


# --- subscriptions ---------------------------------------------------------------------------


async def test_a_subscription_comes_back_with_every_field(diary: Diary) -> None:
    full = Subscription(Place("teams", "19:x", "1"), "0 7 * * 1-5", 6, 45, "Europe/Zürich", ("prod", "漢"), False, NOON)
    plain = Subscription(CHANNEL)
    await diary.subscribe(full)
    await diary.subscribe(plain)
    assert sorted(await diary.subscriptions(), key=lambda s: s.place.surface) == [plain, full]


async def test_a_slot_that_was_told_moves_a_subscription_on_and_never_back(diary: Diary) -> None:
    await diary.told(CHANNEL, NOON)  # nobody wants one
    assert await diary.subscriptions() == []
    wanted = Subscription(CHANNEL, "daily", 7, tags=("prod",))
    await diary.subscribe(wanted)
    for slot in (NOON, NOON - DAY, NOON):
        await diary.told(CHANNEL, slot)
        assert await diary.subscriptions() == [replace(wanted, since=NOON)]


async def test_who_changes_a_subscription_while_its_slot_is_told_loses_nothing(diary: Diary) -> None:
    await diary.subscribe(Subscription(CHANNEL, "daily", 7))
    changing = [diary.subscribe(Subscription(CHANNEL, "weekly", 9, since=NOON))]
    await asyncio.gather(*(diary.told(CHANNEL, NOON - hour * HOUR) for hour in range(8)), *changing)
    assert await diary.subscriptions() == [Subscription(CHANNEL, "weekly", 9, since=NOON)]
    assert await diary.subscription(CHANNEL) == Subscription(CHANNEL, "weekly", 9, since=NOON)
    assert await diary.subscription(Place("slack", "C-none")) is None


async def test_a_channel_has_one_subscription_at_most(diary: Diary) -> None:
    for when in ("daily", "weekly"):
        await diary.subscribe(Subscription(CHANNEL, when))
    assert await diary.subscriptions() == [Subscription(CHANNEL, "weekly")]
    assert [await diary.unsubscribe(CHANNEL), await diary.unsubscribe(CHANNEL)] == [True, False]
    assert await diary.subscriptions() == []


async def test_places_that_look_alike_are_not_the_same(diary: Diary) -> None:
    places = [Place("slack", "C1"), Place("slack", "C1", ""), Place("slack", "C1", "1"), Place("slack", "C1 1")]
    for place in places:
        await diary.subscribe(Subscription(place))
    assert {s.place for s in await diary.subscriptions()} == set(places)


# --- quiet times -----------------------------------------------------------------------------


async def test_a_moment_lies_in_the_quiet_times_that_began_and_have_not_ended(diary: Diary) -> None:
    night = Quiet("tag:prod", NOON, NOON + 2 * HOUR, "U1", "patch day")
    later = Quiet("*", NOON + HOUR, NOON + 3 * HOUR, "U2")
    for quiet in (night, later):
        await diary.hush(quiet)
    assert await diary.quiets(NOON - HOUR) == []
    assert await diary.quiets(NOON) == [night]
    assert await diary.quiets(NOON + HOUR) == [night, later]
    assert await diary.quiets(NOON + 2 * HOUR) == [later]
    assert await diary.quiets(NOON + 3 * HOUR) == []


# --- questions and votes ---------------------------------------------------------------------


async def test_the_last_word_of_a_person_counts(diary: Diary) -> None:
    await diary.vote("a1", "U1", helped=False, at=NOON)
    await diary.vote("a1", "U2", helped=True, at=NOON)
    await diary.vote("a2", "U1", helped=True, at=NOON)
    assert await diary.votes(*EVER) == Votes(2, 1)
    await diary.vote("a1", "U1", helped=True, at=NOON + HOUR)
    assert await diary.votes(*EVER) == Votes(3, 0)
    assert await diary.votes(NOON - HOUR, NOON) == Votes(2, 0)
    assert await diary.votes(NOON, NOON + HOUR) == Votes(1, 0)


HERE = f"{CHANNEL.surface} {CHANNEL.conversation}"


async def _answer(room: Room, *asked: Asked) -> None:
    for number, each in enumerate(asked):
        said = Message(f"{each.at} {number}", CHANNEL, each.sender, each.text)
        await room.mail.receive(said, "here", each.at)
        await room.mail.answered(said, each.at, each.about)


async def test_what_was_asked_in_a_time_is_told_the_oldest_first(room: Room) -> None:
    asked = [Asked(NOON + n * HOUR, f"U{n % 2}", f"text {n}", "ra-expired" if n else None, HERE) for n in range(4)]
    await _answer(room, *asked)
    assert await room.diary.asked(NOON, NOON + 2 * HOUR) == asked[1:3]
    assert await room.diary.asked(*EVER) == asked


# --- forgetting ------------------------------------------------------------------------------


async def test_a_person_is_forgotten_and_the_others_are_not(room: Room) -> None:
    mail, diary = room.mail, room.diary
    mine, others = Asked(NOON, "U1", "my text", None, HERE), Asked(NOON, "U2", "their text", None, HERE)
    await _answer(room, mine, others)
    for who in ("U1", "U2"):
        await mail.receive(replace(message(f"waits {who}"), sender=who), "here", NOON)
        await diary.vote("a1", who, helped=True, at=NOON)
        await diary.hush(Quiet("ndes01", NOON, NOON + HOUR, who, "because"))
    assert await diary.forget("U1") == 4
    assert await diary.asked(*EVER) == [others]
    assert await mail.questions("U1") == []
    assert [left.message.sender for left in await mail.waiting()] == ["U2"]
    assert await diary.votes(*EVER) == Votes(1, 0)
    # What they hushed stays hushed.
    assert [(q.who, q.why) for q in await diary.quiets(NOON)] == [("", ""), ("U2", "because")]
    assert await diary.forget("U1") == 0


@pytest.mark.parametrize("who", ["", "%", "_1", "u1", "U1 ", "' or 1=1 --", "U\0", "\ud800", "x" * 5000])
async def test_nobody_is_forgotten_for_another(room: Room, who: str) -> None:
    await _answer(room, Asked(NOON, "U1", "my text", None))
    await room.diary.vote("a1", "U1", helped=True, at=NOON)
    await room.diary.hush(Quiet("*", NOON, NOON + HOUR, "U1", "because"))
    assert await room.diary.forget(who) == 0


async def test_what_is_old_is_swept_and_the_rest_stays(room: Room) -> None:
    mail, diary = room.mail, room.diary
    old, young = NOON - 10 * DAY, NOON - 2 * DAY
    for at in (old, young):
        await _answer(room, Asked(at, "U1", "text", None))
        await diary.vote(f"a{at}", "U1", helped=True, at=at)
        await diary.remember(Run("ndes01", at, "ok", {"tls": "ok"}), [expiry()])
        await diary.hush(Quiet("*", at, at + HOUR, "U1"))
    await diary.hush(Quiet("tag:long", old, NOON + DAY, "U1"))
    await diary.stand(health(), None)
    await diary.subscribe(Subscription(CHANNEL))
    await diary.sweep(NOON, questions=3 * DAY, findings=30 * DAY)
    assert [a.at for a in await diary.asked(*EVER)] == [young]
    assert await diary.votes(*EVER) == Votes(1, 0)
    assert [r.at for r in await diary.runs(*EVER)] == [old, young]
    assert [q.scope for q in await diary.quiets(old)] == ["tag:long"]
    assert len(await diary.quiets(young)) == 2
    await diary.sweep(NOON, questions=30 * DAY, findings=3 * DAY)
    assert [r.at for r in await diary.runs(*EVER)] == [young]
    assert len(await mail.questions()) == 1
    assert (await diary.health(), len(await diary.expiries(EVER[1]))) == ({"ndes01": health()}, 1)
    assert await diary.subscriptions() == [Subscription(CHANNEL)]


# --- what only a database can get wrong ------------------------------------------------------

NASTY = "a\0b \ud800 '; drop table health; -- \u202e\r\n the challenge password is: 8A2F6F1F2E3D4C5B "


async def test_hostile_texts_are_kept_harmlessly_and_without_secrets(opened: SqlStore, address: str) -> None:
    diary, ends = opened.diary, NOON + DAY
    nasty = NASTY + "漢" * 5000
    await diary.remember(Run(NASTY, NOON, "ok", {NASTY: "ok"}), [Expiry("n", "other", nasty, ends, NOON)])
    assert await diary.stand(Health(NASTY, "ok", NOON, post=(Place("slack", nasty), nasty)), None)
    await diary.subscribe(Subscription(Place("slack", nasty, nasty), nasty, zone=nasty, tags=(nasty,)))
    await diary.hush(Quiet(nasty, NOON, ends, nasty, nasty))
    await diary.vote(nasty, nasty, helped=True, at=NOON)
    ((fields,),) = ask(address, "select fields from expiries")
    ((scope, who, why),) = ask(address, "select scope, who, why from quiets")
    (kept,) = await diary.expiries(ends)
    for text in (fields, kept.name, why):
        assert "8A2F6F1F2E3D4C5B" not in text
        assert "[secret removed]" in text
    assert max(map(len, (kept.name, scope, who, why))) <= 200
    assert len(await diary.health()) == len(await diary.runs(*EVER)) == len(await diary.subscriptions()) == 1
    assert await diary.unsubscribe(Place("slack", nasty, nasty))
    assert await diary.forget(nasty) == 2
    assert await diary.votes(*EVER) == Votes()


async def test_a_server_of_a_hostile_name_stands_as_it_is_read(opened: SqlStore) -> None:
    assert await opened.diary.stand(health(server=NASTY), None)
    (seen,) = (await opened.diary.health()).values()
    assert await opened.diary.stand(replace(seen, verdict="fail"), seen)
    assert not await opened.diary.stand(replace(seen, verdict="warn"), seen)


async def test_of_two_replicas_one_lets_a_server_stand(opened: SqlStore, address: str) -> None:
    async with open_store(address) as other:
        before: Health | None = None
        for turn in range(10):
            new = [replace(health(), against=10 * turn + n) for n in range(6)]
            stands = [s.diary.stand(h, before) for h in new for s in (opened, other)]
            assert sum(await asyncio.gather(*stands)) == 1
            before = (await other.diary.health())["ndes01"]
            assert before in new


async def test_two_replicas_that_remember_the_same_disturb_nothing(opened: SqlStore, address: str) -> None:
    ends = [expiry(f"certificate {n}", n) for n in range(20)]
    async with open_store(address) as other:
        remembering = [s.diary.remember(run(n), ends) for n in range(6) for s in (opened, other)]
        await asyncio.gather(*remembering)
    assert await opened.diary.expiries(EVER[1]) == ends


async def test_health_of_a_newer_version_is_read_and_changed(opened: SqlStore, address: str) -> None:
    await opened.diary.stand(health(), None)
    ask(address, "update health set fields = replace(fields, '{', '{\"mood\": 1, ')")
    assert await opened.diary.health() == {"ndes01": health()}
    assert await opened.diary.stand(health("fail"), health())


async def test_what_makes_no_sense_costs_nothing_else(
    opened: SqlStore, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    diary = opened.diary
    for server in ("ndes01", "ndes02"):
        await diary.remember(run(server=server), [])
        await diary.stand(health(server=server), None)
    for place in ("C1", "C2"):
        await diary.subscribe(Subscription(Place("slack", place)))
    ask(address, "update health set fields = '{\"verdict\": \"brilliant\"}' where server = 'ndes02'")
    ask(address, "update history set checks = '{\"tls\": \"brilliant\"}' where server = 'ndes02'")
    ask(address, "update subscriptions set fields = '[]' where cast(fields as text) like '%C2%'")
    assert await diary.health() == {"ndes01": health()}
    assert await diary.runs(*EVER) == [run()]
    assert await diary.subscriptions() == [Subscription(CHANNEL)]
    assert caplog.text.count("cannot be read") == 3
    assert await diary.stand(health(server="ndes02"), None)  # it is as if there were none


async def test_a_server_that_is_removed_takes_its_diary_with_it(opened: SqlStore) -> None:
    for server in (NDES, FULL):
        await opened.register(server)
        await opened.diary.remember(run(server=server.name), [expiry(server=server.name)])
        await opened.diary.stand(health(server=server.name), None)
    await opened.remove("ndes01")
    assert [r.server for r in await opened.diary.runs(*EVER)] == ["ndes02"]
    assert [e.server for e in await opened.diary.expiries(EVER[1])] == ["ndes02"]
    assert list(await opened.diary.health()) == ["ndes02"]


async def test_an_answer_is_known_by_the_message_that_it_answers(opened: SqlStore, address: str) -> None:
    said = message("171.5")
    await opened.mail.receive(said, "here", NOON)
    await opened.mail.answered(said, NOON, "ra-expired")
    await opened.diary.vote("slack 171.5", "U2", helped=True, at=NOON)
    joined = "select about, helped from questions join votes on votes.answer = questions.answer"
    assert [(about, bool(helped)) for about, helped in ask(address, joined)] == [("ra-expired", True)]


async def test_times_come_back_aware_and_exact(opened: SqlStore) -> None:
    at = datetime(2026, 10, 25, 1, 30, 0, 123456, tzinfo=UTC)
    await opened.diary.stand(Health("ndes01", "ok", at, turns=(at,)), None)
    await opened.diary.remember(Run("ndes01", at, "ok", {}), [Expiry("ndes01", "tls", "n", at, at)])
    kept = [(await opened.diary.health())["ndes01"].since, (await opened.diary.runs(*EVER))[0].at]
    kept += [(await opened.diary.expiries(EVER[1]))[0].seen]
    assert kept == [at] * 3
    assert all(time.tzinfo is not None for time in kept)
