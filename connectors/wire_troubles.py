"""What went wrong on the network, told in the bot's words: every foreign exception becomes a `ProbeError`."""

import errno
import socket
import ssl
from typing import Final

import aiohttp
import dns.exception
import dns.resolver
from aiohttp.http import HttpProcessingError

from bot.errors import ProbeError, Trouble


class Refused(OSError):
    """The guard does not allow the address of a socket that was about to be opened."""


class CutOff(ProbeError):
    """The connection was lost after the request had gone out: the other side may have fallen over it."""


_TABLE: Final[tuple[tuple[type[BaseException], Trouble], ...]] = (
    (Refused, "guarded"),
    (aiohttp.InvalidURL, "guarded"),
    (aiohttp.NonHttpUrlClientError, "guarded"),
    (ssl.SSLError, "tls"),
    (ssl.CertificateError, "tls"),
    (aiohttp.ClientSSLError, "tls"),
    (aiohttp.ServerFingerprintMismatch, "tls"),
    (TimeoutError, "timeout"),
    (dns.exception.Timeout, "timeout"),
    (ConnectionRefusedError, "refused"),
    (ConnectionError, "reset"),
    (aiohttp.ServerDisconnectedError, "dropped"),
    (EOFError, "truncated"),
    (aiohttp.ClientPayloadError, "truncated"),
    (dns.resolver.NXDOMAIN, "nxdomain"),
    (dns.resolver.NoAnswer, "nxdomain"),
    (dns.exception.DNSException, "servfail"),
    (HttpProcessingError, "malformed"),
    (aiohttp.ClientResponseError, "malformed"),
    (aiohttp.ClientConnectionError, "reset"),
    (aiohttp.ClientError, "malformed"),
    (ValueError, "malformed"),  # text that is not what its length or encoding promised
)
"""The first row that fits decides. `OSError` is judged by its number before."""

_BY_ERRNO: Final[dict[int, Trouble]] = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.ECONNABORTED: "reset",
    errno.EPIPE: "reset",
    errno.ETIMEDOUT: "timeout",
}
_BY_RESOLVER: Final[dict[int, Trouble]] = {
    socket.EAI_NONAME: "nxdomain",
    getattr(socket, "EAI_NODATA", socket.EAI_NONAME): "nxdomain",
    getattr(socket, "EAI_ADDRFAMILY", socket.EAI_NONAME): "nxdomain",
}
"""What `getaddrinfo` says; everything else (EAI_AGAIN, EAI_FAIL) is a name server that failed."""

_WORDS: Final[dict[Trouble, str]] = {
    "nxdomain": "The name {where} does not exist.",
    "servfail": "The name server could not be asked for {where}.",
    "refused": "{where} refused the connection.",
    "unreachable": "{where} cannot be reached from here.",
    "timeout": "{where} did not answer in time.",
    "reset": "{where} cut the connection.",
    "dropped": "{where} closed the connection instead of an answer.",
    "truncated": "{where} closed the connection within its answer.",
    "tls": "No TLS handshake with {where} came about.",
    "too-large": "The answer of {where} is larger than it may be.",
    "malformed": "What {where} answered cannot be read as HTTP.",
    "guarded": "{where} is not asked: its address is not allowed.",
    "left-alone": "{where} was not asked.",
}


def trouble_of(error: BaseException) -> Trouble:
    """The word for a foreign exception; an OSError within one of aiohttp counts by its own number."""
    inner = _inner(error)
    if isinstance(inner, ProbeError):
        return inner.trouble
    if isinstance(inner, socket.gaierror):
        return _BY_RESOLVER.get(inner.errno or 0, "servfail")
    if isinstance(error, aiohttp.ClientPayloadError) and "ConnectionResetError(" in str(error):
        return "reset"  # aiohttp keeps the reason in its text only
    if isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(error.message, str):
        return "truncated"  # it carries the half of an answer
    if isinstance(inner, OSError) and not isinstance(inner, ssl.SSLError) and inner.errno in _BY_ERRNO:
        return _BY_ERRNO[inner.errno]
    for kind, trouble in _TABLE:
        if isinstance(inner, kind):
            return trouble
    return "unreachable" if isinstance(inner, OSError) else "malformed"


def _inner(error: BaseException) -> BaseException:
    """The exception of the socket or of OpenSSL, where aiohttp wrapped one."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error
    if isinstance(error, aiohttp.ClientOSError) and isinstance(error.__cause__, OSError):
        return error.__cause__
    return error


def probe_error(error: BaseException, where: str, kind: type[ProbeError] = ProbeError) -> ProbeError:
    """A foreign exception in the bot's words. `where` is host and port, or a name.

    Nothing that the other side wrote gets into the message; of OpenSSL the name of its reason does.
    """
    trouble = trouble_of(error)
    reason = getattr(_inner(error), "reason", None) if trouble == "tls" else None
    words = _WORDS[trouble].format(where=where)
    return kind(trouble, f"{words} OpenSSL says: {plain_reason(reason)}." if isinstance(reason, str) else words)


def plain_reason(reason: str) -> str:
    """OpenSSL's name of a reason, such as TLSV1_ALERT_PROTOCOL_VERSION, in small letters."""
    return reason.replace("_", " ").lower()
