"""The port that reads what people put beside a message; it stands here, for what it gives is a story."""

from dataclasses import dataclass
from typing import Protocol

from bot.timeline.lines import Ended
from bot.timeline.story import Story
from bot.types import Message


@dataclass(slots=True)
class Gauge:
    """How far a reading is: whoever reads writes it, whoever waits looks at it, from another thread too.

    `done` of `total` bytes were fetched, or read once `reading` is set. Who sets `stopped` wants it to end.
    """

    done: int = 0
    total: int = 0
    lines: int = 0
    reading: bool = False
    stopped: bool = False


class Stopped(Ended):
    """A reading ended because somebody wanted it to."""


@dataclass(frozen=True, slots=True)
class Read:
    """What files hold: logs with the story that they tell together, or the words of what is none. `notes` tell what
    was left out, and why."""

    story: Story | None
    text: str
    notes: tuple[str, ...] = ()


class Files(Protocol):
    """Reads the files beside a message."""

    async def read(self, message: Message, gauge: Gauge) -> Read:
        """All files together. Raises `BadRequest` where none of them can be read, and `Stopped`."""
        ...
