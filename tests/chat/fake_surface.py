"""A chat platform that works, in memory; it can be told to be busy, to be gone, and to answer late."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from bot.errors import Busy, ConnectorError, Gone
from bot.ports import Press, Receive
from bot.types import Answer, Choices, Fold, Message, Place, Role


@dataclass
class Post:
    """What stands in a conversation. `shown` are all answers that stood there, the last one stands now."""

    place: Place
    key: str
    reader: str | None
    shown: list[Answer]
    buttons: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.shown[-1].title


class FakeSurface:
    """The port over a list of posts."""

    pause = 0.0
    connected = True

    def __init__(self, name: str = "fake", *, looks_up: bool = True) -> None:
        self.name = name
        self.looks_up = looks_up
        self.posts: dict[str, Post] = {}
        self.troubles: list[Exception | None] = []
        self.lost_replies = 0
        self._ids = count(1)

    async def serve(self, receive: Receive) -> None:
        await asyncio.Event().wait()

    def role_of(self, message: Message) -> Role:
        return "operator"

    async def send(self, place: Place, answer: Answer, press: Press, *, key: str, reader: str | None = None) -> str:
        await self._trouble()
        sent = str(next(self._ids))
        self.posts[sent] = Post(place, key, reader, [answer], dict(_buttons(answer, press)))
        if self.lost_replies:
            self.lost_replies -= 1
            raise ConnectorError("the connection broke")
        return sent

    async def edit(self, place: Place, sent: str, answer: Answer, press: Press) -> None:
        await self._trouble()
        if sent not in self.posts:
            raise Gone
        self.posts[sent].shown.append(answer)
        self.posts[sent].buttons = dict(_buttons(answer, press))

    async def find(self, place: Place, key: str) -> str | None:
        await self._trouble()
        assert self.looks_up
        return next((sent for sent, post in self.posts.items() if post.key == key and post.place == place), None)

    async def _trouble(self) -> None:
        await asyncio.sleep(0)
        if self.troubles and (trouble := self.troubles.pop(0)):
            raise trouble

    def titles(self, place: Place | None = None) -> list[str]:
        return [post.title for post in self.posts.values() if place in (None, post.place)]


def busy(times: int, after: float = 30.0) -> list[Exception | None]:
    return [Busy(after) for _ in range(times)]


def _buttons(answer: Answer, press: Press) -> Iterator[tuple[str, str]]:
    blocks = list(answer.blocks)
    for block in blocks:
        if isinstance(block, Fold):
            blocks += block.blocks
        if isinstance(block, Choices):
            yield from ((label, press(says)) for label, says in block.options)
