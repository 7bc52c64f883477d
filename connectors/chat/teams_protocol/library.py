"""The socket for Microsoft's libraries: what either of them does, in one form."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from bot.errors import ConnectorError

Json = Mapping[str, Any]
"""An object as it stands on the line."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an invoke is answered with, in the same breath."""

    status: int
    body: Json | None = None


LARGEST_REPLY: Final = 256 * 1024
"""Bytes that are read of what Teams answers."""
Work = Callable[[], Awaitable[Reply | None]]
"""What the bot does within a turn; an invoke wants a reply."""


class Malformed(Exception):
    """The library does not take this for an activity."""


class Refused(ConnectorError):
    """Teams answered, but not with yes."""

    def __init__(self, status: int, after: str | None = None) -> None:
        """`after`: seconds to wait, as the header `Retry-After` says."""
        super().__init__(f"Teams answered {status}.")
        self.status = status
        self.after = _seconds(after)


def _seconds(said: str | None) -> float | None:
    """A date is not understood: then the bot chooses how long it waits."""
    return min(float(said), 600.0) if said and said.isdecimal() and len(said) < 7 else None


class Library(Protocol):
    """One of Microsoft's libraries. Activities are JSON; where one goes is a service URL and a conversation id.

    Everything but `turn` raises `Refused`, or `ConnectorError` where there was no answer.
    """

    async def turn(self, activity: Json, claims: Json, work: Work) -> Reply | None:
        """Let the library take an activity that was let in, and do the work within. Raises `Malformed`."""
        ...

    async def post(self, service: str, conversation: str, activity: Json) -> str:
        """Post an activity; its id."""
        ...

    async def update(self, service: str, conversation: str, sent: str, activity: Json) -> None:
        """Put another activity where one stands."""
        ...

    async def delete(self, service: str, conversation: str, sent: str) -> None:
        """Take an activity away."""
        ...

    async def member(self, service: str, conversation: str, person: str) -> Json:
        """What Teams knows of a person in a conversation."""
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...
