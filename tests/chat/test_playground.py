"""The playground over a real socket: it answers its own page and nobody else."""

import asyncio
import json
import logging
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientPayloadError, ClientSession

from bot.answer import answer_paste
from bot.ports import ChatSurface, Handler, Show
from bot.types import Answer, Message, Piece, Quote, Text
from connectors.chat.playground import AT_WORK, LARGEST_BODY, WAITING, Playground, files, incoming, surface
from knowledge.codes import Codes
from knowledge.library import Library

pytestmark = pytest.mark.asyncio
PAGE = Path(__file__).parents[2] / "connectors/chat/playground/page"
KNOWN = {"/": "text/html", "/page.css": "text/css", "/page.js": "text/javascript", "/samples.json": "application/json"}


async def _echo(message: Message, show: Show) -> Answer | None:
    """Says the words again, keeps silent when it only overhears."""
    return Answer("Heard", "info", (Quote((Piece(message.text, True),)),)) if message.addressed else None


@asynccontextmanager
async def _playground(handle: Handler = _echo) -> AsyncIterator[tuple[ClientSession, str]]:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(Playground(0, ready.set_result).serve(handle))
    try:
        address = (await asyncio.wait_for(ready, 10)).rstrip("/")
        async with ClientSession() as session:
            yield session, address
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def _say(
    body: object, handle: Handler = _echo, *, headers: Callable[[str], dict[str, str]] = lambda _: {}
) -> tuple[int, dict[str, Any]]:
    async with _playground(handle) as (session, address):
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"}
        async with session.post(
            f"{address}/api/message", data=BytesIO(sent), headers=kind | headers(address)
        ) as response:
            return response.status, await response.json()


async def test_the_playground_is_a_chat_surface() -> None:
    surface: ChatSurface = Playground()
    assert surface.name == "playground"


async def test_a_message_gets_its_answer_as_html() -> None:
    status, said = await _say({"text": "error 12175", "addressed": True})
    assert status == 200
    assert (said["silent"], said["title"]) == (False, "Heard")
    assert "<mark>error 12175</mark>" in said["html"]


async def test_silence_is_told_as_silence() -> None:
    silence = {"silent": True, "html": "", "title": "", "final": True, "payloads": {}}
    assert await _say({"text": "hm", "addressed": False}) == (200, silence)


async def test_the_bot_gets_the_text_as_it_was_written() -> None:
    heard: list[Message] = []

    async def remember(message: Message, show: Show) -> None:
        heard.append(message)

    await _say({"text": "  Zeile eins\r\n\tzwei ß 漢 \U0001f511 "}, remember)
    (message,) = heard
    assert message.text == "  Zeile eins\r\n\tzwei ß 漢 \U0001f511 "
    assert (message.place.surface, message.place.conversation) == ("playground", "browser")
    assert (message.sender, message.addressed) == ("you", True)


async def test_every_message_has_an_id_of_its_own() -> None:
    heard: set[str] = set()

    async def remember(message: Message, show: Show) -> None:
        heard.add(message.id)

    await _say({"text": "a"}, remember)
    await _say({"text": "a"}, remember)
    assert len(heard) == 2


async def test_half_a_character_is_replaced() -> None:
    status, said = await _say(b'{"text": "a\\ud800b"}')
    assert status == 200
    assert "a?b" in said["html"]


async def test_foreign_markup_is_escaped() -> None:
    _, said = await _say({"text": "<img src=x onerror=alert(1)>"})
    assert "<img" not in said["html"]
    assert "&lt;img src=x onerror=alert(1)&gt;" in said["html"]


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", "10.0.0.1:{port}"]
)
@pytest.mark.parametrize("path", ["/", "/page.js", "/api/message"])
async def test_a_foreign_host_name_is_refused(host: str, path: str) -> None:
    async with _playground() as (session, address):
        foreign = host.format(port=address.rsplit(":", 1)[1])
        method = "POST" if path.startswith("/api") else "GET"
        headers = {"Host": foreign, "Content-Type": "application/json"}
        async with session.request(method, address + path, data=b'{"text": "x"}', headers=headers) as response:
            assert response.status == 403
            assert "error" in await response.json()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"])
async def test_this_computer_is_known_by_its_names(name: str) -> None:
    async with _playground() as (session, address):
        host = f"{name}:{address.rsplit(':', 1)[1]}"
        async with session.get(address, headers={"Host": host}) as response:
            assert response.status == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1", "http://localhost:1", "https://127.0.0.1:1"]
)
async def test_a_foreign_page_is_refused(origin: str) -> None:
    status, said = await _say({"text": "x"}, headers=lambda _: {"Origin": origin})
    assert status == 403
    assert set(said) == {"error"}


async def test_a_foreign_page_without_an_origin_is_told_by_the_browser() -> None:
    status, _ = await _say({"text": "x"}, headers=lambda _: {"Sec-Fetch-Site": "cross-site"})
    assert status == 403


async def test_its_own_page_is_welcome() -> None:
    status, _ = await _say({"text": "x"}, headers=lambda own: {"Origin": own, "Sec-Fetch-Site": "same-origin"})
    assert status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_form_of_another_page_cannot_speak(kind: str) -> None:
    status, said = await _say({"text": "x"}, headers=lambda _: {"Content-Type": kind})
    assert status == 415
    assert set(said) == {"error"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b"null",
        b"1" * 5_000,
        b"{}",
        b'{"text": 1}',
        b'{"text": null}',
        b'{"text": "x", "addressed": "yes"}',
    ],
    ids=lambda body: repr(body[:20]),
)
async def test_what_is_no_message_is_refused_in_words(body: bytes) -> None:
    status, said = await _say(body)
    assert status == 400
    assert said["error"].endswith(".")
    assert "Traceback" not in said["error"]


async def test_a_message_of_twenty_megabytes_is_read() -> None:
    lengths: list[int] = []

    async def measure(message: Message, show: Show) -> None:
        lengths.append(len(message.text))

    status, _ = await _say({"text": "x" * (20 * 1024 * 1024)}, measure)
    assert (status, lengths) == (200, [20 * 1024 * 1024])


async def test_a_message_that_is_too_large_is_refused_in_words() -> None:
    status, said = await _say(b'{"text": "' + b"x" * LARGEST_BODY + b'"}')
    assert status == 413
    assert "21 MB" in said["error"]


async def test_a_failure_inside_is_a_sentence_and_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(message: Message, show: Show) -> Answer | None:
        raise ZeroDivisionError("the secret inside")

    status, said = await _say({"text": "x"}, fail)
    assert status == 500
    assert "not answered" in caplog.text
    (record,) = caplog.records
    assert record.__dict__["error"] == "ZeroDivisionError"
    assert len(record.__dict__["message_id"]) == 32
    assert "secret" not in caplog.text
    assert "secret" not in said["error"]
    assert "Traceback" not in json.dumps(said)


async def test_a_failure_does_not_end_the_conversation() -> None:
    calls: list[str] = []

    async def fail_once(message: Message, show: Show) -> Answer | None:
        calls.append(message.text)
        if len(calls) == 1:
            raise RuntimeError
        return Answer("Better", "success", (Text("again"),))

    async with _playground(fail_once) as (session, address):
        statuses = []
        for _ in range(2):
            async with session.post(f"{address}/api/message", json={"text": "x"}) as response:
                statuses.append(response.status)
    assert statuses == [500, 200]


async def test_a_slow_answer_does_not_hold_up_the_next() -> None:
    second_asked = asyncio.Event()

    async def slow_first(message: Message, show: Show) -> Answer | None:
        if message.text == "second":
            second_asked.set()
        await asyncio.wait_for(second_asked.wait(), 5)
        return Answer(message.text, "info")

    async with _playground(slow_first) as (session, address):

        async def title(text: str) -> str:
            async with session.post(f"{address}/api/message", json={"text": text}) as response:
                return str((await response.json())["title"])

        assert list(await asyncio.gather(title("first"), title("second"))) == ["first", "second"]


@pytest.mark.parametrize(("path", "kind"), KNOWN.items())
async def test_the_page_and_its_parts_are_served(path: str, kind: str) -> None:
    async with _playground() as (session, address), session.get(address + path) as response:
        assert response.status == 200
        assert response.content_type == kind


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/message", "/../playground.py", "/%2e%2e/playground.py"])
async def test_every_response_carries_the_content_policy(path: str) -> None:
    async with _playground() as (session, address), session.get(address + path) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert response.status == (200 if path == "/" else 405 if path.startswith("/api") else 404)


async def test_the_address_is_of_this_computer_alone() -> None:
    async with _playground() as (_, address):
        assert address.startswith("http://127.0.0.1:")


async def test_a_taken_port_is_said_and_not_shared() -> None:
    async with _playground() as (_, address):
        with pytest.raises(OSError, match="in use"):
            await Playground(int(address.rsplit(":", 1)[1])).serve(_echo)


async def test_a_stopped_playground_gives_its_port_back() -> None:
    async with _playground() as (_, address):
        pass
    opened = asyncio.Event()
    again = Playground(int(address.rsplit(":", 1)[1]), lambda _: opened.set())
    serving = asyncio.create_task(again.serve(_echo))
    await asyncio.wait_for(opened.wait(), 10)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


# --- many at once -----------------------------------------------------------------------------


class _Slow:
    """A bot that answers when it is let go, and remembers what it began to work on."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.go = asyncio.Event()

    async def __call__(self, message: Message, show: Show) -> Answer | None:
        self.begun.append(message.text[:20])
        await asyncio.wait_for(self.go.wait(), 20)
        return Answer(message.text[:20], "info")

    async def has_begun(self, count: int) -> list[str]:
        async with asyncio.timeout(10):
            while len(self.begun) < count:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)  # and no more than that
        return self.begun


async def _asked(session: ClientSession, address: str, text: str) -> tuple[int, dict[str, Any]]:
    data = BytesIO(json.dumps({"text": text}).encode())
    kind = {"Content-Type": "application/json"}
    async with session.post(f"{address}/api/message", data=data, headers=kind) as response:
        return response.status, await response.json()


@asynccontextmanager
async def _client(address: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A bare connection, for what no browser does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rsplit(":", 1)[1]))
    try:
        yield reader, writer
    finally:
        writer.close()


def _post(address: str, body: bytes, length: int | None = None) -> bytes:
    host = address.removeprefix("http://")
    head = f"POST /api/message HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


async def test_two_messages_are_worked_on_eight_wait_and_further_ones_are_refused_in_words() -> None:
    slow = _Slow()
    async with _playground(slow) as (session, address):
        asked = [asyncio.create_task(_asked(session, address, str(i))) for i in range(AT_WORK + WAITING)]
        assert len(await slow.has_begun(AT_WORK)) == 2
        await asyncio.sleep(0.3)
        async with session.post(f"{address}/api/message", json={"text": "one more"}) as response:
            assert response.status == 503
            assert "Try again" in (await response.json())["error"]
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        slow.go.set()
        assert [status for status, _ in await asyncio.gather(*asked)] == [200] * 10
        assert "one more" not in slow.begun
        assert (await _asked(session, address, "later"))[0] == 200


async def test_a_refused_message_of_twenty_megabytes_hears_why() -> None:
    slow = _Slow()
    async with _playground(slow) as (session, address):
        asked = [asyncio.create_task(_asked(session, address, str(i))) for i in range(AT_WORK + WAITING)]
        await slow.has_begun(AT_WORK)
        await asyncio.sleep(0.3)
        status, said = await _asked(session, address, "x" * (20 * 1024 * 1024))
        assert (status, set(said)) == (503, {"error"})
        slow.go.set()
        await asyncio.gather(*asked)


async def test_a_short_question_does_not_wait_for_long_logs() -> None:
    slow = _Slow()
    async with _playground(slow) as (session, address):
        logs = [asyncio.create_task(_asked(session, address, f"log {i}" + "x" * 2_000_000)) for i in range(3)]
        assert len(await slow.has_begun(1)) == 1  # one long log at a time
        short = asyncio.create_task(_asked(session, address, "short"))
        assert (await slow.has_begun(2))[1] == "short"
        slow.go.set()
        assert [status for status, _ in await asyncio.gather(short, *logs)] == [200] * 4


async def test_a_long_log_waits_in_its_socket_and_not_in_memory() -> None:
    slow = _Slow()
    async with _playground(slow) as (session, address):
        log = asyncio.create_task(_asked(session, address, "log" + "x" * 2_000_000))
        await slow.has_begun(1)
        loop = asyncio.get_running_loop()
        with socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1]))) as client:
            client.setblocking(False)
            sent, data = 0, _post(address, b"{", LARGEST_BODY) + b" " * (LARGEST_BODY - 1)
            with suppress(TimeoutError):
                async with asyncio.timeout(2):
                    while sent < len(data):
                        await loop.sock_sendall(client, data[sent : sent + 65_536])
                        sent += 65_536
        assert sent < 16 * 1024 * 1024  # what the system holds for a socket; the rest was never taken
        slow.go.set()
        assert (await log)[0] == 200


@pytest.mark.parametrize("size", [10, 1_500_000])
async def test_a_message_whose_sender_left_while_it_waited_is_not_worked_on(
    size: int, caplog: pytest.LogCaptureFixture
) -> None:
    slow = _Slow()
    async with _playground(slow) as (session, address):
        asked = [asyncio.create_task(_asked(session, address, f"first{'x' * size}"))]
        await slow.has_begun(1)
        asked.append(asyncio.create_task(_asked(session, address, "second")))
        await slow.has_begun(2)
        async with _client(address) as (_, writer):
            writer.write(_post(address, json.dumps({"text": "abandoned" + "y" * size}).encode()))
            await asyncio.wait_for(writer.drain(), 5)
            await asyncio.sleep(0.3)
        slow.go.set()
        await asyncio.gather(*asked)
        assert (await _asked(session, address, "after"))[0] == 200
        assert (await _asked(session, address, "after" + "z" * 2_000_000))[0] == 200
    assert not [text for text in slow.begun if text.startswith("abandoned")]
    assert not caplog.records


async def test_those_who_left_give_their_places_back() -> None:
    slow = _Slow()
    async with _playground(slow) as (session, address):
        asked = [asyncio.create_task(_asked(session, address, str(i))) for i in range(AT_WORK)]
        await slow.has_begun(AT_WORK)
        for _ in range(3 * WAITING):
            async with _client(address) as (_, writer):
                writer.write(_post(address, b'{"text": "abandoned"}'))
                await writer.drain()
                await asyncio.sleep(0.02)
        waiting = asyncio.create_task(_asked(session, address, "patient"))
        await asyncio.sleep(0.2)
        slow.go.set()
        assert [status for status, _ in await asyncio.gather(waiting, *asked)] == [200] * 3
    assert "abandoned" not in slow.begun


async def test_work_whose_asker_left_keeps_its_turn_until_it_is_done() -> None:
    slow = _Slow()
    async with _playground(slow) as (session, address):
        for i in range(AT_WORK):
            async with _client(address) as (_, writer):
                writer.write(_post(address, b'{"text": "left"}'))
                await slow.has_begun(i + 1)
        waiting = asyncio.create_task(_asked(session, address, "next"))
        await asyncio.sleep(0.3)
        assert slow.begun == ["left", "left"]
        slow.go.set()
        assert (await waiting)[0] == 200


async def test_what_shows_how_far_it_is_lets_others_work() -> None:
    """A check of a server takes long and costs little; `cancel` must get through."""
    go = asyncio.Event()

    async def check(message: Message, show: Show) -> Answer | None:
        if message.text == "cancel":
            go.set()
        await show(Answer("so far", "info"))
        await asyncio.wait_for(go.wait(), 10)
        return Answer("the end", "success")

    async with _playground(check) as (session, address):

        async def titles(text: str) -> list[tuple[str, bool]]:
            async with session.post(f"{address}/api/message", json={"text": text}) as response:
                lines = [json.loads(line) for line in (await response.read()).splitlines()]
            return [(line["title"], line["final"]) for line in lines]

        checks = [asyncio.create_task(titles("check")) for _ in range(5)]
        await asyncio.sleep(0.3)
        assert await asyncio.wait_for(titles("cancel"), 5) == [("so far", False), ("the end", True)]
        assert await asyncio.gather(*checks) == [[("so far", False), ("the end", True)]] * 5


async def test_a_failure_in_the_middle_of_an_answer_breaks_it_off(caplog: pytest.LogCaptureFixture) -> None:
    async def break_off(message: Message, show: Show) -> Answer | None:
        await show(Answer("so far", "info"))
        raise ZeroDivisionError

    async with _playground(break_off) as (session, address):
        with pytest.raises(ClientPayloadError):
            async with session.post(f"{address}/api/message", json={"text": "x"}) as response:
                await response.read()
    assert [record.levelname for record in caplog.records] == ["ERROR"]


# --- what comes too slowly, and what is no HTTP -----------------------------------------------


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests must arrive at once."""
    monkeypatch.setattr(incoming, "ARRIVAL", 0.4)
    monkeypatch.setattr(surface, "ARRIVAL", 0.4)
    monkeypatch.setattr(surface, "_LINGERING", 0.4)


@pytest.mark.parametrize("length", [100, 10_000_000])
async def test_a_half_sent_message_is_refused_after_a_while(hurried: None, length: int) -> None:
    async with _playground() as (session, address), _client(address) as (reader, writer):
        writer.write(_post(address, b'{"text": "abc', length))
        answer = await asyncio.wait_for(reader.read(), 10)  # to the end: the connection is closed
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"did not arrive in time" in answer
        assert (await _asked(session, address, "x"))[0] == 200


@pytest.mark.parametrize("said", [b"", b"POST /api/mess", b"POST /api/message HTTP/1.1\r\nHost: 127"])
async def test_a_connection_that_says_nothing_whole_is_closed(hurried: None, said: bytes) -> None:
    async with _playground() as (_, address), _client(address) as (reader, writer):
        writer.write(said)
        assert await asyncio.wait_for(reader.read(), 10) == b""


MALFORMED = {
    "empty host": b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\nHost: 5A1C33F2D0B44E91\r\n\r\n",
    "a bad chunk": b"POST /api/message HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n5A1C33F2D0B44E91xyz\r\nabc\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)),
    "a long line": b"GET /?challenge=5A1C33F2D0B44E91" + b"a" * 9000 + b" HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "a long header": b"GET / HTTP/1.1\r\nHost: {host}\r\nX: 5A1C33F2D0B44E91" + b"a" * 9000 + b"\r\n\r\n",
    "no header": b"GET / HTTP/1.1\r\n5A1C33F2D0B44E91\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
}


@pytest.mark.parametrize("said", MALFORMED.values(), ids=MALFORMED)
async def test_what_is_no_http_is_refused_without_a_word_of_it_in_a_log(
    said: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with _playground() as (session, address), _client(address) as (reader, writer):
        writer.write(said.replace(b"{host}", address.removeprefix("http://").encode()))
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 20)
        assert (await _asked(session, address, "x"))[0] == 200
    if answer:
        assert answer.split()[1] in (b"400", b"403")
        assert b"Content-Security-Policy: default-src 'none'" in answer
        assert b"X-Content-Type-Options: nosniff" in answer
        assert list(json.loads(answer.partition(b"\r\n\r\n")[2])) == ["error"]
    assert b"5A1C33F2D0B44E91" not in answer
    assert not [record for record in caplog.records if record.levelno >= logging.INFO]
    assert "5A1C33F2D0B44E91" not in caplog.text
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("packing", ["br", "deflate", "gzip", "zstd", "nonsense"])
async def test_a_packed_message_is_refused_in_words(packing: str, caplog: pytest.LogCaptureFixture) -> None:
    status, said = await _say(b"\x1f\x8b" + b"\0" * 50, headers=lambda _: {"Content-Encoding": packing})
    assert (status, set(said)) == (400, {"error"})
    assert not caplog.records


async def test_a_client_that_hangs_up_is_nothing_to_log(caplog: pytest.LogCaptureFixture) -> None:
    async with _playground() as (session, address):
        for length in (20, 100, 5_000_000):
            async with _client(address) as (_, writer):
                writer.write(_post(address, b'{"text": "a message"}', length))
                await asyncio.sleep(0.05)
        assert (await _asked(session, address, "x"))[0] == 200
    assert not caplog.records


# --- files that people send -------------------------------------------------------------------


async def _upload(session: ClientSession, address: str, data: bytes, name: str = "a.log") -> tuple[int, dict[str, Any]]:
    kind = {"Content-Type": "application/octet-stream"}
    async with session.post(f"{address}/api/file", params={"name": name}, data=data, headers=kind) as response:
        return response.status, await response.json()


async def _with_files(session: ClientSession, address: str, keys: object) -> tuple[int, dict[str, Any]]:
    async with session.post(f"{address}/api/message", json={"text": "", "files": keys}) as response:
        return response.status, await response.json()


async def test_a_message_names_its_files_and_they_are_fetched_once() -> None:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    surface = Playground(0, ready.set_result)
    heard: list[tuple[str, int | None, bytes]] = []

    async def fetched(message: Message, show: Show) -> Answer:
        for file in message.files:
            heard.append((file.name, file.size, b"".join([part async for part in surface.fetch(file)])))
        return Answer("Heard", "info")

    serving = asyncio.create_task(surface.serve(fetched))
    address = (await asyncio.wait_for(ready, 10)).rstrip("/")
    async with ClientSession() as session:
        _, told = await _upload(session, address, b"x" * 300_000, "../\u202eiis.log")
        assert (await _with_files(session, address, [told["key"]]))[0] == 200
        assert heard == [("../\u202eiis.log", 300_000, b"x" * 300_000)]
        status, refused = await _with_files(session, address, [told["key"]])
        assert (status, "not kept here any more" in refused["error"]) == (400, True)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


@pytest.mark.parametrize("keys", ["all", [1], ["no such key"], ["a"] * 21, None])
async def test_files_that_are_none_are_refused(keys: object) -> None:
    async with _playground() as (session, address):
        assert (await _with_files(session, address, keys))[0] == 400


async def test_files_that_wait_have_a_bound_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_TOGETHER", 2000)
    async with _playground() as (session, address):
        assert (await _upload(session, address, b"x" * 1500))[0] == 200
        status, told = await _upload(session, address, b"x" * 1500)
        assert (status, "400 MB together" in told["error"]) == (413, True)
        monkeypatch.setattr(files, "_LEFT_AFTER", -1.0)  # nobody sends the message of the first any more
        assert (await _upload(session, address, b"x" * 1500))[0] == 200


async def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGEST", 1000)
    async with _playground() as (session, address):
        status, told = await _upload(session, address, b"x" * 1001)
        assert (status, "zip" in told["error"]) == (413, True)


async def test_another_page_may_send_no_file() -> None:
    async with _playground() as (session, address):
        for headers in ({"Content-Type": "text/plain"}, {"Origin": "https://evil.example"}):
            whole = {"Content-Type": "application/octet-stream"} | headers
            async with session.post(f"{address}/api/file", data=b"x", headers=whole) as response:
                assert response.status in (403, 415)


# --- the page's files -------------------------------------------------------------------------


async def test_the_page_brings_no_inline_script_or_style_and_names_no_other_server() -> None:
    page = (PAGE / "index.html").read_text("utf-8")
    assert "<style" not in page
    assert " style=" not in page
    assert not re.search(r"<[^>]*\son\w+=", page)
    for name in ("index.html", "page.js", "page.css"):
        text = re.sub(r'placeholder="[^"]*"', "", (PAGE / name).read_text("utf-8"))
        assert "//" not in text.replace("// ", "").replace("http://www.w3.org/2000/svg", "")


async def test_every_sample_gets_a_real_answer(library: Library, codes: Codes) -> None:
    samples = json.loads((PAGE / "samples.json").read_text("utf-8"))
    assert 6 <= len(samples) <= 8
    for sample in samples:
        answer = answer_paste(sample["text"], library=library, codes=codes)
        assert answer, sample["name"]
        assert answer.tone != "unknown", sample["name"]
