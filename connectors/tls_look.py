"""The look at a TLS service: what it offers, the certificates as sent and, apart from that, their trust."""

import asyncio
import socket
import ssl
import warnings
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import cache, lru_cache
from time import perf_counter
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bot.errors import ProbeError
from bot.ports import TlsLook, Trust
from connectors.tls_records import ALERTS, VERSIONS, Records
from connectors.wire_http import OP_LEGACY_SERVER_CONNECT, unverified
from connectors.wire_troubles import plain_reason, probe_error

PATIENCE: Final = 5.0
"""Seconds that the first handshake may take."""

_SHORT = 2.5  # seconds for each further one, which only completes the picture
_ALERT_COMES = 0.5  # seconds in which a TLS 1.3 server says that it wanted a client certificate
_MOST = 1_048_576  # bytes of a handshake
_UNSPECIFIED = 1  # OpenSSL's verify code for "no verdict"
_TLS13 = 0x0304

_FAULTS: Final[dict[int, Trust]] = {
    9: "not_yet_valid",
    10: "expired",
    18: "self_signed",
    19: "self_signed",
    62: "name_mismatch",
    64: "name_mismatch",
}
_NO_ISSUER = (2, 20, 21)
"""Verify codes of OpenSSL, x509_vfy.h."""

Open = Callable[[], Awaitable[socket.socket]]
"""A new connection to the service, raising `ProbeError`."""


async def look(open_socket: Open, host: str, where: str, *, roots: str = "", legacy: bool = False) -> TlsLook:
    """Look at a service with SNI `host`. Raises `ProbeError` where no handshake comes about.

    `roots` are PEM certificates to judge with, instead of those of this computer. One connection where the
    server chooses TLS 1.2 or older, for there it shows its chain in clear. One more, up to TLS 1.2, where it
    chooses TLS 1.3; a third where it has nothing but TLS 1.3, or nothing that a strict client takes.
    A server that ends the handshake only for want of a client certificate has been seen well enough.
    """
    strict = await _shake(open_socket, judging(roots, legacy), host, PATIENCE)
    if strict.seen or legacy:
        seen = strict
    else:
        seen = await _lenient(open_socket, host, strict)
    if not seen.seen:
        raise strict.failure(where)
    chain, asks, whole = seen.records.chain, seen.asks, True
    if seen.records.version >= _TLS13:
        chain, asks, whole = await _behind(open_socket, host)
        chain = chain or strict.leaf
    trust, code = _verdict(strict, chain, whole)
    records = seen.records
    version = VERSIONS.get(records.version, f"0x{records.version:04x}")
    return TlsLook(version, _suite(records.cipher), chain, trust, code, asks, seen.took_ms)


class _Handshake:
    """One handshake: what was read in clear on the way, and how it ended."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self.records = Records()
        self.finished = False
        self.leaf: tuple[bytes, ...] = ()
        """The server's own certificate, once the handshake is through."""
        self.error: Exception | None = None
        self.took_ms = 0.0
        self._accepted = False
        self._received = 0
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)

    @property
    def accepted(self) -> bool:
        """Whether the certificate was accepted: only then does the client answer the server's first flight."""
        return self.finished or self._accepted

    @property
    def seen(self) -> bool:
        """Whether the server did its part: all of it, or up to the verdict on its certificate or on ours."""
        judged = isinstance(self.error, ssl.SSLCertVerificationError)
        return self.finished or judged or (self._accepted and self.records.asked)

    @property
    def asks(self) -> bool | None:
        """Whether a client certificate was asked for; None where that is encrypted."""
        return self.records.asked if self.records.complete else None

    async def run(self, connection: socket.socket, *, flight_only: bool) -> None:
        """Shake hands; with `flight_only` only until the server has said all that it says in clear."""
        began = perf_counter()
        while self.error is None and not self.finished:
            self._step()
            await self._send(connection)
            if self.error is None and not self.finished:
                await self._receive(connection)
            if flight_only and self.records.complete:
                break  # what OpenSSL would now verify and compute, nobody asks for
        self.took_ms = (perf_counter() - began) * 1000

    async def wants_certificate(self, connection: socket.socket) -> bool | None:
        """After a handshake with TLS 1.3: True where the server ends it for want of a client certificate."""
        await self._receive(connection)
        if self.error is None:
            try:
                self._tls.read(1)
            except ssl.SSLWantReadError:
                return None
            except ssl.SSLError as error:
                return True if "CERTIFICATE" in (error.reason or "") else None
        return None

    def failure(self, where: str) -> ProbeError:
        """Why no handshake came about."""
        start, error = self.records.start, self.error
        if isinstance(error, ProbeError):
            return error
        if isinstance(error, TimeoutError):
            return ProbeError("timeout", f"{where} did not finish the TLS handshake in time.")
        if isinstance(error, EOFError) and not start:
            return ProbeError("dropped", f"{where} closed the connection when the TLS handshake began.")
        if start and not (start[0] in range(20, 24) and start[1:2] in (b"", b"\3")):
            answers = "it answers as plain HTTP" if start.startswith(b"HTTP/") else "what it sends is something else"
            return ProbeError("tls", f"{where} does not speak TLS: {answers}.")
        if self.records.alert is not None:
            said = ALERTS.get(self.records.alert, "unknown")
            return ProbeError("tls", f"{where} refused the TLS handshake: alert {self.records.alert}, {said}.")
        if isinstance(error, EOFError):
            return ProbeError("tls", f"{where} closed the connection within the TLS handshake.")
        if isinstance(error, ssl.SSLError):
            said = plain_reason(error.reason or "no reason")
            return ProbeError("tls", f"The TLS handshake with {where} failed: {said}.")
        return probe_error(error or EOFError(), where)

    def _step(self) -> None:
        try:
            self._tls.do_handshake()
            self.finished = True
            own = self._tls.getpeercert(binary_form=True)
            self.leaf = (own,) if own else ()
        except ssl.SSLWantReadError:
            self._accepted = self.records.complete
        except ssl.SSLError as error:
            self.error = error

    async def _send(self, connection: socket.socket) -> None:
        """What OpenSSL wants sent: also the alert by which it ends a handshake."""
        if self._out.pending:
            try:
                await asyncio.get_running_loop().sock_sendall(connection, self._out.read())
            except OSError as error:
                self.error = self.error or error

    async def _receive(self, connection: socket.socket) -> None:
        try:
            data = await asyncio.get_running_loop().sock_recv(connection, 65_536)
        except OSError as error:
            self.error = error
            return
        self._received += len(data)
        if not data:
            self.error = EOFError()
        elif self._received > _MOST:
            self.error = ProbeError("too-large", f"The TLS handshake is longer than {_MOST:,} bytes.")
        else:
            self.records.feed(data)
            self._in.write(data)


async def _shake(
    open_socket: Open, context: ssl.SSLContext, host: str, patience: float, *, flight_only: bool = False
) -> _Handshake:
    handshake = _Handshake(context, host)
    with await open_socket() as connection:
        try:
            async with asyncio.timeout(patience):
                await handshake.run(connection, flight_only=flight_only)
        except TimeoutError as error:
            handshake.error = error
    return handshake


async def _lenient(open_socket: Open, host: str, strict: _Handshake) -> _Handshake:
    """A second try with old ciphers and weak keys, where the first one failed in talking TLS."""
    if not isinstance(strict.error, ssl.SSLError) or strict.records.start[:1] not in (b"\x15", b"\x16"):
        return strict
    with suppress(ProbeError):
        return await _shake(open_socket, unverified(), host, _SHORT)
    return strict


async def _behind(open_socket: Open, host: str) -> tuple[tuple[bytes, ...], bool | None, bool]:
    """What TLS 1.3 encrypts: the chain, whether a client certificate is asked for, whether that is all of the chain."""
    with suppress(ProbeError):
        older = await _shake(open_socket, _up_to_tls12(), host, _SHORT, flight_only=True)
        if older.records.chain:
            return older.records.chain, older.asks, True
    handshake = _Handshake(unverified(), host)
    asks = None
    with suppress(ProbeError, TimeoutError), await open_socket() as connection:
        async with asyncio.timeout(_SHORT):
            await handshake.run(connection, flight_only=False)
        if handshake.finished:
            async with asyncio.timeout(_ALERT_COMES):
                asks = await handshake.wants_certificate(connection)
    return handshake.leaf, asks, False


# --- the verdict -----------------------------------------------------------------------------


def _verdict(strict: _Handshake, chain: tuple[bytes, ...], whole: bool) -> tuple[Trust, int]:
    if isinstance(strict.error, ssl.SSLCertVerificationError):
        code = strict.error.verify_code
        if code in _NO_ISSUER:
            return ("missing_intermediate" if whole and not _brings_issuer(chain) else "untrusted"), code
        return _FAULTS.get(code, "untrusted"), code
    return ("ok", 0) if strict.accepted else ("unknown", _UNSPECIFIED)


def _brings_issuer(chain: tuple[bytes, ...]) -> bool:
    """Whether the server sent the certificate that issued its own."""
    try:
        own, *others = (x509.load_der_x509_certificate(der) for der in chain)
        return any(other.subject == own.issuer for other in others)
    except ValueError:
        return True  # nothing that can be read: nothing is claimed to be missing


@lru_cache(maxsize=64)
def judging(roots: str, legacy: bool = False) -> ssl.SSLContext:
    """A client that verifies as a device does: the name by the alternative names alone, the chain by the roots.

    Of several PEM certificates only the self-signed ones are roots; an intermediate that is trusted here would
    hide that the server does not send it. Raises `ProbeError` where they cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.hostname_checks_common_name = False
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= OP_LEGACY_SERVER_CONNECT
    if legacy:
        _only_old(context)
    if roots:
        _load(context, roots)
    else:
        context.load_default_certs()
    return context


def _only_old(context: ssl.SSLContext) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # offering them is the question asked
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")


def _load(context: ssl.SSLContext, roots: str) -> None:
    try:
        given = x509.load_pem_x509_certificates(roots.encode())
    except ValueError:
        raise ProbeError(
            "malformed", "The roots registered for this server are no PEM certificates, so nothing can be judged."
        ) from None
    anchors = [certificate for certificate in given if certificate.subject == certificate.issuer]
    if not anchors:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=b"".join(one.public_bytes(Encoding.DER) for one in anchors or given))


@cache
def _up_to_tls12() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.options |= OP_LEGACY_SERVER_CONNECT
    return context


def _suite(number: int) -> str:
    return _suites().get(number, f"0x{number:04x}")


@cache
def _suites() -> dict[int, str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:@SECLEVEL=0")
    return {int(cipher["id"]) & 0xFFFF: str(cipher["name"]) for cipher in context.get_ciphers()}
