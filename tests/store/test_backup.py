"""A backup holds everything, goes from either database to either, and is taken back whole or not at all."""

import asyncio
import gzip
import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.diary import Quiet, Subscription
from bot.errors import BadRequest, ConnectorError
from bot.findings import Past
from bot.ports import Errand, Filed, Offer
from bot.types import Place
from connectors.store import SqlStore, open_store, tables
from connectors.store.backup import EDITION, FORMAT, backup, kind, plain, restore
from tests.fakes import NOON
from tests.store.postgres import ask, empty_schema
from tests.store.test_contract import FOUND, FULL, NDES, report, use
from tests.store.test_diary import FULL_HEALTH, expiry, run
from tests.store.test_mail import message
from tests.store.test_migrations import connected
from tests.store.test_upgrades import KEPT, leave_behind

DAY = timedelta(days=1)
ERRAND = Errand("e1", "dmz-1", {"server": "ndes01"})


@pytest.fixture
def sqlite_target(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/elsewhere/bot.db"


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, postgres_server: str, sqlite_target: str) -> Iterator[str]:
    """Another empty database of each kind."""
    if request.param == "sqlite":
        yield sqlite_target
        return
    with empty_schema(postgres_server) as address:
        yield address


async def _fill(store: SqlStore) -> None:
    """Lines in every table there is, odd ones too."""
    for server in (NDES, FULL):
        await store.register(server)
    await store.keep(report(), Past(NOON, bytes(range(256)), "ab" * 32, FOUND))
    await store.keep(report(FULL), Past())
    for number in range(3):
        await store.note(use(number, server=None if number else "ndes01", allowed=bool(number % 2)))
    await store.first_time("m0", NOON)
    for name in ("m1", "m2"):
        await store.mail.receive(message(name, 'ü 漢 \0 "'), "here", NOON)
    await store.mail.answered(message("m1"), NOON, None)
    await store.mail.offer("token", Offer(Place("slack", "C1"), ("help",)), NOON)
    await store.mail.refer("teams", "19:x", {"serviceUrl": "https://smba.example/", "n": 1, "none": None})
    await store.diary.remember(run(), [expiry()])
    await store.diary.stand(FULL_HEALTH, None)
    await store.diary.subscribe(Subscription(Place("slack", "C1"), tags=("prod",), since=NOON))
    await store.diary.hush(Quiet("*", NOON, NOON + DAY, "U1", "patch day"))
    await store.diary.vote("a1", "U1", helped=True, at=NOON)
    await store.casebook.file("m1", Filed(NOON, Place("slack", "C1"), "U1", {"lines": [1, None, "ü"]}))
    await store.errands.put(ERRAND, NOON)
    await store.errands.admit("dmz-1", "token", "note", NOON)


def _everything(address: str) -> dict[str, list[Any]]:
    """What a database holds, in no order, without the numbers that it gave itself."""
    kept = {}
    with connected(address) as connection:
        for name, table in tables.metadata.tables.items():
            columns = [column for column in table.columns if column is not table.autoincrement_column]
            kept[name] = sorted(map(repr, connection.execute(sa.select(*columns))))
    return kept


@pytest.fixture
async def file(address: str, tmp_path: Path) -> Path:
    """A backup of a full database of each kind."""
    return await _backed_up(address, tmp_path)


async def _backed_up(address: str, folder: Path) -> Path:
    async with open_store(address) as store:
        await _fill(store)
    written = folder / "bot.backup"
    await backup(address, written, NOON)
    return written


# --- there and back --------------------------------------------------------------------------


async def test_everything_goes_from_either_database_to_either(file: Path, address: str, target: str) -> None:
    before = _everything(address)
    assert all(before.values()), "a table without lines proves nothing"
    assert restore(target, file, NOON) == sum(map(len, before.values()))
    assert _everything(target) == before


async def test_what_was_restored_goes_on(file: Path, target: str) -> None:
    """Numbers are given on from where they are, buttons work, a message that was seen is not new."""
    restore(target, file, NOON)
    async with open_store(target) as store:
        await store.note(use(9))
        assert ask(target, "select count(*), count(distinct line) from uses") == [(4, 4)]
        await store.mail.answered(message("m2"), NOON, "about")
        assert [question.about for question in await store.mail.questions()] == ["about", None]
        assert await store.servers() == [NDES, FULL]
        assert not await store.mail.receive(message("m1"), "here", NOON)
        assert await store.diary.stand(replace(FULL_HEALTH, verdict="ok"), FULL_HEALTH)


async def test_a_backup_of_a_backup_says_the_same(file: Path, target: str, tmp_path: Path) -> None:
    restore(target, file, NOON)
    second = tmp_path / "second"
    await backup(target, second, NOON)
    assert sorted(_said(file), key=repr) == sorted(_said(second), key=repr)


@pytest.mark.parametrize("version", sorted(KEPT))
async def test_a_backup_of_an_earlier_version_is_restored_by_this_one(
    address: str, version: str, sqlite_target: str, tmp_path: Path
) -> None:
    """Its file is written here as that version would have: with the tables and columns that it knew."""
    leave_behind(address, version)
    written = tmp_path / "old.backup"
    _write(written, _as_of(address, version))
    restore(sqlite_target, written, NOON)
    async with open_store(address) as upgraded, open_store(sqlite_target) as store:
        assert await store.servers() == await upgraded.servers() != []
    assert _everything(sqlite_target) == _everything(address)


def _as_of(address: str, version: str) -> list[Any]:
    kinds: dict[str, dict[str, str]] = {}
    rows: list[Any] = []
    for table, lines in KEPT[version].items():
        for line in lines:
            kinds[table] = {name: kind(tables.metadata.tables[table].columns[name]) for name in line}
            rows.append([table, *(plain(value) for value in line.values())])
    head = {"format": FORMAT, "edition": EDITION, "schema": version, "tables": kinds}
    return [head, *rows, {"end": len(rows)}]


# --- the file --------------------------------------------------------------------------------


async def test_only_this_user_may_read_it(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.glob(".*")) == []


async def test_it_tells_what_it_is_and_ends_with_its_count(file: Path) -> None:
    head, *rows, end = _said(file)
    assert (head["format"], head["edition"], head["schema"]) == (FORMAT, EDITION, tables.VERSION)
    assert set(head["tables"]) == set(tables.metadata.tables)
    assert end == {"end": len(rows)}


async def test_a_backup_that_fails_leaves_the_one_before_alone(file: Path, address: str) -> None:
    before = file.read_bytes()
    ask(address, "drop table votes")
    with pytest.raises(ConnectorError):
        await backup(address, file, NOON)
    with pytest.raises(ConnectorError, match="is not there"):
        await backup(f"sqlite:///{file.parent}/no.db", file, NOON)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir() if path.is_file()] == [file.name]


@pytest.mark.parametrize("name", ["missing/folder/bot.backup", "", "a" * 300])
async def test_a_file_that_cannot_be_written_is_told(sqlite_address: str, tmp_path: Path, name: str) -> None:
    async with open_store(sqlite_address):
        with pytest.raises(BadRequest, match=r"cannot be written|is no ordinary file"):
            await backup(sqlite_address, tmp_path / name, NOON)


async def test_it_is_of_one_moment_while_others_write(opened: SqlStore, address: str, tmp_path: Path) -> None:
    """A run and its good state are written together: neither is there without the other."""
    written = tmp_path / "bot.backup"

    async def write() -> None:
        for number in range(100):
            server = replace(NDES, name=f"ndes{number}")
            await opened.keep(report(server), Past(NOON))

    writing = asyncio.create_task(write())
    while not writing.done():
        await backup(address, written, NOON)
        names = [[row[1] for row in _said(written)[1:-1] if row[0] == table] for table in ("runs", "good_states")]
        assert names[0] == names[1]
    await writing


# --- what is refused -------------------------------------------------------------------------


async def test_what_is_not_empty_is_filled_only_on_request(file: Path, address: str) -> None:
    before = _everything(address)
    async with open_store(address) as store:
        await store.note(use(77))
    with pytest.raises(BadRequest, match="is not empty"):
        restore(address, file, NOON)
    restore(address, file, NOON, replace=True)
    assert _everything(address) == before


def _said(file: Path) -> list[Any]:
    return [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]


def _write(file: Path, lines: list[Any]) -> None:
    file.write_bytes(gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines)))


def _changed(change: Callable[[list[Any]], Any]) -> Callable[[Path], None]:
    def spoil(file: Path) -> None:
        lines = _said(file)
        change(lines)
        _write(file, lines)

    return spoil


def _row_of(lines: list[Any], table: str) -> list[Any]:
    return next(line for line in lines if isinstance(line, list) and line[0] == table)


WRONG: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (lambda file: file.unlink(), "cannot be read"),
    "empty": (lambda file: file.write_bytes(b""), "no backup"),
    "foreign": (lambda file: file.write_bytes(b"PK\3\4" + b"x" * 500), "no backup"),
    "foreign-gzip": (lambda file: file.write_bytes(gzip.compress(b"root:x:0:0\n")), "no backup"),
    "foreign-json": (lambda file: _write(file, [{"format": "another"}]), "no backup"),
    "a-number": (lambda file: _write(file, [7]), "no backup"),
    "deep": (lambda file: file.write_bytes(gzip.compress(b"[" * 200_000)), "no backup"),
    "cut": (lambda file: file.write_bytes(file.read_bytes()[:-40]), "ends too early"),
    "cut-to-its-head": (lambda file: file.write_bytes(file.read_bytes()[:15]), "ends too early"),
    "without-its-end": (_changed(lambda lines: lines.pop()), "ends too early"),
    "one-row-short": (_changed(lambda lines: lines.pop(-2)), "ends too early"),
    "one-bit-wrong": (lambda file: _flip(file), "no backup"),
    "more-after-its-end": (_changed(lambda lines: lines.append({"end": 0})), "ends too early"),
    "newer-edition": (_changed(lambda lines: lines[0].update(edition=EDITION + 1)), "newer ndesbot"),
    "newer-tables": (_changed(lambda lines: lines[0].update(schema="9999")), "newer ndesbot"),
    "no-tables": (_changed(lambda lines: lines[0].update(tables=None)), "no backup"),
    "unknown-kind": (_changed(lambda lines: lines[0]["tables"]["votes"].update(who="pickle")), "no backup"),
    "kind-no-word": (_changed(lambda lines: lines[0]["tables"]["votes"].update(who=[1])), "no backup"),
    "unknown-column": (_changed(lambda lines: lines[0]["tables"]["votes"].update(mood="text")), "no backup"),
    "unknown-table": (_changed(lambda lines: lines[0]["tables"].update(payroll={"who": "text"})), "no backup"),
    "row-of-no-table": (_changed(lambda lines: lines.insert(1, ["payroll", "x"])), "no backup"),
    "row-too-short": (_changed(lambda lines: _row_of(lines, "votes").pop()), "no backup"),
    "row-twice": (_changed(lambda lines: lines.insert(1, _row_of(lines, "servers"))), "no backup"),
    "time-of-no-zone": (_changed(lambda lines: _row_of(lines, "seen").__setitem__(2, "2026-05-04")), "no backup"),
    "text-that-is-none": (_changed(lambda lines: _row_of(lines, "servers").__setitem__(1, [1])), "no backup"),
    "nothing-where-needed": (_changed(lambda lines: _row_of(lines, "votes").__setitem__(1, None)), "no backup"),
}


def _flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-6] ^= 1  # of the sum that gzip keeps of its content
    file.write_bytes(data)


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_file_is_told_and_changes_nothing(sqlite_address: str, tmp_path: Path, wrong: str) -> None:
    await _refused(sqlite_address, await _backed_up(sqlite_address, tmp_path), wrong)


@pytest.mark.parametrize("wrong", ["row-twice", "one-row-short", "text-that-is-none"])
async def test_postgresql_changes_nothing_either(postgres_address: str, tmp_path: Path, wrong: str) -> None:
    await _refused(postgres_address, await _backed_up(postgres_address, tmp_path), wrong)


async def _refused(address: str, file: Path, wrong: str) -> None:
    spoil, told = WRONG[wrong]
    before = _everything(address)
    spoil(file)
    with pytest.raises(BadRequest, match=told):
        restore(address, file, NOON, replace=True)
    assert _everything(address) == before


async def test_a_database_of_a_newer_version_is_left_alone(file: Path, address: str) -> None:
    ask(address, f"update {tables.VERSION_TABLE} set version_num = '9999'")
    with pytest.raises(ConnectorError, match="A newer ndesbot"):
        restore(address, file, NOON, replace=True)


async def test_a_strangers_table_is_left_alone(file: Path, target: str) -> None:
    with connected(target) as connection:
        connection.execute(sa.text("create table payroll (who varchar(20))"))
    spoil, told = WRONG["unknown-table"]
    spoil(file)
    with pytest.raises(BadRequest, match=told):
        restore(target, file, NOON)


async def test_messages_that_nobody_waits_for_any_more_are_not_answered(file: Path, sqlite_target: str) -> None:
    restore(sqlite_target, file, NOON + 2 * DAY)
    async with open_store(sqlite_target) as store:
        assert await store.mail.waiting() == []
        assert not await store.mail.receive(message("m2"), "here", NOON)
