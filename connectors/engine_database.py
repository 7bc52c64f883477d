"""Where the engine keeps its runs, beside the store; and which processes work on them, told by their beats."""

import os
import sqlite3
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection

from bot.errors import ConnectorError
from bot.standstill import Standstill
from connectors.store import database

_PATIENCE: Final = {
    "connect_timeout": "10",
    "tcp_user_timeout": "20000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
}
"""Options of libpq, in seconds but for `tcp_user_timeout` (ms): a thread that asks a computer which is no longer there
would else be stuck for a quarter of an hour."""
_BEGINNERS: Final = 0x6E646573  # PostgreSQL's number of the lock under which tables are created


class Database:
    """The engine's part of the store's database: a file beside SQLite's, a schema in PostgreSQL."""

    def __init__(self, said: str) -> None:
        """`said` is the store's address. Raises `ConnectorError` where it names no database."""
        self._closed = threading.Event()
        self.schema: str | None = None
        url = database.address(said)
        if database.is_sqlite(url):
            self.url = url.set(drivername="sqlite+pysqlite", database=str(_beside(Path(url.database or ""))))
            # Two connections: writers exclude each other anyhow, and those that wait for SQLite's lock sleep.
            self.pool = sa.create_engine(self.url, hide_parameters=True, pool_size=2, max_overflow=0)
            sa.event.listen(self.pool, "connect", _prepare_sqlite)
        else:
            self.url = url.set(query={**_PATIENCE, **url.query})
            self.pool = sa.create_engine(
                self.url, hide_parameters=True, pool_size=10, max_overflow=0, pool_pre_ping=True
            )
        sa.event.listen(self.pool, "do_connect", self._connect)

    def prepare(self) -> None:
        """Make the file or the schema. The schema is named after the store's: two bots in one database do not meet."""
        if database.is_sqlite(self.url):
            _private_file(Path(self.url.database or ""))
            return
        with self.pool.begin() as connection:
            _one_at_a_time(connection)
            self.schema = _schema_beside(connection)
            connection.execute(sa.schema.CreateSchema(self.schema, if_not_exists=True))

    def close(self) -> None:
        """Allow no new connection: a thread that tries for ever to get one back would keep the process alive."""
        self._closed.set()

    def _connect(self, dialect: sa.Dialect, _: object, where: tuple[Any, ...], how: dict[str, Any]) -> Any:
        if self._closed.is_set():
            raise RuntimeError("the engine is closed")
        try:
            return dialect.connect(*where, **how)
        except psycopg.OperationalError as error:
            # By this word the library knows what passes; a name that is not resolved for a moment does as well.
            raise type(error)(f"connection failed: {error}") from None


class Beats:
    """A count for each process that it alone raises; one whose count stands still is dead."""

    def __init__(self, home: Database, executor: str) -> None:
        """Makes the table, where there is none, and beats once: the database must be prepared."""
        self._pool = home.pool
        self._executor = executor
        self._others: Standstill[str, int] = Standstill()
        self._counts: dict[str, int] = {}  # of the others, as last seen
        self._living: list[str] = []
        self._table = sa.Table(
            "executors",
            sa.MetaData(schema=home.schema),
            sa.Column("executor", sa.Text, primary_key=True),
            sa.Column("beat", sa.BigInteger, nullable=False),
        )
        with self._pool.begin() as connection:
            _one_at_a_time(connection)
            self._table.create(connection, checkfirst=True)
            self._raise_own(connection)

    def beat(self) -> list[str]:
        """Beat, and look at the others: those that are dead."""
        c = self._table.c
        try:
            with self._pool.begin() as connection:
                self._raise_own(connection)
                found = connection.execute(sa.select(c.executor, c.beat).where(c.executor != self._executor)).all()
        except BaseException:
            self._others.lose_sight()
            raise
        counts = {name: count for name, count in found}
        dead = self._others.look(counts)
        self._counts, self._living = counts, [name for name in counts if name not in dead]
        return dead

    def living(self) -> list[str]:
        """The other processes that live, as last seen."""
        return self._living

    def bury(self, dead: Collection[str]) -> None:
        """Forget processes whose runs have been taken over, unless one beat after all."""
        c = self._table.c
        with self._pool.begin() as connection:
            for name in dead:
                connection.execute(sa.delete(self._table).where(c.executor == name, c.beat == self._counts[name]))

    def _raise_own(self, connection: Connection) -> None:
        c = self._table.c
        raised = connection.execute(
            sa.update(self._table).where(c.executor == self._executor).values(beat=c.beat + 1)
        ).rowcount
        if not raised:
            connection.execute(sa.insert(self._table).values(executor=self._executor, beat=1))


def living(said: str, seconds: float = 6.0) -> list[str]:
    """The processes that work on the database at an address: those that beat while it is watched for so long, which
    should be more than a beat. Blocks; nothing is made. Raises `ConnectorError`."""
    home = Database(said)
    if database.is_sqlite(home.url) and not Path(home.url.database or "").exists():
        return []
    try:
        with database.told(home.url):
            first = latest = _beats(home)
            until = time.monotonic() + seconds
            while latest == first and latest and time.monotonic() < until:
                time.sleep(min(0.25, seconds))
                latest = _beats(home)
    finally:
        home.pool.dispose()
    return sorted(name for name, count in latest.items() if first.get(name) != count)


def _beats(home: Database) -> dict[str, int]:
    with home.pool.connect() as connection:
        schema = None if database.is_sqlite(home.url) else _schema_beside(connection)
        if not sa.inspect(connection).has_table("executors", schema=schema):
            return {}
        table = sa.table("executors", sa.column("executor"), sa.column("beat"), schema=schema)
        return {name: count for name, count in connection.execute(sa.select(table.c.executor, table.c.beat))}


# --- SQLite and PostgreSQL ---------------------------------------------------------------------


def _schema_beside(connection: Connection) -> str:
    stores = connection.scalar(sa.select(sa.func.current_schema()))
    return "ndesbot_runs" if stores in (None, "public") else f"{stores}_runs"


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}-runs{path.suffix}")


def _private_file(path: Path) -> None:
    """What people said is in it: only this user may read it; SQLite gives its companions the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise ConnectorError(f"The SQLite file {path} cannot be opened: {error.strerror}.") from None


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = "IMMEDIATE"  # one that first reads and then wants to write may have to fail
    if sqlite3.sqlite_version_info < (3, 42):  # the library writes its times with a word that SQLite learned then
        connection.create_function("unixepoch", 0, lambda: int(time.time()))
        connection.create_function("unixepoch", 1, lambda word: time.time() if word == "subsec" else int(time.time()))
    # The end of the process loses no commit; a power cut may lose the last ones, and damages nothing.
    for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _one_at_a_time(connection: Connection) -> None:
    """PostgreSQL's IF NOT EXISTS fails for one of two processes that create at the same moment."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_BEGINNERS)))
