"""Whatever keeps what is under way in the chats keeps the same promises, and so does the fake."""

import asyncio
from datetime import timedelta

from bot.ports import Mail, Offer, Question, Waiting
from bot.types import Message, Place
from connectors.store import SqlStore, open_store
from connectors.store.mail import key_of
from tests.fakes import NOON
from tests.store.postgres import ask

PLACE = Place("slack", "C1", "171.5")
LATER = NOON + timedelta(seconds=30)


def message(name: str, text: str = "12175 winhttp", surface: str = "slack") -> Message:
    return Message(name, Place(surface, "C1", "171.5"), "U1", text)


async def test_a_message_is_new_once(mail: Mail) -> None:
    assert [await mail.receive(message("m1"), "here", NOON) for _ in range(3)] == [True, False, False]
    assert await mail.receive(message("m1", surface="teams"), "here", NOON)


async def test_of_many_that_ask_at_once_one_hears_yes(mail: Mail) -> None:
    asking = [mail.receive(message(f"m{number % 40}"), "here", NOON) for number in range(400)]
    assert sum(await asyncio.gather(*asking)) == 40


async def test_a_message_waits_until_it_is_answered(mail: Mail) -> None:
    first, second = message("m1"), message("m2")
    await mail.receive(first, "here", NOON)
    await mail.receive(second, "there", NOON + timedelta(seconds=1))
    left = Waiting(second, None, "there", NOON + timedelta(seconds=1))
    assert await mail.waiting() == [Waiting(first, None, "here", NOON), left]
    assert await mail.hold([first, second, message("m3")], "here", LATER) == [first]
    await mail.posted(first, "171.6")
    assert await mail.waiting() == [Waiting(first, "171.6", "here", LATER), left]
    await mail.answered(first, LATER, "entry")
    assert await mail.waiting() == [left]
    assert not await mail.receive(first, "here", LATER)


async def test_a_message_that_was_left_is_taken_over_by_one(mail: Mail) -> None:
    await mail.receive(message("m1"), "dead", NOON)
    await mail.posted(message("m1"), "171.6")
    (left,) = await mail.waiting()
    taking = [mail.take(left, f"alive {n}", LATER + timedelta(seconds=n)) for n in range(10)]
    assert sum(await asyncio.gather(*taking)) == 1
    (again,) = await mail.waiting()
    assert (again.message, again.sent, again.taken) == (message("m1"), "171.6", 1)
    assert await mail.take(again, "another", LATER + timedelta(minutes=1))
    assert [one.taken for one in await mail.waiting()] == [2]


async def test_a_message_whose_holder_moved_after_all_stays_with_it(mail: Mail) -> None:
    await mail.receive(message("m1"), "slow", NOON)
    (left,) = await mail.waiting()
    assert await mail.hold([message("m1")], "slow", LATER) == [message("m1")]
    assert not await mail.take(left, "another", LATER)
    await mail.done(message("m1"))
    assert not await mail.take(left, "another", LATER)


async def test_what_was_answered_is_a_question_that_was_asked(mail: Mail) -> None:
    for number in range(3):
        asked = Message(f"m{number}", PLACE, f"U{number % 2}", f"text {number}")
        await mail.receive(asked, "here", NOON)
        await mail.answered(asked, LATER, "ra-expired" if number else None)
    assert [question.text for question in await mail.questions(most=2)] == ["text 2", "text 1"]
    assert await mail.questions("U1") == [Question(LATER, PLACE, "U1", "text 1", "ra-expired")]


async def test_nothing_is_kept_of_what_was_no_question(mail: Mail) -> None:
    overheard = Message("m1", PLACE, "U1", "good morning")
    await mail.receive(overheard, "here", NOON)
    await mail.done(overheard)
    assert await mail.waiting() == []
    assert await mail.questions() == []
    assert not await mail.receive(overheard, "here", NOON)


async def test_a_button_says_what_it_said(mail: Mail) -> None:
    assert await mail.offered("nothing") is None
    await mail.offer("token", Offer(PLACE, ("check ndes01", "help")), NOON)
    assert await mail.offered("token") == Offer(PLACE, ("check ndes01", "help"))


async def test_what_is_old_is_forgotten_when_told_and_not_while_a_message_waits_to_be_taken(mail: Mail) -> None:
    await mail.receive(message("m1"), "here", NOON)
    await mail.offer("token", Offer(PLACE, ("help",)), NOON)
    await mail.receive(message("m2"), "here", NOON + timedelta(hours=25))
    assert not await mail.receive(message("m1"), "here", NOON + timedelta(hours=25))
    await mail.sweep(NOON + timedelta(hours=25))
    assert [left.message.id for left in await mail.waiting()] == ["m2"]
    assert await mail.receive(message("m1"), "here", NOON + timedelta(hours=25))
    assert await mail.offered("token")
    await mail.sweep(NOON + timedelta(days=8))
    assert await mail.offered("token") is None


async def test_a_conversation_is_addressed_as_its_platform_wants(mail: Mail) -> None:
    assert await mail.reference("teams", "19:abc") is None
    for version in (1, 2):
        await mail.refer("teams", "19:abc", {"serviceUrl": "https://smba.example/emea/", "version": version})
    assert await mail.reference("teams", "19:abc") == {"serviceUrl": "https://smba.example/emea/", "version": 2}
    assert await mail.reference("slack", "19:abc") is None


async def test_many_addresses_and_places_at_once_are_all_kept(mail: Mail) -> None:
    await asyncio.gather(*(mail.refer("teams", f"19:{n % 10}", {"version": n}) for n in range(30)))
    assert [await mail.reference("teams", f"19:{n}") for n in range(10)] == [{"version": 20 + n} for n in range(10)]
    asked = [message(f"m{n}") for n in range(20)]
    await asyncio.gather(*(mail.receive(one, "here", NOON) for one in asked))
    await asyncio.gather(*(mail.posted(one, f"sent {one.id}") for one in asked))
    assert {left.sent for left in await mail.waiting()} == {f"sent {one.id}" for one in asked}


async def test_secrets_are_not_kept_and_hostile_text_is(opened: SqlStore, address: str) -> None:
    text = "a\0b \ud800 the challenge password is: 8A2F6F1F2E3D4C5B"
    asked = Message("m\0", PLACE, "U\ud800", text)
    await opened.mail.receive(asked, "here", NOON)
    ((kept,),) = ask(address, "select cast(fields as text) from inbox")
    await opened.mail.answered(asked, NOON, None)
    ((question,),) = ask(address, "select text from questions")
    assert "8A2F" not in kept + question
    assert await opened.mail.waiting() == []


async def test_a_row_that_is_no_message_keeps_no_other_one_from_being_answered(opened: SqlStore, address: str) -> None:
    asked = message("m1")
    await opened.mail.receive(asked, "here", NOON)
    for number, fields in enumerate(('{"id": "x"}', '{"place": "C1"}', '{"text": 5}', '["a"]', "null", "5")):
        await opened.mail.receive(message(f"row {number}"), "here", NOON)
        ask(address, f"update inbox set fields = '{fields}' where message = '{key_of('slack', f'row {number}')}'")
    assert await opened.mail.waiting() == [Waiting(asked, None, "here", NOON)]


async def test_of_two_replicas_one_takes_a_message(opened: SqlStore, address: str) -> None:
    async with open_store(address) as other:
        asking = [s.mail.receive(message(f"m{n}"), "x", NOON) for n in range(30) for s in (opened, other)]
        assert sum(await asyncio.gather(*asking)) == 30


async def test_replicas_that_hear_the_same_in_another_order_do_not_stand_in_each_others_way(
    opened: SqlStore, address: str
) -> None:
    async with open_store(address) as other:
        for lot in range(8):
            names = [f"{lot} {number}" for number in range(150)]
            asking = [opened.mail.receive(message(name), "x", NOON) for name in names]
            asking += [other.mail.receive(message(name), "y", NOON) for name in reversed(names)]
            addressing = [opened.mail.refer("teams", name, {"by": "x"}) for name in names]
            addressing += [other.mail.refer("teams", name, {"by": "y"}) for name in reversed(names)]
            heard = await asyncio.gather(*asking)
            assert sum(heard) == len(names)
            await asyncio.gather(*addressing)


async def test_who_goes_away_while_others_write_costs_them_nothing(mail: Mail) -> None:
    tasks = [asyncio.create_task(mail.receive(message(f"m{number}"), "here", NOON)) for number in range(9)]
    await asyncio.sleep(0)
    tasks[4].cancel()
    heard = await asyncio.gather(*tasks, return_exceptions=True)
    assert [h for at, h in enumerate(heard) if at != 4] == [True] * 8
