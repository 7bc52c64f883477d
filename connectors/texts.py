"""Bytes of a file become text, whatever wrote them; what is no text is refused in words."""

import codecs

from bot.errors import BadRequest

LARGEST = 64 * 1024 * 1024
"""Bytes of one file that are read, at most."""

_BINARY_SHARE = 0.1  # of control characters, from which bytes are no text
_LOOKED_AT = 65_536

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(head: bytes) -> str | None:
    """What the first bytes of a text say of its encoding: a byte order mark, or the zeros of UTF-16."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    return "utf-16-le" if head[1::2].count(0) > len(head) // 3 else None


def decode(data: bytes, name: str) -> str:
    """The text of a file: by its byte order mark, else UTF-16 by its zeros, else UTF-8, else Windows-1252.

    Raises `BadRequest`, naming the file, where it is no text.
    """
    head = data[:_LOOKED_AT]
    if head.startswith(b"PK\x03\x04"):
        raise BadRequest(f"{name}: this is a zip; unpack it and give me the logs inside.")
    if head.startswith(b"ElfFile\x00"):
        raise BadRequest(
            f"{name}: this is an exported event log (EVTX); save it as text or XML in Event Viewer and give me that."
        )
    if encoding := encoding_of(head):
        return data.decode(encoding, "replace")
    control = sum(1 for byte in head if byte < 9 or 13 < byte < 32)
    if control > _BINARY_SHARE * len(head):
        raise BadRequest(f"{name}: this is not a text file.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
