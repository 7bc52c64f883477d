"""The Diary port over SQLAlchemy: what is remembered over time."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.diary import Asked, Expiry, Health, Quiet, Run, Subscription, Votes
from bot.types import Place
from connectors.store import rows, tables
from connectors.store.database import Begin

_TRIES: Final = 5  # to change what somebody else changes at the same moment


class SqlDiary:
    """What is remembered over time, in a database. Every verb raises `ConnectorError` where that fails."""

    def __init__(self, begin: Begin, dialect: str) -> None:
        """For `SqlStore`: `begin` opens a transaction."""
        self._begin = begin
        self._insert = sqlite.insert if dialect == "sqlite" else postgresql.insert

    # --- runs and what they found ------------------------------------------------------------

    async def remember(self, run: Run, expiries: Sequence[Expiry]) -> None:
        """Keep a run where it says something new, and what runs out in any case."""
        kept = {"server": run.server, "at": run.at, "verdict": run.verdict, "checks": rows.checks_text(run)}
        put = self._insert(tables.history).on_conflict_do_nothing()
        async with self._begin() as connection:
            # Writing comes first: from then on this transaction has SQLite, or this server's line, to itself.
            await self._put_expiries(connection, run.server, expiries)
            if await _is_news(connection, run):
                await connection.execute(put, kept)

    async def _put_expiries(self, connection: AsyncConnection, server: str, expiries: Sequence[Expiry]) -> None:
        if not expiries:
            await connection.execute(sa.delete(tables.expiries).where(tables.expiries.c.server == server))
            return
        put = self._insert(tables.expiries)
        new = {"first": put.excluded.first, "fields": put.excluded.fields}
        first = min(expiry.ends for expiry in expiries)
        row = {"server": server, "first": first, "fields": rows.expiries_text(expiries)}
        await connection.execute(put.on_conflict_do_update(index_elements=["server"], set_=new), row)

    async def runs(self, since: datetime, until: datetime) -> list[Run]:
        """What is kept of the runs of a time, the oldest first."""
        c = tables.history.c
        wanted = sa.select(c.server, c.at, c.verdict, c.checks).where(c.at > since, c.at <= until)
        async with self._begin() as connection:
            found = (await connection.execute(wanted.order_by(c.at, c.server))).all()
        return [
            Run(server, at, verdict, checks)
            for server, at, verdict, text in found
            if (checks := rows.checks_of(text)) is not None
        ]

    async def expiries(self, until: datetime, server: str | None = None) -> list[Expiry]:
        """What runs out up to a time, everywhere or of one server, the first first."""
        c = tables.expiries.c
        wanted = sa.select(c.fields).where(c.first <= until)
        if server is not None:
            wanted = wanted.where(c.server == server)
        async with self._begin() as connection:
            found = (await connection.scalars(wanted)).all()
        ending = [expiry for text in found for expiry in rows.expiries_of(text) if expiry.ends <= until]
        return sorted(ending, key=lambda expiry: (expiry.ends, expiry.server, expiry.name))

    # --- how servers stand -------------------------------------------------------------------

    async def health(self, server: str | None = None) -> dict[str, Health]:
        """How each server stands, or this one."""
        c = tables.health.c
        wanted = sa.select(c.fields) if server is None else sa.select(c.fields).where(c.server == server)
        async with self._begin() as connection:
            found = (await connection.scalars(wanted)).all()
        return {health.server: health for text in found if (health := rows.health_of(text))}

    async def stand(self, health: Health, before: Health | None) -> bool:
        """Let a server stand so, if it still stood as `before`. Atomic: of two that saw the same, one hears yes."""
        c = tables.health.c
        here = c.server == health.server
        async with self._begin() as connection:
            kept = await connection.scalar(sa.select(c.fields).where(here))
            if (None if kept is None else rows.health_of(kept)) != before:
                return False
            if kept is None:
                put = self._insert(tables.health).on_conflict_do_nothing().returning(c.server)
                row = {"server": health.server, "fields": rows.health_text(health)}
                return await connection.scalar(put, row) is not None
            # The text that was read, not `before`: another version may have written more than this one knows.
            new = sa.update(tables.health).where(here, c.fields == kept).values(fields=rows.health_text(health))
            return (await connection.execute(new)).rowcount == 1

    # --- who wants to hear, and when not -----------------------------------------------------

    async def subscribe(self, subscription: Subscription) -> None:
        """Let a channel have a digest, or have it otherwise."""
        put = self._insert(tables.subscriptions)
        put = put.on_conflict_do_update(index_elements=["place"], set_={"fields": put.excluded.fields})
        row = {"place": _key(subscription.place), "fields": rows.subscription_fields(subscription)}
        async with self._begin() as connection:
            await connection.execute(put, row)

    async def told(self, place: Place, slot: datetime) -> None:
        """The digest of a slot stands: `since` moves on to it."""
        c = tables.subscriptions.c
        text = sa.cast(c.fields, sa.Text)
        for _ in range(_TRIES):
            async with self._begin() as connection:
                kept = await connection.scalar(sa.select(text).where(c.place == _key(place)))
                subscription = rows.subscription_of(kept) if kept else None
                if subscription is None or (subscription.since and subscription.since >= slot):
                    return
                moved = rows.subscription_fields(replace(subscription, since=slot))
                # The text that was read: somebody may say otherwise at this moment.
                move = sa.update(tables.subscriptions).where(c.place == _key(place), text == kept)
                if (await connection.execute(move.values(fields=moved))).rowcount == 1:
                    return

    async def unsubscribe(self, place: Place) -> bool:
        """End it; whether there was one."""
        table = tables.subscriptions
        async with self._begin() as connection:
            gone = await connection.execute(sa.delete(table).where(table.c.place == _key(place)))
        return gone.rowcount == 1

    async def subscription(self, place: Place) -> Subscription | None:
        """That of a channel."""
        c = tables.subscriptions.c
        async with self._begin() as connection:
            kept = await connection.scalar(sa.select(sa.cast(c.fields, sa.Text)).where(c.place == _key(place)))
        return rows.subscription_of(kept) if kept else None

    async def subscriptions(self) -> list[Subscription]:
        """All channels that have one."""
        c = tables.subscriptions.c
        async with self._begin() as connection:
            found = (await connection.scalars(sa.select(sa.cast(c.fields, sa.Text)).order_by(c.place))).all()
        return [subscription for text in found if (subscription := rows.subscription_of(text))]

    async def hush(self, quiet: Quiet) -> None:
        """Announce nothing for a time."""
        async with self._begin() as connection:
            await connection.execute(sa.insert(tables.quiets), rows.quiet_fields(quiet))

    async def unhush(self, scope: str, at: datetime) -> int:
        """End at once what was hushed under that name."""
        c = tables.quiets.c
        now = sa.update(tables.quiets).where(c.scope == scope, c.begins <= at, c.ends > at).values(ends=at)
        async with self._begin() as connection:
            return (await connection.execute(now)).rowcount

    async def quiets(self, at: datetime) -> list[Quiet]:
        """The quiet times that a moment lies in, in the order in which they were said."""
        c = tables.quiets.c
        wanted = sa.select(c.scope, c.begins, c.ends, c.who, c.why).where(c.ends > at, c.begins <= at)
        async with self._begin() as connection:
            return [Quiet(*row) for row in await connection.execute(wanted.order_by(c.number))]

    # --- questions and votes -----------------------------------------------------------------

    async def vote(self, answer: str, who: str, *, helped: bool, at: datetime) -> None:
        """What a person says of an answer; the last word counts."""
        put = self._insert(tables.votes)
        last = {"helped": put.excluded.helped, "at": put.excluded.at}
        row = {"answer": _digest(answer), "who": rows.person(who), "helped": helped, "at": at}
        async with self._begin() as connection:
            await connection.execute(put.on_conflict_do_update(index_elements=["answer", "who"], set_=last), row)

    async def votes(self, since: datetime, until: datetime) -> Votes:
        """What people said in a time."""
        c = tables.votes.c
        wanted = sa.select(c.helped, sa.func.count()).where(c.at > since, c.at <= until).group_by(c.helped)
        async with self._begin() as connection:
            said: dict[bool, int] = {helped: count for helped, count in await connection.execute(wanted)}
        return Votes(said.get(True, 0), said.get(False, 0))

    async def asked(self, since: datetime, until: datetime) -> list[Asked]:
        """The questions of a time, the oldest first."""
        c = tables.questions.c
        where = c.surface + " " + c.conversation
        wanted = sa.select(c.at, c.sender, c.text, c.about, where).where(c.at > since, c.at <= until)
        async with self._begin() as connection:
            return [Asked(*row) for row in await connection.execute(wanted.order_by(c.at, c.number))]

    # --- forgetting --------------------------------------------------------------------------

    async def forget(self, who: str) -> int:
        """Remove a person; what they hushed stays hushed, by nobody. How many lines were touched."""
        quiets, short = tables.quiets, rows.person(who)
        if not short:
            return 0  # nobody's lines are those of the forgotten
        gone = (
            sa.delete(tables.questions).where(tables.questions.c.sender == who),
            sa.delete(tables.inbox).where(tables.inbox.c.fields["sender"].as_string() == tables.whole(who)),
            sa.delete(tables.votes).where(tables.votes.c.who == short),
            sa.delete(tables.stories).where(tables.stories.c.sender == who),
            sa.update(quiets).where(quiets.c.who == short).values(who="", why=""),
        )
        async with self._begin() as connection:
            return sum([(await connection.execute(each)).rowcount for each in gone])

    async def sweep(self, now: datetime, *, questions: timedelta, findings: timedelta) -> None:
        """Forget questions, votes and quiet times that are over after one time, runs after another."""
        ends = (
            (tables.questions.c.at, questions),
            (tables.votes.c.at, questions),
            (tables.quiets.c.ends, questions),
            (tables.history.c.at, findings),
        )
        async with self._begin() as connection:
            for column, age in ends:
                await connection.execute(sa.delete(column.table).where(column < now - age))


async def _is_news(connection: AsyncConnection, run: Run) -> bool:
    """Whether a run says something else than the last one that is kept, or is the first of its day (UTC)."""
    c = tables.history.c
    last = sa.select(c.at, c.verdict, c.checks).where(c.server == run.server, c.at <= run.at)
    kept = (await connection.execute(last.order_by(c.at.desc()).limit(1))).one_or_none()
    if kept is None or kept.at.date() != run.at.astimezone(UTC).date():
        return True
    return bool(kept.verdict != run.verdict or rows.checks_of(kept.checks) != dict(run.checks))


def _key(place: Place) -> str:
    return _digest(json.dumps([place.surface, place.conversation, place.thread]))


def _digest(text: str) -> str:
    """SHA-256 (hex): a foreign id may have any length."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
