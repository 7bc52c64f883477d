"""A database is opened from its address, privately, and what is wrong with it is told in words."""

import os
import socket
import sqlite3
import stat
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.errors import ConnectorError
from connectors.store import open_store
from connectors.store.database import address as url_of
from connectors.store.database import engine
from tests.fakes import NOON
from tests.store.test_contract import audited, use


async def _refused(address: str) -> str:
    """What is told of a database that cannot be opened: never the password, never the driver's own error."""
    with pytest.raises(ConnectorError) as told:
        async with open_store(address):
            pass
    assert "geheim" not in str(told.value)
    assert told.value.__cause__ is None
    assert told.value.__context__ is None or told.value.__suppress_context__
    assert str(told.value).endswith(".")
    return str(told.value)


@pytest.mark.parametrize(
    "address",
    ["", "nonsense", "mysql://u:geheim@h/d", "postgresql+asyncpg://u:geheim@h/d", "postgresql://u:geheim@h:abc/d"],
)
async def test_an_address_that_names_no_database_is_refused(address: str) -> None:
    assert "give sqlite+aiosqlite:///" in await _refused(address)


@pytest.mark.parametrize(
    "address", ["sqlite://", "sqlite+aiosqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"]
)
async def test_a_database_that_would_forget_is_refused(address: str) -> None:
    assert "needs a file" in await _refused(address)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("sqlite:///a.db", "sqlite+aiosqlite:///a.db"),
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h:5433/d?sslmode=require", "postgresql+psycopg://u:p@h:5433/d?sslmode=require"),
    ],
)
def test_the_usual_spellings_are_understood(said: str, meant: str) -> None:
    assert url_of(said).render_as_string(hide_password=False) == meant


# --- SQLite ----------------------------------------------------------------------------------


async def test_the_file_is_for_nobody_else(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        async with open_store(f"sqlite+aiosqlite:///{tmp_path}/new/bot.db") as store:
            await store.note(use())
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
            folder = stat.S_IMODE((tmp_path / "new").stat().st_mode)
    finally:
        os.umask(old)
    assert modes == {"bot.db": 0o600, "bot.db-wal": 0o600, "bot.db-shm": 0o600}
    assert folder == 0o700


async def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    async with open_store(f"sqlite:///{tmp_path}/bot.db"):
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "50%20.db", "ü漢.db", "a#b?.db", "~.db", "'; --.db"])
async def test_a_file_of_any_name_is_found_again(tmp_path: Path, name: str) -> None:
    address = f"sqlite:///{tmp_path}/{quote(name)}"
    for number in range(2):
        async with open_store(address) as store:
            assert await store.first_time("m", NOON) is (number == 0)
    assert (tmp_path / name).is_file()


async def test_readers_do_not_wait_for_a_writer(sqlite_address: str) -> None:
    async with open_store(sqlite_address) as store:
        await store.note(use())
        writer = sqlite3.connect(url_of(sqlite_address).database or "", isolation_level=None)
        try:
            writer.execute("begin immediate")
            writer.execute("delete from uses")
            assert await audited(store) == [use()]
        finally:
            writer.close()


async def test_a_file_that_somebody_holds_is_told(sqlite_address: str) -> None:
    async with open_store(f"{sqlite_address}?timeout=0.2") as store:
        writer = sqlite3.connect(url_of(sqlite_address).database or "", isolation_level=None)
        try:
            writer.execute("begin immediate")
            with pytest.raises(ConnectorError, match="another process"):
                await store.note(use())
        finally:
            writer.close()
        await store.note(use())
        assert len(await audited(store)) == 1


async def test_a_file_that_is_something_else_is_told_and_left_alone(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Sir or Madam, " * 500)
    assert "no SQLite database" in await _refused(f"sqlite:///{letter}")
    assert letter.read_text() == "Dear Sir or Madam, " * 500


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be opened" in await _refused(f"sqlite:///{tmp_path}/file/bot.db")
    assert "cannot be opened" in await _refused(f"sqlite:///{tmp_path}")


# --- PostgreSQL ------------------------------------------------------------------------------


async def test_a_server_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    told = await _refused(f"postgresql://bot:geheim@127.0.0.1:{port}/ndesbot?password=geheim")
    assert told == f"The database, PostgreSQL ndesbot at 127.0.0.1:{port}, failed: Connection refused."


async def test_a_server_that_says_nothing_is_not_waited_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        told = await _refused(f"postgresql://bot:geheim@127.0.0.1:{port}/ndesbot?connect_timeout=2")
    assert "does not answer" in told


async def test_a_server_that_speaks_another_language_is_told() -> None:
    assert "failed" in await _refused("postgresql://bot:geheim@nowhere.invalid/ndesbot")


async def test_an_option_that_does_not_exist_is_told() -> None:
    assert "option" in await _refused("postgresql://bot:geheim@127.0.0.1/ndesbot?colour=geheim")


async def test_a_database_that_does_not_exist_is_told(postgres_server: str) -> None:
    url = url_of(postgres_server).set(database="nowhere")
    assert "does not exist" in await _refused(url.render_as_string(hide_password=False))


async def test_a_schema_that_does_not_exist_is_told(postgres_server: str) -> None:
    url = url_of(postgres_server).update_query_dict({"options": "-csearch_path=nowhere"})
    assert "no schema" in await _refused(url.render_as_string(hide_password=False))


async def test_a_reason_that_quotes_the_password_is_not_told(postgres_server: str) -> None:
    url = url_of(postgres_server).set(username="geheim", password="geheim")
    assert "failed" in await _refused(url.render_as_string(hide_password=False))


def test_waiting_has_a_limit_that_the_address_may_change() -> None:
    limits = {
        "postgresql://h/d": ("connect_timeout", "10"),
        "postgresql://h/d?connect_timeout=3": ("connect_timeout", "3"),
    }
    limits |= {"sqlite:///a.db": ("timeout", "10.0"), "sqlite:///a.db?timeout=1": ("timeout", "1")}
    for said, (name, value) in limits.items():
        assert engine(url_of(said)).url.query[name] == value
