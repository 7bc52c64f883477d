"""A database from its address: who may read its file, how it is connected, and what its failures mean."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from bot.errors import Away, ConnectorError

Begin = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
"""Opens a transaction; its connection goes with it."""

PATIENCE: Final = 30.0
"""Seconds after which a database that does not answer has failed."""
_BUSY: Final = 10.0  # seconds that a connection to SQLite waits for another one that writes
_CONNECT: Final = 10  # seconds until a connection to PostgreSQL must stand

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_ADVICE: Final = "give sqlite+aiosqlite:///folder/file.db or postgresql+psycopg://user@host/database"

_REASONS: Final = {
    "SQLITE_BUSY": "another process has held it for too long; try again",
    "SQLITE_CANTOPEN": "its file cannot be opened; may this user write in that folder?",
    "SQLITE_PERM": "its file may not be opened by this user",
    "SQLITE_READONLY": "its file may not be written by this user",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_IOERR": "the disk failed to read or write",
    "SQLITE_CORRUPT": "the file is damaged; put a backup in its place",
    "SQLITE_NOTADB": "the file is no SQLite database; name another one",
    "SQLITE_ERROR": "its tables are not as they were; were they changed while ndesbot ran?",
    "08": "the connection broke",
    "25006": "it may only be read; name the primary server, not a replica",
    "28": "the user or the password is refused",
    "3D": "there is no database of that name; create it",
    "3F": "there is no schema to create tables in",
    "40": "another change came in between; try again",
    "42501": "its user may not do that; grant it the right to create tables in its schema",
    "42P01": "a table is missing; was it removed while ndesbot ran?",
    "53": "it has no room or no free connection left",
    "57": "it is being shut down or stopped the request",
    "ConnectionTimeout": "it does not answer",
    "ProgrammingError": "the address has an option that is not understood",
}
"""What to tell for the beginning of SQLite's error name, of PostgreSQL's SQLSTATE or of the driver's own error."""


def address(said: str) -> URL:
    """The database that a setting names. Raises `ConnectorError` where it names none."""
    try:
        url = make_url(said)
        url = url.set(drivername=_DRIVERS[url.drivername])
    except (SQLAlchemyError, ValueError, KeyError):
        raise ConnectorError(f"The database setting cannot be read: {_ADVICE}.") from None
    if is_sqlite(url) and (not url.database or url.database == ":memory:" or url.database.startswith("file:")):
        raise ConnectorError(f"SQLite needs a file, or nothing would survive: {_ADVICE}.")
    return url


def is_sqlite(url: URL) -> bool:
    """Whether the database is a file of this computer."""
    return url.get_backend_name() == "sqlite"


def place(url: URL) -> str:
    """Where the database is, for people: without user, password and options."""
    if is_sqlite(url):
        return f"the SQLite file {url.database}"
    host = url.host or str(url.query.get("host", "this computer"))
    port = f":{url.port}" if url.port else ""
    return f"PostgreSQL {url.database or ''} at {host}{port}"


# --- opening ---------------------------------------------------------------------------------


def engine(url: URL) -> AsyncEngine:
    """A pool of connections for the event loop that uses it."""
    if not is_sqlite(url):
        return create_async_engine(_patient(url), hide_parameters=True, pool_pre_ping=True)
    # One connection, asked in turn, is faster than several that wait for each other's locks by sleeping.
    made = create_async_engine(_patient(url), hide_parameters=True, pool_size=1, max_overflow=0)
    # A commit survives the end of the process; after a power cut the last ones may be gone, but nothing is damaged.
    event.listen(made.sync_engine, "connect", _each_connection("PRAGMA synchronous=NORMAL", "PRAGMA foreign_keys=ON"))
    return made


def migrating_engine(url: URL) -> Engine:
    """For the migrations, which run in a thread: each transaction has SQLite to itself from its first moment."""
    if not is_sqlite(url):
        return create_engine(_patient(url), hide_parameters=True, poolclass=NullPool)
    _private_file(Path(url.database or ""))
    made = create_engine(
        _patient(url.set(drivername="sqlite+pysqlite"), busy=PATIENCE),
        hide_parameters=True,
        poolclass=NullPool,
        connect_args={"isolation_level": None},  # the driver begins nothing by itself
    )
    # With foreign keys on, SQLite deletes the children of a table that a migration copies and drops.
    event.listen(made, "connect", _each_connection("PRAGMA foreign_keys=OFF"))
    event.listen(made, "begin", lambda connection: connection.exec_driver_sql("BEGIN EXCLUSIVE"))
    return made


def _patient(url: URL, busy: float = _BUSY) -> URL:
    """With a limit on waiting where the address has none."""
    limit = {"timeout": str(busy)} if is_sqlite(url) else {"connect_timeout": str(_CONNECT)}
    return url.set(query={**limit, **url.query})


def _each_connection(*statements: str) -> Any:
    def prepare(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()

    return prepare


def _private_file(path: Path) -> None:
    """Create the file so that only this user may read it; SQLite gives the files beside it the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise ConnectorError(f"The SQLite file {path} cannot be opened: {error.strerror}.") from None


# --- failing ---------------------------------------------------------------------------------


@contextmanager
def told(url: URL) -> Iterator[None]:
    """Whatever the database does wrong becomes an `Away`: a sentence with neither a password nor a value."""
    try:
        yield
    except (TimeoutError, PoolTimeout):
        raise Away(f"The database, {place(url)}, did not answer within {PATIENCE:.0f} s.") from None
    except (SQLAlchemyError, sqlite3.Error) as error:
        # The chain is cut: the driver's own words quote values.
        raise Away(f"The database, {place(url)}, failed: {_reason(error, url)}.") from None


def _reason(error: Exception, url: URL) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    kind = code or type(cause).__name__
    known = next((reason for start, reason in _REASONS.items() if kind.startswith(start)), None)
    if known:
        return f"{known} ({kind})"
    return (not code and _refusal(cause, url)) or f"error {kind}"


def _refusal(cause: BaseException, url: URL) -> str | None:
    """Why PostgreSQL did not let us in: a broken-off greeting has no code, only the driver's words."""
    if is_sqlite(url) or type(cause).__name__ != "OperationalError":
        return None
    line = (str(cause).splitlines() or [""])[0].rpartition(" failed: ")[2]
    words = "".join(filter(str.isprintable, line.removeprefix("FATAL:").strip()))[:200]
    return None if url.password and str(url.password) in words else words
