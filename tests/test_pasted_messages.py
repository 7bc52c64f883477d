"""A real message to a lab server, whose RA certificates are replaced after it was made: the answer says so."""

from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_network
from urllib.parse import quote

import pytest

from bot.check import Checker
from bot.router import Router
from bot.types import Answer, Attached, Message, Place
from connectors.assembly import causes, wires
from connectors.checks import catalogue
from connectors.clock import now
from connectors.conversing import cases, use_cases
from connectors.lab.faults import Fault
from connectors.lab.server import Lab
from connectors.store import SqlStore, open_store
from knowledge.codes import Codes
from knowledge.library import Library
from knowledge.scep import read_bundle
from knowledge.scep_requests import poisoned_request, poll_message

REPLACED = Fault("replaced", "", "A colleague renewed both RA certificates.", ra="other-pair")
QUESTION = "this one is refused since this morning: "


@pytest.fixture
async def store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SqlStore]:
    folder = tmp_path_factory.mktemp("store")
    async with open_store(f"sqlite+aiosqlite:///{folder / 'bot.db'}") as opened:
        yield opened


LOOKED = ("scep-base", "scep-caps", "scep-cacert", "ra-certificates")


class Dropping:
    """A chat with one file."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def fetch(self, file: Attached) -> AsyncIterator[bytes]:
        yield self._data


def iis_log(url: str, requests: int) -> bytes:
    """A log in which each request carries the same message, all of them answered with 200."""
    query = url.partition("?")[2]
    fields = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status "
    lines = [f"#Fields: {fields}sc-substatus sc-win32-status time-taken"]
    for number in range(requests):
        client = f"10.0.{number // 200}.{number % 200 + 1}"
        at = f"2026-11-20 08:{number // 60:02}:{number % 60:02}"
        lines.append(f"{at} 10.0.0.21 GET /certsrv/mscep/mscep.dll {query} 443 - {client} Device/1.0 200 0 0 31")
    return ("\r\n".join(lines) + "\r\n").encode()


def router(store: SqlStore, library: Library, codes: Codes, dropped: bytes = b"") -> Router:
    checker = Checker(
        store=store,
        checks=[check for check in catalogue() if check.id in LOOKED],
        wires=wires([ip_network("127.0.0.0/8")], any_port=True),
        clock=now,
        causes=causes(),
    )
    dropping = {"test": Dropping(dropped)}
    use = use_cases(dropping, library, codes, checker=checker, store=store, kept=cases(store, library))
    return Router(use, lambda _: "operator")


def logged(lab: Lab, most: int | None = None) -> str:
    """A request of a client that has just fetched the certificates of this lab, as a URL that a log may cut off."""
    bundle = read_bundle(lab.pki.bundle(lab.fault.ra))
    message = quote(b64encode(poisoned_request(bundle, now(), bytes(range(32)))), safe="")
    return f"{lab.url}?operation=PKIOperation&message={message}"[:most]


async def asked(router: Router, text: str, *, addressed: bool = True) -> Answer | None:
    return await router.handle(Message("m-1", Place("test", "room"), "someone", text, addressed))


async def answered(router: Router, text: str) -> Answer:
    answer = await asked(router, text)
    assert answer
    return answer


async def test_a_message_to_a_former_ra_certificate_is_told_from_one_to_the_present(
    store: SqlStore, library: Library, codes: Codes
) -> None:
    async with Lab("healthy") as lab:
        chat = router(store, library, codes)
        await store.register(lab.server())
        await answered(chat, "check lab")
        before = logged(lab)
        fitting = await answered(chat, QUESTION + before)
        assert fitting.title == "A SCEP request (PKCSReq), encrypted to the RA certificate that lab serves"

        lab.become(REPLACED)
        chat = router(store, library, codes)  # after a restart, so that nothing answers but the database
        await answered(chat, "check lab")
        for text in (before, before[:1_200]):
            answer = await answered(chat, QUESTION + text)
            assert answer.title.endswith("encrypted to an RA certificate that lab does not serve any more")
            assert (answer.tone, answer.about) == ("problem", "ndes-event-18-cannot-decrypt")
            assert "it was replaced between the two" in repr(answer.blocks)
        now_fitting = await answered(chat, QUESTION + logged(lab))
        assert now_fitting.title.endswith("encrypted to the RA certificate that lab serves")


async def test_logs_tell_whom_their_requests_are_encrypted_to_though_every_status_is_well(
    store: SqlStore, library: Library, codes: Codes
) -> None:
    async with Lab("healthy") as lab:
        await store.register(lab.server())
        await answered(router(store, library, codes), "check lab")
        log = iis_log(logged(lab), 212)
        dropped = Message("m-2", Place("test", "room"), "someone", "", files=(Attached("u_ex.log", "k"),))
        fitting = await router(store, library, codes, log).handle(dropped)
        assert fitting
        assert fitting.tone == "success"
        assert "encrypted to the RA certificate that lab serves" in repr(fitting.blocks)

        lab.become(REPLACED)
        await answered(router(store, library, codes), "check lab")
        answer = await router(store, library, codes, log).handle(dropped)
        assert answer
        assert answer.title == "212 requests are encrypted to an RA certificate that lab does not serve any more"
        assert (answer.tone, answer.about) == ("problem", "ndes-event-18-cannot-decrypt")
        assert "it was replaced between the two" in repr(answer.blocks)
        assert "2026-11-20 08:00:00 to 2026-11-20 08:03:31, first in u_ex.log, line 2" in repr(answer.blocks)


async def test_the_former_certificate_is_remembered_however_often_the_server_is_looked_at(
    store: SqlStore, library: Library, codes: Codes
) -> None:
    async with Lab("healthy") as lab:
        await store.register(lab.server())
        await answered(router(store, library, codes), "check lab")
        before = logged(lab)
        lab.become(REPLACED)
        for _ in range(3):
            await answered(router(store, library, codes), "check lab")
        lab.become("ra-expired-500")
        chat = router(store, library, codes)
        await answered(chat, "check lab")
        assert (await answered(chat, before)).title.endswith("that lab does not serve any more")


async def test_a_server_that_is_not_registered_is_not_blamed(store: SqlStore, library: Library, codes: Codes) -> None:
    async with Lab("healthy") as lab, Lab(REPLACED, host="localhost") as other:
        await store.register(lab.server())
        chat = router(store, library, codes)
        await answered(chat, "check lab")
        text = logged(other).replace("localhost", "scep.elsewhere.example")
        answer = await answered(chat, text)
        assert answer.title.endswith("encrypted to a certificate of no registered server")
        assert answer.tone == "info"


async def test_an_overheard_message_alone_is_left_alone(store: SqlStore, library: Library, codes: Codes) -> None:
    async with Lab("healthy") as lab:
        assert await asked(router(store, library, codes), logged(lab), addressed=False) is None


async def test_a_poll_of_the_bot_itself_is_read_like_any_other(store: SqlStore, library: Library, codes: Codes) -> None:
    async with Lab("healthy") as lab:
        message = poll_message(read_bundle(lab.pki.bundle()), now() - timedelta(minutes=1), bytes(32))
        answer = await answered(router(store, library, codes), b64encode(message).decode())
    assert answer.title.startswith("A SCEP request (CertPoll), encrypted to the certificate ")
