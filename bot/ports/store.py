"""What must survive a restart: servers, how they were, who used what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.findings import Finding, Past, Report, Server


@dataclass(frozen=True, slots=True)
class Use:
    """One line of the audit log: who asked for what, of which server, and whether it was allowed."""

    at: datetime
    who: str
    place: str
    command: str
    server: str | None
    allowed: bool


class Store(Protocol):
    """What must survive a restart. The atomic verbs have exactly one winner, whichever the database."""

    async def servers(self) -> list[Server]:
        """All registered servers, by name."""
        ...

    async def server(self, name: str) -> Server | None:
        """The registered server of that name."""
        ...

    async def register(self, server: Server) -> None:
        """Add a server, or replace the one of that name."""
        ...

    async def remove(self, name: str) -> bool:
        """Forget a server and its past; whether it was there."""
        ...

    async def past(self, name: str) -> Past:
        """The last good state of a server; empty for a new one."""
        ...

    async def keep(self, report: Report, good: Past | None) -> None:
        """Remember a run; `good`, where given, becomes the server's last good state."""
        ...

    async def last(self, name: str) -> tuple[datetime, tuple[Finding, ...]] | None:
        """When the last run of a server was, and what it found."""
        ...

    async def first_time(self, message_id: str, at: datetime) -> bool:
        """Whether this message was never seen before. Atomic: of many that ask, one hears yes."""
        ...

    async def note(self, use: Use) -> None:
        """Write a line to the audit log."""
        ...
