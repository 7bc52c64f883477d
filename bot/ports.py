"""The sockets: what the bot needs from the outside, in its own words."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.types import Answer, Message

Handler = Callable[[Message], Awaitable[Answer | None]]


class ChatSurface(Protocol):
    """A chat platform. It translates and escapes; it never decides."""

    name: str

    async def serve(self, handle: Handler) -> None:
        """Receive messages until cancelled; each goes to `handle`, None means silence."""
        ...
