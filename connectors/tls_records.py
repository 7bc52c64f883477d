"""What a TLS server says in clear before encryption starts, read from the bytes it sends (RFC 5246, RFC 8446)."""

from typing import Final

_ALERT, _HANDSHAKE = 21, 22  # content types of records
_HELLO, _CERTIFICATE, _CERTIFICATE_REQUEST, _DONE = 2, 11, 13, 14  # handshake messages
_SUPPORTED_VERSIONS = 43  # the extension in which TLS 1.3 hides its version
_MOST = 262_144  # bytes of handshake that are read; OpenSSL takes no longer chain either
_MOST_CERTIFICATES = 100

VERSIONS: Final = {0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2", 0x0304: "TLSv1.3"}
"""Versions by their number, spelt as OpenSSL spells them."""

ALERTS: Final = {
    0: "close notify",
    40: "handshake failure",
    42: "bad certificate",
    43: "unsupported certificate",
    46: "certificate unknown",
    47: "illegal parameter",
    48: "unknown CA",
    49: "access denied",
    50: "decode error",
    70: "protocol version",
    71: "insufficient security",
    80: "internal error",
    86: "inappropriate fallback",
    109: "missing extension",
    112: "unrecognized name",
    116: "certificate required",
    120: "no application protocol",
}
"""Alert descriptions, RFC 8446 section 6."""


class Records:
    """Follows a server's side of a handshake for as long as it is in clear; broken bytes end it, without an error."""

    def __init__(self) -> None:
        self.start = b""
        """The first bytes of all, by which something that is no TLS is recognised."""
        self.version = 0
        """The version chosen, as its number; 0 until it is known."""
        self.cipher = 0
        """The cipher suite chosen, as its number."""
        self.chain: tuple[bytes, ...] = ()
        """DER certificates in the order they were sent; in TLS 1.3 they are encrypted."""
        self.asked = False
        """Whether a client certificate was asked for."""
        self.complete = False
        """Whether the server's first flight was seen to its end (up to TLS 1.2)."""
        self.alert: int | None = None
        """The description of an alert, where one came in clear."""
        self._bytes = bytearray()
        self._messages = bytearray()
        self._clear = True
        self._read = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the server."""
        self.start = (self.start + data[:16])[:16]
        self._read += len(data)
        if not self._clear or self._read > _MOST:
            return
        self._bytes += data
        while self._clear and len(self._bytes) >= 5:
            length = int.from_bytes(self._bytes[3:5], "big")
            if len(self._bytes) < 5 + length:
                return
            kind, payload = self._bytes[0], bytes(self._bytes[5 : 5 + length])
            del self._bytes[: 5 + length]
            self._record(kind, payload)

    def _record(self, kind: int, payload: bytes) -> None:
        if kind == _HANDSHAKE:
            self._messages += payload
            self._drain()
        else:  # an alert ends the handshake; anything else says that what follows is encrypted
            self._clear = False
            if kind == _ALERT and len(payload) == 2:
                self.alert = payload[1]

    def _drain(self) -> None:
        while len(self._messages) >= 4:
            length = int.from_bytes(self._messages[1:4], "big")
            if len(self._messages) < 4 + length:
                return
            kind, body = self._messages[0], bytes(self._messages[4 : 4 + length])
            del self._messages[: 4 + length]
            self._message(kind, body)

    def _message(self, kind: int, body: bytes) -> None:
        if kind == _HELLO and not self.version:
            self.version, self.cipher = _hello(body)
        elif kind == _CERTIFICATE and not self.chain:
            self.chain = _certificates(body)
        elif kind == _CERTIFICATE_REQUEST:
            self.asked = True
        elif kind == _DONE:
            self.complete = True


def _hello(body: bytes) -> tuple[int, int]:
    """Version and suite of a ServerHello: version, 32 random bytes, session id, suite, compression, extensions."""
    suite = 35 + (body[34] if len(body) > 34 else 0)
    version = int.from_bytes(body[:2], "big")
    at = suite + 5
    while at + 4 <= len(body):
        kind, length = (int.from_bytes(body[i : i + 2], "big") for i in (at, at + 2))
        if kind == _SUPPORTED_VERSIONS and length == 2:
            version = int.from_bytes(body[at + 4 : at + 6], "big")
        at += 4 + length
    return version, int.from_bytes(body[suite : suite + 2], "big")


def _certificates(body: bytes) -> tuple[bytes, ...]:
    """The certificates of a Certificate message: its length, then each with its own, in three bytes."""
    found: list[bytes] = []
    at = 3
    while at + 3 < len(body) and len(found) < _MOST_CERTIFICATES:
        length = int.from_bytes(body[at : at + 3], "big")
        if not 0 < length <= len(body) - at - 3:
            break
        found.append(body[at + 3 : at + 3 + length])
        at += 3 + length
    return tuple(found)
