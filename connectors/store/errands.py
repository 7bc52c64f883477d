"""The Errands port over SQLAlchemy: what is handed over to the workers of other sites."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.ports import Errand
from connectors.store import tables
from connectors.store.database import Begin

GOOD_FOR: Final = timedelta(minutes=10)
"""How long an errand may be taken: by then nobody waits for its result, not even where the bot died before it could
drop it."""


def digest_of(token: str) -> str:
    """What is kept of a token: SHA-256 (hex). It has 256 bits of chance, so nothing slower is needed."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class SqlErrands:
    """Errands and the tokens of workers, in a database. Every verb raises `ConnectorError` where that fails."""

    def __init__(self, begin: Begin, dialect: str) -> None:
        """For `SqlStore`: `begin` opens a transaction."""
        self._begin = begin
        self._insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
        self._locks = dialect != "sqlite"  # there a transaction that writes is alone anyhow

    async def put(self, errand: Errand, at: datetime) -> None:
        """Lay an errand out."""
        row = {"name": errand.name, "site": errand.site, "at": at, "said": dict(errand.said)}
        async with self._begin() as connection:
            await connection.execute(sa.delete(tables.errands).where(tables.errands.c.at < at - GOOD_FOR))
            await connection.execute(self._insert(tables.errands).on_conflict_do_nothing(), row)

    async def take(self, site: str, worker: str, at: datetime, until: datetime, most: int = 1) -> list[Errand]:
        """The oldest errands of a site that are nobody's now."""
        c = tables.errands.c
        wanted = sa.and_(c.site == site, c.result.is_(None), c.at >= at - GOOD_FOR)
        free = sa.and_(wanted, sa.or_(c.until.is_(None), c.until < at))
        oldest = sa.select(c.name).where(free).order_by(c.at, c.name).limit(most)
        if self._locks:
            oldest = oldest.with_for_update(skip_locked=True)
        # A table of its own: as a mere part of the question PostgreSQL may ask it again, and lock more than `most`.
        chosen = oldest.cte("chosen")
        take = sa.update(tables.errands).where(c.name.in_(sa.select(chosen.c.name)), free)
        take = take.values(worker=tables.whole(worker)[:200], until=until).returning(c.name, c.at, c.said)
        async with self._begin() as connection:
            taken = (await connection.execute(take)).all()
        return [
            Errand(row.name, site, row.said, taken=True) for row in sorted(taken, key=lambda row: (row.at, row.name))
        ]

    async def give_back(self, errand: str, site: str, result: Mapping[str, Any]) -> bool:
        """The first result counts."""
        c = tables.errands.c
        give = sa.update(tables.errands).where(c.name == errand, c.site == site, c.result.is_(None))
        async with self._begin() as connection:
            done = await connection.execute(give.values(result=dict(result)))
        return done.rowcount == 1

    async def errand(self, name: str) -> Errand | None:
        """An errand, with its result once there is one."""
        c = tables.errands.c
        async with self._begin() as connection:
            found = await connection.execute(sa.select(c.site, c.said, c.worker, c.result).where(c.name == name))
            row = found.one_or_none()
        return Errand(name, row.site, row.said, row.worker is not None, row.result) if row else None

    async def drop(self, name: str) -> None:
        """Forget an errand."""
        async with self._begin() as connection:
            await connection.execute(sa.delete(tables.errands).where(tables.errands.c.name == name))

    # --- tokens ------------------------------------------------------------------------------

    async def admit(self, site: str, token: str, note: str, at: datetime) -> None:
        """Let who shows this token work for a site."""
        row = {"token": digest_of(token), "site": site, "note": note, "at": at}
        async with self._begin() as connection:
            await connection.execute(sa.insert(tables.workers), row)

    async def dismiss(self, site: str) -> int:
        """Take back every token of a site."""
        async with self._begin() as connection:
            return (await connection.execute(sa.delete(tables.workers).where(tables.workers.c.site == site))).rowcount

    async def site_of(self, token: str) -> str | None:
        """The site that a token is good for."""
        wanted = sa.select(tables.workers.c.site).where(tables.workers.c.token == digest_of(token))
        async with self._begin() as connection:
            site: str | None = await connection.scalar(wanted)
        return site
