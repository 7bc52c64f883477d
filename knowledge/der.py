"""ASN.1 in DER, as much of it as certificates and SCEP messages need: one reader, one writer, BER made definite."""

from collections.abc import Iterator
from typing import Final, NamedTuple

_MOST_CHILDREN = 4_096  # elements directly in one element; the entries of a CRL are never listed by this reader
_MOST_STEPS = 50_000  # elements that a conversion from BER may pass
_DEEPEST = 32  # indefinite lengths in one another; a SCEP message has about eight
_LONGEST_OID = 64  # bytes

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OBJECT_ID: Final = 0x06
PRINTABLE: Final = 0x13
BMP: Final = 0x1E
SEQUENCE: Final = 0x30
SET: Final = 0x31
_CONSTRUCTED = 0x20
_OCTETS_IN_PIECES = OCTET_STRING | _CONSTRUCTED

NULL: Final = b"\x05\x00"


class DerError(ValueError):
    """Bytes that are not DER, or other elements than there should be; the message says where."""


# --- reading ---------------------------------------------------------------------------------


class Element(NamedTuple):
    """One element: where it begins in `data`, where its content begins, and where both end."""

    data: bytes
    tag: int
    at: int
    start: int
    end: int

    @property
    def content(self) -> bytes:
        """The bytes behind tag and length."""
        return self.data[self.start : self.end]

    @property
    def whole(self) -> bytes:
        """The element as it is encoded."""
        return self.data[self.at : self.end]

    def expect(self, tag: int) -> "Element":
        """The element itself. Raises `DerError` where it has another tag."""
        if self.tag != tag:
            raise DerError(f"tag {self.tag:#04x} instead of {tag:#04x} at byte {self.at}")
        return self

    def children(self, least: int = 0, most: int = _MOST_CHILDREN) -> list["Element"]:
        """The elements in this one, not those in them. Raises `DerError`, also where there are fewer or more."""
        found: list[Element] = []
        for child in self._children():
            if len(found) == most:
                raise DerError(f"more than {most} elements at byte {self.at}")
            found.append(child)
        if len(found) < least:
            raise DerError(f"parts are missing at byte {self.at}")
        return found

    def only(self) -> "Element":
        """The first element in this one, where just one can be. Raises `DerError`."""
        for child in self._children():
            return child
        raise DerError(f"nothing in the element at byte {self.at}")

    def _children(self) -> Iterator["Element"]:
        if not self.tag & _CONSTRUCTED:
            raise DerError(f"a plain value at byte {self.at} where elements should be")
        at = self.start
        while at < self.end:
            child = element(self.data, at, self.end)
            yield child
            at = child.end

    def number(self) -> int:
        """The value of an INTEGER of at most 64 bytes."""
        self.expect(INTEGER)
        if not 0 < self.end - self.start <= 64:
            raise DerError(f"an unlikely number at byte {self.at}")
        return int.from_bytes(self.content, "big", signed=True)

    def octets(self) -> bytes:
        """The value of an OCTET STRING, in one piece or (as Go and BER clients send it) in several."""
        if self.tag == _OCTETS_IN_PIECES:
            return b"".join(piece.expect(OCTET_STRING).content for piece in self._children())
        return self.expect(OCTET_STRING).content

    def dotted(self) -> str:
        """The value of an OBJECT IDENTIFIER, with dots."""
        content = self.expect(OBJECT_ID).content
        if not content or len(content) > _LONGEST_OID or content[-1] & 0x80:
            raise DerError(f"no object identifier at byte {self.at}")
        arcs, value = [], 0
        for byte in content:
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def element(data: bytes, at: int = 0, end: int | None = None) -> Element:
    """The element that begins at a place and must end before `end`; what follows it is not looked at.

    Raises `DerError` for a length that is missing, indefinite, over 4 GB, or longer than what is there.
    """
    end = len(data) if end is None else end
    if at + 2 > end:
        raise DerError(f"the data ends at byte {at}")
    tag, length, start = data[at], data[at + 1], at + 2
    if tag & 0x1F == 0x1F:
        raise DerError(f"a tag of several bytes at byte {at}")
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4:
            raise DerError(f"no definite length at byte {at}")
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    if start + length > end:
        raise DerError(f"the element at byte {at} is cut off")
    return Element(data, tag, at, start, start + length)


def definite(ber: bytes) -> bytes:
    """The first element of BER with definite lengths and its octet strings in one piece.

    Only elements of indefinite length are opened: certificates within, whose signatures hang on their
    bytes, are copied as they are. Raises `DerError`.
    """
    stack: list[tuple[int, list[bytes]]] = [(0, [])]
    at = 0
    for _ in range(_MOST_STEPS):
        if len(stack) > 1 and ber[at : at + 2] == b"\0\0":
            tag, parts = stack.pop()
            stack[-1][1].append(_closed(tag, parts))
            at += 2
        elif ber[at + 1 : at + 2] == b"\x80":
            if not ber[at] & _CONSTRUCTED or len(stack) > _DEEPEST:
                raise DerError(f"an indefinite length at byte {at} that cannot be")
            stack.append((ber[at], []))
            at += 2
        else:
            found = element(ber, at)
            stack[-1][1].append(found.whole)
            at = found.end
        if len(stack) == 1:
            return stack[0][1][0]
    raise DerError(f"more than {_MOST_STEPS} elements")


def _closed(tag: int, parts: list[bytes]) -> bytes:
    if tag == _OCTETS_IN_PIECES:
        return tlv(OCTET_STRING, *(element(part).octets() for part in parts))
    return tlv(tag, *parts)


# --- writing ---------------------------------------------------------------------------------


def tlv(tag: int, *parts: bytes) -> bytes:
    """An element of this tag around the parts."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    size = (len(content).bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + len(content).to_bytes(size, "big") + content


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE, in the order given."""
    return tlv(SEQUENCE, *parts)


def set_of(*parts: bytes) -> bytes:
    """A SET OF, in the order DER asks for."""
    return tlv(SET, *sorted(parts))


def context_tag(number: int) -> int:
    """The tag of a constructed element that only its context explains, `[0]` and so on."""
    return 0xA0 | number


def context(number: int, *parts: bytes) -> bytes:
    """An element with such a tag."""
    return tlv(context_tag(number), *parts)


def integer(value: int) -> bytes:
    """An INTEGER that is not negative."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octet_string(value: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(OCTET_STRING, value)


def bit_string(value: bytes) -> bytes:
    """A BIT STRING of whole bytes."""
    return tlv(BIT_STRING, b"\0", value)


def printable(text: str) -> bytes:
    """A PrintableString of ASCII."""
    return tlv(PRINTABLE, text.encode("ascii"))


def object_id(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    content = bytearray()
    for arc in (first * 40 + second, *rest):
        sevens = [arc & 0x7F]
        while arc := arc >> 7:
            sevens.append(0x80 | arc & 0x7F)
        content += bytes(reversed(sevens))
    return tlv(OBJECT_ID, bytes(content))
