"""What is under way in the chats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.types import Message, Place


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message without an answer yet. `sent` is the platform's id of what stands already, empty where a post was
    under way, None where there was none. `holder` works on it and moves `held` as long as it does: where that stands
    still, it is dead. `taken` is how often a dead one's was taken over."""

    message: Message
    sent: str | None
    holder: str
    held: datetime
    taken: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """What the buttons of one answer say to the bot, by number, and where it stands."""

    place: Place
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A message that was answered, without secrets; `about` is the entry that the answer told of."""

    at: datetime
    place: Place
    sender: str
    text: str
    about: str | None


class Mail(Protocol):
    """What is under way in the chats. Messages go by the id that `Message.id` and its surface make together."""

    async def receive(self, message: Message, holder: str, at: datetime) -> bool:
        """Take a message in; whether it is new. Atomic: of many that ask, one hears yes, and until it is
        `answered` the message is that holder's."""
        ...

    async def hold(self, messages: Sequence[Message], holder: str, at: datetime) -> list[Message]:
        """Say that these are still worked on; those of them that are this holder's."""
        ...

    async def posted(self, message: Message, sent: str) -> None:
        """Remember where the answer to a message stands; empty: it is about to be posted."""
        ...

    async def answered(self, message: Message, at: datetime, about: str | None) -> None:
        """The message needs nothing more; it becomes a question that was asked."""
        ...

    async def done(self, message: Message) -> None:
        """The message needs nothing more and was no question: nothing of it is kept."""
        ...

    async def waiting(self) -> list[Waiting]:
        """Every message that is not `answered` or `done`, the oldest first."""
        ...

    async def take(self, left: Waiting, holder: str, at: datetime) -> bool:
        """Let a message that was left be this holder's from now on. Atomic: of many that saw it stand still one
        hears yes, and nobody does if its holder moved after all."""
        ...

    async def offer(self, token: str, offer: Offer, at: datetime) -> None:
        """Remember what the buttons of an answer say, for a week."""
        ...

    async def offered(self, token: str) -> Offer | None:
        """What the buttons of an answer say."""
        ...

    async def questions(self, sender: str | None = None, most: int = 20) -> list[Question]:
        """What was asked, newest first, by everybody or by one."""
        ...

    async def refer(self, surface: str, conversation: str, reference: Mapping[str, Any]) -> None:
        """Remember how a platform wants a conversation addressed that it did not begin."""
        ...

    async def reference(self, surface: str, conversation: str) -> Mapping[str, Any] | None:
        """How a platform wants a conversation addressed."""
        ...

    async def sweep(self, now: datetime) -> None:
        """Forget messages of more than a day ago; buttons, and the stories above them, of more than a week."""
        ...
