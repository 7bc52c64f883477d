"""What a real database must do beyond the contract: keep no secret, outlive a kill, read other versions."""

import asyncio
import json
import logging
import math
import subprocess
import sys
import threading
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadRequest, ConnectorError
from bot.findings import Finding, Past, Server, Thresholds
from bot.ports import Store, Use
from bot.redaction import redact
from bot.servers import as_fields
from connectors.store import SqlStore, open_store, rows
from connectors.store.database import address as url_of
from tests.fakes import NOON
from tests.store.postgres import ask
from tests.store.test_contract import FOUND, FULL, NDES, URL, audited, report, use
from tests.store.test_mail import message

ROOT = Path(__file__).parents[2]
SECRET = "The enrollment challenge password is: 8A2F6F1F2E3D4C5B, asked by CORP\\jdoe@corp.example"


async def test_the_sql_store_is_a_store(opened: SqlStore) -> None:
    store: Store = opened
    assert await store.servers() == []


# --- secrets ---------------------------------------------------------------------------------


def _with_secret() -> Finding:
    evidence = {"page": SECRET, "names": ["fine", SECRET], "sha256": "ab" * 32, "status": 200}
    evidence["body"] = "password: " + "cd" * 32
    return Finding("admin", "ok", f"The page says: {SECRET}", evidence)


async def test_a_secret_in_a_finding_is_not_kept(opened: SqlStore, address: str) -> None:
    await opened.keep(report(findings=(*FOUND, _with_secret())), Past(NOON, findings=(_with_secret(), *FOUND)))
    for table in ("runs", "good_states"):
        ((kept,),) = ask(address, f"select cast(findings as text) from {table}")
        assert "8A2F6F1F2E3D4C5B" not in kept
        assert "jdoe" not in kept
        assert "abab" in kept
        assert "cdcd" not in kept
    last = await opened.last("ndes01")
    assert last
    assert last[1][:-1] == FOUND
    assert last[1][-1].evidence["page"] == redact(SECRET)
    assert last[1][-1].evidence["names"] == ["fine", redact(SECRET)]
    assert last[1][-1].evidence["status"] == 200


async def test_the_certificates_of_a_server_are_no_secret(opened: SqlStore) -> None:
    await opened.register(FULL)
    assert (await opened.servers())[0].roots == FULL.roots


PIECES = st.sampled_from(
    (
        *("password", "password=", ": ", "hunter22", "challenge password is:", "Bearer ", "x1" * 10, "authorization: "),
        *("-----BEGIN X-----", "MII" + "A" * 30, "[secret removed]", "CORP\\jdoe", "C:\\temp\\a.log", "a@b.example"),
        *("CN=Jane Doe", "200", "\n", " ", "\0", "\ud800", "é", "<b>", '"'),
    )
)


@given(st.lists(st.lists(PIECES, max_size=5).map("".join), max_size=6))
def test_looking_at_all_texts_at_once_misses_no_secret(texts: list[str]) -> None:
    (kept,) = rows.finding_fields([Finding("c", "ok", "s", dict(enumerate(texts)))])  # type: ignore[arg-type]
    assert list(kept["evidence"].values()) == [redact(text).replace("\0", "\ufffd") for text in texts]


# --- what JSON and PostgreSQL cannot say -----------------------------------------------------


async def test_whatever_a_server_makes_a_check_find_can_be_kept(opened: SqlStore) -> None:
    evidence = {
        "nul": "a\0b",
        "half": "\ud800",
        "nan": math.nan,
        "endless": math.inf,
        "long": 2**20_000,
        "lines": ["\0", "\u2028"],
        "emoji": "👩‍🔧",
    }
    await opened.keep(report(findings=(Finding("c", "ok", "\0\udfff", evidence, took_ms=math.nan),)), None)
    last = await opened.last("ndes01")
    assert last
    (found,) = last[1]
    assert (found.summary, found.took_ms) == ("\ufffd?", 0.0)
    assert found.evidence == {
        "nul": "a\ufffdb",
        "half": "?",
        "nan": None,
        "endless": None,
        "long": "a number of 20001 bits",
        "lines": ["\ufffd", "\u2028"],
        "emoji": "👩‍🔧",
    }


async def test_a_server_that_could_not_be_read_back_is_refused(opened: SqlStore) -> None:
    with pytest.raises(BadRequest, match="name"):
        await opened.register(Server("Not A Name", URL))
    assert await opened.servers() == []


# --- other versions --------------------------------------------------------------------------


def _change(address: str, name: str, fields: dict[str, Any]) -> None:
    """Another version, or a hand, changes what is kept of a server."""
    kind = "json" if address.startswith("postgresql") else "text"
    statement = f"update servers set fields = cast(:fields as {kind}) where name = :name"
    ask(address, statement, name=name, fields=json.dumps(fields))


async def test_a_field_of_a_later_version_does_no_harm_and_stays(opened: SqlStore, address: str) -> None:
    await opened.register(FULL)
    thresholds = {**asdict(FULL.thresholds), "moons": 3}
    _change(address, "ndes02", {**as_fields(FULL), "thresholds": thresholds, "colour": "blue"})
    assert await opened.servers() == [FULL]
    await opened.keep(report(FULL), Past(NOON))
    ((kept,),) = ask(address, "select cast(fields as text) from servers")
    assert (json.loads(kept)["colour"], json.loads(kept)["thresholds"]["moons"]) == ("blue", 3)


async def test_a_server_of_an_earlier_version_gets_what_is_usual(opened: SqlStore, address: str) -> None:
    await opened.register(FULL)
    _change(address, "ndes02", {"name": "ndes02", "url": URL, "thresholds": {"tls_days": 3}})
    assert await opened.servers() == [Server("ndes02", URL, thresholds=Thresholds(tls_days=3))]


async def test_a_server_that_makes_no_sense_does_not_cost_the_others(
    opened: SqlStore, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    await opened.register(FULL)
    await opened.register(NDES)
    _change(address, "ndes02", {**as_fields(FULL), "front": "teleport"})
    with caplog.at_level(logging.ERROR):
        assert await opened.servers() == [NDES]
    (line,) = caplog.records
    assert (line.message, vars(line)["server"]) == ("a registered server cannot be read", "ndes02")
    assert await opened.remove("ndes02")


async def test_findings_that_make_no_sense_are_none(
    opened: SqlStore, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    await opened.keep(report(findings=(Finding("c", "brilliant", "s"),)), Past(NOON, b"x"))  # type: ignore[arg-type]
    assert await opened.last("ndes01") == (NOON, ())
    assert "cannot be read" in caplog.text
    assert await opened.past("ndes01") == Past(NOON, b"x")


# --- messages --------------------------------------------------------------------------------


async def test_of_two_replicas_one_answers_a_message(opened: SqlStore, address: str) -> None:
    async with open_store(address) as other:
        asking = (store.first_time("m1", NOON) for _ in range(25) for store in (opened, other))
        assert sum(await asyncio.gather(*asking)) == 1


async def test_messages_are_forgotten_after_a_day(opened: SqlStore, address: str) -> None:
    async def new(name: str, hours: float) -> bool:
        return await opened.mail.receive(message(name), "here", NOON + timedelta(hours=hours))

    assert all([await new(f"m{hours}", hours) for hours in (0, 2, 23)])
    assert not await new("m0", 24)
    assert await new("another", 25.5)
    await opened.mail.sweep(NOON + timedelta(hours=25.5))
    assert ask(address, "select count(*) from seen") == [(3,)]
    assert await new("m0", 25.5)
    assert not await new("m2", 25.5)


async def test_an_id_of_a_message_is_not_kept_itself(opened: SqlStore, address: str) -> None:
    await opened.first_time("a-private-id", NOON)
    ((kept, _),) = ask(address, "select * from seen")
    assert len(kept) == 64
    assert "private" not in kept


# --- the audit log ---------------------------------------------------------------------------


async def test_a_text_in_the_audit_log_is_one_bounded_line(opened: SqlStore, address: str) -> None:
    nasty = "U1\r\n2026-05-04 admin allowed\x1b[31m\u202e\u2028\0\ud800" + "x." * 10_000_000
    await opened.note(Use(NOON, nasty, nasty, nasty, nasty, True))
    (kept,) = ask(address, "select who, place, command, server from uses")
    for text in kept:
        assert text
        assert len(text) == 200
        assert text.startswith("U12026-05-04 admin allowed[31m")
        assert text.isprintable()


async def test_a_secret_typed_in_the_place_of_a_server_is_not_kept(opened: SqlStore, address: str) -> None:
    await opened.note(use(server="password=hunter22"))
    assert ask(address, "select server from uses") == [("password=[secret removed]",)]


async def test_the_audit_log_goes_on_after_a_restart(address: str) -> None:
    for number in range(3):
        async with open_store(address) as store:
            await store.note(use(number))
    async with open_store(address) as store:
        assert await audited(store) == [use(0), use(1), use(2)]


async def test_the_audit_log_outlives_the_server(opened: SqlStore) -> None:
    await opened.register(NDES)
    await opened.note(use())
    await opened.remove("ndes01")
    assert await audited(opened) == [use()]


# --- trouble ---------------------------------------------------------------------------------


async def test_what_was_kept_outlives_a_kill(address: str) -> None:
    script = """
import asyncio, os, signal, sys
from connectors.store import open_store
from tests.store.postgres import ask
from tests.store.test_mail import message
from tests.store.test_contract import FOUND, FULL, NDES, NOON, Past, report, use
async def live():
    async with open_store(sys.argv[1]) as store:
        await store.register(NDES)
        await store.keep(report(), Past(NOON, b"bundle"))
        await store.first_time("m1", NOON)
        await store.note(use())
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(live())
"""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", script, address], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (-9, "")
    async with open_store(address) as store:
        assert await store.servers() == [NDES]
        assert await store.last("ndes01") == (NOON, FOUND)
        assert await store.past("ndes01") == Past(NOON, b"bundle")
        assert not await store.first_time("m1", NOON)
        assert await audited(store) == [use()]


async def test_a_run_is_kept_whole_or_not_at_all(opened: SqlStore, address: str) -> None:
    await opened.keep(report(), Past(NOON, b"old"))
    ask(address, "alter table good_states rename to elsewhere")
    with pytest.raises(ConnectorError):
        await opened.keep(report(at=NOON + timedelta(hours=1)), Past(NOON, b"new"))
    assert await opened.last("ndes01") == (NOON, FOUND)


async def test_a_table_that_is_gone_is_told_without_sql_and_values(opened: SqlStore, address: str) -> None:
    ask(address, "drop table uses")
    with pytest.raises(ConnectorError) as told:
        await opened.note(use(server="geheim"))
    assert "were they changed" in str(told.value) or "was it removed" in str(told.value)
    for word in ("geheim", "insert", "INSERT", "playground"):
        assert word not in str(told.value)
    assert told.value.__suppress_context__
    assert "geheim" not in str(told.value.__context__)


async def test_callers_that_give_up_leave_the_store_working(opened: SqlStore) -> None:
    for wait in (0.0, 0.0005, 0.001, 0.002, 0.004):
        tasks = [asyncio.create_task(opened.keep(report(), Past(NOON))) for _ in range(20)]
        await asyncio.sleep(wait)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await opened.register(NDES)
    assert await opened.servers() == [NDES]


async def test_a_closed_store_leaves_no_thread(sqlite_address: str) -> None:
    before = threading.active_count()
    async with open_store(sqlite_address) as store:
        await asyncio.gather(*(store.note(use()) for _ in range(20)))
    for _ in range(100):
        if threading.active_count() <= before + 1:  # the event loop's own worker, which brought the tables up to date
            break
        await asyncio.sleep(0.05)
    assert threading.active_count() <= before + 1


async def test_a_connection_that_postgresql_cut_is_replaced(postgres_address: str) -> None:
    ours = f"cut-{uuid4().hex}"
    url = url_of(postgres_address).update_query_dict({"application_name": ours})
    async with open_store(url.render_as_string(hide_password=False)) as store:
        await asyncio.gather(*(store.note(use()) for _ in range(10)))
        cut = ask(
            postgres_address,
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = :ours",
            ours=ours,
        )
        assert cut
        await asyncio.gather(*(store.note(use()) for _ in range(10)))
        assert len(await audited(store)) == 20
