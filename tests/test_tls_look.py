"""The look at TLS: every kind of server and certificate, over real handshakes."""

import asyncio
import os
import socket
import ssl
import struct
import tempfile
import threading
import tracemalloc
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bot.errors import ProbeError, Trouble
from bot.ports import TlsLook, Trust
from connectors.guard import Guard
from connectors.tls_records import Records
from connectors.wire import RunWire
from tests.steps import steps

LAB = Guard([ip_network("127.0.0.0/8")], any_port=True)
NAME = "ndes01.contoso.com"
OLD = "ALL:@SECLEVEL=0"
TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


class Pki:
    """Two tiers: a root, an issuing CA, and what that issues."""

    def __init__(self, owner: str = "Contoso") -> None:
        self.root = _issue(f"{owner} Root CA", None, authority=True)
        self.issuing = _issue(f"{owner} Issuing CA", self.root, authority=True)

    @property
    def roots(self) -> str:
        return self.root.pem.decode()

    def issue(self, name: str, *, starts: int = -1, ends: int = 90, key: Key | None = None) -> Issued:
        """A server certificate; days from today."""
        return _issue(name, self.issuing, starts=starts, ends=ends, key=key)

    def server(
        self,
        own: Issued,
        *chain: Issued,
        oldest: ssl.TLSVersion = TLS12,
        newest: ssl.TLSVersion = TLS13,
        wants: ssl.VerifyMode = ssl.CERT_NONE,
        ciphers: str = "",
    ) -> ssl.SSLContext:
        """A server that sends its certificate and the given chain: the issuing CA where none is given."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = oldest, newest
        if ciphers:
            context.set_ciphers(ciphers)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "server.pem"
            secret = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            path.write_bytes(secret + own.pem + b"".join(one.pem for one in chain or (self.issuing,)))
            context.load_cert_chain(path)
        if wants != ssl.CERT_NONE:
            context.verify_mode = wants
            context.load_verify_locations(cadata=self.roots)
        return context


def _issue(
    name: str,
    issuer: Issued | None,
    *,
    authority: bool = False,
    starts: int = -1,
    ends: int = 90,
    key: Key | None = None,
) -> Issued:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=min(starts, ends - 1)))
        .not_valid_after(now + timedelta(days=ends))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(name)]), critical=False)
    return Issued(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def _general(name: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ip_address(name))
    return x509.DNSName(name)


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki()


Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw(accept: Accept) -> AsyncIterator[int]:
    """A server that does what it likes with a connection."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        with suppress(OSError, asyncio.CancelledError):
            await accept(reader, writer)
        writer.close()
        tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.sleep(0.01)


class Secured:
    """A TLS server that waits for what comes. In a thread: asyncio swallows the alerts that servers send."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0

    async def __aenter__(self) -> Self:
        self._threads[0].start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with suppress(OSError), connection, self._context.wrap_socket(connection, server_side=True) as secure:
            while secure.recv(4_096):
                pass


async def look(port: int, *, name: str = NAME, roots: str = "", legacy: bool = False) -> TlsLook:
    """One look, by a wire of its own."""
    url = f"https://{name}:{port}/certsrv/mscep/mscep.dll"
    async with RunWire(url, LAB, roots=roots, resolve={name: "127.0.0.1"}) as wire:
        found = await wire.tls(name, port, legacy=legacy)
        assert await wire.tls(name.upper(), port, legacy=legacy) is found
        assert wire.requests == 0
    return found


# --- what a server offers ----------------------------------------------------------------------


async def test_a_current_server_is_seen_whole_in_two_connections(pki: Pki) -> None:
    own = pki.issue(NAME)
    async with Secured(pki.server(own)) as server:
        found = await look(server.port, roots=pki.roots)
        assert (found.version, found.cipher) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
        assert found.chain == (own.der, pki.issuing.der)
        assert (found.trust, found.trust_code, found.asks_client) == ("ok", 0, False)
        assert 0 < found.took_ms < 5_000
        assert server.connections == 2


async def test_a_server_with_tls_1_2_is_seen_whole_in_one_connection(pki: Pki) -> None:
    own = pki.issue(NAME)
    async with Secured(pki.server(own, newest=TLS12)) as server:
        found = await look(server.port, roots=pki.roots)
        assert found.version == "TLSv1.2"
        assert found.cipher == "ECDHE-ECDSA-AES256-GCM-SHA384"
        assert found.chain == (own.der, pki.issuing.der)
        assert (found.trust, found.asks_client) == ("ok", False)
        assert server.connections == 1


async def test_of_a_server_with_nothing_but_tls_1_3_its_own_certificate_is_seen(pki: Pki) -> None:
    own = pki.issue(NAME)
    async with Secured(pki.server(own, oldest=TLS13)) as server:
        found = await look(server.port, roots=pki.roots)
        assert (found.version, found.chain) == ("TLSv1.3", (own.der,))
        assert (found.trust, found.asks_client) == ("ok", None)
        assert server.connections == 3


async def test_its_certificate_is_seen_even_where_it_does_not_verify(pki: Pki) -> None:
    own = pki.issue("other.contoso.com")
    async with Secured(pki.server(own, oldest=TLS13)) as server:
        found = await look(server.port, roots=pki.roots)
        assert (found.chain, found.trust, found.trust_code) == ((own.der,), "name_mismatch", 62)


@pytest.mark.parametrize(("newest", "version"), [(ssl.TLSVersion.TLSv1, "TLSv1"), (ssl.TLSVersion.TLSv1_1, "TLSv1.1")])
async def test_a_server_with_old_versions_only_is_seen_by_the_legacy_look(
    pki: Pki, newest: ssl.TLSVersion, version: str
) -> None:
    own = pki.issue(NAME, key=rsa.generate_private_key(65537, 2048))
    async with Secured(pki.server(own, oldest=ssl.TLSVersion.TLSv1, newest=newest, ciphers=OLD)) as server:
        with pytest.raises(ProbeError, match="alert 70, protocol version") as error:
            await look(server.port, roots=pki.roots)
        assert error.value.trouble == "tls"
        assert server.connections <= 2
        found = await look(server.port, roots=pki.roots, legacy=True)
        assert (found.version, found.trust) == (version, "ok")
        assert found.chain == (own.der, pki.issuing.der)


async def test_a_current_server_refuses_the_legacy_look(pki: Pki) -> None:
    async with Secured(pki.server(pki.issue(NAME))) as server:
        with pytest.raises(ProbeError) as error:
            await look(server.port, legacy=True)
        assert error.value.trouble == "tls"
        assert server.connections == 1


async def test_a_weak_server_is_seen_although_no_current_client_takes_it(pki: Pki) -> None:
    own = pki.issue(NAME, key=rsa.generate_private_key(65537, 1024))
    context = pki.server(own, newest=TLS12, ciphers="DHE-RSA-AES128-SHA:AES128-SHA:@SECLEVEL=0")
    async with Secured(context) as server:
        found = await look(server.port, roots=pki.roots)
        assert found.version == "TLSv1.2"
        assert found.trust in ("unknown", "untrusted")
        assert found.chain


# --- the verdict --------------------------------------------------------------------------------


async def verdict(context: ssl.SSLContext, roots: str, *, name: str = NAME) -> tuple[Trust, int]:
    async with Secured(context) as server:
        found = await look(server.port, roots=roots, name=name)
        assert found.chain
    return found.trust, found.trust_code


VERSIONS = pytest.mark.parametrize("newest", [TLS12, TLS13], ids=["1.2", "1.3"])


@VERSIONS
async def test_a_certificate_for_another_name(pki: Pki, newest: ssl.TLSVersion) -> None:
    context = pki.server(pki.issue("ndes02.contoso.com"), newest=newest)
    assert await verdict(context, pki.roots) == ("name_mismatch", 62)


@VERSIONS
async def test_an_expired_certificate(pki: Pki, newest: ssl.TLSVersion) -> None:
    assert await verdict(pki.server(pki.issue(NAME, ends=-2), newest=newest), pki.roots) == ("expired", 10)


@VERSIONS
async def test_a_certificate_of_the_future(pki: Pki, newest: ssl.TLSVersion) -> None:
    assert await verdict(pki.server(pki.issue(NAME, starts=5), newest=newest), pki.roots) == ("not_yet_valid", 9)


@VERSIONS
async def test_a_self_signed_certificate(pki: Pki, newest: ssl.TLSVersion) -> None:
    own = _issue(NAME, None)
    assert await verdict(pki.server(own, own, newest=newest), pki.roots) == ("self_signed", 18)


@VERSIONS
async def test_a_chain_up_to_a_root_that_nobody_trusts(pki: Pki, newest: ssl.TLSVersion) -> None:
    context = pki.server(pki.issue(NAME), pki.issuing, pki.root, newest=newest)
    assert await verdict(context, Pki("Fabrikam").roots) == ("self_signed", 19)


@VERSIONS
async def test_a_missing_intermediate(pki: Pki, newest: ssl.TLSVersion) -> None:
    own = pki.issue(NAME)
    trust, code = await verdict(pki.server(own, own, newest=newest), pki.roots)
    assert trust == "missing_intermediate"
    assert code in (20, 21)


@VERSIONS
async def test_a_chain_whose_root_is_unknown_misses_nothing_of_its_own(pki: Pki, newest: ssl.TLSVersion) -> None:
    trust, code = await verdict(pki.server(pki.issue(NAME), newest=newest), Pki("Fabrikam").roots)
    assert trust == "untrusted"
    assert code in (2, 20)


async def test_an_intermediate_among_the_roots_does_not_hide_that_it_is_missing(pki: Pki) -> None:
    own = pki.issue(NAME)
    both = pki.roots + pki.issuing.pem.decode()
    assert (await verdict(pki.server(own, own), both))[0] == "missing_intermediate"


async def test_an_intermediate_alone_may_be_the_root(pki: Pki) -> None:
    own = pki.issue(NAME)
    assert await verdict(pki.server(own, own), pki.issuing.pem.decode()) == ("ok", 0)


async def test_without_roots_those_of_this_computer_judge(pki: Pki) -> None:
    assert (await verdict(pki.server(pki.issue(NAME)), ""))[0] == "untrusted"


async def test_a_common_name_is_no_name(pki: Pki) -> None:
    own = pki.issue("other.contoso.com")
    named = _issue(NAME, pki.issuing, authority=True)  # without alternative names
    assert own.certificate.subject != named.certificate.subject
    assert (await verdict(pki.server(named), pki.roots))[0] == "name_mismatch"


async def test_an_address_may_be_the_name(pki: Pki) -> None:
    context = pki.server(pki.issue("127.0.0.1"))
    assert await verdict(context, pki.roots, name="127.0.0.1") == ("ok", 0)
    assert (await verdict(pki.server(pki.issue(NAME)), pki.roots, name="127.0.0.1"))[0] == "name_mismatch"


async def test_a_wildcard_covers_one_label(pki: Pki) -> None:
    context = pki.server(pki.issue("*.contoso.com"))
    assert await verdict(context, pki.roots) == ("ok", 0)
    assert (await verdict(context, pki.roots, name="a.b.contoso.com"))[0] == "name_mismatch"


async def test_roots_that_are_none_are_told(pki: Pki) -> None:
    async with Secured(pki.server(pki.issue(NAME))) as server:
        with pytest.raises(ProbeError, match="no PEM certificates") as error:
            await look(server.port, roots="not a certificate")
        assert error.value.trouble == "malformed"


# --- client certificates ------------------------------------------------------------------------


@pytest.mark.parametrize("wants", [ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED], ids=["asked", "required"])
@VERSIONS
async def test_a_server_that_asks_for_a_client_certificate(
    pki: Pki, newest: ssl.TLSVersion, wants: ssl.VerifyMode
) -> None:
    own = pki.issue(NAME)
    async with Secured(pki.server(own, newest=newest, wants=wants)) as server:
        found = await look(server.port, roots=pki.roots)
    assert found.asks_client is True
    assert found.chain == (own.der, pki.issuing.der)
    assert (found.trust, found.trust_code) == ("ok", 0)
    assert found.version == ("TLSv1.2" if newest == TLS12 else "TLSv1.3")


async def test_a_server_with_tls_1_3_alone_that_requires_one_says_so_after_the_handshake(pki: Pki) -> None:
    own = pki.issue(NAME)
    async with Secured(pki.server(own, oldest=TLS13, wants=ssl.CERT_REQUIRED)) as server:
        found = await look(server.port, roots=pki.roots)
    assert (found.asks_client, found.chain, found.trust) == (True, (own.der,), "ok")


@pytest.mark.parametrize(("newest", "troubles"), [(TLS12, {"tls"}), (TLS13, {"tls", "reset", "dropped"})])
async def test_a_page_behind_a_required_client_certificate_is_told(
    pki: Pki, newest: ssl.TLSVersion, troubles: set[Trouble]
) -> None:
    """With TLS 1.3 the handshake is through before the server refuses, so the request is already on its way."""
    async with Secured(pki.server(pki.issue(NAME), newest=newest, wants=ssl.CERT_REQUIRED)) as server:
        url = f"https://{NAME}:{server.port}/certsrv/mscep/mscep.dll"
        async with RunWire(url, LAB, resolve={NAME: "127.0.0.1"}) as wire:
            with pytest.raises(ProbeError) as error:
                await wire.get(url)
            assert error.value.trouble in troubles


# --- what is no TLS server -------------------------------------------------------------------------


async def _plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    writer.close()


async def _garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"\x00" + os.urandom(5_000))
    await writer.drain()
    writer.close()


async def _broken_records(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"\x16\x03\x03\x00\x40" + os.urandom(64))
    await writer.drain()
    await reader.read()
    writer.close()


async def _silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
    while not writer.is_closing():
        writer.write(b"\x03")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"\x16\x03\x03\x40\x00" + b"\x0b\xff\xff\xff" + bytes(16_380))
        await writer.drain()
        await asyncio.sleep(0)


async def _close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(2_000)
    writer.close()


async def _half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(2_000)
    writer.write(b"\x16\x03\x03\x00\x40\x02\x00")
    await writer.drain()
    writer.close()


async def _reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def _alert(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(2_000)
    writer.write(b"\x15\x03\x01\x00\x02\x02\x28")
    await writer.drain()
    await reader.read()
    writer.close()


ODD: dict[str, tuple[Accept, Trouble, str]] = {
    "plain HTTP": (_plain, "tls", "does not speak TLS: it answers as plain HTTP."),
    "garbage": (_garbage, "tls", "does not speak TLS"),
    "broken records": (_broken_records, "tls", "handshake"),
    "silence": (_silence, "timeout", "did not finish the TLS handshake in time."),
    "a slow drip": (_drip, "timeout", "did not finish the TLS handshake in time."),
    "an endless handshake": (_flood, "tls", "handshake"),
    "closed at once": (_close, "dropped", "closed the connection when the TLS handshake began."),
    "closed within": (_half, "tls", "closed the connection within the TLS handshake."),
    "reset": (_reset, "reset", "cut the connection."),
    "an alert": (_alert, "tls", "alert 40, handshake failure."),
}


@pytest.mark.parametrize("name", ODD)
async def test_what_is_no_tls_server_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.tls_look.PATIENCE", 1.0)
    accept, trouble, words = ODD[name]
    tracemalloc.start()
    async with raw(accept) as port, asyncio.timeout(20):
        with pytest.raises(ProbeError) as error:
            await look(port)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.value.trouble == trouble
    assert words in str(error.value)
    assert most < 10_000_000


async def test_a_server_that_fails_behind_its_certificate_is_no_working_one(pki: Pki) -> None:
    """Its first flight is all there, but it cannot use its key, say: nobody gets through."""
    context = pki.server(pki.issue(NAME), newest=TLS12)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(await reader.read(4_096))
        with suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        writer.write(outgoing.read())
        await reader.read(4_096)

    async with raw(accept) as port:
        with pytest.raises(ProbeError, match="within the TLS handshake") as error:
            await look(port, roots=pki.roots)
        assert error.value.trouble == "tls"


async def test_a_chain_without_end_is_refused(pki: Pki) -> None:
    many = [_issue("x" * 60, pki.root, authority=True, key=pki.root.key) for _ in range(400)]
    async with Secured(pki.server(pki.issue(NAME), *many, newest=TLS12)) as server:
        with pytest.raises(ProbeError) as error:
            await look(server.port, roots=pki.roots)
        assert error.value.trouble == "tls"


# --- the bytes ---------------------------------------------------------------------------------------


def _record(kind: int, payload: bytes) -> bytes:
    return bytes([kind, 3, 3]) + len(payload).to_bytes(2, "big") + payload


def _message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def _fed(data: bytes, step: int) -> Records:
    records = Records()
    for at in range(0, len(data), step):
        records.feed(data[at : at + step])
    return records


@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_messages_are_read_however_they_are_cut(step: int) -> None:
    certificates = b"".join(len(one).to_bytes(3, "big") + one for one in (b"own", b"issuing"))
    hello = b"\x03\x03" + bytes(32) + b"\x04abcd" + b"\xc0\x2c\x00" + b"\x00\x00"
    flight = b"".join(
        [
            _message(2, hello),
            _message(11, len(certificates).to_bytes(3, "big") + certificates),
            _message(13, b"x"),
            _message(14, b""),
        ]
    )
    data = b"".join(_record(22, flight[at : at + 11]) for at in range(0, len(flight), 11))
    records = _fed(data + _record(20, b"\1") + _record(22, b"encrypted"), step)
    assert (records.version, records.cipher, records.chain) == (0x0303, 0xC02C, (b"own", b"issuing"))
    assert (records.asked, records.complete, records.alert) == (True, True, None)


def test_broken_bytes_are_read_without_an_error_and_none_of_them_often() -> None:
    bodies = [os.urandom(n) for n in range(80)]
    bodies += [b"\3\3" + bytes(33) + b"\0\0\0\0\0" + bytes(250_000), bytes(35) * 2, b"\0\0\0" + b"\0\0\1x" * 60_000]
    for body in bodies:
        for kind in (2, 11, 13, 14, 99):
            flight = _message(kind, body)
            data = b"".join(_record(22, flight[at : at + 16_000]) for at in range(0, len(flight), 16_000))
            fed: list[Records] = []
            assert steps(lambda data=data, fed=fed: fed.append(_fed(data, 5_000))) < 1_000 + 8 * len(data)
            assert len(fed[0].chain) <= 100
