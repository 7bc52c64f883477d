"""Processes with an engine that are killed, each kill a real one: what they left undone arrives, once."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from connectors.engine import Engine, open_engine
from tests import engine_child
from tests.engine_bench import NDES, in_the_end, postgres_for_runs


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


@asynccontextmanager
async def _survivor(address: str, journal: Path, executor: str, **more: Any) -> AsyncIterator[Engine]:
    work, deliver = partial(engine_child.work, journal, ""), partial(engine_child.deliver, journal, "")
    async with open_engine(address, executor=executor, work={"check": work}, deliver=deliver, **more) as engine:
        yield engine


def _child(address: str, executor: str, journal: Path, key: str, stage: str) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "tests.engine_child", address, executor, str(journal), key, stage]
    root = Path(__file__).parent.parent
    # DBOS reads these; none of them may matter.
    environment = {**os.environ, "DBOS__CLOUD": "true", "DBOS__VMID": "cloud", "DBOS__APPVERSION": "9"}
    return subprocess.Popen(program, cwd=root, env=environment, stdout=subprocess.PIPE, text=True)


def _killed(address: str, executor: str, journal: Path, key: str, stage: str) -> None:
    with _child(address, executor, journal, key, stage) as child:
        assert child.stdout
        assert any("begun" in line for line in child.stdout)
        child.kill()
    assert child.returncode == -9


@pytest.mark.parametrize(("stage", "times"), [("work", 2), ("delivery", 1)])
async def test_a_run_whose_process_is_killed_still_arrives_once(
    address: str, tmp_path: Path, key: str, stage: str, times: int
) -> None:
    journal = tmp_path / "journal"
    await asyncio.to_thread(_killed, address, stage, journal, key, stage)
    before = engine_child.read(journal)
    async with _survivor(address, journal, stage) as engine:

        async def ended() -> bool:
            return await engine.result(key) is not None

        await in_the_end(ended)
        assert await engine.result(key) == {"verdict": "ok", "server": "ndes01"}
        assert await engine.run("check", key, NDES) == {"verdict": "ok", "server": "ndes01"}
    assert ("ok" in before[-1]) is (stage == "delivery")
    assert sorted(engine_child.read(journal)) == [f"check {key} ndes01 ok", *["worked"] * times]


async def test_a_run_that_arrived_is_not_taken_up_again(sqlite_address: str, tmp_path: Path, key: str) -> None:
    journal = tmp_path / "journal"
    await asyncio.to_thread(_killed, sqlite_address, "this", journal, key, "delivery")
    for _ in range(2):
        async with _survivor(sqlite_address, journal, "this"):
            await asyncio.sleep(1.5)  # as long as it takes to take something up
    assert engine_child.read(journal) == ["worked", f"check {key} ndes01 ok"]


async def test_a_living_process_takes_over_from_one_of_another_name(address: str, tmp_path: Path, key: str) -> None:
    journal = tmp_path / "journal"
    async with _survivor(address, journal, "living", beat=0.2) as engine:
        await asyncio.to_thread(_killed, address, "dead", journal, key, "work")
        assert await asyncio.wait_for(engine.run("check", key, NDES), 30) == {"verdict": "ok", "server": "ndes01"}
    assert engine_child.read(journal).count(f"check {key} ndes01 ok") == 1


async def test_a_process_waits_for_the_result_of_another_one(address: str, tmp_path: Path, key: str) -> None:
    journal = tmp_path / "journal"
    async with _survivor(address, journal, "living") as engine:
        with _child(address, "other", journal, key, "slow") as child:
            assert child.stdout
            assert await asyncio.to_thread(child.stdout.readline) == "begun\n"
            assert await engine.run("check", key, NDES) == {"verdict": "ok", "server": "ndes01"}
            said = await asyncio.to_thread(child.stdout.read)
    assert said == "result {'verdict': 'ok', 'server': 'ndes01'}\n"
    assert engine_child.read(journal) == ["worked", f"check {key} ndes01 ok"]


async def test_nothing_is_asked_of_a_network_even_where_the_environment_says_so(
    sqlite_address: str, tmp_path: Path, key: str
) -> None:
    def lines() -> str:
        with _child(sqlite_address, "this", tmp_path / "journal", key, "") as child:
            assert child.stdout
            return child.stdout.read()

    assert await asyncio.to_thread(lines) == "result {'verdict': 'ok', 'server': 'ndes01'}\n"
