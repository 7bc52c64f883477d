"""Small working fakes of what the bot needs from the outside."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from bot.findings import Finding, Past, Report, Server
from bot.ports import Use, Wire

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


def wires_of(wire: Wire | Mapping[str, Wire]) -> Callable[[Server], object]:
    """Hands out the same wire for every run, or the one of a server's name."""

    @asynccontextmanager
    async def open_wire(server: Server) -> AsyncIterator[Wire]:
        yield wire[server.name] if isinstance(wire, Mapping) else wire

    return open_wire
