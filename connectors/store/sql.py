"""The Store port over SQLAlchemy: the same statements for SQLite and PostgreSQL."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy import URL, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import ConnectorError
from bot.findings import Finding, Past, Report, Server
from bot.ports import Use
from connectors.store import database, rows, schema, tables
from connectors.store.cases import SqlCasebook
from connectors.store.diary import SqlDiary
from connectors.store.errands import SqlErrands
from connectors.store.mail import SqlMail

_log = logging.getLogger(__name__)


@asynccontextmanager
async def open_store(said: str) -> AsyncIterator["SqlStore"]:
    """The store at an address, its tables brought up to date; closed in the end.

    `sqlite+aiosqlite:///folder/file.db` (three slashes and a relative path, four and an absolute one)
    or `postgresql+psycopg://user:password@host/database`; what is special to addresses is percent-encoded.
    Raises `ConnectorError`.
    """
    url = database.address(said)
    await asyncio.to_thread(schema.bring_up_to_date, url)
    engine = database.engine(url)
    try:
        yield SqlStore(engine, url)
    finally:
        await engine.dispose()


class SqlStore:
    """What lasts, in a database. Every verb is one transaction and raises `ConnectorError` where that fails."""

    def __init__(self, engine: AsyncEngine, url: URL) -> None:
        """For `open_store`: the tables must be there."""
        self._engine = engine
        self._url = url
        self.failures = 0  # in a row
        insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert  # one language, spelt twice
        self._put_server = _replacing(insert(tables.servers))
        self._put_run = _replacing(insert(tables.runs))
        self._put_good_state = _replacing(insert(tables.good_states))
        self.mail = SqlMail(self._transaction, engine.dialect.name)
        self.diary = SqlDiary(self._transaction, engine.dialect.name)
        self.errands = SqlErrands(self._transaction, engine.dialect.name)
        self.casebook = SqlCasebook(self._transaction, engine.dialect.name)
        # Without the option PostgreSQL's count of an insert is lost: -1, whoever won.
        self._put_seen = insert(tables.seen).on_conflict_do_nothing().execution_options(preserve_rowcount=True)

    # --- servers -----------------------------------------------------------------------------

    async def servers(self) -> list[Server]:
        """All registered servers, by name."""
        async with self._transaction() as connection:
            kept = await connection.scalars(sa.select(sa.cast(tables.servers.c.fields, sa.Text)))
        found = [server for text in kept if (server := rows.server_of(text))]
        return sorted(found, key=lambda server: server.name)  # databases sort by the rules of their language

    async def server(self, name: str) -> Server | None:
        """The registered server of that name."""
        c = tables.servers.c
        async with self._transaction() as connection:
            kept = await connection.scalar(sa.select(sa.cast(c.fields, sa.Text)).where(c.name == name))
        return rows.server_of(kept) if kept else None

    async def register(self, server: Server) -> None:
        """Add a server, or replace the one of that name. Raises `BadRequest` for one that cannot be kept."""
        fields = rows.server_fields(server)
        async with self._transaction() as connection:
            await connection.execute(self._put_server, {"name": server.name, "fields": fields})

    async def remove(self, name: str) -> bool:
        """Forget a server and its past; whether it was there."""
        async with self._transaction() as connection:
            gone = await connection.execute(sa.delete(tables.servers).where(tables.servers.c.name == name))
            for table in (tables.runs, tables.good_states, tables.history, tables.health, tables.expiries):
                await connection.execute(sa.delete(table).where(table.c.server == name))
        return gone.rowcount == 1

    # --- runs --------------------------------------------------------------------------------

    async def past(self, name: str) -> Past:
        """The last good state of a server; empty for a new one."""
        row = await self._of_server(tables.good_states, name)
        return Past(row.at, row.bundle, row.tls, rows.findings_of(row.findings)) if row else Past()

    async def keep(self, report: Report, good: Past | None) -> None:
        """Remember a run; `good`, where given, becomes the server's last good state."""
        name = report.server.name
        findings = rows.finding_fields(report.findings)
        run = {"server": name, "at": report.at, "findings": findings}
        async with self._transaction() as connection:
            await connection.execute(self._put_run, run)
            if good is not None:
                same = good.findings == report.findings  # as a rule: then nothing is redacted twice
                kept = findings if same else rows.finding_fields(good.findings)
                state = {"server": name, "at": good.at, "bundle": good.bundle, "tls": good.tls, "findings": kept}
                await connection.execute(self._put_good_state, state)

    async def last(self, name: str) -> tuple[datetime, tuple[Finding, ...]] | None:
        """When the last run of a server was, and what it found."""
        row = await self._of_server(tables.runs, name)
        return (row.at, rows.findings_of(row.findings)) if row else None

    # --- messages and uses -------------------------------------------------------------------

    async def first_time(self, message_id: str, at: datetime) -> bool:
        """Whether this was never said before. Atomic: of many that ask, one hears yes."""
        digest = sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()
        async with self._transaction() as connection:
            put = await connection.execute(self._put_seen, {"message": digest, "at": at})
        return put.rowcount == 1

    async def note(self, use: Use) -> None:
        """Write a line to the audit log."""
        async with self._transaction() as connection:
            await connection.execute(sa.insert(tables.uses), rows.use_fields(use))

    # --- how ---------------------------------------------------------------------------------

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        try:
            with database.told(self._url):
                async with asyncio.timeout(database.PATIENCE), self._engine.begin() as connection:
                    yield connection
        except ConnectorError as error:
            self._failed(error)
            raise
        if self.failures:
            _log.warning("the database answers again", extra={"failures": self.failures})
            self.failures = 0

    def _failed(self, error: ConnectorError) -> None:
        if not self.failures:
            _log.error("the database fails", extra={"reason": str(error)})
        self.failures += 1

    async def _of_server(self, table: Table, name: str) -> Any:
        async with self._transaction() as connection:
            return (await connection.execute(sa.select(table).where(table.c.server == name))).one_or_none()


def _replacing(insert: sqlite.Insert | postgresql.Insert) -> sqlite.Insert | postgresql.Insert:
    """An insert that takes the place of the row with the same key."""
    key, *others = insert.table.columns
    return insert.on_conflict_do_update(
        index_elements=[key], set_={column.name: insert.excluded[column.name] for column in others}
    )
