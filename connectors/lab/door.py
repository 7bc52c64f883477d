"""A listening socket of the lab: how the port behaves before anybody speaks HTTP, and TLS where it is spoken."""

import asyncio
import os
import socket
import ssl
import struct
import tempfile
import warnings
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors.lab.faults import ClientCertificate, Manner, Versions

Visit = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

LONGEST_HEAD: Final = 131_072
"""Bytes of a request's head that are read at all."""

_LISTENING: Final = {"open", "silent", "reset", "alert", "babble"}
_BACKLOG = 512  # connections that may wait; a thousand labs are asked at once
_HANDSHAKE = 20.0  # seconds
_HANDSHAKE_FAILURE = bytes.fromhex("15030300020228")
_GREETING = b"220 mail.lab.internal ESMTP\r\n"
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: whoever closes, resets


class Door:
    """One port of loopback. It lets visitors in as its manner says, and can change its manner while open.

    `visit` gets each connection that came as far as HTTP; `context` says which TLS is spoken to the next
    visitor (None: none at all). Raises `OSError` where the port is taken.
    """

    def __init__(self, address: str, port: int, visit: Visit, context: Callable[[], ssl.SSLContext | None]) -> None:
        self._visit = visit
        self._context = context
        self._manner: Manner = "closed"
        self._listener = _bound(address, port)
        self._address = address
        self.port: int = self._listener.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._opening: asyncio.Task[None] | None = None
        self._visitors: set[asyncio.Task[None]] = set()
        self._waiting: list[socket.socket] = []

    def behave(self, manner: Manner) -> None:
        """Change the manner; the port stays. Who is inside stays too, unless the door is no longer open."""
        if manner != "open":
            self._turn_out()
        if not {manner, self._manner} <= _LISTENING:
            if self._manner != "closed":
                self._shut()
                self._listener = _bound(self._address, self.port)
            self._listen(manner)
        self._manner = manner

    def _listen(self, manner: Manner) -> None:
        if manner == "black-hole":
            # A queue without room, and one connection that fills it: the next SYN is dropped.
            self._listener.listen(0)
            self._waiting.append(socket.create_connection((self._address, self.port), timeout=5))
        elif manner != "closed":
            self._listener.listen(_BACKLOG)
            self._opening = asyncio.get_running_loop().create_task(self._accept())

    async def _accept(self) -> None:
        # In two steps: a server that is cancelled while it starts would never be closed.
        self._server = await asyncio.start_server(
            self._meet, sock=self._listener, limit=LONGEST_HEAD, backlog=_BACKLOG, start_serving=False
        )
        await self._server.start_serving()

    def _shut(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        if self._server is not None:
            self._server.close()
        self._listener.close()
        while self._waiting:
            self._waiting.pop().close()
        self._opening = self._server = None

    def _turn_out(self) -> None:
        for visitor in self._visitors:
            visitor.cancel()

    async def close(self) -> None:
        """Stop listening and end every connection."""
        self._shut()
        self._turn_out()
        await asyncio.gather(*self._visitors, return_exceptions=True)

    # --- one visitor -----------------------------------------------------------------------------

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - streams call this as a task
        self._visitors.add(task)
        try:
            await self._let_in(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # the visitor is gone, or the lab ends
        finally:
            self._visitors.discard(task)
            writer.transport.abort()

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match self._manner:
            case "open":
                # Nothing may be awaited before this: the first bytes of the handshake belong to TLS.
                if context := self._context():
                    await writer.start_tls(context, ssl_handshake_timeout=_HANDSHAKE)
                await self._visit(reader, writer)
            case "silent":
                await hang(reader)
            case "reset":
                await reader.read(1)
                reset(writer)
            case "alert":
                await reader.read(1)
                await _say(writer, _HANDSHAKE_FAILURE)
            case "babble":
                await _say(writer, _GREETING)


async def hang(reader: asyncio.StreamReader) -> None:
    """Say nothing until the visitor has had enough."""
    while await reader.read(65_536):
        pass


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST in place of FIN."""
    plain = writer.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()


async def finish(writer: asyncio.StreamWriter) -> None:
    """Close a connection after all that was written has gone out."""
    writer.close()
    await writer.wait_closed()


async def _say(writer: asyncio.StreamWriter, words: bytes) -> None:
    writer.write(words)
    await finish(writer)


def _bound(address: str, port: int) -> socket.socket:
    """A socket that has the port but does not listen yet."""
    # The protocol is named: only then does asyncio switch off the delay (Nagle) that costs 40 ms an answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":  # elsewhere this option lets two listen on one port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setblocking(False)
    try:
        listener.bind((address, port))
    except OSError:
        listener.close()
        raise
    return listener


# --- TLS -------------------------------------------------------------------------------------

_TLS: Final[dict[Versions, tuple[str, str]]] = {
    "1.0": ("TLSv1", "TLSv1"),
    "1.1": ("TLSv1_1", "TLSv1_1"),
    "1.2": ("TLSv1_2", "TLSv1_2"),
    "1.3": ("TLSv1_3", "TLSv1_3"),
}


def tls_context(
    chain: Sequence[x509.Certificate],
    key: rsa.RSAPrivateKey,
    versions: Versions = "usual",
    client: ClientCertificate = "no",
    trusted: x509.Certificate | None = None,
) -> ssl.SSLContext:
    """TLS as a server with this certificate speaks it; `trusted` signs the client certificates it takes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load(context, chain, key)
    if versions != "usual":
        _limit(context, *_TLS[versions])
    if client != "no" and trusted is not None:
        context.load_verify_locations(cadata=trusted.public_bytes(Encoding.DER))
        context.verify_mode = ssl.CERT_REQUIRED if client == "required" else ssl.CERT_OPTIONAL
    return context


def _limit(context: ssl.SSLContext, lowest: str, highest: str) -> None:
    if lowest in ("TLSv1", "TLSv1_1"):
        context.set_ciphers("ALL:@SECLEVEL=0")  # these versions sign with MD5 and SHA-1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion[lowest]
        context.maximum_version = ssl.TLSVersion[highest]


def _load(context: ssl.SSLContext, chain: Sequence[x509.Certificate], key: rsa.RSAPrivateKey) -> None:
    """The library reads keys from files only: one nobody else may read, for a moment."""
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    handle, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secret + b"".join(one.public_bytes(Encoding.PEM) for one in chain))
        context.load_cert_chain(name)
    finally:
        Path(name).unlink()
