"""What earlier versions kept is there after the upgrade: from each of them, with lines in every table it had."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from bot.diary import Asked, Expiry, Health, Quiet, Run, Subscription, Votes
from bot.findings import Finding, Past, Server
from bot.ports import Filed, Offer, Question, Use, Waiting
from bot.types import Message, Place
from connectors.store import SqlStore, open_store, tables
from connectors.store.database import address as url_of
from connectors.store.database import is_sqlite, migrating_engine
from connectors.store.mail import key_of
from connectors.store.schema import MIGRATIONS, settings
from tests.fakes import NOON
from tests.store.postgres import ask

URL = "https://ndes.example.org/certsrv/mscep/mscep.dll"
PLACE = Place("slack", "C1", "171.5")
WAITING = Message("m2", PLACE, "U1", "12175 winhttp")
FINDING = Finding("tls", "ok", "The handshake comes about.", {"days": 30}, (("tls", "ok"),), 1.5)
FOUND = [{**asdict(FINDING), "outcomes": [["tls", "ok"]]}]

DAY = NOON - timedelta(1), NOON

Rows = dict[str, list[dict[str, Any]]]
FIRST: Rows = {
    "servers": [{"name": "ndes01", "fields": {"name": "ndes01", "url": URL, "tags": ["prod", "zürich"]}}],
    "runs": [{"server": "ndes01", "at": NOON, "findings": FOUND}],
    "good_states": [{"server": "ndes01", "at": NOON, "bundle": b"\0\xff", "tls": "ab" * 32, "findings": FOUND}],
    "seen": [{"message": key_of("slack", "m1"), "at": NOON}],
    "uses": [
        dict(at=NOON, who="U1", place="slack/C1", command="check", server="ndes01", allowed=allowed)
        for allowed in (True, False)
    ],
}
SECOND: Rows = {
    **FIRST,
    "conversations": [{"key": "teams 19:abc", "reference": {"serviceUrl": "https://smba.example/"}}],
    "inbox": [
        dict(message=key_of("slack", "m2"), received=NOON, fields=asdict(WAITING), holder="a", held=NOON, sent=None)
    ],
    "offers": [{"token": "token", "at": NOON, "place": asdict(PLACE), "says": ["help"]}],
    "questions": [
        dict(at=NOON, **asdict(PLACE), sender="U1", text="12175 ü", about="ra-expired"),
    ],
}
THIRD: Rows = {
    **SECOND,
    "questions": [{**SECOND["questions"][0], "answer": key_of("slack", "171.5")}],
    "history": [{"server": "ndes01", "at": NOON, "verdict": "warn", "checks": '{"tls":"warn"}'}],
    "health": [
        dict(server="ndes01", fields='{"server":"ndes01","verdict":"warn","since":"2026-05-04T12:00:00Z","against":1}')
    ],
    "expiries": [
        dict(
            server="ndes01",
            first=NOON,
            fields='[{"server":"ndes01","kind":"ra","name":"CEP","ends":"2026-05-04T12:00:00Z",'
            '"seen":"2026-05-04T12:00:00Z"}]',
        )
    ],
    "subscriptions": [{"place": "ab" * 32, "fields": {"place": asdict(PLACE), "when": "daily", "tags": ["prod"]}}],
    "quiets": [{"scope": "*", "begins": NOON, "ends": NOON + timedelta(1), "who": "U1", "why": "patch day"}],
    "votes": [{"answer": key_of("slack", "171.5"), "who": "U1", "helped": True, "at": NOON}],
}
FOURTH: Rows = {
    **THIRD,
    "errands": [dict(name="e1", site="dmz-1", at=NOON, said={"server": "ndes01"}, worker="w", until=NOON, result=None)],
    "workers": [{"token": sha256(b"token").hexdigest(), "site": "dmz-1", "note": "note", "at": NOON}],
}
KEPT = {"0001": FIRST, "0002": SECOND, "0003": THIRD, "0004": FOURTH}
"""By version, the lines that it left behind."""


@contextmanager
def _connected(address: str) -> Iterator[sa.Connection]:
    engine = migrating_engine(url_of(address))
    with engine.begin() as connection:
        yield connection


def leave_behind(address: str, version: str) -> None:
    """A database as a version made and filled it: by plain SQL, for the code knows only the tables of today."""
    with _connected(address) as connection:
        command.upgrade(settings(connection), version)
    for table, lines in KEPT[version].items():
        for line in lines:
            said = {name: _plain(value, address) for name, value in line.items()}
            ask(address, f"insert into {table} ({', '.join(said)}) values (:{', :'.join(said)})", **said)


def _plain(value: Any, address: str) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, datetime) and is_sqlite(url_of(address)):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    return value


def test_every_earlier_version_is_upgraded_from_and_with_lines_in_all_its_tables(sqlite_address: str) -> None:
    with _connected(sqlite_address) as connection:
        scripts = ScriptDirectory.from_config(settings(connection, MIGRATIONS))
        earlier = {script.revision for script in scripts.walk_revisions()} - {tables.VERSION}
        assert set(KEPT) == earlier
        for version in sorted(earlier):
            command.upgrade(settings(connection), version)
            assert {*KEPT[version], tables.VERSION_TABLE} == set(sa.inspect(connection).get_table_names())


@pytest.mark.parametrize("version", sorted(KEPT))
async def test_what_an_earlier_version_kept_is_read_after_the_upgrade(address: str, version: str) -> None:
    leave_behind(address, version)
    async with open_store(address) as store:
        await _reads_the_first(store)
        if version >= "0002":
            await _reads_the_second(store)
        if version >= "0003":
            await _reads_the_third(store)
        if version >= "0004":
            await _reads_the_fourth(store)
        await _goes_on(store)


async def _reads_the_first(store: SqlStore) -> None:
    assert await store.servers() == [Server("ndes01", URL, tags=("prod", "zürich"))]
    assert await store.last("ndes01") == (NOON, (FINDING,))
    assert await store.past("ndes01") == Past(NOON, b"\0\xff", "ab" * 32, (FINDING,))
    assert await store.casebook.uses(PLACE, NOON) == [Use(NOON, "U1", "slack/C1", "check", "ndes01", True)]
    assert not await store.mail.receive(Message("m1", PLACE, "U1", "again"), "a", NOON)


async def _reads_the_second(store: SqlStore) -> None:
    assert await store.mail.waiting() == [Waiting(WAITING, None, "a", NOON)]
    assert await store.mail.offered("token") == Offer(PLACE, ("help",))
    assert await store.mail.reference("teams", "19:abc") == {"serviceUrl": "https://smba.example/"}
    assert await store.mail.questions() == [Question(NOON, PLACE, "U1", "12175 ü", "ra-expired")]
    assert await store.diary.asked(*DAY) == [Asked(NOON, "U1", "12175 ü", "ra-expired", "slack C1")]


async def _reads_the_third(store: SqlStore) -> None:
    diary = store.diary
    assert await diary.runs(*DAY) == [Run("ndes01", NOON, "warn", {"tls": "warn"})]
    assert await diary.health() == {"ndes01": Health("ndes01", "warn", NOON, against=1)}
    assert await diary.expiries(NOON) == [Expiry("ndes01", "ra", "CEP", NOON, NOON)]
    assert await diary.subscriptions() == [Subscription(PLACE, "daily", tags=("prod",))]
    assert await diary.quiets(NOON) == [Quiet("*", NOON, NOON + timedelta(1), "U1", "patch day")]
    assert await diary.votes(*DAY) == Votes(1, 0)


async def _reads_the_fourth(store: SqlStore) -> None:
    assert await store.errands.site_of("token") == "dmz-1"
    errand = await store.errands.errand("e1")
    assert errand is not None
    assert (errand.site, errand.said) == ("dmz-1", {"server": "ndes01"})


async def _goes_on(store: SqlStore) -> None:
    """What is new is written beside what is old."""
    later = Message("m9", PLACE, "U2", "later")
    await store.mail.receive(later, "a", NOON)
    await store.mail.answered(later, NOON, None)
    await store.diary.vote("slack m9", "U1", helped=True, at=NOON)
    assert (await store.diary.asked(*DAY))[-1].text == "later"
    assert (await store.diary.votes(*DAY)).helped >= 1
    await store.casebook.file("key", Filed(NOON, PLACE, "U1", {"steps": [1]}))
    assert (await store.casebook.heard(PLACE, NOON))[-1].helped == 1
