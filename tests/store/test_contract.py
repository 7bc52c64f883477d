"""Every store, and the fake, keeps the same promises. A new one is one more param of the fixture."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.findings import Finding, Past, Report, Server, Thresholds
from bot.ports import Store, Use
from bot.types import Place
from connectors.store import SqlStore
from tests.fakes import NOON

URL = "https://ndes.example.org/certsrv/mscep/mscep.dll"
NDES = Server("ndes01", URL)
FULL = Server(
    name="ndes02",
    url="https://ndes-contoso.msappproxy.net/certsrv/mscep/mscep.dll",
    internal_name="ndes02.corp.example",
    inside=True,
    front="app-proxy",
    module="plain",
    connector="new",
    trusted_root="ab" * 32,
    roots="-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQd\n-----END CERTIFICATE-----\n",
    ca_host="ca01.corp.example",
    nodes=("10.0.0.1", "10.0.0.2"),
    site="berlin",
    tags=("prod", "zürich", "漢"),
    owner_channel="C012345",
    thresholds=Thresholds(tls_days=14, ra_days=45, crl_hours=12),
    may_poll=True,
)
FOUND = (
    Finding(
        "scep-base",
        "fail",
        "The SCEP URL answers HTTP 503 – written by http.sys.",
        {
            "status": 503,
            "server": "Microsoft-HTTPAPI/2.0",
            "via": None,
            "days": 1.0,
            "inside": True,
            "names": ["a", "ü"],
        },
        (("base", "503_httpsys"), ("front", "direct")),
        12.5,
    ),
    Finding("tls", "ok", "The handshake comes about."),
)


def report(server: Server = NDES, at: datetime = NOON, findings: tuple[Finding, ...] = FOUND) -> Report:
    return Report(server, at, "fail", findings, (), 12, 60.0)


def use(number: int = 0, *, server: str | None = "ndes01", allowed: bool = True) -> Use:
    return Use(NOON + timedelta(seconds=number), "U1", "playground/browser", "check", server, allowed)


async def audited(store: SqlStore) -> list[Use]:
    """What the audit log keeps of such uses, the oldest first, as a case reads it."""
    return await store.casebook.uses(Place("playground", "browser"), NOON, most=100)


# --- servers ---------------------------------------------------------------------------------


async def test_a_new_store_knows_nothing(store: Store) -> None:
    assert await store.servers() == []
    assert await store.past("ndes01") == Past()
    assert await store.last("ndes01") is None


async def test_a_server_comes_back_with_every_field(store: Store) -> None:
    await store.register(FULL)
    await store.register(NDES)
    assert await store.servers() == [NDES, FULL]
    assert (await store.server(FULL.name), await store.server("none")) == (FULL, None)
    assert hash((await store.servers())[1]) == hash(FULL)


async def test_servers_stand_in_the_order_of_their_names(store: Store) -> None:
    names = ["ndes1", "ndes-2", "ndes.1", "ndes10", "a", "ndes2", "ndesa", "nd-es"]
    for name in names:
        await store.register(Server(name, URL))
    assert [server.name for server in await store.servers()] == sorted(names)


async def test_a_server_of_the_same_name_takes_the_place_of_the_old_one(store: Store) -> None:
    await store.register(NDES)
    changed = Server("ndes01", URL, module="jamf", tags=("new",))
    await store.register(changed)
    assert await store.servers() == [changed]


async def test_a_server_that_is_removed_takes_its_past_with_it(store: Store) -> None:
    await store.register(NDES)
    await store.register(FULL)
    for server in (NDES, FULL):
        await store.keep(report(server), Past(NOON, b"bundle", "ab" * 32, FOUND))
    assert await store.remove("ndes01")
    assert await store.servers() == [FULL]
    assert (await store.past("ndes01"), await store.last("ndes01")) == (Past(), None)
    assert await store.past("ndes02") != Past()
    assert await store.last("ndes02") is not None


async def test_removing_says_whether_the_server_was_there(store: Store) -> None:
    await store.register(NDES)
    assert [await store.remove("ndes01"), await store.remove("ndes01")] == [True, False]


@pytest.mark.parametrize(
    "name", ["", "'; drop table servers; --", "%", "_______", "a\0b", "\ud800", "NDES01", "x" * 5000]
)
async def test_a_name_that_nobody_registered_is_nobody(store: Store, name: str) -> None:
    await store.register(NDES)
    assert await store.past(name) == Past()
    assert await store.last(name) is None
    assert await store.server(name) is None
    assert not await store.remove(name)
    assert await store.servers() == [NDES]


# --- runs ------------------------------------------------------------------------------------


async def test_the_last_run_comes_back_whole(store: Store) -> None:
    await store.keep(report(), None)
    kept = await store.last("ndes01")
    assert kept == (NOON, FOUND)
    assert kept
    evidence = kept[1][0].evidence
    assert {name: type(value) for name, value in evidence.items()} == {
        name: type(value) for name, value in FOUND[0].evidence.items()
    }
    assert type(kept[1][0].outcomes[0]) is tuple


async def test_a_run_takes_the_place_of_the_one_before(store: Store) -> None:
    await store.keep(report(), None)
    await store.keep(report(at=NOON + timedelta(minutes=1), findings=FOUND[1:]), None)
    assert await store.last("ndes01") == (NOON + timedelta(minutes=1), FOUND[1:])


async def test_a_run_without_findings_is_a_run(store: Store) -> None:
    await store.keep(report(findings=()), None)
    assert await store.last("ndes01") == (NOON, ())


async def test_a_bad_run_leaves_the_last_good_state_alone(store: Store) -> None:
    good = Past(NOON, b"bundle", "ab" * 32, FOUND[1:])
    await store.keep(report(), good)
    await store.keep(report(at=NOON + timedelta(minutes=1)), None)
    assert await store.past("ndes01") == good


async def test_a_good_run_becomes_the_last_good_state(store: Store) -> None:
    await store.keep(report(), Past(NOON, b"old", "ab" * 32, FOUND))
    newer = Past(NOON + timedelta(days=1), b"new", None, FOUND[1:])
    await store.keep(report(at=NOON + timedelta(days=1)), newer)
    assert await store.past("ndes01") == newer


@pytest.mark.parametrize("bundle", [None, b"", b"\0\xff\r\n'\\x00", bytes(range(256)) * 4096])
async def test_a_bundle_comes_back_to_the_byte(store: Store, bundle: bytes | None) -> None:
    await store.keep(report(), Past(NOON, bundle))
    assert await store.past("ndes01") == Past(NOON, bundle)


async def test_a_good_state_may_know_little(store: Store) -> None:
    await store.keep(report(), Past())
    assert await store.past("ndes01") == Past()


async def test_a_server_that_is_not_registered_has_a_past_too(store: Store) -> None:
    await store.keep(report(), Past(NOON))
    assert await store.servers() == []
    assert await store.past("ndes01") == Past(NOON)


async def test_registering_again_keeps_the_past(store: Store) -> None:
    await store.register(NDES)
    await store.keep(report(), Past(NOON))
    await store.register(Server("ndes01", URL, module="jamf"))
    assert await store.past("ndes01") == Past(NOON)


@pytest.mark.parametrize(
    "at",
    [
        NOON.astimezone(timezone(timedelta(hours=5, minutes=45))),
        datetime(2026, 10, 25, 1, 30, 0, 123456, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
    ],
)
async def test_a_time_comes_back_aware_and_exact(store: Store, at: datetime) -> None:
    await store.keep(report(at=at), Past(at))
    kept = await store.last("ndes01")
    assert kept
    for time in (kept[0], (await store.past("ndes01")).at):
        assert time == at
        assert time and time.tzinfo is not None


# --- messages --------------------------------------------------------------------------------


async def test_a_message_is_new_once(store: Store) -> None:
    assert [await store.first_time("m1", NOON), await store.first_time("m1", NOON)] == [True, False]
    assert await store.first_time("m2", NOON)


async def test_of_many_that_ask_at_once_one_hears_yes(store: Store) -> None:
    heard = await asyncio.gather(*(store.first_time("m1", NOON) for _ in range(50)))
    assert sorted(heard) == [False] * 49 + [True]


async def test_many_messages_at_once_are_each_new(store: Store) -> None:
    assert all(await asyncio.gather(*(store.first_time(f"m{number}", NOON) for number in range(50))))


@pytest.mark.parametrize("message_id", ["", "x" * 100_000, "a\0b", "\ud800", "'; drop table seen; --", "漢"])
async def test_an_id_of_any_kind_is_an_id(store: Store, message_id: str) -> None:
    assert [await store.first_time(message_id, NOON), await store.first_time(message_id, NOON)] == [True, False]
    assert await store.first_time(message_id + "y", NOON)


async def test_everything_at_once_disturbs_nothing(store: Store) -> None:
    names = [f"ndes{number}" for number in range(20)]

    async def live(name: str) -> None:
        server = Server(name, URL)
        await store.register(server)
        await store.keep(report(server), Past(NOON, name.encode()))
        await store.note(use())
        assert (await store.past(name)).bundle == name.encode()

    await asyncio.gather(*map(live, names))
    assert [server.name for server in await store.servers()] == sorted(names)
