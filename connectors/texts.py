"""Bytes of a file become text, whatever wrote them; what is no text is refused in words."""

import codecs

from bot.errors import BadRequest

LARGEST = 64 * 1024 * 1024
"""Bytes of one file that are read, at most."""

_BINARY_SHARE = 0.1  # of control characters, from which bytes are no text
_CONTROL = bytes(byte for byte in range(32) if not 9 <= byte <= 13)
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
    if encoding := encoding_of(head):
        return data.decode(encoding, "replace")
    if not is_text(head):
        raise BadRequest(f"{name}: this is not a text file.")
    return decoded(data)


def is_text(head: bytes) -> bool:
    """Whether the first bytes are of a text; those of UTF-16 are made UTF-8 before, for they have zeros in them."""
    control = len(head) - len(head.translate(None, delete=_CONTROL))
    return control <= _BINARY_SHARE * len(head)


def decoded(data: bytes) -> str:
    """UTF-8, else Windows-1252: a log may hold both."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end >= len(data) - 3 and error.reason == "unexpected end of data":  # cut within a character
            return data.decode("utf-8", "replace")
        return data.decode("cp1252", "replace")
