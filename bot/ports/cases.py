"""What a case is gathered from: the stories of logs, what was asked around them, what was done about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.ports.store import Use
from bot.types import Place


@dataclass(frozen=True, slots=True)
class Filed:
    """What the logs of one message told, without secrets: whatever JSON can say. `place` is where it was answered.
    Or only the key of that, for whoever was handed it on."""

    at: datetime
    place: Place
    sender: str
    story: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """A question, without secrets, the entry that its answer told of, and how many people the answer helped or not."""

    at: datetime
    sender: str
    text: str
    about: str | None
    helped: int = 0
    not_helped: int = 0


class Casebook(Protocol):
    """What a case is gathered from. Stories are forgotten when the buttons under their answers are."""

    async def file(self, key: str, filed: Filed) -> None:
        """Keep what the logs of a message told; of the same key the last one counts."""
        ...

    async def filed(self, key: str) -> Filed | None:
        """What was kept under a key."""
        ...

    async def heard(self, place: Place, since: datetime, most: int = 30) -> list[Heard]:
        """The last questions of one thread, or of a conversation outside all threads; the oldest first."""
        ...

    async def uses(self, place: Place, since: datetime, most: int = 50) -> list[Use]:
        """What people had done to servers from one conversation, as far as they might; the last ones, the oldest
        first."""
        ...
