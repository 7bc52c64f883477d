"""The two-machine set-up of docs/operating.md, run: two replicas, two workers of a site, one PostgreSQL, a kill -9."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from connectors.lab.server import Lab
from tests.chat.fake_slack import APP_TOKEN, BOT_TOKEN, TEAM, FakeSlack, until
from tests.store import postgres
from tests.store.postgres import ask

ROOT = Path(__file__).parents[1]
SETTINGS = """
database = "{database}"
name = "{name}"
[web]
port = 0
[checks]
allow = ["127.0.0.0/8"]
every_minutes = 0
[slack]
workspaces = ["{team}"]
operators = ["U1"]
api = "{api}"
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.server() as running:
        yield running


@pytest.fixture
def database(server: str) -> Iterator[str]:
    with postgres.empty_schema(server) as address:
        yield address


def ndesbot(*words: str, **env: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "connectors.main", *words]
    own = {name: value for name, value in os.environ.items() if not name.startswith("NDESBOT_")}
    return subprocess.Popen(command, cwd=ROOT, env={**own, **env}, stdout=subprocess.PIPE, text=True)


def told(*words: str, **env: str) -> str:
    process = ndesbot(*words, **env)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return said.strip()


class Replica:
    """One `ndesbot serve`."""

    def __init__(self, name: str, database: str, slack: FakeSlack, folder: Path) -> None:
        path = folder / f"{name}.toml"
        path.write_text(SETTINGS.format(database=database, name=name, team=TEAM, api=slack.origin))
        tokens = {"NDESBOT_SLACK_BOT_TOKEN": BOT_TOKEN, "NDESBOT_SLACK_APP_TOKEN": APP_TOKEN}
        self.process = ndesbot("serve", "--settings", str(path), **tokens)

    async def address(self) -> str:
        assert self.process.stdout
        line = await asyncio.to_thread(self.process.stdout.readline)
        return line.strip().removesuffix("/healthz")


@asynccontextmanager
async def everything(database: str, folder: Path) -> AsyncIterator[tuple[FakeSlack, dict[str, Replica], Lab]]:
    processes: list[subprocess.Popen[str]] = []
    async with FakeSlack() as slack, Lab("http-silent") as lab:
        slack.patience = 30
        try:
            roots = folder / "roots.pem"
            roots.write_text(lab.server("x").roots)
            env = {"NDESBOT_DATABASE": database}
            server = lab.server("ndes01")
            await asyncio.to_thread(
                told, "servers", "add", "ndes01", server.url, f"roots=@{roots}", "site=dmz-1", **env
            )
            token = await asyncio.to_thread(told, "sites", "admit", "dmz-1", **env)
            replicas = {name: Replica(name, database, slack, folder) for name in ("bot-1", "bot-2")}
            processes += [replica.process for replica in replicas.values()]
            for replica in replicas.values():
                bot = await replica.address()
                processes.append(ndesbot("worker", "--site", "dmz-1", "--bot", bot, NDESBOT_WORKER_TOKEN=token))
            await until(lambda: slack.links >= 2, 60)
            yield slack, replicas, lab
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                await asyncio.to_thread(process.communicate)


async def test_a_replica_dies_in_the_middle_of_a_check_and_its_answer_still_arrives_once(
    database: str, tmp_path: Path
) -> None:
    async with everything(database, tmp_path) as (slack, replicas, lab):
        await slack.mention("check ndes01")
        await until(lambda: bool(ask(database, "select name from errands where worker is not null")), 60)
        ((holder,),) = ask(database, "select holder from inbox")
        replicas[holder].process.kill()
        lab.become("healthy")
        await until(
            lambda: any("ndes01:" in post.text and "Checking" not in post.text for post in slack.answers()), 120
        )
        await asyncio.sleep(2)
        (answer,) = slack.answers()
        assert "ndes01: all that can be seen from here is well" in answer.text.replace("\u2060", "")
        await slack.mention("servers")
        await until(lambda: len(slack.answers()) == 2, 60)


async def test_messages_are_answered_by_one_of_the_replicas(database: str, tmp_path: Path) -> None:
    async with everything(database, tmp_path) as (slack, _, _):
        await asyncio.gather(*(slack.mention(f"0x8009401{n % 10} {n}") for n in range(30)))
        await until(lambda: len(slack.answers()) >= 30, 60)
        await asyncio.sleep(1)
        assert len(slack.answers()) == 30
