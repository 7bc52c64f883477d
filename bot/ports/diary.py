"""What is remembered over time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.diary import Asked, Expiry, Health, Quiet, Run, Subscription, Votes
from bot.types import Place


class Diary(Protocol):
    """What is remembered over time."""

    async def remember(self, run: Run, expiries: Sequence[Expiry]) -> None:
        """Keep a run where it says something else than the one before, or is the first of its day (UTC); the
        expiries take the place of those kept of this server."""
        ...

    async def runs(self, since: datetime, until: datetime) -> list[Run]:
        """What is kept of the runs of a time (`since` < at <= `until`), the oldest first."""
        ...

    async def expiries(self, until: datetime, server: str | None = None) -> list[Expiry]:
        """What runs out up to a time, everywhere or of one server, the first first."""
        ...

    async def health(self, server: str | None = None) -> dict[str, Health]:
        """How each server stands, or this one."""
        ...

    async def stand(self, health: Health, before: Health | None) -> bool:
        """Let a server stand so, if it still stood as `before`. Atomic: of two that saw the same, one hears yes."""
        ...

    async def subscribe(self, subscription: Subscription) -> None:
        """Let a channel have a digest, or have it otherwise."""
        ...

    async def told(self, place: Place, slot: datetime) -> None:
        """The digest of a slot stands in its channel: `since` moves on to it, and never back. Whatever else was said
        of the subscription meanwhile stays."""
        ...

    async def unsubscribe(self, place: Place) -> bool:
        """End it; whether there was one."""
        ...

    async def subscription(self, place: Place) -> Subscription | None:
        """That of a channel."""
        ...

    async def subscriptions(self) -> list[Subscription]:
        """All channels that have one."""
        ...

    async def hush(self, quiet: Quiet) -> None:
        """Announce nothing for a time."""
        ...

    async def unhush(self, scope: str, at: datetime) -> int:
        """End at once what was hushed under that name; how many quiet times there were."""
        ...

    async def quiets(self, at: datetime) -> list[Quiet]:
        """The quiet times that a moment lies in."""
        ...

    async def vote(self, answer: str, who: str, *, helped: bool, at: datetime) -> None:
        """What a person says of an answer; the last word counts. `answer` is any key; that of an answered message is
        its surface and id, parted by a space."""
        ...

    async def votes(self, since: datetime, until: datetime) -> Votes:
        """What people said of the answers of a time."""
        ...

    async def asked(self, since: datetime, until: datetime) -> list[Asked]:
        """The questions of a time, the oldest first."""
        ...

    async def forget(self, who: str) -> int:
        """Remove a person from everything but the audit log; how many lines were touched."""
        ...

    async def sweep(self, now: datetime, *, questions: timedelta, findings: timedelta) -> None:
        """Forget questions and runs older than that."""
        ...
