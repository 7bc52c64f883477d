"""One answer on one surface: it fills in while it is worked on, and stands there once, whatever the platform does."""

import asyncio
import logging
import random
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from math import isinf
from typing import Final

from bot.errors import Away, Busy, ConnectorError, Gone
from bot.insisting import Pause
from bot.ports import ChatSurface, Clock, Mail, Offer, Press
from bot.types import Answer, Block, Choices, Fold, Message, Place

PATIENCE: Final = timedelta(hours=1)
"""How long an answer is offered to a platform that does not take it."""
KEEPING: Final = 2.0
"""Seconds that the mail gets for what comes before an answer: platforms wait three, and people not much longer."""
_SLOW: Final = "The database is slow."
_LONGEST_WAIT: Final = 60.0  # seconds between two tries where the platform names no time

_SWEEP: Final = 256  # threads known before those at rest are forgotten

_log = logging.getLogger(__name__)


class Turn:
    """A place in the row of those who want to post in one thread."""

    def __init__(self, before: "Turn | None") -> None:
        self._before = before
        self._over = asyncio.Event()

    async def come(self) -> None:
        """Wait until all who came earlier have posted, or passed on."""
        before = self._before
        while before is not None:
            await before._over.wait()
            before = before._before
        self._before = None

    def pass_on(self) -> None:
        """Let the next one post."""
        self._over.set()

    @property
    def settled(self) -> bool:
        """Whether nobody of those who came up to this one has still to post."""
        turn: Turn | None = self
        while turn is not None:
            if not turn._over.is_set():
                return False
            turn = turn._before
        self._before = None
        return True


class Turns:
    """Answers of one thread are posted in the order in which the questions came; those that take long let others by."""

    def __init__(self) -> None:
        self._last: dict[Place, Turn] = {}
        self._swept_at = _SWEEP

    def take(self, place: Place) -> Turn:
        """The next turn in a thread."""
        before = self._last.get(place)
        turn = self._last[place] = Turn(None if before is None or before.settled else before)
        if len(self._last) > self._swept_at:
            self._last = {at: turn for at, turn in self._last.items() if not turn.settled}
            self._swept_at = max(_SWEEP, 2 * len(self._last))
        return turn


class Posting:
    """The answer to one message on its surface."""

    def __init__(
        self,
        message: Message,
        turn: Turn,
        surface: ChatSurface,
        mail: Mail,
        clock: Clock,
        pause: Pause,
        *,
        sent: str | None = None,
        unsure: bool = False,
        doubt: Callable[[], bool] = lambda: False,
    ) -> None:
        """`sent` is what stands already; `unsure`: there may be something, so it is looked up first, as it is where
        `doubt` says before a post that another process may have taken the message over."""
        self._message = message
        self._turn = turn
        self._surface = surface
        self._mail = mail
        self._clock = clock
        self._pause = pause
        self._sent = sent
        self._ours = sent is not None  # or may be: what a look-up finds may be another replica's last word
        self._unsure = unsure and surface.looks_up
        self._doubt = doubt
        self._shown_at: datetime | None = None
        self._showing: asyncio.Task[None] | None = None
        self._interim_press: Press | None = None

    async def show(self, answer: Answer) -> None:
        """Put an interim answer there, unless the last one is too young. Never waits, never raises."""
        if isinf(self._surface.pause):
            return
        now = self._clock()
        if self._showing and not self._showing.done():
            return
        if self._shown_at and now - self._shown_at < timedelta(seconds=self._surface.pause):
            return
        self._shown_at = now
        self._showing = asyncio.create_task(self._interim(answer))

    async def finish(self, answer: Answer) -> bool:
        """Post the answer, or put it where the interim one stands. A platform that does not take it is asked
        again for `PATIENCE`, in the order of the thread. False where it is given up then."""
        if self._showing:
            await self._showing
        await self._turn.come()
        try:
            return await self._insist(answer, await self._pressing(answer))
        finally:
            self._turn.pass_on()

    async def settle(self) -> bool:
        """Whether something stands that only this process will bring to its end. An interim answer that is on its
        way is waited for; one that is not, is called off."""
        if self._showing:
            if not self._ours:
                self._showing.cancel()
            await asyncio.wait({self._showing})
            self._showing = None
        return self._ours and self._sent is not None

    @property
    def sent(self) -> str | None:
        """The platform's id of what stands, if anything does."""
        return self._sent

    # --- how ---------------------------------------------------------------------------------

    async def _interim(self, answer: Answer) -> None:
        try:
            await self._turn.come()
            self._interim_press = self._interim_press or await self._pressing(answer)  # the same in all of them
            await self._put(answer, self._interim_press, interim=True)
        except Exception as error:  # whatever it is, the last answer is what counts
            _log.info("an interim answer was not taken", extra={"error": type(error).__name__})
        finally:
            self._turn.pass_on()  # what takes long lets others by

    async def _insist(self, answer: Answer, press: Press) -> bool:
        until = self._clock() + PATIENCE
        for tries in range(10_000):
            try:
                await self._put(answer, press)
                return True
            except Busy as busy:
                wait = busy.after
            except Gone as gone:
                _log.error("an answer has no place to go", extra={"surface": self._surface.name, "reason": str(gone)})
                return True
            except ConnectorError as error:
                _log.warning("an answer was not taken", extra={"surface": self._surface.name, "reason": str(error)})
                wait = min(2.0**tries, _LONGEST_WAIT) * random.uniform(0.75, 1.25)  # noqa: S311 - spreads, hides nothing
            if self._clock() + timedelta(seconds=wait) > until:
                break
            await self._pause(wait)
        _log.error("an answer is given up", extra={"surface": self._surface.name, "key": self._message.id})
        return False

    async def _put(self, answer: Answer, press: Press, *, interim: bool = False) -> None:
        place, key = self._message.place, self._message.id
        if self._sent is None and (self._unsure or (self._surface.looks_up and self._doubt())):
            self._sent = await self._surface.find(place, key)
            self._unsure = False
        if self._sent is not None:
            if self._ours or not interim:
                await self._surface.edit(place, self._sent, answer, press)
            return
        if not self._surface.looks_up:
            await self._mark("")
        reader = self._message.sender if answer.private else None
        self._ours = True
        try:
            self._sent = await self._surface.send(place, answer, press, key=key, reader=reader)
        except (Busy, Gone):
            raise
        except ConnectorError:
            self._unsure = self._surface.looks_up
            raise
        if interim:  # it will be edited, maybe after a restart
            await self._mark(self._sent)

    async def _mark(self, sent: str) -> None:
        try:
            async with asyncio.timeout(KEEPING):
                await self._mail.posted(self._message, sent)
        except (ConnectorError, TimeoutError) as error:
            _log.error("where an answer stands is not kept", extra={"reason": str(error) or _SLOW})

    async def _pressing(self, answer: Answer) -> Press:
        return await pressing(said(answer.blocks), self._message.place, self._mail, self._clock())


class Buttons:
    """Opaque ids for what the buttons of one post say to the bot, given out first and kept before anybody can press."""

    def __init__(self) -> None:
        self._token = secrets.token_urlsafe(16)
        self._says: dict[str, int] = {}

    def press(self, says: str) -> str:
        """The id of a button; see `meant`."""
        return f"{self._token}.{self._says.setdefault(says, len(self._says))}"

    async def keep(self, place: Place, mail: Mail, at: datetime) -> None:
        """Keep them, unless the database is away: better a post whose buttons do nothing than none."""
        if not self._says:
            return
        try:
            async with asyncio.timeout(KEEPING):
                await mail.offer(self._token, Offer(place, tuple(self._says)), at)
        except (ConnectorError, TimeoutError) as error:
            reason = str(error) or _SLOW
            _log.error("buttons are not kept, so they may not work", extra={"reason": reason})


async def pressing(sayings: Iterable[str], place: Place, mail: Mail, at: datetime) -> Press:
    """The ids of these sayings, kept."""
    buttons = Buttons()
    for says in sayings:
        buttons.press(says)
    await buttons.keep(place, mail, at)
    return buttons.press


async def meant(pressed: str, here: Place, mail: Mail) -> str | None:
    """What the button with that id says; None for one that is not known, or does not stand in this conversation.
    Raises `ConnectorError` where the database does not tell, or not soon."""
    token, _, number = pressed.partition(".")
    try:
        async with asyncio.timeout(KEEPING):
            offer = await mail.offered(token)
    except TimeoutError:
        raise Away(_SLOW) from None
    if offer is None or (offer.place.surface, offer.place.conversation) != (here.surface, here.conversation):
        return None
    return dict(zip(map(str, range(len(offer.says))), offer.says, strict=True)).get(number)


def said(blocks: Sequence[Block]) -> Iterator[str]:
    """What the buttons of an answer say to the bot."""
    for block in blocks:
        match block:
            case Choices(options=options):
                yield from (says for _, says in options)
            case Fold(blocks=inner):
                yield from said(inner)
            case _:
                pass
