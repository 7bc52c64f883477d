"""Small working fakes of what the bot needs from the outside."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.findings import Finding, Past, Report, Server
from bot.ports import Offer, Question, Use, Waiting, Wire
from bot.types import Message

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


class FakeClock:
    """A clock that goes when it is told to."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class FakeStore:
    """A store that forgets everything when it goes; the contract test judges it like the real ones."""

    def __init__(self) -> None:
        self._servers: dict[str, Server] = {}
        self._past: dict[str, Past] = {}
        self._last: dict[str, tuple[datetime, tuple[Finding, ...]]] = {}
        self._seen: set[str] = set()
        self._uses: list[Use] = []

    async def servers(self) -> list[Server]:
        return [self._servers[name] for name in sorted(self._servers)]

    async def register(self, server: Server) -> None:
        self._servers[server.name] = server

    async def remove(self, name: str) -> bool:
        self._past.pop(name, None)
        self._last.pop(name, None)
        return self._servers.pop(name, None) is not None

    async def past(self, name: str) -> Past:
        return self._past.get(name, Past())

    async def keep(self, report: Report, good: Past | None) -> None:
        self._last[report.server.name] = report.at, report.findings
        if good is not None:
            self._past[report.server.name] = good

    async def last(self, name: str) -> tuple[datetime, tuple[Finding, ...]] | None:
        return self._last.get(name)

    async def first_time(self, message_id: str, at: datetime) -> bool:
        new = message_id not in self._seen
        self._seen.add(message_id)
        return new

    async def note(self, use: Use) -> None:
        self._uses.append(use)

    async def uses(self, most: int = 100) -> list[Use]:
        return self._uses[::-1][:most]


class FakeMail:
    """Mail that forgets everything when it goes; the contract test judges it like the real one."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()
        self._inbox: dict[tuple[str, str], tuple[Message, str, datetime, str | None]] = {}
        self._offers: dict[str, Offer] = {}
        self._questions: list[Question] = []
        self._references: dict[tuple[str, str], Mapping[str, Any]] = {}

    async def receive(self, message: Message, holder: str, at: datetime) -> bool:
        key = message.place.surface, message.id
        if key in self._seen:
            return False
        self._seen.add(key)
        self._inbox[key] = message, holder, at, None
        return True

    async def hold(self, messages: Sequence[Message], at: datetime) -> None:
        for message in messages:
            if kept := self._inbox.get(key := (message.place.surface, message.id)):
                self._inbox[key] = kept[0], kept[1], at, kept[3]

    async def posted(self, message: Message, sent: str) -> None:
        if kept := self._inbox.get(key := (message.place.surface, message.id)):
            self._inbox[key] = *kept[:3], sent

    async def answered(self, message: Message, at: datetime, about: str | None) -> None:
        self._inbox.pop((message.place.surface, message.id), None)
        self._questions.append(Question(at, message.place, message.sender, message.text, about))

    async def waiting(self, before: datetime, holder: str | None = None) -> list[Waiting]:
        kept = self._inbox.values()
        return [Waiting(m, sent) for m, by, held, sent in kept if held < before or by == holder]

    async def offer(self, token: str, offer: Offer, at: datetime) -> None:
        self._offers[token] = offer

    async def offered(self, token: str) -> Offer | None:
        return self._offers.get(token)

    async def questions(self, sender: str | None = None, most: int = 20) -> list[Question]:
        return [q for q in self._questions[::-1] if sender in (None, q.sender)][:most]

    async def refer(self, surface: str, conversation: str, reference: Mapping[str, Any]) -> None:
        self._references[surface, conversation] = reference

    async def reference(self, surface: str, conversation: str) -> Mapping[str, Any] | None:
        return self._references.get((surface, conversation))


def wires_of(wire: Wire | Mapping[str, Wire]) -> Callable[[Server], object]:
    """Hands out the same wire for every run, or the one of a server's name."""

    @asynccontextmanager
    async def open_wire(server: Server) -> AsyncIterator[Wire]:
        yield wire[server.name] if isinstance(wire, Mapping) else wire

    return open_wire
