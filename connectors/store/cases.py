"""The Casebook port over SQLAlchemy: the stories of logs, and what was asked and done around them."""

from dataclasses import asdict
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.ports import Use
from bot.ports.cases import Filed, Heard
from bot.types import Place
from connectors.store import rows, tables
from connectors.store.database import Begin

_VOTES: Final = (
    sa.select(
        tables.votes.c.answer,
        sa.func.sum(sa.case((tables.votes.c.helped, 1), else_=0)).label("helped"),
        sa.func.count().label("all"),
    )
    .group_by(tables.votes.c.answer)
    .subquery()
)


class SqlCasebook:
    """What a case is gathered from, in a database. Every verb raises `ConnectorError` where that fails."""

    def __init__(self, begin: Begin, dialect: str) -> None:
        """For `SqlStore`: `begin` opens a transaction."""
        self._begin = begin
        insert = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(tables.stories)
        new = {name: insert.excluded[name] for name in ("at", "place", "sender", "story")}
        self._put = insert.on_conflict_do_update(index_elements=["message"], set_=new)

    async def file(self, key: str, filed: Filed) -> None:
        """Keep what the logs of a message told."""
        said = rows.whole_values({"place": asdict(filed.place), "story": dict(filed.story)})
        async with self._begin() as connection:
            await connection.execute(self._put, {"message": key, "at": filed.at, "sender": filed.sender, **said})

    async def filed(self, key: str) -> Filed | None:
        """What was kept under a key."""
        c = tables.stories.c
        wanted = sa.select(c.at, c.place, c.sender, c.story).where(c.message == key)
        async with self._begin() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        return Filed(row.at, Place(**row.place), row.sender, dict(row.story)) if row else None

    async def heard(self, place: Place, since: datetime, most: int = 30) -> list[Heard]:
        """The last questions of one thread, the oldest first."""
        c = tables.questions.c
        here = sa.and_(c.surface == place.surface, c.conversation == place.conversation, c.at >= since)
        here = sa.and_(here, c.thread.is_(None) if place.thread is None else c.thread == place.thread)
        helped, told = sa.func.coalesce(_VOTES.c.helped, 0), sa.func.coalesce(_VOTES.c.all, 0)
        wanted = (
            sa.select(c.at, c.sender, c.text, c.about, helped, told - helped)
            .outerjoin_from(tables.questions, _VOTES, c.answer == _VOTES.c.answer)
            .where(here)
        )
        async with self._begin() as connection:
            found = (await connection.execute(wanted.order_by(c.number.desc()).limit(max(most, 0)))).all()
        return [Heard(*row) for row in reversed(found)]

    async def uses(self, place: Place, since: datetime, most: int = 50) -> list[Use]:
        """What people had done to servers from one conversation, the oldest first."""
        c = tables.uses.c
        here = c.place == rows.line(f"{place.surface}/{place.conversation}")
        wanted = sa.select(c.at, c.who, c.place, c.command, c.server, c.allowed)
        wanted = wanted.where(here, c.at >= since, c.allowed, c.server.is_not(None))
        async with self._begin() as connection:
            found = (await connection.execute(wanted.order_by(c.line.desc()).limit(max(most, 0)))).all()
        return [Use(*row) for row in reversed(found)]
