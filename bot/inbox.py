"""Every message of a chat is answered once: however often it is delivered, whenever the process ends."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, TypeVar

from bot import excuses
from bot.digests import THE_CLOCK, VOTE
from bot.errors import Away, ConnectorError
from bot.insisting import Pause, insist, pause_before
from bot.ports import ChatSurface, Clock, Handler, Mail, Waiting
from bot.posting import PATIENCE, Posting, Turn, Turns, meant
from bot.receipt import Receipt
from bot.standstill import LOOKS, Standstill
from bot.types import Answer, Message

HOLD_EVERY: Final = 5.0
"""Seconds between two signs that a message is still worked on, and between two looks at those of others."""
LEFT_AFTER: Final = timedelta(seconds=LOOKS * HOLD_EVERY)
"""Without such a sign for this long, a message is left for anybody to answer."""
TAKEN_AT_MOST: Final = 10
"""Times a message is taken over from a dead process; after that it is given up, for it may be what kills them."""
_SURE_FOR: Final = LEFT_AFTER - timedelta(seconds=HOLD_EVERY)  # after a sign, nobody can have taken a message over yet
_REMEMBERED: Final = 10_000  # deliveries known in this process, for the time when the mail fails
_APART: Final = 2.0  # seconds between replicas that could not tell who of them a message is for

_log = logging.getLogger(__name__)

Told = Callable[[Message], Awaitable[None]]
"""Hears of a message whose answer stands. Raises `ConnectorError` where it is to be told again."""
_Key = tuple[str, str]
T = TypeVar("T")


async def _nobody_else(_: Message) -> None:
    return None


class Inbox:
    """Takes messages over from the surfaces, has them answered, and sees to it that the answers arrive."""

    def __init__(
        self,
        *,
        mail: Mail,
        handle: Handler,
        surfaces: Collection[ChatSurface],
        clock: Clock,
        holder: str,
        may: Callable[[Message], bool] = lambda _: True,
        told: Told = _nobody_else,
        neighbours: Callable[[], Collection[str]] = tuple,
        pause: Pause = asyncio.sleep,
    ) -> None:
        """`holder` is the name of this process and its successors, never of two that live. `may`: whether a person
        may do what their message says; `handle` asks that too, and tells those who may not. `told` hears of each
        message whose answer stands, before it is forgotten; after a crash it may hear twice. `neighbours` are the
        holders that live beside this one, as far as it is known."""
        self._mail = mail
        self._handle = handle
        self._surfaces: Mapping[str, ChatSurface] = {surface.name: surface for surface in surfaces}
        self._clock = clock
        self._holder = holder
        self._may = may
        self._told = told
        self._neighbours = neighbours
        self._pause = pause
        self._under_way: dict[asyncio.Task[None], Message] = {}
        self._turns = Turns()
        self._delivered: dict[_Key, asyncio.Future[bool]] = {}
        self._others: Standstill[_Key, tuple[str, datetime]] = Standstill()
        self._held = clock()
        self._lost: set[_Key] = set()

    # --- taking over -------------------------------------------------------------------------

    async def receive(self, message: Message) -> None:
        """Take a message over: once this returns it will be answered, and posted in the order of its thread.

        A delivery that is repeated waits for what becomes of the first one.
        """
        key = _key(message)
        while first := self._delivered.get(key):
            await asyncio.wait({first})
            if first.result():
                return
        outcome = self._remembered(key)
        try:
            await self._take_over(message)
            outcome.set_result(True)
        except BaseException:  # it is not acknowledged, so it comes again
            self._delivered.pop(key, None)
            outcome.set_result(False)
            raise

    def _remembered(self, key: _Key) -> "asyncio.Future[bool]":
        """That this process has that delivery. The mail knows of others; this also helps while it fails."""
        outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._delivered[key] = outcome
        if len(self._delivered) > _REMEMBERED:
            del self._delivered[next(iter(self._delivered))]
        return outcome

    async def _take_over(self, message: Message) -> None:
        turn = self._turns.take(message.place)
        try:
            order = await self._meant(message)
            if not isinstance(order, Message):  # nothing of it is kept: who is not told presses again
                self._begin(message, self._tell(message, order, turn), turn)
                return
            receipt = Receipt(self._mail, order, self._holder, self._clock)
            new = await receipt.outcome()
        except BaseException:
            turn.pass_on()
            raise
        if new:
            self._begin(order, self._answer(order, turn, receipt), turn)
        elif message.pressed:
            self._begin(message, self._tell(message, excuses.USED, turn), turn)
        else:
            turn.pass_on()

    async def _meant(self, message: Message) -> Message | Answer:
        """What a button says; an answer for one that is not known, or does not stand in this conversation.

        Its id is that of the button, so it is answered once, whoever presses it. Votes are everybody's own; and who
        may not do what it says, uses it up for nobody else.
        """
        if not message.pressed:
            return message
        try:
            says = await meant(message.text, message.place, self._mail)
        except ConnectorError:
            return excuses.NOT_NOW
        if says is None:
            return excuses.TOO_OLD
        order = replace(message, id=f"press {message.text}", text=says)
        alone = says.startswith(VOTE) or not self._may(order)
        return replace(order, id=f"{order.id} {message.sender}") if alone else order

    # --- answering ---------------------------------------------------------------------------

    def _begin(self, message: Message, work: Coroutine[Any, Any, None], turn: Turn) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._under_way[task] = message
        task.add_done_callback(self._under_way.pop)
        task.add_done_callback(_looked_at)
        task.add_done_callback(lambda _: turn.pass_on())
        return task

    async def _answer(self, message: Message, turn: Turn, receipt: Receipt) -> None:
        """Answer what was received here."""
        posting = self._posting(message, turn, unsure=receipt.outcome_so_far is None)
        answer = await self._found(message, posting, receipt)
        if await _is_anothers(receipt, posting):
            return
        if answer is not None:
            await self._take_turns(message, receipt)
        await self._finish(message, answer, posting)
        if await self._insist(receipt.in_the_end, "an answered message is not kept"):
            await self._end(message, answer)

    async def _take_turns(self, message: Message, receipt: Receipt | None) -> None:
        """Replicas that cannot tell who of them a message is for look whether its answer stands, one after the other.
        All count alike who is the first; where none knows of the others, chance does."""
        if receipt is None or receipt.outcome_so_far is not None:
            return
        row = sorted({self._holder, *self._neighbours()}, key=lambda name: _drawn(name, message))
        place = row.index(self._holder) if len(row) > 1 else random.random()  # noqa: S311 - spreads, hides nothing
        await self._pause(_APART * place)

    async def _resume(self, left: Waiting, turn: Turn) -> None:
        """Answer what another process left."""
        message = left.message
        posting = self._posting(message, turn, sent=left.sent or None, unsure=True)
        if left.taken > TAKEN_AT_MOST:
            _log.error("a message is given up", extra={"surface": message.place.surface, "key": message.id})
            answer = None if message.sender == THE_CLOCK else excuses.given_up(message, TAKEN_AT_MOST)
        elif left.sent == "":
            answer = excuses.restarted(message)
        else:
            answer = await self._found(message, posting)
        await self._finish(message, answer, posting)
        await self._end(message, answer)

    async def _found(self, message: Message, posting: Posting, receipt: Receipt | None = None) -> Answer | None:
        """The answer. What the database keeps from being done is asked again for `PATIENCE`, unless it turns out to
        be another replica's. Raises `ConnectorError` where nobody is there to be told that it was not done."""

        async def show(answer: Answer) -> None:
            if receipt is None or receipt.outcome_so_far:  # else another replica may be at it too
                await posting.show(answer)

        until = self._clock() + PATIENCE
        for tries in range(10_000):
            try:
                return await self._handle(message, show)
            except ConnectorError as error:
                if self._clock() > until and message.sender == THE_CLOCK:
                    raise
                if self._clock() > until:
                    return excuses.not_done(str(error))
            if message.sender != THE_CLOCK and tries == 1:  # what fails once only is told to nobody
                await self._take_turns(message, receipt)
                await posting.show(excuses.LATER)
            await self._pause(pause_before(tries))
            if receipt:
                await receipt.outcome()
                if await _is_anothers(receipt, posting):
                    break
        return None

    async def _finish(self, message: Message, answer: Answer | None, posting: Posting) -> None:
        """Post the answer, and say that it stands."""
        if answer is None or await posting.finish(answer):
            await self._insist(lambda: self._told(message), "that an answer stands is not noted")

    async def _end(self, message: Message, answer: Answer | None) -> None:
        """Say that a message needs nothing more: one that waits would be answered a second time."""
        if answer and answer.question:
            await self._insist(
                lambda: self._mail.answered(message, self._clock(), answer.about), "an answered question is not kept"
            )
        else:
            await self._insist(lambda: self._mail.done(message), "that a message was answered is not kept")

    async def _insist(self, write: Callable[[], Awaitable[T]], what: str) -> T | None:
        """Again and again while the database is away; None where that takes too long."""
        try:
            return await insist(write, what, self._pause)
        except Away:
            return None

    async def _tell(self, message: Message, answer: Answer, turn: Turn) -> None:
        await self._posting(message, turn).finish(answer)

    def _posting(self, message: Message, turn: Turn, *, sent: str | None = None, unsure: bool = False) -> Posting:
        begun = self._clock()
        return Posting(
            message,
            turn,
            self._surfaces[message.place.surface],
            self._mail,
            self._clock,
            self._pause,
            sent=sent,
            unsure=unsure,
            doubt=lambda: _key(message) in self._lost or self._clock() - max(begun, self._held) > _SURE_FOR,
        )

    # --- what was left -----------------------------------------------------------------------

    async def look_after(self) -> None:
        """Until cancelled: say what is worked on here, and answer what other processes left."""
        while True:
            await self._pause(HOLD_EVERY)
            try:
                await self._hold()
                waiting = {_key(left.message): left for left in await self._mail.waiting()}
                still = self._others.look({key: (left.holder, left.held) for key, left in waiting.items()})
                await self._take_up([waiting[key] for key in still])
            except Exception as error:  # a bug met once must not end it: nothing would be held any more
                self._others.lose_sight()
                reason = str(error) if isinstance(error, ConnectorError) else type(error).__name__
                _log.error("the inbox cannot be looked after", extra={"reason": reason})

    async def _hold(self) -> None:
        now = self._clock()
        if under_way := list(self._under_way.values()):
            held = await self._mail.hold(under_way, self._holder, now)
            self._lost = set(map(_key, under_way)) - set(map(_key, held))
        self._held = now

    async def begin(self) -> None:
        """Answer what the predecessor of this process left, before anything new comes."""
        try:
            await self._take_up([left for left in await self._mail.waiting() if left.holder == self._holder])
        except ConnectorError as error:
            _log.error("what was left cannot be read", extra={"reason": str(error)})

    async def _take_up(self, waiting: list[Waiting]) -> None:
        here = set(map(_key, self._under_way.values()))
        for left in waiting:
            if left.message.place.surface not in self._surfaces or _key(left.message) in here:
                continue
            if await self._mail.take(left, self._holder, self._clock()):
                turn = self._turns.take(left.message.place)
                taken = replace(left, taken=left.taken + 1)
                self._begin(left.message, self._resume(taken, turn), turn)

    async def settle(self, seconds: float) -> None:
        """Let what is under way end; what does not in that time is taken up at the next start."""
        if not self._under_way:
            return
        _, late = await asyncio.wait(self._under_way, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


async def _is_anothers(receipt: Receipt, posting: Posting) -> bool:
    """Whether another replica was given the same and could keep it, so that nothing is left to do here. What stands
    here already, it may know nothing of."""
    return receipt.outcome_so_far is False and not await posting.settle()


def _looked_at(done: "asyncio.Future[Any]") -> None:
    """What a task raised is told without its words, which may quote what was said."""
    if not done.cancelled() and (error := done.exception()) and not isinstance(error, ConnectorError):
        _log.error("a message was left", extra={"error": type(error).__name__})


def _drawn(name: str, message: Message) -> bytes:
    return sha256(f"{name} {message.place.surface} {message.id}".encode("utf-8", "surrogatepass")).digest()


def _key(message: Message) -> _Key:
    return message.place.surface, message.id
