"""Durable runs on SQLite and on a real PostgreSQL: one key, one run; failures, hostile rows, clean ends."""

import asyncio
import base64
import logging
import pickle
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bot.errors import BadRequest, BotError, ConnectorError, Forbidden
from bot.standstill import LOOKS
from connectors import engine as room
from connectors.engine import Engine, Said, Work, open_engine
from connectors.engine_database import Beats, Database, living
from tests.engine_bench import NDES, OK, Bench, in_the_end, postgres_for_runs

SECRET = "hunter2-Pa55w0rd"


@pytest.fixture(scope="module")
def postgres_address() -> Iterator[str]:
    with postgres_for_runs() as address:
        yield address


@pytest.fixture
def sqlite_address(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/kept/bot.db"


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_address"))


@pytest.fixture
def key() -> str:
    return f"message {uuid4()}"


# --- a run -----------------------------------------------------------------------------------


async def test_a_run_comes_back_with_its_result_and_delivers_it_once(address: str, key: str) -> None:
    bench = Bench()
    async with bench.open(address) as engine:
        assert await engine.run("check", key, NDES) == OK
        await bench.arrived.wait()
    async with bench.open(address) as engine:
        assert await engine.result(key) == OK
    assert bench.delivered == [("check", key, NDES, OK)]


async def test_one_key_is_one_run_however_many_ask(address: str, key: str) -> None:
    bench = Bench()
    async with bench.open(address) as engine:
        at_once = await asyncio.gather(*(engine.run("check", key, {**NDES, "n": n}) for n in range(20)))
        later = await engine.run("check", key, NDES)
    assert at_once == [OK] * 20
    assert later == OK
    assert len(bench.worked) == len(bench.delivered) == 1


async def test_a_run_that_was_only_started_has_a_result_when_it_ended(address: str, key: str) -> None:
    bench = Bench()
    bench.go.clear()
    async with bench.open(address) as engine:
        assert await engine.result(key) is None
        await engine.start("check", key, NDES)
        assert await engine.result(key) is None
        bench.go.set()
        await bench.arrived.wait()
        assert await engine.result(key) == OK


async def test_a_run_is_told_when_it_ends_and_not_when_somebody_looks_the_next_time(address: str) -> None:
    async with Bench().open(address) as engine, asyncio.timeout(30):  # looks are a second apart
        for n in range(40):
            await engine.run("check", f"quick {n} {uuid4()}", NDES)


async def test_a_run_goes_on_when_nobody_waits_any_more(sqlite_address: str, key: str) -> None:
    bench = Bench()
    bench.go.clear()
    async with bench.open(sqlite_address) as engine:
        waiting = asyncio.create_task(engine.run("check", key, NDES))
        while not bench.worked:
            await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        bench.go.set()
        await asyncio.wait_for(bench.arrived.wait(), 10)
    assert bench.delivered == [("check", key, NDES, OK)]


async def test_being_cancelled_at_any_moment_leaves_no_run_that_waits_for_a_restart(sqlite_address: str) -> None:
    bench = Bench()
    async with bench.open(sqlite_address) as engine:
        for n in range(30):
            asking = asyncio.create_task(engine.run("check", f"key {n}", NDES))
            await asyncio.sleep(n / 5000)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
    assert _statuses(sqlite_address) <= {"SUCCESS"}


async def test_a_run_may_ask_for_another_one(sqlite_address: str, key: str) -> None:
    bench = Bench()
    opened: list[Engine] = []

    async def both(said: Said) -> Said:
        first, second = await asyncio.gather(*(opened[0].run("check", f"{key} {n}", NDES) for n in range(2)))
        return {"first": first, "second": second}

    async with bench.open(sqlite_address, work={"report": both}) as engine:
        opened.append(engine)
        assert await engine.run("report", key, {}) == {"first": OK, "second": OK}
        assert await engine.result(f"{key} 0") == OK


async def test_texts_come_back_as_they_were(address: str, key: str) -> None:
    said = {
        "server": "zürich 漢 \U0001f511 \x00 \ud800 \u2028",
        "n": [1, 2.5, None, True, {"ndesbot failed with": "x"}],
    }

    async def echo(heard: Said) -> Said:
        return heard

    async with Bench().open(address, work={"echo": echo}) as engine:
        assert await engine.run("echo", key, said) == said


# --- failing ---------------------------------------------------------------------------------


async def _refuse(said: Said) -> Said:
    raise {"bad": BadRequest("say which server"), "forbidden": Forbidden("ask an admin")}[said["how"]]


async def _break(said: Said) -> Said:
    raise KeyError(SECRET, said)


async def _answer_with_bytes(said: Said) -> Said:
    return {"body": SECRET.encode()}


async def _cancel_itself(said: Said) -> Said:
    raise asyncio.CancelledError


@pytest.mark.parametrize(("how", "kind"), [("bad", BadRequest), ("forbidden", Forbidden)])
async def test_what_the_person_did_wrong_comes_back_as_it_was(
    sqlite_address: str, key: str, how: str, kind: type[BotError]
) -> None:
    bench = Bench()
    async with bench.open(sqlite_address, work={"refuse": _refuse}) as engine:
        for _ in range(2):
            with pytest.raises(kind, match=r"say which server|ask an admin"):
                await engine.run("refuse", key, {"how": how})
        await bench.arrived.wait()
    assert bench.delivered == [("refuse", key, {"how": how}, None)]


@pytest.mark.parametrize("work", [_break, _answer_with_bytes, _cancel_itself])
async def test_a_bug_in_the_work_ends_the_run_and_tells_no_secret(
    sqlite_address: str, key: str, work: Work, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    bench = Bench()
    async with bench.open(sqlite_address, work={"bug": work}) as engine:
        with pytest.raises(ConnectorError, match=r"The work failed \(\w+ in \w+.py:\d+\)") as caught:
            await engine.run("bug", key, {"password": SECRET})
        await bench.arrived.wait()
    assert bench.delivered[0][3] is None
    assert caught.value.__cause__ is None
    told = [line for line in caplog.records if line.name == "connectors.engine"]
    assert [(line.getMessage(), line.__dict__["kind"], line.__dict__["key"]) for line in told] == [
        ("a run failed", "bug", key)
    ]
    everything = "".join(str(line.__dict__) for line in caplog.records) + "".join(capfd.readouterr()) + str(caught)
    assert SECRET not in everything


async def test_a_key_belongs_to_one_kind(address: str, key: str) -> None:
    async with Bench().open(address) as engine:
        await engine.run("check", key, NDES)
        with pytest.raises(ConnectorError, match="another kind"):
            await engine.start("digest", key, NDES)


async def test_a_run_needs_a_key_and_work(sqlite_address: str) -> None:
    async with Bench().open(sqlite_address) as engine:
        with pytest.raises(ValueError, match="needs a key"):
            await engine.run("check", " ", NDES)
        with pytest.raises(KeyError):
            await engine.run("unheard of", "key", NDES)
        with pytest.raises(TypeError):
            await engine.run("check", "key", {"bytes": b""})


async def test_a_delivery_that_fails_is_tried_again(sqlite_address: str, key: str) -> None:
    bench = Bench()

    async def deliver(kind: str, key: str, said: Said, result: Said | None) -> None:
        bench.worked.append({})
        if len(bench.worked) < 3:
            raise ConnectionError(SECRET)
        await bench.deliver(kind, key, said, result)

    async with open_engine(sqlite_address, executor="this", work={"check": bench.work}, deliver=deliver) as engine:
        assert await engine.run("check", key, NDES) == OK
        await asyncio.wait_for(bench.arrived.wait(), 20)
    assert bench.delivered == [("check", key, NDES, OK)]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (f"postgresql://bot:{SECRET}@127.0.0.1:1/bot", "PostgreSQL bot at 127.0.0.1:1"),
        (f"mysql://bot:{SECRET}@127.0.0.1/bot", "cannot be read"),
        ("sqlite://", "needs a file"),
        (f"sqlite:///{__file__}/bot.db", "cannot be opened"),
    ],
)
async def test_a_database_that_cannot_be_opened_is_told_without_its_password(said: str, reason: str) -> None:
    with pytest.raises(ConnectorError, match=reason) as caught:
        async with Bench().open(said):
            pass
    assert SECRET not in str(caught.value)


# --- the end of a process --------------------------------------------------------------------


async def test_a_run_that_does_not_end_in_time_goes_on_at_the_next_start(
    sqlite_address: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "PATIENCE", 0.2)
    bench = Bench()
    bench.go.clear()
    async with bench.open(sqlite_address) as engine:
        waiting = asyncio.create_task(engine.run("check", key, NDES))
        while not bench.worked:
            await asyncio.sleep(0.01)
    with pytest.raises(ConnectorError, match="goes on at its next start"):
        await waiting
    with pytest.raises(ConnectorError, match="closing"):
        await engine.start("check", key, NDES)
    bench.go.set()
    async with bench.open(sqlite_address) as engine:
        assert await engine.run("check", key, NDES) == OK
        await bench.arrived.wait()
    assert len(bench.worked) == 2
    assert len(bench.delivered) == 1


async def test_a_run_that_was_broken_off_without_the_process_is_taken_up_again(sqlite_address: str, key: str) -> None:
    bench = Bench()
    bench.go.clear()
    async with bench.open(sqlite_address, beat=0.1) as engine:
        waiting = asyncio.create_task(engine.run("check", key, NDES))
        while not bench.worked:
            await asyncio.sleep(0.01)
        _rows(sqlite_address, "UPDATE workflow_status SET owner_xid = 'nobody'")  # so that it cannot be recorded
        bench.go.set()
        assert await asyncio.wait_for(waiting, 30) == OK
        await bench.arrived.wait()
    assert (len(bench.worked), len(bench.delivered)) == (2, 1)


async def test_a_run_that_never_ends_well_is_given_up(sqlite_address: str, key: str) -> None:
    bench = Bench()
    async with bench.open(sqlite_address) as engine:
        await engine.run("check", key, NDES)
    _rows(sqlite_address, "DELETE FROM operation_outputs")
    _rows(sqlite_address, "UPDATE workflow_status SET status = 'PENDING', recovery_attempts = ?", room.ATTEMPTS + 1)
    async with bench.open(sqlite_address) as engine:
        with pytest.raises(ConnectorError, match="broken off 10 times"):
            await asyncio.wait_for(engine.run("check", key, NDES), 30)
    assert len(bench.worked) == 1


async def test_a_process_has_one_engine_and_the_loop_works_on_without_it(sqlite_address: str, tmp_path: Path) -> None:
    bench = Bench()
    async with bench.open(sqlite_address):
        with pytest.raises(ConnectorError, match="engine already"):
            async with bench.open(f"sqlite:///{tmp_path}/other.db"):
                pass
    assert await asyncio.to_thread(lambda: 7) == 7
    async with bench.open(f"sqlite:///{tmp_path}/other.db") as engine:
        assert await engine.run("check", "key", NDES) == OK


# --- who is dead -----------------------------------------------------------------------------


def _home(address: str) -> Database:
    home = Database(address)
    home.prepare()
    return home


def test_a_process_that_no_longer_beats_is_dead_after_some_looks(address: str) -> None:
    home = _home(address)
    mine, its = Beats(home, "mine"), Beats(home, "its")
    try:
        for _ in range(2 * LOOKS):
            its.beat()
            assert "its" not in mine.beat()
            assert "its" in mine.living()
        assert ["its" in mine.beat() for _ in range(LOOKS)] == [False] * (LOOKS - 1) + [True]
        assert "its" not in mine.living()
        its.beat()
        mine.bury(["its"])
        assert "its" not in mine.beat()
        for _ in range(LOOKS):
            mine.beat()
        mine.bury(["its"])
        assert "its" not in mine.beat()
    finally:
        home.pool.dispose()


# --- the database ----------------------------------------------------------------------------


def _file(address: str) -> Path:
    return Path(address.removeprefix("sqlite+aiosqlite:///")).with_name("bot-runs.db")


def _rows(address: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(_file(address))
    try:
        with connection:
            return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


def _statuses(address: str) -> set[str]:
    return {status for (status,) in _rows(address, "SELECT status FROM workflow_status")}


async def test_sqlite_keeps_runs_in_a_private_file_beside_the_stores(sqlite_address: str) -> None:
    async with Bench().open(sqlite_address) as engine:
        await engine.run("check", "key", NDES)
        assert _file(sqlite_address).stat().st_mode & 0o077 == 0
    assert _rows(sqlite_address, "PRAGMA journal_mode") == [("wal",)]


async def test_nothing_is_kept_as_a_pickle(sqlite_address: str) -> None:
    async with Bench().open(sqlite_address, work={"bug": _break}) as engine:
        await engine.run("check", "key", NDES)
        with pytest.raises(ConnectorError):
            await engine.run("bug", "bug", {})
    kinds = _rows(
        sqlite_address, "SELECT serialization FROM workflow_status UNION SELECT serialization FROM operation_outputs"
    )
    assert kinds == [("json",)]


class _Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def _plant(address: str, status: str, bomb: str) -> None:
    """A run that never was, beside an honest one, its words a pickle."""
    for table, key in (("workflow_status", "workflow_uuid"), ("workflow_input", "workflow_uuid")):
        columns = [row[1] for row in _rows(address, f"PRAGMA table_info({table})")]
        row = dict(zip(columns, _rows(address, f"SELECT * FROM {table} WHERE {key} = 'honest'")[0], strict=True))
        row |= {"workflow_uuid": status}
        if table == "workflow_status":
            row |= {"status": status, "serialization": "py_pickle", "owner_xid": None, "completed_at": None}
            row |= {"queue_name": "_dbos_internal_queue" if status == "ENQUEUED" else None, "executor_id": "this"}
        row |= {name: bomb for name in ("inputs", "output", "error") if name in row}
        marks = ",".join("?" * len(row))
        _rows(address, f"INSERT INTO {table} ({','.join(row)}) VALUES ({marks})", *row.values())


async def test_a_pickle_in_the_database_runs_no_code(sqlite_address: str, tmp_path: Path) -> None:
    mark = tmp_path / "owned"
    bomb = base64.b64encode(pickle.dumps(_Bomb(mark))).decode()
    async with Bench().open(sqlite_address) as engine:
        await engine.run("check", "honest", NDES)
    tables = {name for (name,) in _rows(sqlite_address, "SELECT name FROM sqlite_master")}
    assert {"workflow_status", "workflow_input"} <= tables
    for status in ("ENQUEUED", "PENDING", "SUCCESS", "ERROR"):
        _plant(sqlite_address, status, bomb)
    async with Bench().open(sqlite_address) as engine:
        for planted in ("ENQUEUED", "PENDING", "SUCCESS", "ERROR"):

            async def refused(planted: str = planted) -> bool:
                try:
                    return await engine.result(planted) is not None
                except ConnectorError:
                    return True

            await in_the_end(refused)
            with pytest.raises(ConnectorError, match="cannot be read"):
                await engine.run("check", planted, NDES)
        assert await engine.run("check", "another", NDES) == OK
    assert not mark.exists()
    pickle.loads(base64.b64decode(bomb))
    assert mark.exists()  # or nothing would have been shown


def test_an_old_sqlite_is_taught_the_word_for_the_time(sqlite_address: str) -> None:
    home = _home(sqlite_address)
    with home.pool.connect() as connection:
        told = connection.scalar(sa.text("SELECT unixepoch('subsec')"))
    home.pool.dispose()
    assert abs(told - time.time()) < 60


async def test_runs_that_ended_long_ago_are_forgotten(sqlite_address: str) -> None:
    async with Bench().open(sqlite_address) as engine:
        await engine.run("check", "old", NDES)
    async with Bench().open(sqlite_address) as engine:
        await engine.run("check", "new", NDES)
        assert await engine.result("old") == OK

    def later() -> datetime:
        return datetime.now(UTC) + room.KEPT_FOR + timedelta(minutes=1)

    async with Bench().open(sqlite_address, clock=later) as engine:

        async def forgotten() -> bool:
            return await engine.result("old") is None

        await in_the_end(forgotten)
    left = [
        _rows(sqlite_address, f"SELECT count(*) FROM {table}")[0][0]
        for table in ("workflow_status", "workflow_input", "workflow_output", "operation_outputs")
    ]
    assert left == [0, 0, 0, 0]


async def test_of_a_brief_kind_runs_are_forgotten_sooner_and_in_lots(
    sqlite_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.engine_library._SWEPT_AT_ONCE", 2)
    async with Bench().open(sqlite_address) as engine:
        for number in range(5):
            await engine.run("digest", f"brief {number}", NDES)
        await engine.run("check", "kept", NDES)

    def later() -> datetime:
        return datetime.now(UTC) + timedelta(hours=2)

    brief = {"digest": timedelta(hours=1)}
    async with Bench().open(sqlite_address, clock=later, brief=brief, beat=0.05) as engine:

        async def forgotten() -> bool:
            return not any([await engine.result(f"brief {number}") for number in range(5)])

        await in_the_end(forgotten)
        assert await engine.result("kept") == OK


async def test_who_works_on_a_database_can_be_seen_from_outside(address: str) -> None:
    assert living(address, 0.3) == []
    async with Bench().open(address, executor="bot-1", beat=0.05):
        assert await asyncio.to_thread(living, address, 5.0) == ["bot-1"]
    assert living(address, 0.3) == []


async def test_a_process_ends_although_its_database_is_gone(tmp_path: Path) -> None:
    """DBOS would try for ever to get its connection back, in threads that Python waits for."""
    home = _home(f"sqlite:///{tmp_path}/bot.db")
    home.close()
    home.pool.dispose()
    with pytest.raises(RuntimeError, match="closed"):
        home.pool.connect()
