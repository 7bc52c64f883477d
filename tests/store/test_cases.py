"""Whatever keeps what a case is gathered from keeps the same promises, and so does the fake."""

import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.cases import Cases
from bot.ports import Filed, Heard, Use
from bot.types import Message, Place
from connectors.assembly import causes
from connectors.store import SqlStore, open_store
from connectors.surveying import Surveying
from knowledge.library import Library
from tests.fakes import NOON, FakeClock
from tests.logs.compose import compose
from tests.store.conftest import Room
from tests.store.postgres import ask
from tests.store.test_contract import NDES, report

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
THREAD = Place("slack", "C1", "171.5")
STORY = {"summary": "2 of 3 enrolments stop at step 3", "stops": [{"step": 3, "since": None}], "ü": ["漢", 1.5, True]}
FILED = Filed(NOON, THREAD, "U1", STORY)


async def asked(room: Room, name: str, place: Place = THREAD, sender: str = "U1", minutes: int = 0) -> None:
    message = Message(name, place, sender, f"text of {name}")
    await room.mail.receive(message, "here", NOON)
    await room.mail.answered(message, NOON + minutes * MINUTE, "ra-expired" if name == "m1" else None)


def use(minutes: int, command: str = "check", *, place: str = "slack/C1", server: str | None = "ndes01") -> Use:
    return Use(NOON + minutes * MINUTE, "U1", place, command, server, True)


# --- stories ---------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [THREAD, Place("teams", "19:abc")])
async def test_a_story_comes_back_whole(room: Room, place: Place) -> None:
    assert await room.casebook.filed("key") is None
    await room.casebook.file("key", replace(FILED, place=place))
    assert await room.casebook.filed("key") == replace(FILED, place=place)
    assert await room.casebook.filed("another") is None


async def test_the_last_story_of_a_message_counts(room: Room) -> None:
    await room.casebook.file("key", FILED)
    again = Filed(NOON + MINUTE, Place("slack", "C2"), "U2", {})
    await room.casebook.file("key", again)
    assert await room.casebook.filed("key") == again


async def test_a_story_is_kept_for_a_week_as_the_buttons_are(room: Room) -> None:
    await room.casebook.file("key", FILED)
    await room.mail.sweep(NOON + 7 * DAY)
    assert await room.casebook.filed("key") == FILED
    await room.mail.sweep(NOON + 7 * DAY + MINUTE)
    assert await room.casebook.filed("key") is None


async def test_who_is_forgotten_takes_their_stories_along(room: Room) -> None:
    await room.casebook.file("mine", FILED)
    await room.casebook.file("theirs", replace(FILED, sender="U2"))
    assert await room.diary.forget("U1") == 1
    assert await room.casebook.filed("mine") is None
    assert await room.casebook.filed("theirs") is not None


async def test_texts_of_any_kind_are_kept(opened: SqlStore, address: str) -> None:
    nasty = "a\0b \ud800 ' or 1=1 -- <script> \u202e"
    await opened.casebook.file("key", Filed(NOON, Place("slack", nasty), nasty, {nasty: [nasty, {"x": nasty}]}))
    filed = await opened.casebook.filed("key")
    assert filed is not None
    assert len(ask(address, "select message from stories")) == 1
    assert await opened.diary.forget(nasty) == 1


# --- what was asked and done -----------------------------------------------------------------


async def test_the_questions_of_a_thread_are_told_the_oldest_first_with_what_people_said_of_them(room: Room) -> None:
    await asked(room, "m1")
    await asked(room, "m2", sender="U2", minutes=5)
    for who, helped in (("U1", True), ("U2", False), ("U3", True)):
        await room.diary.vote("slack m1", who, helped=helped, at=NOON)
    assert await room.casebook.heard(THREAD, NOON) == [
        Heard(NOON, "U1", "text of m1", "ra-expired", 2, 1),
        Heard(NOON + 5 * MINUTE, "U2", "text of m2", None),
    ]


@pytest.mark.parametrize(
    "elsewhere", [replace(THREAD, surface="teams"), replace(THREAD, conversation="C2"), replace(THREAD, thread=None)]
)
async def test_questions_of_other_places_are_not_told(room: Room, elsewhere: Place) -> None:
    await asked(room, "m1", elsewhere)
    assert await room.casebook.heard(THREAD, NOON) == []
    assert [one.text for one in await room.casebook.heard(elsewhere, NOON)] == ["text of m1"]


async def test_of_many_questions_the_last_are_told_and_none_from_before(room: Room) -> None:
    for number in range(6):
        await asked(room, f"m{number}", minutes=number)
    last = await room.casebook.heard(THREAD, NOON + MINUTE, most=3)
    assert [one.text for one in last] == ["text of m3", "text of m4", "text of m5"]
    assert len(await room.casebook.heard(THREAD, NOON + MINUTE)) == 5
    assert await room.casebook.heard(THREAD, NOON, most=0) == []


async def test_what_was_done_to_servers_from_a_conversation_is_told(room: Room) -> None:
    for line in (use(0), use(1, "fixed"), use(2, place="slack/C2"), use(3, "register", server=None)):
        await room.store.note(line)
    await room.store.note(replace(use(4), allowed=False))
    assert await room.casebook.uses(THREAD, NOON) == [use(0), use(1, "fixed")]
    assert await room.casebook.uses(THREAD, NOON + MINUTE) == [use(1, "fixed")]
    assert await room.casebook.uses(THREAD, NOON, most=1) == [use(1, "fixed")]
    assert await room.casebook.uses(THREAD, NOON, most=0) == []


# --- from one replica to another -------------------------------------------------------------


async def test_another_replica_packs_what_this_one_kept(opened: SqlStore, address: str, library: Library) -> None:
    """The button is pressed days later, and another process hears it."""
    surveying = Surveying(library)
    for name, data in compose("verify-403-16", 1).files.items():
        surveying.read(io.BytesIO(data), name)
    message = Message("m1", THREAD, "U1", "what is wrong? \0")
    await _cases(opened, library).keep(message, surveying.done().story)
    await opened.mail.receive(message, "here", NOON)
    await opened.mail.answered(message, NOON, "policy-module-403-16")
    await opened.register(NDES)
    await opened.note(use(0, "fixed"))
    await opened.keep(report(), None)
    async with open_store(address) as other:
        press = Message("p1", THREAD, "U2", "packet")
        packets = [await _cases(store, library).packet(press, Cases.key(message)) for store in (opened, other)]
    assert packets[0] == packets[1]
    told = json.loads(zipfile.ZipFile(io.BytesIO(packets[0])).read("packet.json"))
    assert told["story"]["stops"][0]["entry"] == "policy-module-403-16"
    assert [turn["entry"] for turn in told["questions"]] == ["policy-module-403-16"]
    assert [server["server"] for server in told["servers"]] == ["ndes01"]
    assert [one["command"] for one in told["tried"]] == ["fixed"]


def _cases(store: SqlStore, library: Library) -> Cases:
    return Cases(
        book=store.casebook,
        store=store,
        diary=store.diary,
        library=library,
        causes=causes(),
        clock=FakeClock(),
        versions={},
    )
