"""What is left of BER that a log or a chat cut off: every element as far as it goes."""

from collections.abc import Iterator
from typing import NamedTuple

from knowledge import der

_MOST_PARTS = 64  # elements directly in one; a SCEP message has at most a dozen
_MOST_STEPS = 4_000  # elements that are passed to find the end of one of indefinite length
_CONSTRUCTED = 0x20
_INDEFINITE = -1


class Part(NamedTuple):
    """An element, or the beginning of one: `content` is what there is behind tag and length, `whole` that none of it
    is missing. `size` is how many bytes the whole would have, with tag and length; None where that is not told."""

    tag: int
    content: bytes
    whole: bool
    size: int | None

    def parts(self) -> list["Part"]:
        """The elements in this one, as far as they go; none in a plain value."""
        return list(parts(self.content)) if self.tag & _CONSTRUCTED else []

    def octets(self) -> bytes:
        """The bytes of an octet string, in one piece or in several."""
        return b"".join(piece.content for piece in self.parts()) if self.tag & _CONSTRUCTED else self.content


def parts(data: bytes) -> Iterator[Part]:
    """The elements in a row, of the last one perhaps only the beginning. Raises `DerError` for what is no BER."""
    at = 0
    for _ in range(_MOST_PARTS):
        header = _header(data, at)
        if header is None or data[at : at + 2] == b"\0\0":
            return
        start, length = header
        if length == _INDEFINITE:
            end, behind = _end(data, start)
            yield Part(data[at], data[start:end], behind is not None, behind and behind - at)
        else:
            end = behind = start + length
            yield Part(data[at], data[start:end], end <= len(data), end - at)
        if behind is None or behind > len(data):
            return
        at = behind


def _header(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the content of an element begins, and its length; None where the data ends before that is told."""
    if at + 2 > len(data):
        return None
    length, start = data[at + 1], at + 2
    if data[at] & 0x1F == 0x1F:
        raise der.DerError(f"a tag of several bytes at byte {at}")
    if length == 0x80:
        return start, _INDEFINITE
    if length & 0x80:
        size = length & 0x7F
        if size > 4:
            raise der.DerError(f"an unlikely length at byte {at}")
        if start + size > len(data):
            return None
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    return start, length


def _end(data: bytes, start: int) -> tuple[int, int | None]:
    """Where the content of an indefinite length that begins there ends, and what follows; None where it is cut off."""
    depth, at = 1, start
    for _ in range(_MOST_STEPS):
        if data[at : at + 2] == b"\0\0":
            depth -= 1
            at += 2
            if not depth:
                return at - 2, at
            continue
        header = _header(data, at)
        if header is None:
            return len(data), None
        begin, length = header
        depth += length == _INDEFINITE
        at = begin if length == _INDEFINITE else begin + length
        if at > len(data):
            return len(data), None
    raise der.DerError(f"more than {_MOST_STEPS} elements")
