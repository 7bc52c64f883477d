"""The playground over a real socket: it answers its own page and nobody else."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.answer import answer_paste
from bot.ports import ChatSurface, Handler
from bot.types import Answer, Message, Piece, Quote, Text
from connectors.chat.playground import LARGEST_BODY, Playground
from knowledge.codes import Codes
from knowledge.library import Library

pytestmark = pytest.mark.asyncio
PAGE = Path(__file__).parents[2] / "connectors/chat/playground_page"
KNOWN = {"/": "text/html", "/page.css": "text/css", "/page.js": "text/javascript", "/samples.json": "application/json"}


async def _echo(message: Message) -> Answer | None:
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
    assert await _say({"text": "hm", "addressed": False}) == (200, {"silent": True, "html": "", "title": ""})


async def test_the_bot_gets_the_text_as_it_was_written() -> None:
    heard: list[Message] = []

    async def remember(message: Message) -> None:
        heard.append(message)

    await _say({"text": "  Zeile eins\r\n\tzwei ß 漢 \U0001f511 "}, remember)
    (message,) = heard
    assert message.text == "  Zeile eins\r\n\tzwei ß 漢 \U0001f511 "
    assert (message.place.surface, message.place.conversation) == ("playground", "browser")
    assert (message.sender, message.addressed) == ("you", True)


async def test_every_message_has_an_id_of_its_own() -> None:
    heard: set[str] = set()

    async def remember(message: Message) -> None:
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

    async def measure(message: Message) -> None:
        lengths.append(len(message.text))

    status, _ = await _say({"text": "x" * (20 * 1024 * 1024)}, measure)
    assert (status, lengths) == (200, [20 * 1024 * 1024])


async def test_a_message_that_is_too_large_is_refused_in_words() -> None:
    status, said = await _say(b'{"text": "' + b"x" * LARGEST_BODY + b'"}')
    assert status == 413
    assert "21 MB" in said["error"]


async def test_a_failure_inside_is_a_sentence_and_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(message: Message) -> Answer | None:
        raise ZeroDivisionError("the secret inside")

    status, said = await _say({"text": "x"}, fail)
    assert status == 500
    assert "not answered" in caplog.text
    assert "secret" not in caplog.text
    assert "secret" not in said["error"]
    assert "Traceback" not in json.dumps(said)


async def test_a_failure_does_not_end_the_conversation() -> None:
    calls: list[str] = []

    async def fail_once(message: Message) -> Answer | None:
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

    async def slow_first(message: Message) -> Answer | None:
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


# --- the page's files -------------------------------------------------------------------------


async def test_the_page_brings_no_inline_script_or_style_and_names_no_other_server() -> None:
    page = (PAGE / "index.html").read_text("utf-8")
    assert "<style" not in page
    assert " style=" not in page
    assert not re.search(r"<[^>]*\son\w+=", page)
    for name in ("index.html", "page.js", "page.css"):
        assert "//" not in (PAGE / name).read_text("utf-8").replace("// ", "").replace("http://www.w3.org/2000/svg", "")


async def test_every_sample_gets_a_real_answer(library: Library, codes: Codes) -> None:
    samples = json.loads((PAGE / "samples.json").read_text("utf-8"))
    assert 6 <= len(samples) <= 8
    for sample in samples:
        answer = answer_paste(sample["text"], library=library, codes=codes)
        assert answer, sample["name"]
        assert answer.tone != "unknown", sample["name"]
