"""A server that is removed while somebody looks at it stays removed: no row of it comes back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.check import Checker
from bot.findings import Finding, Past, Server
from bot.ports import Check, Wire
from bot.rounds import Rounds
from connectors.assembly import causes
from connectors.store import SqlStore, open_store
from tests.checks.fake_wire import FakeWire
from tests.fakes import FakeClock, wires_of
from tests.store.postgres import ask

NDES = Server("ndes01", "https://ndes.corp.example/certsrv/mscep/mscep.dll")
TABLES = ("servers", "runs", "good_states", "history", "health", "expiries")


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/bot.db"


@pytest.fixture
async def store(address: str) -> AsyncIterator[SqlStore]:
    async with open_store(address) as opened:
        await opened.register(NDES)
        yield opened


def checker(store: SqlStore) -> Checker:
    async def removed_meanwhile(server: Server, wire: Wire, now: Any, past: Past) -> Finding:
        await store.remove(server.name)
        return Finding("scep-base", "fail", "It does not answer.")

    checks = (Check("scep-base", "R00", "Is it well?", removed_meanwhile),)
    return Checker(store=store, checks=checks, wires=wires_of(FakeWire()), clock=FakeClock(), causes=causes())  # type: ignore[arg-type]


def lines(address: str) -> dict[str, int]:
    return {table: ask(address, f"select count(*) from {table}")[0][0] for table in TABLES}


async def test_a_server_removed_during_a_look_in_its_turn_leaves_nothing(store: SqlStore, address: str) -> None:
    async def online() -> bool:
        return True

    rounds = Rounds(
        store=store,
        diary=store.diary,
        mail=store.mail,
        checker=checker(store),
        surfaces={},
        receive=lambda _: online(),  # type: ignore[arg-type,return-value]
        clock=FakeClock(),
        every=timedelta(minutes=15),
        online=online,
    )
    await rounds.carry_out({"server": "ndes01"})
    assert lines(address) == dict.fromkeys(TABLES, 0)


async def test_a_server_removed_while_a_person_has_it_checked_leaves_nothing(store: SqlStore, address: str) -> None:
    await checker(store).run(NDES, who="ann")
    assert lines(address) == dict.fromkeys(TABLES, 0)


async def test_what_was_never_registered_is_still_remembered(store: SqlStore, address: str) -> None:
    await store.remove("ndes01")
    await checker(store).run(NDES, who="ann")
    assert lines(address)["runs"] == 1
