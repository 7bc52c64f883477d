"""Brings the tables of a database up to date. `python -m connectors.store.schema "what changed"` drafts a migration."""

import io
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy import URL, Connection, Engine

from bot.errors import ConnectorError
from connectors.store.database import PATIENCE, address, is_sqlite, migrating_engine, place, told
from connectors.store.tables import VERSION, VERSION_TABLE

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS: Final = Path(__file__).with_name("migrations")
"""Where the migrations are, in the source and in the wheel."""

_TURN: Final = 0x6E646573626F74  # the advisory lock of PostgreSQL that stands for our migrations: "ndesbot"
_one_at_a_time: Final = Lock()  # Alembic keeps the migration that runs in a variable of its module


def bring_up_to_date(url: URL) -> None:
    """Create or change the tables as this version wants them; blocking, so not for the event loop.

    Of several replicas that start at once, one does it and the others wait. Raises `ConnectorError`,
    also where a newer version was here before: its tables are left alone.
    """
    with told(url):
        engine = migrating_engine(url)
        if is_sqlite(url):
            _write_ahead(engine)
        with engine.connect() as connection:
            version = _version(connection)
        if version != VERSION:
            _upgrade(engine, url)


def settings(connection: Connection, migrations: Path = MIGRATIONS) -> "Config":
    """What Alembic needs to know: there is no alembic.ini."""
    from alembic.config import Config  # 0.2 s, which nobody waits for whose tables are up to date

    config = Config(stdout=io.StringIO(), attributes={"connection": connection})
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def _version(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE)))


def _upgrade(engine: Engine, url: URL) -> None:
    from alembic import command
    from alembic.util import CommandError

    try:
        with alone(engine) as connection:
            command.upgrade(settings(connection), "head")
    except CommandError:
        advice = (
            f"A newer ndesbot has changed the database, {place(url)}. Start that version, or name another database."
        )
        raise ConnectorError(advice) from None


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """A transaction in which nobody else changes the tables."""
    with _one_at_a_time, engine.begin() as connection:
        take_turn(connection)
        yield connection


def versions(connection: Connection) -> list[str]:
    """The versions that this code can lead to, the oldest first."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(settings(connection)).walk_revisions()
    return [script.revision for script in scripts][::-1]


def lead_to(connection: Connection, version: str) -> None:
    """Change the tables to what they are in an earlier version, or back to those of today."""
    from alembic import command

    if version == VERSION:
        command.upgrade(settings(connection), version)
    else:
        command.downgrade(settings(connection), version)


def take_turn(connection: Connection) -> None:
    """Wait until nobody else migrates. On SQLite the transaction itself is exclusive."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN)))


def _write_ahead(engine: Engine) -> None:
    """Let readers and a writer work side by side. The file remembers it.

    SQLite does not always wait for a lock here, so of several that start at once each asks until it is done.
    """
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with closing(engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.02)


def draft(message: str, migrations: Path = MIGRATIONS) -> Path:
    """Write the migration from the last one to the tables of today, to be read and corrected. Returns its file."""
    from alembic import command

    number = len(list((migrations / "versions").glob("[0-9]*.py"))) + 1
    with tempfile.TemporaryDirectory() as folder:
        engine = migrating_engine(address(f"sqlite:///{folder}/draft.db"))
        with engine.begin() as connection:
            config = settings(connection, migrations)
            command.upgrade(config, "head")
            command.revision(config, message, autogenerate=True, rev_id=f"{number:04}")
    return next((migrations / "versions").glob(f"{number:04}_*.py"))


if __name__ == "__main__":
    sys.stdout.write(f"{draft(sys.argv[1])}\nRead it, correct it, and name it in tables.VERSION.\n")
