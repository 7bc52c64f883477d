"""The stores that are judged: the fake, SQLite in a file and a real PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.ports import Casebook, Diary, Mail, Store
from connectors.store import SqlStore, open_store
from tests.fakes import FakeCasebook, FakeDiary, FakeMail, FakeStore
from tests.store import postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL that runs."""
    with postgres.server() as database:
        yield database


@pytest.fixture
def sqlite_address(tmp_path: Path) -> str:
    """A file that is not there yet."""
    return f"sqlite+aiosqlite:///{tmp_path}/kept/bot.db"


@pytest.fixture
def postgres_address(postgres_server: str) -> Iterator[str]:
    """An empty schema."""
    with postgres.empty_schema(postgres_server) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind."""
    return str(request.getfixturevalue(f"{request.param}_address"))


@pytest.fixture
async def opened(address: str) -> AsyncIterator[SqlStore]:
    """A store in each kind of database."""
    async with open_store(address) as store:
        yield store


@pytest.fixture(params=["fake", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Every store there is."""
    if request.param == "fake":
        yield FakeStore()
        return
    async with open_store(request.getfixturevalue(f"{request.param}_address")) as real:
        yield real


@pytest.fixture(params=["fake", "sqlite", "postgres"])
async def mail(request: pytest.FixtureRequest) -> AsyncIterator[Mail]:
    """What is under way, in every store there is."""
    if request.param == "fake":
        yield FakeMail()
        return
    async with open_store(request.getfixturevalue(f"{request.param}_address")) as real:
        yield real.mail


@dataclass(frozen=True, slots=True)
class Room:
    """All that one database keeps."""

    store: Store
    mail: Mail
    diary: Diary
    casebook: Casebook


@pytest.fixture(params=["fake", "sqlite", "postgres"])
async def room(request: pytest.FixtureRequest) -> AsyncIterator[Room]:
    """What is remembered over time, in every store there is."""
    if request.param == "fake":
        store, mail = FakeStore(), FakeMail()
        diary = FakeDiary(mail)
        yield Room(store, mail, diary, FakeCasebook(mail, diary, store))
        return
    async with open_store(request.getfixturevalue(f"{request.param}_address")) as real:
        yield Room(real, real.mail, real.diary, real.casebook)


@pytest.fixture
def diary(room: Room) -> Diary:
    """The diary of each of them."""
    return room.diary
