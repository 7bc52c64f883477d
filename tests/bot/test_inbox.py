"""Each message is answered once and in order, whatever its platform, the database and the process do."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from math import inf

import pytest

from bot import posting, receipt
from bot.errors import Away, ConnectorError, Gone
from bot.inbox import HOLD_EVERY, LEFT_AFTER, TAKEN_AT_MOST, Inbox
from bot.ports import Mail, Offer, Show, Waiting
from bot.posting import PATIENCE
from bot.standstill import LOOKS
from bot.types import Answer, Choices, Message, Place
from tests.chat.fake_surface import FakeSurface, busy
from tests.fakes import FakeClock, FakeMail

THREAD = Place("fake", "C1", "1")


def message(name: str, text: str = "hello", place: Place = THREAD, sender: str = "ann") -> Message:
    return Message(name, place, sender, text)


class Desk:
    """An inbox with everything around it; what it waits for passes at once, on the clock alone."""

    def __init__(
        self,
        mail: Mail | None = None,
        surface: FakeSurface | None = None,
        holder: str = "here",
        clock: FakeClock | None = None,
    ) -> None:
        self.clock = clock or FakeClock()
        self.mail = mail or FakeMail()
        self.surface = surface or FakeSurface()
        self.waits: list[float] = []
        self.asked: list[Message] = []
        self.inbox = Inbox(
            mail=self.mail,
            handle=self.handle,
            surfaces=[self.surface],
            clock=self.clock,
            holder=holder,
            may=lambda message: message.sender != "a viewer",
            pause=self.pause,
        )

    async def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.pass_by(seconds)
        await asyncio.sleep(0)

    async def handle(self, message: Message, show: Show) -> Answer | None:
        self.asked.append(message)
        if message.text == "silence":
            return None
        if message.text.startswith("long"):
            for step in range(3):
                await show(Answer(f"{step} of 3", "info"))
                await asyncio.sleep(0.01)
        if message.text == "menu":
            return Answer("menu", "info", (Choices("What?", (("Check", "check ndes01"), ("Help", "help"))),))
        private, question = message.text == "private", message.text != "order"
        return Answer(f"answer to {message.text}", "info", about="entry", private=private, question=question)

    async def receive(self, *messages: Message) -> None:
        for each in messages:
            await self.inbox.receive(each)
        await self.inbox.settle(10)

    def button(self, label: str) -> str:
        return next(post.buttons[label] for post in self.surface.posts.values() if label in post.buttons)


async def test_a_message_is_answered_where_it_was_asked() -> None:
    desk = Desk()
    await desk.receive(message("m1"))
    (post,) = desk.surface.posts.values()
    assert (post.place, post.title, post.reader) == (THREAD, "answer to hello", None)
    assert [(q.text, q.about) for q in await desk.mail.questions()] == [("hello", "entry")]
    assert await desk.mail.waiting() == []


async def test_a_message_that_comes_again_is_not_answered_again() -> None:
    desk = Desk()
    await desk.receive(message("m1"), message("m1"))
    successor = Desk(desk.mail, desk.surface)
    await successor.receive(message("m1"))
    assert desk.surface.titles() == ["answer to hello"]


async def test_silence_posts_nothing_and_is_done() -> None:
    desk = Desk()
    await desk.receive(message("m1", "silence"), message("m2", "loud"))
    assert desk.surface.titles() == ["answer to loud"]
    assert await desk.mail.waiting() == []


async def test_only_questions_are_kept_once_they_are_answered() -> None:
    desk = Desk()
    await desk.receive(message("m1", "silence"), message("m2", "order"), message("m3", "loud"))
    assert [question.text for question in await desk.mail.questions()] == ["loud"]
    assert await desk.mail.waiting() == []


async def test_what_is_of_use_to_the_asker_alone_is_shown_to_nobody_else() -> None:
    desk = Desk()
    await desk.receive(message("m1", "private"))
    assert [post.reader for post in desk.surface.posts.values()] == ["ann"]


async def test_a_long_answer_fills_in_where_it_stands_and_lets_others_by() -> None:
    desk = Desk()
    await desk.receive(message("m1", "long"), message("m2", "short"))
    long, short = desk.surface.posts.values()
    assert long.shown[0].title == "0 of 3"
    assert [long.title, short.title] == ["answer to long", "answer to short"]


async def test_where_only_the_last_answer_may_be_shown_no_interim_one_is() -> None:
    desk = Desk()
    desk.surface.pause = inf
    await desk.receive(message("m1", "long"))
    (post,) = desk.surface.posts.values()
    assert [answer.title for answer in post.shown] == ["answer to long"]


async def test_answers_of_a_thread_come_in_the_order_of_the_questions() -> None:
    desk = Desk()
    desk.surface.troubles = [trouble for _ in range(50) for trouble in random.Random(7).choice([busy(1), [None]])]
    asked = [message(f"m{n}", f"{n}", Place("fake", "C1", str(n % 3))) for n in range(90)]
    await desk.receive(*asked)
    for thread in range(3):
        titles = desk.surface.titles(Place("fake", "C1", str(thread)))
        assert titles == [f"answer to {n}" for n in range(90) if n % 3 == thread]


async def test_a_long_row_in_one_thread_is_answered_to_its_end() -> None:
    desk = Desk()
    dice = random.Random(3)
    texts = ["silence" if dice.random() < 0.5 else f"{n}" for n in range(3000)]
    desk.surface.troubles = busy(1)
    for n, text in enumerate(texts):  # those who are silent go out of the row while others still wait in it
        await desk.inbox.receive(message(f"m{n}", text))
    await desk.inbox.settle(60)
    assert desk.surface.titles() == [f"answer to {text}" for text in texts if text != "silence"]


# --- a platform in trouble -------------------------------------------------------------------


async def test_a_platform_that_asks_to_wait_is_given_the_time_it_names() -> None:
    desk = Desk()
    desk.surface.troubles = busy(3, after=17)
    await desk.receive(message("m1"))
    assert desk.waits == [17, 17, 17]
    assert desk.surface.titles() == ["answer to hello"]


async def test_ten_minutes_of_refusals_lose_nothing_and_keep_the_order() -> None:
    desk = Desk()
    desk.surface.troubles = busy(20 * 10, after=3)  # on one clock for all ten channels: ten minutes
    await desk.receive(*(message(f"m{n}", f"{n}", Place("fake", f"C{n % 10}")) for n in range(100)))
    for channel in range(10):
        titles = desk.surface.titles(Place("fake", f"C{channel}"))
        assert titles == [f"answer to {n}" for n in range(100) if n % 10 == channel]


async def test_where_the_reply_to_a_post_was_lost_it_is_looked_up_before_it_is_repeated() -> None:
    desk = Desk()
    desk.surface.lost_replies = 1
    await desk.receive(message("m1"))
    assert desk.surface.titles() == ["answer to hello"]


async def test_a_channel_that_is_gone_is_not_asked_again() -> None:
    desk = Desk()
    desk.surface.troubles = [Gone()]
    await desk.receive(message("m1"))
    assert (desk.surface.posts, desk.waits) == ({}, [])
    assert await desk.mail.waiting() == []


async def test_a_platform_that_stays_away_is_given_up_in_the_end() -> None:
    desk = Desk()
    desk.surface.troubles = [ConnectorError("down")] * 1000
    began = desk.clock()
    await desk.receive(message("m1"))
    assert PATIENCE - timedelta(minutes=2) < desk.clock() - began <= PATIENCE
    assert max(desk.waits) <= 75


# --- buttons ---------------------------------------------------------------------------------


async def test_a_button_carries_nothing_but_an_id_and_says_what_it_stands_for() -> None:
    desk = Desk()
    await desk.receive(message("m1", "menu"))
    assert "ndes01" not in desk.button("Check")
    await desk.receive(Message("click", THREAD, "bob", desk.button("Check"), pressed=True))
    assert (desk.asked[-1].text, desk.asked[-1].sender) == ("check ndes01", "bob")


async def test_a_button_works_once() -> None:
    desk = Desk()
    await desk.receive(message("m1", "menu"))
    clicks = [Message(f"click{n}", THREAD, f"p{n}", desk.button("Check"), pressed=True) for n in range(3)]
    await desk.receive(*clicks, clicks[0])
    assert [m.text for m in desk.asked] == ["menu", "check ndes01"]
    assert desk.surface.titles()[2:] == ["That button was pressed already"] * 2


@pytest.mark.parametrize("pressed", ["", "x", "nothing.0", "{}.9", "{}.-1", "{}.٣", "{}", "{}.0x", "{}.00"])
async def test_a_button_that_was_never_offered_does_nothing(pressed: str) -> None:
    desk = Desk()
    await desk.receive(message("m1", "menu"))
    token = desk.button("Check").partition(".")[0]
    await desk.receive(Message("click", THREAD, "bob", pressed.format(token), pressed=True))
    assert desk.surface.titles()[1:] == ["That button does not work any more"]


async def test_a_button_works_only_in_the_conversation_where_it_stands() -> None:
    desk = Desk()
    await desk.receive(message("m1", "menu"))
    elsewhere = replace(THREAD, conversation="C2")
    await desk.receive(Message("click", elsewhere, "eve", desk.button("Check"), pressed=True))
    assert desk.surface.titles(elsewhere) == ["That button does not work any more"]


async def test_a_press_of_one_who_may_not_leaves_the_button_to_those_who_may() -> None:
    desk = Desk()
    await desk.receive(message("m1", "menu"))
    for number, who in enumerate(("a viewer", "a viewer", "bob", "eve")):
        await desk.receive(Message(f"click {number}", THREAD, who, desk.button("Check"), pressed=True))
    assert [each.sender for each in desk.asked[1:]] == ["a viewer", "bob"]
    assert desk.surface.titles().count("That button was pressed already") == 2


async def test_what_a_button_asks_is_held_however_long_it_takes() -> None:
    desk = Desk()
    await desk.receive(message("m1", "menu"))
    asked: list[str] = []
    done = asyncio.Event()

    async def slowly(message: Message, show: Show) -> Answer | None:
        asked.append(message.text)
        await done.wait()
        return Answer(f"answer to {message.text}", "info")

    slow = Inbox(
        mail=desk.mail, handle=slowly, surfaces=[desk.surface], clock=desk.clock, holder="here", pause=desk.pause
    )
    await slow.receive(Message("click", THREAD, "bob", desk.button("Check"), pressed=True))
    looking_after = asyncio.create_task(slow.look_after())
    while desk.clock() < FakeClock()() + 2 * LEFT_AFTER:
        await asyncio.sleep(0)
    looking_after.cancel()
    done.set()
    await slow.settle(10)
    assert asked == ["check ndes01"]
    assert desk.surface.titles() == ["menu", "answer to check ndes01"]


async def test_a_bug_met_once_ends_no_looking_after() -> None:
    desk = Desk()
    await desk.mail.receive(message("m1"), "a dead one", desk.clock())
    waiting, looks = desk.mail.waiting, 0

    async def stumble() -> list[Waiting]:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise KeyError("a bug")
        return await waiting()

    desk.mail.waiting = stumble  # type: ignore[method-assign]
    looking_after = asyncio.create_task(desk.inbox.look_after())
    while not desk.surface.titles() and not looking_after.done():
        await asyncio.sleep(0)
    assert not looking_after.done()
    looking_after.cancel()


# --- a process that ends ---------------------------------------------------------------------


async def test_what_a_process_left_is_answered_by_its_successor() -> None:
    desk = Desk()
    await desk.mail.receive(message("m1"), "here", desk.clock())
    successor = Desk(desk.mail, desk.surface)
    await successor.inbox.begin()
    await successor.inbox.settle(10)
    assert desk.surface.titles() == ["answer to hello"]
    assert await desk.mail.waiting() == []


async def test_what_was_posted_but_not_recorded_is_not_posted_again() -> None:
    desk = Desk()
    await desk.mail.receive(message("m1"), "here", desk.clock())
    await desk.surface.send(THREAD, Answer("answer to hello", "info"), str, key="m1")
    successor = Desk(desk.mail, desk.surface)
    await successor.inbox.begin()
    await successor.inbox.settle(10)
    assert desk.surface.titles() == ["answer to hello"]


async def test_an_answer_that_was_filling_in_goes_on_where_it_stands() -> None:
    desk = Desk(surface=FakeSurface(looks_up=False))
    await desk.mail.receive(message("m1"), "here", desk.clock())
    await desk.mail.posted(message("m1"), await desk.surface.send(THREAD, Answer("1 of 3", "info"), str, key="m1"))
    await desk.inbox.begin()
    await desk.inbox.settle(10)
    assert desk.surface.titles() == ["answer to hello"]


async def test_where_nobody_can_tell_whether_it_was_posted_an_apology_names_the_question() -> None:
    desk = Desk(surface=FakeSurface(looks_up=False))
    await desk.mail.receive(message("m1", "0x80094012 <at>all</at>"), "here", desk.clock())
    await desk.mail.posted(message("m1"), "")
    await desk.inbox.begin()
    await desk.inbox.settle(10)
    assert desk.surface.titles() == ["I was restarted while I answered this"]
    assert "0x80094012" in repr(desk.surface.posts)


async def test_a_message_of_a_living_process_is_left_to_it() -> None:
    desk = Desk()
    await desk.mail.receive(message("m1"), "another", desk.clock())
    await desk.inbox.begin()
    looking_after = asyncio.create_task(desk.inbox.look_after())
    began = desk.clock()
    while desk.clock() < began + timedelta(minutes=5):
        await desk.mail.hold([message("m1")], "another", desk.clock())
        await asyncio.sleep(0)
    assert desk.surface.posts == {}
    while not desk.surface.titles():
        await asyncio.sleep(0)
    looking_after.cancel()
    assert desk.surface.titles() == ["answer to hello"]


async def test_clocks_that_differ_make_no_living_process_look_dead() -> None:
    desk = Desk()
    theirs = FakeClock(desk.clock() - timedelta(hours=1))
    await desk.mail.receive(message("m1"), "another", theirs())
    looking_after = asyncio.create_task(desk.inbox.look_after())
    began = desk.clock()
    while desk.clock() < began + timedelta(minutes=5):
        theirs.pass_by(1)
        await desk.mail.hold([message("m1")], "another", theirs())
        await asyncio.sleep(0)
    looking_after.cancel()
    assert desk.surface.posts == {}


async def test_of_many_that_saw_a_message_stand_still_one_answers() -> None:
    mail, surface = FakeMail(), FakeSurface()
    desks = [Desk(mail, surface, name) for name in ("one", "two", "three")]
    await mail.receive(message("m1"), "dead", desks[0].clock())
    looking_after = [asyncio.create_task(desk.inbox.look_after()) for desk in desks]
    while not surface.titles():
        await asyncio.sleep(0)
    for _ in range(200):
        await asyncio.sleep(0)
    for task in looking_after:
        task.cancel()
    assert surface.titles() == ["answer to hello"]
    assert sum(len(desk.asked) for desk in desks) == 1


async def test_what_every_process_dies_of_is_answered_by_none_of_them_in_the_end() -> None:
    mail, surface = FakeMail(), FakeSurface()
    await mail.receive(message("m1", "<at>all</at> poison"), "here", FakeClock()())
    for number in range(TAKEN_AT_MOST):  # each takes it over, and dies of it
        (left,) = await mail.waiting()
        assert await mail.take(left, "here", FakeClock()() + timedelta(seconds=number + 1))
    last = Desk(mail, surface)
    await last.inbox.begin()
    await last.inbox.settle(10)
    assert last.asked == []
    assert surface.titles() == ["Something broke on my side"]
    assert await mail.waiting() == []


async def test_a_process_that_stood_still_looks_before_it_posts() -> None:
    desk, going = Desk(), asyncio.Event()

    async def slowly(message: Message, show: Show) -> Answer | None:
        await going.wait()
        return Answer(f"answer to {message.text}", "info")

    stalled = Inbox(mail=desk.mail, handle=slowly, surfaces=[desk.surface], clock=desk.clock, holder="stalled")
    await stalled.receive(message("m1"))
    looking_after = asyncio.create_task(desk.inbox.look_after())  # that one does not say that it lives
    while not desk.surface.titles():
        await asyncio.sleep(0)
    looking_after.cancel()
    going.set()
    await stalled.settle(10)
    assert desk.surface.titles() == ["answer to hello"]


async def test_a_stop_leaves_to_the_successor_what_takes_too_long() -> None:
    desk = Desk()
    stuck = asyncio.Event()

    async def forever(message: Message, show: Show) -> Answer | None:
        await stuck.wait()
        return None

    slow = Inbox(mail=desk.mail, handle=forever, surfaces=[desk.surface], clock=desk.clock, holder="here")
    await slow.receive(message("m1"))
    await slow.settle(0.05)
    assert [(left.message.id, left.holder) for left in await desk.mail.waiting()] == [("m1", "here")]


# --- a database in trouble -------------------------------------------------------------------


class BrokenMail(FakeMail):
    """Mail whose database is gone."""

    async def receive(self, *_: object) -> bool:
        raise Away("the database is gone")

    offer = offered = answered = done = posted = receive  # type: ignore[assignment]


async def test_without_a_database_questions_are_still_answered_once() -> None:
    desk = Desk(mail=BrokenMail())
    await desk.receive(message("m1"), message("m1"), message("m2", "menu"))
    assert desk.surface.titles() == ["answer to hello", "menu"]
    await desk.receive(Message("click", THREAD, "bob", desk.button("Help"), pressed=True))
    assert desk.surface.titles()[-1] == "I cannot look that button up now"


class ForgetfulMail(FakeMail):
    """Mail whose database is away when an answer stands, and comes back."""

    away = 3

    async def answered(self, message: Message, at: datetime, about: str | None) -> None:
        if self.away:
            self.away -= 1
            raise Away("the database is gone")
        await super().answered(message, at, about)


async def test_an_answer_that_stood_while_the_database_was_away_is_neither_given_again_nor_apologized_for() -> None:
    desk = Desk(mail=ForgetfulMail(), surface=FakeSurface(looks_up=False))
    await desk.receive(message("m1"))
    assert await desk.mail.waiting() == []
    assert desk.surface.titles() == ["answer to hello"]
    assert len(await desk.mail.questions()) == 1


class AwayMail(FakeMail):
    """Mail whose database nobody reaches for a minute, whichever process asks."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.looks = 0
        self.back = clock() + timedelta(seconds=60)
        self._clock = clock

    async def waiting(self) -> list[Waiting]:
        self.looks += 1
        if self.looks == 1:
            raise KeyError("a bug, which must not end the looking after either")
        if self._clock() < self.back:
            raise Away("the database is gone")
        return await super().waiting()


async def test_a_database_that_was_away_makes_no_living_process_look_dead() -> None:
    clock = FakeClock()
    mail = AwayMail(clock)
    desk = Desk(mail, clock=clock)
    await mail.receive(message("m1"), "another", clock())  # that process lives, but cannot say so for a minute
    looking_after = asyncio.create_task(desk.inbox.look_after())
    while clock() < mail.back + LOOKS * timedelta(seconds=HOLD_EVERY) and not looking_after.done():
        await asyncio.sleep(0)
    assert not looking_after.done()
    assert desk.asked == []
    while clock() < mail.back + timedelta(seconds=60):
        await asyncio.sleep(0)
    assert [each.id for each in desk.asked] == ["m1"]  # it never came back
    looking_after.cancel()


class SlowMail(FakeMail):
    """Mail whose database takes everything in, but late."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = asyncio.Event()

    async def receive(self, message: Message, holder: str, at: datetime) -> bool:
        await self.goes_on.wait()
        return await super().receive(message, holder, at)


async def test_what_was_answered_before_it_was_kept_is_not_kept_for_another_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(receipt, "KEEPING", 0.01)
    mail = SlowMail()
    desk = Desk(mail, FakeSurface(looks_up=False))
    await desk.inbox.receive(message("m1"))
    while not desk.surface.titles():
        await asyncio.sleep(0)
    mail.goes_on.set()
    await desk.inbox.settle(10)
    assert desk.surface.titles() == ["answer to hello"]
    assert await mail.waiting() == []
    assert [question.text for question in await mail.questions()] == ["hello"]


class Orders:
    """What needs the database, which is away for some tries."""

    def __init__(self, desk: Desk, away: int) -> None:
        self.away, self._desk, self.carried_out = away, desk, 0

    async def handle(self, message: Message, show: Show) -> Answer | None:
        if self.away:
            self.away -= 1
            raise Away("the database is gone")
        self.carried_out += 1
        return Answer(f"done: {message.text}", "info", question=False)

    def inbox(self, mail: Mail) -> Inbox:
        desk = self._desk
        return Inbox(
            mail=mail, handle=self.handle, surfaces=[desk.surface], clock=desk.clock, holder="x", pause=desk.pause
        )


async def test_what_the_database_keeps_from_being_done_is_done_when_it_is_back() -> None:
    desk = Desk()
    orders = Orders(desk, away=5)
    doing = orders.inbox(desk.mail)
    await doing.receive(message("m1", "check ndes01"))
    await doing.settle(10)
    (post,) = desk.surface.posts.values()
    assert [answer.title for answer in post.shown] == ["I cannot do that yet", "done: check ndes01"]
    assert (orders.carried_out, await desk.mail.waiting()) == (1, [])


async def test_what_the_database_keeps_from_being_done_for_an_hour_is_said_not_to_be_done() -> None:
    desk = Desk()
    doing = Orders(desk, away=10_000).inbox(desk.mail)
    await doing.receive(message("m1", "check ndes01"))
    await doing.settle(10)
    assert desk.surface.titles() == ["I could not do that"]


class GoneMail(FakeMail):
    """Mail whose database takes nothing in for some tries."""

    away = 3

    async def receive(self, message: Message, holder: str, at: datetime) -> bool:
        if self.away:
            self.away -= 1
            raise Away("the database is gone")
        return await super().receive(message, holder, at)


class SlowLook(FakeSurface):
    """A platform that takes its time to look up what stands."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.goes_on = asyncio.Event(), asyncio.Event()

    async def find(self, place: Place, key: str) -> str | None:
        self.asked.set()
        await self.goes_on.wait()
        return await super().find(place, key)


@pytest.mark.parametrize("stands", [True, False], ids=["the answer stands", "the answer is still to come"])
async def test_no_apology_comes_once_another_replica_is_known_to_have_the_message(stands: bool) -> None:
    surface, final = SlowLook(), Answer("done by another", "info")
    desk = Desk(GoneMail(), surface)
    doing = Orders(desk, away=10_000).inbox(desk.mail)
    await doing.receive(message("m1", "check ndes01"))
    await surface.asked.wait()  # it is about to apologize
    desk.mail.away = 0  # type: ignore[attr-defined]
    await desk.mail.receive(message("m1", "check ndes01"), "another", desk.clock())
    if stands:
        await surface.send(THREAD, final, str, key="m1")
    await doing.settle(10)
    surface.goes_on.set()
    for _ in range(20):
        await asyncio.sleep(0)
    if not stands:
        await surface.send(THREAD, final, str, key="m1")
    assert [[answer.title for answer in post.shown] for post in surface.posts.values()] == [["done by another"]]


async def test_no_apology_takes_the_place_of_what_another_replica_wrote() -> None:
    desk = Desk(GoneMail())
    desk.mail.away = 5  # type: ignore[attr-defined]
    orders = Orders(desk, away=5)
    doing = orders.inbox(desk.mail)
    await desk.surface.send(THREAD, Answer("half of it by another", "info"), str, key="m1")
    await doing.receive(message("m1", "check ndes01"))
    await doing.settle(10)
    (post,) = desk.surface.posts.values()
    assert [answer.title for answer in post.shown] == ["half of it by another", "done: check ndes01"]


@pytest.mark.parametrize("away", [(2, 8), (8, 2), (5, 5)])
async def test_of_replicas_that_apologize_for_the_same_order_one_answer_stands_in_the_end(
    away: tuple[int, int],
) -> None:
    desk = Desk(GoneMail())
    replicas = [Orders(desk, away=each).inbox(desk.mail) for each in away]
    for replica in replicas:
        await replica.receive(message("m1", "check ndes01"))
    for replica in replicas:
        await replica.settle(10)
    assert desk.surface.titles() == ["done: check ndes01"]


async def test_an_order_that_two_replicas_heard_while_the_database_was_away_is_carried_out_by_one() -> None:
    desk = Desk(GoneMail())
    orders = [Orders(desk, away=away) for away in (2, 8)]
    replicas = [each.inbox(desk.mail) for each in orders]
    desk.surface.pause = inf
    for replica in replicas:
        await replica.receive(message("m1", "check ndes01"))
    for replica in replicas:
        await replica.settle(10)
    assert desk.surface.titles() == ["done: check ndes01"]
    assert sum(each.carried_out for each in orders) == 1


class Waits:
    """Time that passes when everything else is done that can be done before."""

    def __init__(self) -> None:
        self._now = 0.0
        self._waiting: list[tuple[float, int, asyncio.Event]] = []
        self._ids = count()

    async def pause(self, seconds: float) -> None:
        heappush(self._waiting, (self._now + seconds, next(self._ids), over := asyncio.Event()))
        await over.wait()

    async def until(self, enough: Callable[[], bool]) -> None:
        while not enough():
            for _ in range(50):
                await asyncio.sleep(0)
            self._now = self._waiting[0][0]
            while self._waiting and self._waiting[0][0] == self._now:
                heappop(self._waiting)[2].set()
        for _ in range(50):
            await asyncio.sleep(0)


class CountedLooks(FakeSurface):
    """A platform that counts how often something is looked up."""

    looks = 0

    async def find(self, place: Place, key: str) -> str | None:
        self.looks += 1
        return await super().find(place, key)


async def test_replicas_that_hear_the_same_without_a_database_take_turns_to_look() -> None:
    surface, waits = CountedLooks(), Waits()
    desk = Desk(BrokenMail(), surface)
    names = ("one", "two", "three")
    replicas = [
        Inbox(
            mail=desk.mail,
            handle=desk.handle,
            surfaces=[desk.surface],
            clock=desk.clock,
            holder=name,
            neighbours=lambda: names,
            pause=waits.pause,
        )
        for name in names
    ]
    for number in range(20):
        for replica in replicas:
            await replica.receive(message(f"m{number}", f"{number}", Place("fake", f"C{number}")))
    await waits.until(lambda: surface.looks == 20 * len(replicas))
    for replica in replicas:
        await replica.settle(0)
    assert sorted(desk.surface.titles()) == sorted(f"answer to {number}" for number in range(20))


class StuckMail(FakeMail):
    """Mail whose database does not answer."""

    async def offered(self, *_: object) -> Offer | None:
        await asyncio.Event().wait()
        return None

    offer = posted = offered  # type: ignore[assignment]


async def test_a_press_is_taken_over_although_the_database_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "KEEPING", 0.01)
    desk = Desk(mail=StuckMail())
    await desk.receive(Message("click", THREAD, "bob", "token.0", pressed=True))
    assert desk.surface.titles() == ["I cannot look that button up now"]


@pytest.mark.parametrize("looks_up", [True, False])
async def test_an_answer_is_posted_although_the_database_is_stuck(
    monkeypatch: pytest.MonkeyPatch, looks_up: bool
) -> None:
    monkeypatch.setattr(posting, "KEEPING", 0.01)
    desk = Desk(mail=StuckMail())
    desk.surface.looks_up = looks_up
    await desk.receive(message("m1", "menu"))
    assert desk.surface.titles() == ["menu"]


class HangingMail(FakeMail):
    """Mail that takes nothing in until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = asyncio.Event()

    async def receive(self, message: Message, holder: str, at: datetime) -> bool:
        await self.goes_on.wait()
        return await super().receive(message, holder, at)


async def test_a_delivery_that_was_broken_off_before_it_was_kept_counts_when_it_comes_again() -> None:
    mail = HangingMail()
    desk = Desk(mail)
    broken_off = asyncio.create_task(desk.inbox.receive(message("m1")))
    await asyncio.sleep(0)
    broken_off.cancel()
    await asyncio.gather(broken_off, return_exceptions=True)
    mail.goes_on.set()
    await desk.receive(message("m1"))
    assert desk.surface.titles() == ["answer to hello"]


async def test_a_repeat_is_acknowledged_only_when_the_first_delivery_is_kept() -> None:
    mail = HangingMail()
    desk = Desk(mail)
    first = asyncio.create_task(desk.inbox.receive(message("m1")))
    repeats = [asyncio.create_task(desk.inbox.receive(message("m1"))) for _ in range(3)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert not any(task.done() for task in (first, *repeats))
    first.cancel()  # as its connection broke: now one of the repeats is the first
    await asyncio.gather(first, return_exceptions=True)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not any(task.done() for task in repeats)
    mail.goes_on.set()
    await asyncio.gather(*repeats)
    await desk.inbox.settle(10)
    assert desk.surface.titles() == ["answer to hello"]


async def test_each_of_many_thousand_deliveries_is_answered_once() -> None:
    mail, surface, dice = FakeMail(), FakeSurface(), random.Random(11)
    sent = [message(f"m{n}", f"{n}", Place("fake", f"C{n % 50}")) for n in range(1000)]
    deliveries = sent + dice.sample(sent, 333)
    dice.shuffle(deliveries)
    for start in range(0, len(deliveries), 100):  # a restart after each hundred, in the middle of the work
        desk = Desk(mail, surface)
        await desk.inbox.begin()
        await asyncio.gather(*(desk.inbox.receive(each) for each in deliveries[start : start + 100]))
        await asyncio.sleep(0.001)
        await desk.inbox.settle(0)
    await Desk(mail, surface).inbox.begin()
    last = Desk(mail, surface)
    await last.inbox.begin()
    await last.inbox.settle(10)
    assert sorted(surface.titles()) == sorted(f"answer to {n}" for n in range(1000))
