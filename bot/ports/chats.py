"""What a chat platform is to the bot."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from bot.types import Answer, Attached, Message, Place, Role

Show = Callable[[Answer], Awaitable[None]]
"""Puts an interim answer where the final one will stand; the surface decides how often it does."""
Handler = Callable[[Message, Show], Awaitable[Answer | None]]
"""Gives the answer to a message, None for silence. Raises `ConnectorError` where it is to be asked again later."""
Press = Callable[[str], str]
"""Given what choosing an option says to the bot, the opaque id that its button carries."""
Receive = Callable[[Message], Awaitable[None]]
"""Takes a message over: once it returns, the message will be answered, and the platform may be told so."""


class ChatSurface(Protocol):
    """A chat platform. It translates and escapes; it never decides.

    What its attributes say holds as long as it lives, but for `connected`.
    """

    @property
    def name(self) -> str:
        """By what places and settings know it."""
        ...

    @property
    def pause(self) -> float:
        """The least number of seconds between two edits of an answer that fills in; infinite where only the last
        one may be shown."""
        ...

    @property
    def looks_up(self) -> bool:
        """Whether `find` can tell an answer that was posted from one that was not."""
        ...

    @property
    def connected(self) -> bool:
        """Whether a message could reach the bot now, as far as the surface can tell while it is served."""
        ...

    async def serve(self, receive: Receive) -> None:
        """Hand each message over, then acknowledge it, until cancelled."""
        ...

    def role_of(self, message: Message) -> Role:
        """What the sender may do here; the least where that is not known."""
        ...

    async def send(self, place: Place, answer: Answer, press: Press, *, key: str, reader: str | None = None) -> str:
        """Post an answer and return the platform's id of it. `key` is kept with it where the platform can, for
        `find`; with a `reader` only that person sees it, where the platform can.

        Raises `Busy`, `Gone`, or `ConnectorError` where it is not known whether it was posted.
        """
        ...

    async def edit(self, place: Place, sent: str, answer: Answer, press: Press) -> None:
        """Put another answer where one stands. Raises as `send` does."""
        ...

    def fetch(self, file: Attached) -> AsyncIterator[bytes]:
        """The bytes of a file beside a message. Raises `BadRequest`, in words for people, where it is not to be had."""
        ...

    async def find(self, place: Place, key: str) -> str | None:
        """The id of the answer that was posted with that key, if there is one. Raises as `send` does."""
        ...
