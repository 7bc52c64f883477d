"""The whole store in one file: written whole or not at all, read back into SQLite or PostgreSQL alike.

The file is gzip over lines of JSON: a head that tells the version of the tables and their columns, each row as
`[table, value, ...]`, and an end that counts them. Numbers that a database gave to its rows are given anew.
"""

import asyncio
import gzip
import json
import os
import tempfile
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import URL, Column, Connection, Table
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import BadRequest, ConnectorError
from connectors.store import database, schema, tables
from connectors.store.mail import SEEN_FOR

FORMAT: Final = "ndesbot backup"
EDITION: Final = 1
"""Of the file, not of the tables: raised when a reader of today could not read it."""
_LONGEST: Final = 2**26  # bytes of a line; no row comes near
_BATCH: Final = 500  # rows
_KINDS: Final[Mapping[str, sa.types.TypeEngine[Any]]] = {
    "time": tables.Moment(),
    "text": tables.Words(),
    "bytes": sa.LargeBinary(),
    "json": sa.JSON(none_as_null=True),
    "yes-no": sa.Boolean(),
    "number": sa.Integer(),
}
_PLAIN: Final = {"text": str, "yes-no": bool, "number": int}


@dataclass(frozen=True, slots=True)
class Head:
    """What a file says of itself: the version of its tables, and the kind of each of their columns."""

    schema: str
    tables: Mapping[str, Mapping[str, str]]


# --- writing ---------------------------------------------------------------------------------


async def backup(said: str, file: Path, at: datetime) -> int:
    """Copy the database at an address into a file that only this user may read; how many rows. Whoever writes
    meanwhile goes on: the copy is of one moment.

    Raises `ConnectorError` where the database fails or is not there, `BadRequest` where the file cannot be written.
    """
    url = database.address(said)
    if database.is_sqlite(url) and not Path(url.database or "").exists():
        raise ConnectorError(f"There is nothing to copy: {database.place(url)} is not there.")
    await asyncio.to_thread(schema.bring_up_to_date, url)
    engine = database.engine(url)
    try:
        with database.told(url), _written_whole(file) as packed:
            async with engine.connect() as connection:
                return await _copy(await _of_one_moment(connection), packed, at)
    finally:
        await engine.dispose()


async def _of_one_moment(connection: AsyncConnection) -> AsyncConnection:
    if connection.dialect.name == "sqlite":
        await connection.exec_driver_sql("BEGIN")  # its driver would begin with the first write only
        return connection
    return await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


async def _copy(connection: AsyncConnection, packed: gzip.GzipFile, at: datetime) -> int:
    kept = {table.name: {column.name: kind(column) for column in _columns(table)} for table in _all()}
    head = {"format": FORMAT, "edition": EDITION, "at": at.isoformat(), "schema": tables.VERSION, "tables": kept}
    _put(packed, head)
    count = 0
    for table in _all():
        wanted = sa.select(*_columns(table)).order_by(*table.primary_key.columns)
        result = await connection.stream(wanted.execution_options(yield_per=_BATCH))
        async for rows in result.partitions():
            _put(packed, *([table.name, *map(plain, row)] for row in rows))
            count += len(rows)
    _put(packed, {"end": count})
    return count


def _all() -> list[Table]:
    return tables.metadata.sorted_tables


def _columns(table: Table) -> list[Column[Any]]:
    """All but the number that the database itself gives: the other one would go on counting from 1."""
    return [column for column in table.columns if column is not table.autoincrement_column]


def kind(column: Column[Any]) -> str:
    """What the file calls a column's sort."""
    if isinstance(column.type, sa.String):
        return "text"
    return next(name for name, sort in _KINDS.items() if isinstance(column.type, type(sort)))


def plain(value: Any) -> Any:
    """A value as JSON can say it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return b64encode(value).decode() if isinstance(value, bytes) else value


def _put(packed: gzip.GzipFile, *lines: Any) -> None:
    packed.write("".join(f"{json.dumps(line)}\n" for line in lines).encode())


@contextmanager
def _written_whole(file: Path) -> Iterator[gzip.GzipFile]:
    """A file beside the one that is meant, which takes its place once it is complete."""
    beside = None
    try:
        if file.exists() and not file.is_file():
            raise BadRequest(f"{file} is no ordinary file; name another one.")
        handle, beside = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)  # for this user alone
        with os.fdopen(handle, "wb") as raw:
            with gzip.GzipFile("", "wb", compresslevel=5, fileobj=raw) as packed:
                yield packed
            raw.flush()
            os.fsync(raw.fileno())
        Path(beside).replace(file)
    except OSError as error:
        raise BadRequest(f"{file} cannot be written: {error.strerror or type(error).__name__}.") from None
    finally:
        if beside is not None:
            with suppress(FileNotFoundError):
                Path(beside).unlink()


# --- reading ---------------------------------------------------------------------------------


def restore(said: str, file: Path, now: datetime, *, replace: bool = False) -> int:
    """Fill the database at an address from a file, whichever version wrote it up to this one; how many rows.

    All or nothing, in one transaction; blocking. `replace` forgets what the database holds. Messages that were
    under way are left out where nobody waits for their answers any more.
    Raises `BadRequest` for a file that is none or not whole, and for a database that is not empty.
    """
    url = database.address(said)
    lines = _lines(file)
    head = _head(next(lines, None), file)
    schema.bring_up_to_date(url)
    with database.told(url):
        engine = database.migrating_engine(url)
        with schema.alone(engine) as connection:
            _make_room(connection, url, replace=replace)
            if head.schema not in schema.versions(connection):
                raise BadRequest(f"{file} was written by a newer ndesbot; restore it with that version.")
            schema.lead_to(connection, head.schema)
            count = _fill(connection, head, lines, file)
            schema.lead_to(connection, tables.VERSION)
            connection.execute(sa.delete(tables.inbox).where(tables.inbox.c.received < now - SEEN_FOR))
    return count


def _make_room(connection: Connection, url: URL, *, replace: bool) -> None:
    for table in _all():
        if replace:
            connection.execute(sa.delete(table))
        elif connection.scalar(sa.select(sa.exists(sa.select(sa.literal(1)).select_from(table)))):
            raise BadRequest(
                f"The database, {database.place(url)}, is not empty. Name another one, or say --replace: what it holds"
                " is forgotten then."
            )


def _fill(connection: Connection, head: Head, lines: Iterator[Any], file: Path) -> int:
    """Insert every row up to the end, which must count them right."""
    into = {name: _table(connection, name, kinds, file) for name, kinds in head.tables.items()}
    count = 0
    try:
        for name, rows in groupby(lines, key=_table_of):
            if name is None:
                if list(rows) == [{"end": count}] and next(lines, None) is None:
                    return count
                break
            while batch := [_row(head.tables[name], row) for row in islice(rows, _BATCH)]:
                connection.execute(sa.insert(into[name]), batch)
                count += len(batch)
    except (KeyError, TypeError, ValueError, IntegrityError, DataError):
        raise _damaged(file) from None
    raise _truncated(file)


def _table_of(line: Any) -> str | None:
    """None for what is no row."""
    return str(line[0]) if isinstance(line, list) and line else None


def _table(connection: Connection, name: str, kinds: Mapping[str, str], file: Path) -> sa.TableClause:
    """A table as the file says it, if it really is one of ours."""
    ours = name in tables.metadata.tables and sa.inspect(connection).has_table(name)
    there = {column["name"] for column in sa.inspect(connection).get_columns(name)} if ours else set()
    if not there.issuperset(kinds):
        raise _damaged(file)
    return sa.table(name, *(sa.column(column, _KINDS[kind]) for column, kind in kinds.items()))


def _row(kinds: Mapping[str, str], row: Sequence[Any]) -> dict[str, Any]:
    """Raises `ValueError` or `TypeError` where it is not as the head says."""
    return {name: _value(kind, said) for (name, kind), said in zip(kinds.items(), row[1:], strict=True)}


def _value(kind: str, said: Any) -> Any:
    if said is None or kind == "json":
        return said
    if kind == "time":
        at = datetime.fromisoformat(said)
        if at.tzinfo is None:
            raise ValueError("a time without a zone")
        return at
    if kind == "bytes":
        return b64decode(said, validate=True)
    if type(said) is not _PLAIN[kind]:
        raise TypeError("a value of another kind")
    return said


def _lines(file: Path) -> Iterator[Any]:
    """The lines of a file. Raises `BadRequest` where it is none of ours or not whole."""
    try:
        with gzip.open(file, "rb") as packed:
            while line := packed.readline(_LONGEST):
                yield json.loads(line)
    except EOFError:
        raise _truncated(file) from None
    except (gzip.BadGzipFile, zlib.error, ValueError, RecursionError):
        raise _damaged(file) from None
    except OSError as error:
        raise BadRequest(f"{file} cannot be read: {error.strerror}.") from None


def _head(said: Any, file: Path) -> Head:
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise _damaged(file)
    edition, version, kept = said.get("edition"), said.get("schema"), said.get("tables")
    if not isinstance(edition, int) or edition > EDITION:
        raise BadRequest(f"{file} was written by a newer ndesbot; restore it with that version.")
    if not isinstance(version, str) or not isinstance(kept, dict):
        raise _damaged(file)
    if not all(isinstance(kinds, dict) and set(map(str, kinds.values())) <= set(_KINDS) for kinds in kept.values()):
        raise _damaged(file)
    return Head(version, kept)


def _damaged(file: Path) -> BadRequest:
    return BadRequest(f"{file} is no backup of ndesbot, or it is damaged; nothing was changed.")


def _truncated(file: Path) -> BadRequest:
    return BadRequest(f"{file} ends too early: it was not copied as a whole. Nothing was changed.")
