"""A message is written down before it is answered, but no answer waits for a database that does not answer."""

import asyncio
import logging
from typing import Literal

from bot.errors import ConnectorError
from bot.ports import Clock, Mail
from bot.posting import KEEPING
from bot.types import Message

_log = logging.getLogger(__name__)


class Receipt:
    """Whether a message was new to the mail: known in time, late, or after another try."""

    def __init__(self, mail: Mail, message: Message, holder: str, clock: Clock) -> None:
        self._mail = mail
        self._said = message, holder, clock()
        self._writing: asyncio.Future[bool] | None = None
        self.outcome_so_far: bool | None = None
        """Whether it was new; None as long as that is not known."""

    async def outcome(self) -> Literal["unknown", True, False]:
        """Wait for `KEEPING`, and no longer: better an answer that a restart would lose than none."""
        if self.outcome_so_far is not None:
            return self.outcome_so_far
        if self._writing is None:
            self._writing = asyncio.ensure_future(self._mail.receive(*self._said))
            self._writing.add_done_callback(self._came_out)
        try:
            async with asyncio.timeout(KEEPING):
                self.outcome_so_far = await asyncio.shield(self._writing)
                return self.outcome_so_far
        except asyncio.CancelledError:
            self._writing.cancel()
            raise
        except (ConnectorError, TimeoutError) as error:
            _log.error("a message is not kept yet", extra={"error": type(error).__name__})
            self._writing = None if self._writing.done() else self._writing
            return "unknown"

    def _came_out(self, writing: "asyncio.Future[bool]") -> None:
        if not writing.cancelled() and writing.exception() is None:
            self.outcome_so_far = writing.result()

    async def in_the_end(self) -> bool:
        """How it came out: until that is known, nothing may be said of the message, or it would be said too early, or
        by two. Raises `Away`; asked again, it tries again."""
        if self.outcome_so_far is None:
            writing, self._writing = self._writing, None
            self.outcome_so_far = await (writing or self._mail.receive(*self._said))
        return self.outcome_so_far
