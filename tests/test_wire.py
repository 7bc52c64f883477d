"""The wire over real sockets: what it asks, how often, and what becomes of servers that misbehave."""

import asyncio
import errno
import gzip
import inspect
import os
import socket
import ssl
import struct
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_network
from typing import cast, get_args

import aiohttp
import aiohttp.http_exceptions
import dns.asyncresolver
import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset
import pytest
from aiohttp.client_reqrep import ConnectionKey

from bot.errors import ProbeError, Trouble
from bot.ports import Wire
from connectors import wire_names
from connectors.guard import Guard
from connectors.wire import LARGEST_FILE, MOST_FETCHED, RunWire
from connectors.wire_names import Names
from connectors.wire_troubles import probe_error, trouble_of
from tests.test_tls_look import Pki

LAB = Guard([ip_network("127.0.0.0/8"), ip_network("::1/128")], any_port=True)
SCEP = "/certsrv/mscep/mscep.dll"

Behaviour = Callable[[str, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What a server does with a request, given its first line."""


class Web:
    """A server that behaves as told, and remembers every request line and the number of connections."""

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self.serving: set[asyncio.Task[None]] = set()
        self.lines: list[str] = []
        self.heads: list[str] = []
        self.connections = 0
        self.port = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base(self) -> str:
        return self.origin + SCEP

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task
        self.serving.add(task)
        try:
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.heads.append(head)
                self.lines.append(head.split("\r\n")[0])
                await self._behave(self.lines[-1], reader, writer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.serving.discard(task)
            writer.close()

    def stop(self) -> None:
        for task in self.serving:
            task.cancel()


@asynccontextmanager
async def web(
    behave: Behaviour, *, tls: ssl.SSLContext | None = None, port: int = 0, address: str = "127.0.0.1"
) -> AsyncIterator[Web]:
    told = Web(behave)
    server = await asyncio.start_server(told.serve, address, port, ssl=tls, limit=1 << 20)
    told.port = server.sockets[0].getsockname()[1]
    try:
        yield told
    finally:
        server.close()
        told.stop()
        await asyncio.sleep(0)


def answer(body: bytes = b"", status: str = "403 Forbidden", *fields: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Server: Microsoft-IIS/10.0", *fields, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def says(data: bytes, *, close: bool = False) -> Behaviour:
    """Answers every request with the same bytes."""

    async def behave(_: str, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        if close:
            await writer.drain()
            writer.close()

    return behave


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def told(behave: Behaviour, *, deadline: float = 5.0, most: int = 262_144) -> ProbeError:
    """The trouble that a behaviour makes. Without the deadline some of them would never end."""
    async with web(behave) as server, RunWire(server.base, LAB) as wire:
        with pytest.raises(ProbeError) as error:
            await wire.get(server.base, deadline=deadline, most=most)
    return error.value


# --- one exchange ------------------------------------------------------------------------------


async def test_it_is_a_wire() -> None:
    wire: Wire = RunWire("https://ndes01.contoso.com" + SCEP, LAB)
    assert wire.requests == 0


async def test_an_answer_is_told_as_it_came() -> None:
    page = b"\xff\xfe<html>\x00"
    fields = ("X-One: \xe4\xf6", "WWW-Authenticate: Negotiate", "WWW-Authenticate: NTLM", "Set-Cookie: a=b")
    async with web(says(answer(page, "401 Nicht erlaubt \xfc", *fields))) as server, RunWire(server.base, LAB) as wire:
        reply = await wire.get(server.base)
    assert (reply.status, reply.reason, reply.body, reply.url) == (401, "Nicht erlaubt \xfc", page, server.base)
    assert reply.server == "Microsoft-IIS/10.0"
    assert reply.headers["x-one"] == "\xe4\xf6"
    assert reply.headers["www-authenticate"] == "Negotiate, NTLM"
    assert reply.took_ms > 0
    assert wire.requests == 1


async def test_what_is_sent_names_the_bot_and_asks_for_nothing_packed() -> None:
    async with web(says(answer())) as server, RunWire(server.base, LAB) as wire:
        await wire.get(server.base + "?operation=GetCACaps&message=a%20b+c")
    head = server.heads[-1]
    assert head.startswith(
        f"GET {SCEP}?operation=GetCACaps&message=a%20b+c HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
    )
    assert "User-Agent: ndesbot/" in head
    assert "(read-only check)" in head
    assert "Accept-Encoding: identity" in head
    for never in ("Cookie", "Authorization", "Proxy", "Referer"):
        assert never not in head


async def test_no_proxy_password_or_cookie_of_this_computer_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    behave = says(answer(b"", "200 OK", "Set-Cookie: a=b; Path=/"))
    async with web(behave) as server, RunWire(server.base, LAB) as wire:
        for _ in range(2):
            assert (await wire.get(server.base, fresh=True)).status == 200
    assert not any(word in head for head in server.heads for word in ("Cookie", "Authorization"))


async def test_a_redirect_is_told_and_not_followed() -> None:
    where = "https://login.microsoftonline.com/x"
    async with web(says(answer(b"", "302 Found", f"Location: {where}"))) as server, RunWire(server.base, LAB) as wire:
        reply = await wire.get(server.base)
        assert (reply.status, reply.headers["location"]) == (302, where)
        assert server.lines == [f"GET {SCEP} HTTP/1.1"]


async def test_connections_are_kept_and_few() -> None:
    async with web(says(answer(b"x" * 1233))) as server, RunWire(server.base, LAB) as wire:
        await asyncio.gather(*(wire.get(f"{server.base}?operation=GetCACaps&message={i}") for i in range(20)))
        assert wire.requests == len(server.lines) == 21  # with the bare URL
        assert server.connections <= 4


async def test_a_long_url_goes_out_whole() -> None:
    async with web(says(answer())) as server, RunWire(server.base, LAB) as wire:
        await wire.get(f"{server.base}?operation=GetCACaps&message={'a' * 31_000}")
        assert len(server.lines[-1]) > 31_000


@pytest.mark.parametrize("head", ["HTTP/1.0 200 OK", "HTTP/1.1 200 OK", "HTTP/1.0 403 Forbidden"])
async def test_an_answer_may_end_with_its_connection(head: str) -> None:
    said = f"{head}\r\nServer: old\r\n\r\nto the end".encode()
    async with web(says(said, close=True)) as server, RunWire(server.base, LAB) as wire:
        for _ in range(2):
            assert (await wire.get(server.base, fresh=True)).body == b"to the end"


async def test_a_status_line_needs_no_reason() -> None:
    behave = says(b"HTTP/1.1 200\r\nServer: x\r\nContent-Length: 0\r\n\r\n")
    async with web(behave) as server, RunWire(server.base, LAB) as wire:
        reply = await wire.get(server.base)
    assert (reply.status, reply.reason) == (200, "")


async def test_what_is_packed_stays_packed() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    async with web(says(answer(bomb, "200 OK", "Content-Encoding: gzip"))) as server, RunWire(server.base, LAB) as wire:
        tracemalloc.start()
        reply = await wire.get(server.base)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert reply.body == bomb
    assert most < 5_000_000


async def test_an_interim_answer_is_not_the_answer() -> None:
    said = b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"real", "200 OK")
    async with web(says(said)) as server, RunWire(server.base, LAB) as wire:
        assert (await wire.get(server.base)).body == b"real"


async def test_header_fields_are_bounded() -> None:
    fields = [f"X-{i}: {'v' * 2_000}" for i in range(150)]
    async with web(says(answer(b"x", "200 OK", *fields))) as server, RunWire(server.base, LAB) as wire:
        reply = await wire.get(server.base)
    assert len(reply.headers) == 100
    assert len(reply.headers["x-1"]) == 1_000


async def test_a_repeated_field_is_bounded_as_a_whole() -> None:
    fields = [f"WWW-Authenticate: {'v' * 900}"] * 90
    async with web(says(answer(b"x", "401 No", *fields))) as server, RunWire(server.base, LAB) as wire:
        assert len((await wire.get(server.base)).headers["www-authenticate"]) == 1_000


async def test_a_mention_in_a_header_is_text() -> None:
    behave = says(answer(b"", "200 OK", "X-A: @everyone <!channel> \x1b[31m"))
    async with web(behave) as server, RunWire(server.base, LAB) as wire:
        assert (await wire.get(server.base)).headers["x-a"].startswith("@everyone <!channel>")


# --- servers that misbehave ---------------------------------------------------------------------


async def _endless(_: str, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x" * 65_536)
        await writer.drain()
        await asyncio.sleep(0)


async def _endless_chunks(_: str, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"1\r\nx\r\n" * 10_000)
        await writer.drain()
        await asyncio.sleep(0)


async def _slow_drip(_: str, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _slow_header(_: str, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _endless_interim(_: str, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)
        await writer.drain()
        await asyncio.sleep(0)


async def _silent(_: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def _flood(_: str, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for i in range(20_000):
        writer.write(b"X-%d: y\r\n" % i)
        await writer.drain()


async def _trailers(_: str, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n")
    for i in range(20_000):
        writer.write(b"X-%d: y\r\n" % i)
        await writer.drain()


async def _long_line(_: str, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: " + b"y" * 1_048_576)
    await writer.drain()
    await asyncio.sleep(60)


async def _chunk_extension(_: str, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")
    while not writer.is_closing():
        writer.write(b"a=b;" * 10_000)
        await writer.drain()
        await asyncio.sleep(0)


async def _reset_at_once(_: str, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    reset(writer)


async def _reset_within(_: str, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc")
    await writer.drain()
    await asyncio.sleep(0.1)
    reset(writer)


async def _close(_: str, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


HOSTILE: dict[str, tuple[Behaviour, set[Trouble]]] = {
    "endless body": (_endless, {"too-large"}),
    "endless chunks of one byte": (_endless_chunks, {"too-large", "timeout"}),
    "announced too large": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"), {"too-large"}),
    "slow drip": (_slow_drip, {"timeout"}),
    "slow header": (_slow_header, {"timeout"}),
    "interim answers without end": (_endless_interim, {"timeout", "malformed"}),
    "no answer": (_silent, {"timeout"}),
    "header flood": (_flood, {"malformed"}),
    "trailer flood": (_trailers, {"malformed", "truncated"}),
    "header line of 1 MB": (_long_line, {"malformed"}),
    "status line of 1 MB": (says(b"HTTP/1.1 200 " + b"O" * 1_048_576 + b"\r\n\r\n", close=True), {"malformed"}),
    "endless chunk extension": (_chunk_extension, {"timeout", "malformed", "truncated"}),
    "garbage for a status line": (says(os.urandom(1_000) + b"\r\n\r\n", close=True), {"malformed"}),
    "a bare body": (says(b"<html>no status line</html>", close=True), {"malformed"}),
    "another protocol": (says(b"220 mail.contoso.com ESMTP\r\n", close=True), {"malformed"}),
    "TLS spoken": (says(b"\x15\x03\x03\x00\x02\x02\x28", close=True), {"malformed"}),
    "a status of four digits": (says(b"HTTP/1.1 2000 OK\r\nA: b\r\n\r\n", close=True), {"malformed"}),
    "no header at all": (says(b"HTTP/1.1 200 OK\r\n\r\nbody", close=True), {"malformed"}),
    "a negative length": (says(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", close=True), {"malformed"}),
    "two lengths": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", close=True),
        {"malformed"},
    ),
    "a chunk size that is none": (
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", close=True),
        {"malformed", "truncated"},
    ),
    "a chunk size beyond all numbers": (
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx", close=True),
        {"malformed", "truncated"},
    ),
    "a NUL in a header": (says(b"HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n"), {"malformed"}),
    "closed at once": (_close, {"dropped"}),
    "reset at once": (_reset_at_once, {"reset"}),
    "closed within the status line": (says(b"HTTP/1.1 20", close=True), {"truncated", "dropped"}),
    "closed within the headers": (says(b"HTTP/1.1 200 OK\r\nServer: x\r\nCont", close=True), {"truncated", "dropped"}),
    "closed within the body": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", close=True), {"truncated"}),
    "closed within a chunk": (
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", close=True),
        {"truncated"},
    ),
    "reset within the body": (_reset_within, {"reset"}),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_server_is_told_within_the_deadline_and_in_little_memory(name: str) -> None:
    behave, troubles = HOSTILE[name]
    await told(says(answer()), deadline=0.0)  # the modules are loaded
    tracemalloc.start()
    try:
        error = await told(behave, deadline=1.0)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert error.trouble in troubles
    assert most < 25_000_000
    assert str(error).endswith(".")
    assert "X-" not in str(error)


async def test_an_answer_too_many_is_not_taken_for_the_next_one() -> None:
    async def behave(line: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(line.encode(), "200 OK") + answer(b"smuggled", "200 OK"))

    async with web(behave) as server, RunWire(server.base, LAB) as wire:
        for path in ("/a", "/b", "/c"):
            assert (await wire.get(server.origin + path)).body == f"GET {path} HTTP/1.1".encode()


async def test_a_server_that_switches_protocols_is_not_followed() -> None:
    said = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\nPRI * HTTP/2.0"
    async with web(says(said, close=True)) as server, RunWire(server.base, LAB) as wire:
        try:
            assert (await wire.get(server.base, deadline=1)).status == 101
        except ProbeError as error:
            assert error.trouble in ("malformed", "timeout", "truncated")


@pytest.mark.parametrize("secure", [False, True])
async def test_a_server_that_never_ends_is_let_go_at_once(secure: bool) -> None:
    context = Pki().server(Pki().issue("127.0.0.1")) if secure else None
    async with web(_endless, tls=context) as server:
        base = server.base.replace("http:", "https:") if secure else server.base
        async with RunWire(base, LAB) as wire:
            for behave in ({"most": 100_000}, {"deadline": 0.2, "most": 10**12}):
                with pytest.raises(ProbeError):
                    await wire.get(base, fresh=True, **behave)
            async with asyncio.timeout(5):
                while server.serving:
                    await asyncio.sleep(0.01)


async def test_a_port_that_is_shut_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with RunWire(f"http://127.0.0.1:{port}{SCEP}", LAB) as wire:
        for look in (wire.get(f"http://127.0.0.1:{port}/"), wire.tcp("127.0.0.1", port), wire.tls("127.0.0.1", port)):
            with pytest.raises(ProbeError) as error:
                await look
            assert error.value.trouble == "refused"
            assert str(error.value) == f"127.0.0.1:{port} refused the connection."
        assert wire.requests == 0


async def test_tls_where_there_is_none_is_told() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer(b"", "400 Bad Request"))
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}{SCEP}"
        async with RunWire(url, LAB) as wire:
            with pytest.raises(ProbeError, match="OpenSSL says") as error:
                await wire.get(url)
            assert error.value.trouble == "tls"
            assert wire.requests == 0


# --- asked once, for as long as somebody waits ---------------------------------------------------


class _Gate:
    """Behaves like a server that answers once it is opened."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def __call__(self, line: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if "slow" in line:
            await self.open.wait()
        writer.write(answer(line.encode()))


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.005)


async def test_the_same_url_is_asked_once_in_a_run() -> None:
    async with web(says(answer(b"x"))) as server, RunWire(server.base, LAB) as wire:
        replies = await asyncio.gather(*(wire.get(server.base) for _ in range(10)))
        assert await wire.get(server.base.replace("http", "HTTP")) is replies[0]
        assert wire.requests == len(server.lines) == 1
        assert await wire.get(server.base, fresh=True) is not replies[0]
        assert wire.requests == len(server.lines) == 2


async def test_trouble_is_remembered_too() -> None:
    async with web(_close) as server, RunWire(server.base, LAB) as wire:
        errors = []
        for _ in range(3):
            with pytest.raises(ProbeError) as error:
                await wire.get(server.origin + "/x")
            errors.append(error.value)
        assert len(server.lines) == 1
        assert {str(error) for error in errors} == {str(errors[0])}
        assert len({id(error) for error in errors}) == 3


async def test_one_who_goes_does_not_take_the_answer_from_the_others() -> None:
    gate = _Gate()
    async with web(gate) as server, RunWire(server.base, LAB) as wire:
        impatient, patient = (asyncio.create_task(wire.get(server.origin + "/slow")) for _ in range(2))
        await _until(lambda: bool(server.lines))
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        gate.open.set()
        assert (await patient).status == 403
        assert impatient.cancelled()
        assert len(server.lines) == 1


async def test_when_all_have_gone_the_request_ends_and_may_be_asked_again() -> None:
    gate = _Gate()
    async with web(gate) as server, RunWire(server.base, LAB) as wire:
        waiting = asyncio.create_task(wire.get(server.origin + "/slow"))
        await _until(lambda: bool(server.lines))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        gate.open.set()
        assert (await wire.get(server.origin + "/slow")).status == 403
        assert len(server.lines) == 2


async def test_everybody_waits_as_long_as_they_said() -> None:
    gate = _Gate()
    async with web(gate) as server, RunWire(server.base, LAB) as wire:
        short = asyncio.create_task(wire.get(server.origin + "/slow", deadline=0.1))
        long = asyncio.create_task(wire.get(server.origin + "/slow", deadline=5))
        with pytest.raises(ProbeError, match=r"did not answer within 0\.1 s\.") as error:
            await short
        assert error.value.trouble == "timeout"
        gate.open.set()
        assert (await long).status == 403
        assert len(server.lines) == 1


async def test_what_did_not_come_in_time_is_asked_again_only_with_more_patience() -> None:
    gate = _Gate()
    async with web(gate) as server, RunWire(server.base, LAB) as wire:
        for deadline in (0.2, 0.2, 0.1):
            with pytest.raises(ProbeError):
                await wire.get(server.origin + "/slow", deadline=deadline)
        assert len(server.lines) == 1
        gate.open.set()
        assert (await wire.get(server.origin + "/slow", deadline=5)).status == 403
        assert len(server.lines) == 2


async def test_slow_pages_do_not_hold_up_the_others() -> None:
    gate = _Gate()
    async with web(gate) as server, RunWire(server.base, LAB) as wire:
        slow = [asyncio.create_task(wire.get(f"{server.origin}/slow{i}", deadline=8)) for i in range(3)]
        async with asyncio.timeout(5):
            await asyncio.gather(*(wire.get(f"{server.origin}/{i}") for i in range(10)))
        assert not any(task.done() for task in slow)
        assert server.connections <= 4
        gate.open.set()
        await asyncio.gather(*slow)


async def test_waiting_for_a_turn_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, loop = _Gate(), asyncio.get_running_loop()
    async with web(gate) as server, RunWire(server.base, LAB) as wire:
        slow = [asyncio.create_task(wire.get(f"{server.origin}/slow{i}", deadline=3600)) for i in range(4)]
        await _until(lambda: len(server.lines) == 4)
        queueing = asyncio.create_task(wire.get(f"{server.origin}/x", deadline=30))
        await asyncio.sleep(0.01)  # a timer that was set on the way would stand by now
        goes = loop.time
        monkeypatch.setattr(loop, "time", lambda: goes() + 60)
        await asyncio.sleep(0.01)  # and have gone off by now
        assert not queueing.done()
        gate.open.set()
        assert (await queueing).status == 403
        await asyncio.gather(*slow)


async def test_the_end_of_a_run_ends_what_is_under_way() -> None:
    async with web(_silent) as server:
        async with RunWire(server.base, LAB) as wire:
            waiting = asyncio.create_task(wire.get(server.base, deadline=60))
            await _until(lambda: bool(server.lines))
        with pytest.raises(ProbeError) as error:
            await waiting
        assert error.value.trouble == "left-alone"
        await _until(lambda: not server.serving)


# --- the SCEP pool -------------------------------------------------------------------------------


async def test_of_the_pool_the_bare_url_is_asked_first_and_by_itself() -> None:
    gate = _Gate()

    async def behave(line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gate("slow" if line == f"GET {SCEP} HTTP/1.1" else line, reader, writer)

    async with web(behave) as server, RunWire(server.base, LAB) as wire:
        pool = [
            wire.get(f"{server.base}?operation=GetCACaps&message=ca"),
            wire.get(f"{server.origin}/CertSrv/mscep_admin/"),
        ]
        waiting = [asyncio.create_task(look) for look in pool]
        assert (await wire.get(f"{server.origin}/CertificateRegistrationSvc/")).status == 403
        await asyncio.sleep(0.1)
        assert sorted(server.lines) == ["GET /CertificateRegistrationSvc/ HTTP/1.1", f"GET {SCEP} HTTP/1.1"]
        gate.open.set()
        await asyncio.gather(*waiting)
        assert (await wire.get(server.base)).status == 403
        assert wire.requests == len(server.lines) == 4


@pytest.mark.parametrize("fall", [_close, _reset_at_once, HOSTILE["closed within the body"][0]])
async def test_after_a_lost_connection_the_pool_is_left_alone(fall: Behaviour) -> None:
    async def behave(line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (fall if "mscep" in line else says(answer()))(line, reader, writer)

    async with web(behave) as server, web(behave) as other_port, RunWire(server.base, LAB) as wire:
        with pytest.raises(ProbeError) as error:
            await wire.get(server.base)
        assert error.value.trouble in ("dropped", "reset", "truncated")
        more = [
            wire.get(server.base, fresh=True),
            wire.get(f"{server.base}?operation=GetCACert&message=ca"),
            wire.get(f"{server.origin}/certsrv/mscep_admin/"),
            wire.post(f"{server.base}?operation=PKIOperation", b"x", content_type="application/x-pki-message"),
            wire.get(other_port.base),
        ]
        for look in more:
            with pytest.raises(ProbeError) as error:
                await look
            assert error.value.trouble == "left-alone"
        assert server.lines == [f"GET {SCEP} HTTP/1.1"]
        assert other_port.lines == []
        assert (await wire.get(server.origin + "/")).status == 403
        assert (await wire.get(server.origin + "/CertificateRegistrationSvc/")).status == 403


async def test_a_server_that_does_not_answer_in_time_is_not_one_that_fell() -> None:
    async def behave(line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (says(answer()) if "?" in line else _silent)(line, reader, writer)

    async with web(behave) as server, RunWire(server.base, LAB) as wire:
        with pytest.raises(ProbeError):
            await wire.get(server.base, deadline=0.2)
        assert (await wire.get(server.base + "?operation=GetCACaps&message=ca")).status == 403


async def test_a_request_that_fells_the_server_is_sent_once() -> None:
    async with web(_close) as server, RunWire(server.base, LAB) as wire:
        with pytest.raises(ProbeError) as error:
            await wire.get(server.base)
        assert error.value.trouble == "dropped"
        assert wire.requests == len(server.lines) == 1


async def test_a_kept_connection_that_was_closed_is_no_drop() -> None:
    """A server that closes without saying so, just when the next request is under way."""

    async def behave(line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer())
        await writer.drain()
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with web(behave) as server, RunWire(server.base, LAB) as wire:
        for path in ("/a", "/b", "/c"):
            assert (await wire.get(server.origin + path)).status == 403
        assert wire.requests == 4  # a, b on the same connection, b once more, c


async def test_the_bare_url_has_a_new_connection_so_that_a_drop_is_its_own() -> None:
    async def behave(line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (_close if "mscep" in line else says(answer()))(line, reader, writer)

    async with web(behave) as server, RunWire(server.base, LAB) as wire:
        await wire.get(server.origin + "/")
        with pytest.raises(ProbeError):
            await wire.get(server.base)
        assert server.lines == ["GET / HTTP/1.1", f"GET {SCEP} HTTP/1.1"]


async def test_where_connections_are_kept_a_drop_is_a_drop() -> None:
    async def behave(line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (_close if "GetCACert" in line else says(answer()))(line, reader, writer)

    async with web(behave) as server, RunWire(server.base, LAB) as wire:
        await wire.get(server.base)
        await wire.get(server.base + "?operation=GetCACaps&message=ca")
        with pytest.raises(ProbeError) as error:
            await wire.get(server.base + "?operation=GetCACert&message=ca")
        assert error.value.trouble == "dropped"
        assert server.connections == 1
        assert len(server.lines) == wire.requests == 3


# --- POST and files ------------------------------------------------------------------------------


async def test_a_post_carries_its_body_and_is_sent_every_time() -> None:
    bodies: list[bytes] = []

    async def behave(line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if line.startswith("POST"):
            bodies.append(await reader.readexactly(4))
        writer.write(answer(b"CertRep", "200 OK"))

    async with web(behave) as server, RunWire(server.base, LAB) as wire:
        url = server.base + "?operation=PKIOperation"
        for _ in range(2):
            assert (
                await wire.post(url, b"\x30\x00\xff\n", content_type="application/x-pki-message")
            ).body == b"CertRep"
        assert bodies == [b"\x30\x00\xff\n"] * 2
        assert server.lines[0] == f"GET {SCEP} HTTP/1.1"
        assert "Content-Type: application/x-pki-message" in server.heads[-1]
        assert wire.requests == 3


async def test_a_post_has_a_deadline_and_is_never_repeated() -> None:
    async def behave(line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (_silent if "hang" in line else _close if "fall" in line else says(answer()))(line, reader, writer)

    async with web(behave) as server, RunWire(server.base, LAB) as wire:
        for path, trouble in (("/hang", "timeout"), ("/fall", "dropped")):
            with pytest.raises(ProbeError) as error:
                await wire.post(server.origin + path, b"x", content_type="text/plain", deadline=0.5)
            assert error.value.trouble == trouble
        assert server.lines == ["POST /hang HTTP/1.1", "POST /fall HTTP/1.1"]


async def test_nothing_but_get_goes_out_unless_post_is_called() -> None:
    async with web(says(answer())) as server, RunWire(server.base, LAB) as wire:
        await wire.get(server.base)
        with suppress(ProbeError):
            await wire.fetch(server.origin + "/a.crl")
        await wire.tcp("127.0.0.1", server.port)
        assert {line.split()[0] for line in server.lines} == {"GET"}


async def test_a_crl_is_fetched_once() -> None:
    crl = os.urandom(1_000_000)
    async with web(says(answer(crl, "200 OK"))) as server, RunWire(server.base, LAB) as wire:
        assert await wire.fetch(server.origin + "/CertEnroll/Root%20CA.crl") == crl
        assert await wire.fetch(server.origin + "/CertEnroll/Root%20CA.crl") == crl
        assert server.lines == ["GET /CertEnroll/Root%20CA.crl HTTP/1.1"]


async def test_files_are_few_bounded_and_read_by_http_alone() -> None:
    async def behave(line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (says(answer(b"", "200 OK")) if "crl" in line else says(answer(b"", "301 Moved", "Location: /a.crl")))(
            line, reader, writer
        )

    async with web(behave) as server, web(_endless) as endless, RunWire(server.base, LAB) as wire:
        troubles = {
            endless.origin + "/": "too-large",
            server.origin + "/moved": "malformed",
            server.origin.replace("http", "https") + "/a.crl": "guarded",
            "ldap:///CN=CDP": "guarded",
            "http://10.0.0.1/a.crl": "guarded",
        }
        for url, trouble in troubles.items():
            with pytest.raises(ProbeError) as error:
                await wire.fetch(url)
            assert error.value.trouble == trouble
        for i in range(MOST_FETCHED - 3):
            assert await wire.fetch(f"{server.origin}/{i}.crl") == b""
        with pytest.raises(ProbeError, match="10 files at most") as error:
            await wire.fetch(server.origin + "/one-more.crl")
        assert error.value.trouble == "guarded"
        assert await wire.fetch(f"{server.origin}/1.crl") == b""
    assert LARGEST_FILE == 5 * 1024 * 1024


# --- connecting and names ------------------------------------------------------------------------


async def test_connecting_is_timed_and_done_once() -> None:
    async with web(says(answer())) as server, RunWire(server.base, LAB) as wire:
        took = await wire.tcp("127.0.0.1", server.port)
        assert 0 < took < 1_000
        assert await wire.tcp("127.0.0.1", server.port) == took
        await _until(lambda: server.connections == 1)


async def test_the_next_address_is_tried_where_one_is_dead() -> None:
    async def two(host: str) -> Sequence[str]:
        return ["127.0.0.9", "127.0.0.1"]

    async with web(says(answer())) as server, RunWire(f"http://two.example:{server.port}/", LAB, resolver=two) as wire:
        assert (await wire.get(f"http://two.example:{server.port}/")).status == 403
        assert await wire.tcp("two.example", server.port) > 0


async def test_a_name_may_be_given_its_address() -> None:
    async def nobody(host: str) -> Sequence[str]:
        raise AssertionError("not to be asked")

    async with web(says(answer())) as server:
        url = f"http://NDES01.contoso.com:{server.port}/"
        async with RunWire(url, LAB, resolve={"ndes01.Contoso.com": "127.0.0.1"}, resolver=nobody) as wire:
            assert (await wire.get(url)).status == 403
            look = await wire.names("ndes01.contoso.com")
            assert (look.addresses, look.aliases, look.aliases_known) == (("127.0.0.1",), (), False)
        assert f"Host: ndes01.contoso.com:{server.port}" in server.heads[0]


async def test_an_address_given_to_a_name_is_guarded() -> None:
    for address in ("10.0.0.1", "169.254.169.254", "not an address"):
        async with RunWire("http://a.example/", Guard(), resolve={"a.example": address}) as wire:
            with pytest.raises(ProbeError) as error:
                await wire.get("http://a.example/")
            assert error.value.trouble == "guarded"


async def test_names_are_told_whether_or_not_they_may_be_asked() -> None:
    async def inside(host: str) -> Sequence[str]:
        return ["10.0.0.1", "10.0.0.2", "10.0.0.1"]

    async with RunWire("https://a.example/", Guard(), resolver=inside) as wire:
        look = await wire.names("A.example")
        assert look.addresses == ("10.0.0.1", "10.0.0.2")
        assert look.took_ms >= 0


async def test_this_computer_knows_its_own_name() -> None:
    async with RunWire("https://localhost/", LAB) as wire:
        look = await wire.names("localhost")
        assert set(look.addresses) & {"127.0.0.1", "::1"}
        assert not look.aliases_known


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), "nxdomain"),
        (socket.gaierror(socket.EAI_AGAIN, "x"), "servfail"),
        (socket.gaierror(socket.EAI_FAIL, "x"), "servfail"),
        (TimeoutError(), "timeout"),
        (UnicodeError("label too long"), "malformed"),
    ],
)
async def test_a_resolver_that_fails_is_told(error: Exception, trouble: Trouble) -> None:
    async def failing(host: str) -> Sequence[str]:
        raise error

    async with RunWire("https://a.example/", LAB, resolver=failing) as wire:
        for look in (
            wire.names("a.example"),
            wire.get("https://a.example/"),
            wire.tls("a.example"),
            wire.tcp("a.example"),
        ):
            with pytest.raises(ProbeError) as told:
                await look
            assert told.value.trouble == trouble


async def test_a_name_without_an_address_does_not_exist() -> None:
    async def empty(host: str) -> Sequence[str]:
        return []

    async with RunWire("https://a.example/", LAB, resolver=empty) as wire:
        with pytest.raises(ProbeError) as error:
            await wire.names("a.example")
        assert error.value.trouble == "nxdomain"


async def test_a_resolver_that_hangs_is_given_three_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_names, "PATIENCE", 0.2)

    async def hanging(host: str) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    async with RunWire("https://a.example/", LAB, resolver=hanging) as wire:
        with pytest.raises(ProbeError) as error:
            await wire.names("a.example")
        assert error.value.trouble == "timeout"


class _NameServer(asyncio.DatagramProtocol):
    """A name server that knows one chain of aliases."""

    ZONE = (
        "ndes.contoso.com. 60 IN CNAME ndes-contoso.msappproxy.net.",
        "ndes-contoso.msappproxy.net. 60 IN CNAME edge.example.",
        "edge.example. 60 IN A 20.1.2.3",
    )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, sender: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        said = dns.message.make_response(query)
        question = query.question[0]
        name = question.name.to_text()
        if name == "failing.example.":
            said.set_rcode(dns.rcode.SERVFAIL)
        elif name != "ndes.contoso.com.":
            said.set_rcode(dns.rcode.NXDOMAIN)
        else:
            for line in self.ZONE[: 3 if question.rdtype == dns.rdatatype.A else 2]:
                said.answer.append(dns.rrset.from_text(*line.split(maxsplit=4)))
        if name != "silent.example.":
            self.transport.sendto(said.to_wire(), sender)


@asynccontextmanager
async def name_server() -> AsyncIterator[tuple[str, int]]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(_NameServer, local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")
    finally:
        transport.close()


async def test_aliases_are_the_chain_of_cnames() -> None:
    async with name_server() as server:
        names = Names(servers=[server])
        assert await names.aliases("ndes.contoso.com") == ("ndes-contoso.msappproxy.net", "edge.example")


async def test_aliases_that_cannot_be_learnt_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_names, "PATIENCE", 0.2)
    async with name_server() as server:
        names = Names(servers=[server])
        for name in ("unknown.example", "failing.example", "silent.example", "127.0.0.1", "localhost"):
            assert await names.aliases(name) is None


async def test_a_public_resolver_is_asked_where_somebody_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_names, "PATIENCE", 0.5)
    async with name_server() as server:
        names = Names(servers=[server])
        look = await names.public("ndes.contoso.com")
        assert look.addresses == ("20.1.2.3",)
        assert look.aliases == ("ndes-contoso.msappproxy.net", "edge.example")
        for name, trouble in (
            ("x.example", "nxdomain"),
            ("failing.example", "servfail"),
            ("silent.example", "timeout"),
        ):
            with pytest.raises(ProbeError) as error:
                await names.public(name)
            assert error.value.trouble == trouble


# --- every foreign exception is a trouble --------------------------------------------------------


def _family(kind: type[BaseException]) -> set[type[BaseException]]:
    return {kind}.union(*(_family(child) for child in kind.__subclasses__()))


def _raised(kind: type[BaseException]) -> BaseException:
    """An exception of this kind, with what its constructor wants."""
    if issubclass(kind, aiohttp.ClientConnectorError):
        key = ConnectionKey("ndes01", 443, True, True, None, None, None)
        if issubclass(kind, aiohttp.ClientConnectorCertificateError):
            return kind(key, ssl.CertificateError())
        if issubclass(kind, aiohttp.ClientConnectorSSLError):
            return kind(key, ssl.SSLError(1, "x"))
        extra = ["/x"] if issubclass(kind, aiohttp.client_exceptions.UnixClientConnectorError) else []
        return kind(*extra, key, ConnectionRefusedError(errno.ECONNREFUSED, "x"))
    return kind() if issubclass(kind, aiohttp.ServerDisconnectedError) else kind.__new__(kind)


LIBRARIES = ("aiohttp", "ssl", "socket", "dns", "builtins", "asyncio", "connectors")
ROOTS = (
    aiohttp.ClientError,
    aiohttp.http_exceptions.HttpProcessingError,
    dns.exception.DNSException,
    EOFError,
    OSError,
)
FOREIGN = sorted(
    (kind for kind in set().union(*map(_family, ROOTS)) if kind.__module__.partition(".")[0] in LIBRARIES),
    key=lambda kind: f"{kind.__module__}.{kind.__name__}",
)


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_exception_of_the_libraries_has_its_trouble(kind: type[BaseException]) -> None:
    error = _raised(kind)
    assert trouble_of(error) in get_args(Trouble)
    told = probe_error(error, "ndes01:443")
    assert told.trouble == trouble_of(error)
    assert str(told).endswith(".")


def test_the_families_are_complete() -> None:
    """Whatever the libraries export for their callers to catch is among those that were tried."""
    exported = {
        kind
        for module in (aiohttp.client_exceptions, aiohttp.http_exceptions, ssl, socket, dns.exception, dns.resolver)
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and not name.startswith("_")
    }
    websockets = {aiohttp.WSMessageTypeError}
    assert exported - websockets <= set(FOREIGN)


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (OSError(errno.ECONNREFUSED, "x"), "refused"),
        (OSError(errno.ECONNRESET, "x"), "reset"),
        (OSError(errno.EPIPE, "x"), "reset"),
        (OSError(errno.ETIMEDOUT, "x"), "timeout"),
        (OSError(errno.EHOSTUNREACH, "x"), "unreachable"),
        (OSError(errno.ENETUNREACH, "x"), "unreachable"),
        (OSError(errno.EADDRNOTAVAIL, "x"), "unreachable"),
        (OSError("several"), "unreachable"),
        (ssl.SSLError(1, "x"), "tls"),
        (ssl.SSLEOFError(8, "x"), "tls"),
        (aiohttp.ServerDisconnectedError(), "dropped"),
        (aiohttp.ServerTimeoutError(), "timeout"),
        (aiohttp.ClientPayloadError("x"), "truncated"),
        (aiohttp.InvalidURL("x"), "guarded"),
        (dns.resolver.NXDOMAIN(), "nxdomain"),
        (dns.resolver.NoNameservers(), "servfail"),
        (dns.exception.Timeout(), "timeout"),
        (ProbeError("left-alone", "x"), "left-alone"),
        (RuntimeError("a bug in a library"), "malformed"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value),
)
def test_well_known_exceptions_have_the_right_trouble(error: Exception, trouble: Trouble) -> None:
    assert trouble_of(error) == trouble


def test_openssl_says_why_in_small_letters() -> None:
    error = ssl.SSLError(1, "x")
    error.reason = "TLSV1_ALERT_PROTOCOL_VERSION"
    told = str(probe_error(error, "ndes01:443"))
    assert told == "No TLS handshake with ndes01:443 came about. OpenSSL says: tlsv1 alert protocol version."
