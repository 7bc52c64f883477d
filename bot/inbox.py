"""Every message of a chat is answered once: however often it is delivered, whenever the process ends."""

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any, Final, Literal

from bot.digests import VOTE
from bot.errors import ConnectorError
from bot.ports import ChatSurface, Clock, Engine, Handler, Mail, Said, Waiting
from bot.posting import KEEPING, Pause, Posting, Turn, Turns
from bot.types import Answer, Message, Piece, Place, Quote, Text

MESSAGE: Final = "message"
"""The kind of a durable run that answers what a dead process left."""
HOLD_EVERY: Final = 10.0
"""Seconds between two signs that a message is still worked on."""
LEFT_AFTER: Final = timedelta(seconds=30)
"""Without such a sign for this long, a message is left for anybody to answer."""
_ENDINGS: Final = 60  # tries to say that a message is answered: ten minutes
_REMEMBERED: Final = 10_000  # deliveries known in this process, for the time when the mail fails
_APART: Final = 1.5  # seconds over which replicas spread that could not tell who of them a message is for
_QUOTED: Final = 200  # characters of a question that an apology names

_USED = Answer(
    "That button was pressed already", "info", (Text("Its answer stands in this conversation."),), private=True
)
_NOT_NOW = Answer(
    "I cannot look that button up now",
    "unsure",
    (Text("The database does not answer. Press it again in a minute; questions are answered meanwhile."),),
    private=True,
)
_TOO_OLD = Answer(
    "That button does not work any more",
    "info",
    (Text("Buttons work for a week, where they were posted. Ask again and press the new one."),),
    private=True,
)

_log = logging.getLogger(__name__)


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
        pause: Pause = asyncio.sleep,
    ) -> None:
        """`holder` is the name of this process and its successors, never of two that live. `may`: whether a person
        may do what their message says; `handle` asks that too, and tells those who may not."""
        self._mail = mail
        self._handle = handle
        self._surfaces: Mapping[str, ChatSurface] = {surface.name: surface for surface in surfaces}
        self._clock = clock
        self._holder = holder
        self._may = may
        self._pause = pause
        self._engine: Engine | None = None
        self._under_way: dict[asyncio.Task[None], Message] = {}
        self._turns = Turns()
        self._delivered: dict[tuple[str, str], None] = {}

    def rely_on(self, engine: Engine) -> None:
        """From now on what dead processes left survives this one too: `engine` does `take_up` for `MESSAGE`."""
        self._engine = engine

    # --- taking over -------------------------------------------------------------------------

    async def receive(self, message: Message) -> None:
        """Take a message over: once this returns it will be answered, and posted in the order of its thread."""
        if self._delivered_before(message):
            return
        turn = self._turns.take(message.place)
        try:
            meant = await self._meant(message)
            new = await self._is_new(meant if isinstance(meant, Message) else message)
        except BaseException:  # it is not acknowledged, so it comes again
            self._delivered.pop((message.place.surface, message.id), None)
            turn.pass_on()
            raise
        if new and isinstance(meant, Message):
            self._begin(meant, self._answer(meant, turn, kept=new == "kept"), turn)
        elif new and not isinstance(meant, Message):
            self._begin(message, self._tell(message, meant, turn), turn)
        elif message.pressed:
            self._begin(message, self._tell(message, _USED, turn), turn)
        else:
            turn.pass_on()

    def _delivered_before(self, message: Message) -> bool:
        """Whether this process had that delivery. The mail knows of others; this also helps while it fails."""
        key = message.place.surface, message.id
        if key in self._delivered:
            return True
        self._delivered[key] = None
        if len(self._delivered) > _REMEMBERED:
            del self._delivered[next(iter(self._delivered))]
        return False

    async def _meant(self, message: Message) -> Message | Answer:
        """What a button says; an answer for one that is not known, or does not stand in this conversation.

        Its id is that of the button, so it is answered once, whoever presses it. Votes are everybody's own; and who
        may not do what it says, uses it up for nobody else.
        """
        if not message.pressed:
            return message
        token, _, number = message.text.partition(".")
        try:
            async with asyncio.timeout(KEEPING):
                offer = await self._mail.offered(token)
        except (ConnectorError, TimeoutError):
            return _NOT_NOW
        here = message.place
        if offer is None or (offer.place.surface, offer.place.conversation) != (here.surface, here.conversation):
            return _TOO_OLD
        if number not in map(str, range(len(offer.says))):
            return _TOO_OLD
        meant = replace(message, id=f"press {token}.{number}", text=offer.says[int(number)])
        alone = meant.text.startswith(VOTE) or not self._may(meant)
        return replace(meant, id=f"{meant.id} {message.sender}") if alone else meant

    async def _is_new(self, message: Message) -> Literal["kept", "not kept", False]:
        try:
            async with asyncio.timeout(KEEPING):
                return "kept" if await self._mail.receive(message, self._holder, self._clock()) else False
        except (ConnectorError, TimeoutError) as error:  # better an answer that a restart would lose than none
            _log.error("a message is answered without being kept", extra={"error": type(error).__name__})
            return "not kept"

    # --- answering ---------------------------------------------------------------------------

    def _begin(self, message: Message, work: Coroutine[Any, Any, None], turn: Turn) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._under_way[task] = message
        task.add_done_callback(self._under_way.pop)
        task.add_done_callback(lambda _: turn.pass_on())
        return task

    async def _answer(self, message: Message, turn: Turn, left: Waiting | None = None, *, kept: bool = True) -> None:
        posting = self._posting(message, turn, left, unsure=left is not None or not kept)
        if left and left.sent == "":
            answer: Answer | None = _apology(message)
        else:
            try:
                answer = await self._handle(message, posting.show)
            except ConnectorError:
                return  # it waits, and is taken up like what a dead process left
        if answer is not None:
            if not kept:  # another replica may have been given the same: they do not look at the same moment
                await self._pause(random.uniform(0, _APART))  # noqa: S311 - spreads, hides nothing
            await posting.finish(answer)
        await self._end(message, answer)

    async def _end(self, message: Message, answer: Answer | None) -> None:
        """Say that a message needs nothing more, again and again while the mail fails: a message that waits would be
        answered a second time."""
        for tries in range(_ENDINGS):
            try:
                if answer and answer.question:
                    await self._mail.answered(message, self._clock(), answer.about)
                else:
                    await self._mail.done(message)
                return
            except ConnectorError as error:
                if tries in (0, _ENDINGS - 1):
                    _log.error("that a message was answered is not kept", extra={"reason": str(error)})
                await self._pause(min(2.0**tries, HOLD_EVERY))

    async def _tell(self, message: Message, answer: Answer, turn: Turn) -> None:
        await self._posting(message, turn).finish(answer)

    def _posting(self, message: Message, turn: Turn, left: Waiting | None = None, *, unsure: bool = False) -> Posting:
        surface = self._surfaces[message.place.surface]
        unsure = unsure and surface.looks_up
        sent = left.sent if left and left.sent else None
        return Posting(message, turn, surface, self._mail, self._clock, self._pause, sent=sent, unsure=unsure)

    # --- what was left -----------------------------------------------------------------------

    async def look_after(self) -> None:
        """Until cancelled: say what is worked on here, and answer what other processes left.

        Where the mail was away for us, it was so for the others: they get their time to say what they work on.
        """
        patient_until = self._clock()
        while True:
            await self._pause(HOLD_EVERY)
            try:
                if held := list(self._under_way.values()):
                    await self._mail.hold(held, self._clock())
                left = await self._mail.waiting(self._clock() - LEFT_AFTER)
                if self._clock() >= patient_until:
                    await self._take_up_all(left)
            except Exception as error:  # a bug met once must not end it: nothing would be held any more
                patient_until = self._clock() + LEFT_AFTER
                reason = str(error) if isinstance(error, ConnectorError) else type(error).__name__
                _log.error("the inbox cannot be looked after", extra={"reason": reason})

    async def begin(self) -> None:
        """Answer what the predecessor of this process left, before anything new comes."""
        try:
            await self._take_up_all(await self._mail.waiting(self._clock() - LEFT_AFTER, self._holder))
        except ConnectorError as error:
            _log.error("what was left cannot be read", extra={"reason": str(error)})

    async def _take_up_all(self, waiting: list[Waiting]) -> None:
        here = {(message.place.surface, message.id) for message in self._under_way.values()}
        for left in waiting:
            surface, name = left.message.place.surface, left.message.id
            if surface not in self._surfaces or (surface, name) in here:
                continue
            said = {"message": asdict(left.message), "sent": left.sent}
            if self._engine is None:
                self._resume(left)
            else:
                await self._engine.start(MESSAGE, f"{MESSAGE} {surface} {name}", said)

    async def take_up(self, said: Said) -> Said:
        """Answer what a dead process left, as the engine knows it."""
        fields = said["message"]
        message = Message(**{**fields, "place": Place(**fields["place"])})
        await self._resume(Waiting(message, said["sent"]))
        return {}

    def _resume(self, left: Waiting) -> "asyncio.Task[None]":
        turn = self._turns.take(left.message.place)
        return self._begin(left.message, self._answer(left.message, turn, left), turn)

    async def settle(self, seconds: float) -> None:
        """Let what is under way end; what does not in that time is taken up at the next start."""
        if not self._under_way:
            return
        _, late = await asyncio.wait(self._under_way, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _apology(message: Message) -> Answer:
    """For a platform that cannot be asked whether the answer was posted."""
    asked = message.text[:_QUOTED] + ("…" if len(message.text) > _QUOTED else "")
    return Answer(
        "I was restarted while I answered this",
        "unsure",
        (Quote((Piece(asked, marked=False),)), Text("If no answer to it stands above, please ask again.")),
    )
