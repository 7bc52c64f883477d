"""A check of a server outlives the process that began it: its result arrives, and arrives once."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest

from bot.check import CHECK
from bot.errors import BadRequest
from bot.findings import Finding
from connectors.engine import open_engine
from connectors.lab.server import Lab
from connectors.store import SqlStore, open_store
from tests.check_child import ONLY, checker_of, server, verdicts
from tests.engine_bench import postgres_for_runs


@pytest.fixture(scope="module")
def postgres_address() -> Iterator[str]:
    with postgres_for_runs() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_address"))
    return f"sqlite+aiosqlite:///{tmp_path}/kept/bot.db"


def _child(address: str, lab: Lab, roots: Path, key: str) -> "subprocess.Popen[str]":
    program = [sys.executable, "-m", "tests.check_child", address, lab.server("ndes01").url, str(roots), key]
    return subprocess.Popen(program, cwd=Path(__file__).parent.parent, stdout=subprocess.PIPE, text=True)


async def _killed_in_the_middle(child: "subprocess.Popen[str]") -> None:
    assert child.stdout
    assert await asyncio.to_thread(child.stdout.readline) == "begun\n"
    child.kill()
    await asyncio.to_thread(child.wait)
    child.stdout.close()


async def _arrived(store: SqlStore) -> tuple[datetime, tuple[Finding, ...]]:
    async with asyncio.timeout(30):
        while (last := await store.last("ndes01")) is None:
            await asyncio.sleep(0.05)
    return last


async def test_a_check_whose_process_is_killed_arrives_after_the_restart_once(address: str, tmp_path: Path) -> None:
    key, roots = uuid4().hex, tmp_path / "roots.pem"
    async with Lab("http-silent") as lab:  # the handshake stands, and then it does not answer
        ours = lab.server("ndes01")
        roots.write_text(ours.roots, encoding="ascii")
        await _killed_in_the_middle(_child(address, lab, roots, key))
        lab.become("healthy")
        async with open_store(address) as store:
            assert await store.last("ndes01") is None
            checks = checker_of(store, ours.url)
            async with open_engine(address, executor="here", work={CHECK: checks.carry_out}) as engine:
                checks.rely_on(engine)  # nobody asks again: it is taken up by itself
                at, findings = await _arrived(store)
                assert set(verdicts(findings)) == set(ONLY)
                assert verdicts(findings)["scep-base"] == "ok"
                asked = list(lab.requests)
                report = await checks.run(server(ours.url, ours.roots), who="ann", only=ONLY, key=key)
        assert (report.at, verdicts(report.findings)) == (at, verdicts(findings))
        assert lab.requests == asked  # who asks again by the same key hears of that run, and no second one is made


async def test_a_probe_that_a_restart_broke_off_is_not_sent_again(tmp_path: Path) -> None:
    address = f"sqlite+aiosqlite:///{tmp_path}/bot.db"
    async with Lab("healthy") as lab, open_store(address) as store:
        checks = checker_of(store, lab.server("ndes01").url)
        async with open_engine(address, executor="here", work={CHECK: checks.carry_out}) as engine:
            checks.rely_on(engine)
            probe = {"only": ("scep-base", "scep-caps", "scep-request"), "consent": True, "key": "k"}
            await checks.run(lab.server("ndes01"), who="ann", **probe)  # type: ignore[arg-type]
            said = {"run": "k", "server": {}, "checks": ["scep-request"]}
            with pytest.raises(BadRequest, match="not sent again"):
                await checks.carry_out(said)


async def test_cancelling_reaches_a_durable_run(tmp_path: Path) -> None:
    address = f"sqlite+aiosqlite:///{tmp_path}/bot.db"
    async with Lab("http-silent") as lab, open_store(address) as store:
        checks = checker_of(store, lab.server("ndes01").url)
        async with open_engine(address, executor="here", work={CHECK: checks.carry_out}) as engine:
            checks.rely_on(engine)
            run = asyncio.create_task(checks.run(lab.server("ndes01"), who="ann", only=ONLY))
            with pytest.raises(BadRequest, match="another replica"):
                checks.cancel("ndes01")
            while not checks._looks.get("ndes01"):
                await asyncio.sleep(0.01)
            assert checks.cancel("ndes01")
            with pytest.raises(BadRequest, match="was cancelled"):
                await run
