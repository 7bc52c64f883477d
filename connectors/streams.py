"""The bytes of one log as lines, whatever their encoding: a piece at a time, so that no size is too large."""

import codecs
import os
import re
from collections.abc import Callable, Iterator
from typing import IO

from connectors.texts import decoded, encoding_of, is_text

LONGEST_LINE = 64 * 1024
"""Bytes of one line that are kept: its beginning and its end. A GET with a SCEP message has up to 31 KB."""

_TAIL = 4 * 1024  # of those, the bytes of the end: the status of a request stands there
_CONTINUES = bytes(range(0x80, 0xC0))  # in UTF-8, the bytes of a character but its first
_BLOCK = 1 << 20
_RECORD = 4_000  # characters of the lines that go on with the first one of a record
_HEAD = 64 * 1024

Progress = Callable[[int], None]
"""Told how many more bytes were read."""


def size_of(file: IO[bytes]) -> int:
    """Bytes of an open file, which stands at its beginning then."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


class Stream:
    """One log, read once from its beginning to its end. `lines` counts line ends as they go by; `sieved` is set by a
    reader that passes over lines of what went well."""

    def __init__(self, file: IO[bytes], name: str, progress: Progress | None = None) -> None:
        self.name = name
        self.lines = 0
        self.sieved = False
        self._file = file
        self._progress = progress or (lambda _: None)
        self._ahead = self._read_head()
        binary = self._ahead.startswith(b"ElfFile\0")  # an event log is full of zeros, as UTF-16 is
        self._encoding = None if binary else encoding_of(self._ahead[:_HEAD])

    @property
    def head(self) -> str:
        """The beginning, at most 64 KB, for a look at what it is; of blank lines in a row only the first."""
        return _with_few_blanks(decoded(self._utf8_head()))

    @property
    def is_text(self) -> bool:
        """Whether it is text at all."""
        return is_text(self._utf8_head())

    def _utf8_head(self) -> bytes:
        data = self._ahead[:_HEAD]
        if self._encoding and "16" in self._encoding:
            return data[: len(data) & ~1].decode(self._encoding, "replace").encode()
        return data.removeprefix(codecs.BOM_UTF8)

    def _read_head(self) -> bytes:
        parts, length = [], 0
        while length < _HEAD and (data := self._file.read(_HEAD - length)):
            parts.append(data)
            length += len(data)
        self._progress(length)
        return b"".join(parts)

    def raw(self) -> Iterator[bytes]:
        """The bytes as they are, in blocks."""
        yield self._ahead
        while data := self._file.read(_BLOCK):
            self._progress(len(data))
            yield data

    def read(self, size: int = -1) -> bytes:
        """The bytes as they are, for a reader that wants a file: the beginning first."""
        if self._ahead:
            size = size if size > 0 else len(self._ahead)
            data, self._ahead = self._ahead[:size], self._ahead[size:]
            return data
        data = self._file.read(size if size > 0 else _BLOCK)
        self._progress(len(data))
        return data

    def utf8(self) -> Iterator[bytes]:
        """The text in blocks of bytes: UTF-16 is turned into UTF-8, a byte order mark left out, the rest as it is."""
        if self._encoding and "16" in self._encoding:
            decoder = codecs.getincrementaldecoder(self._encoding)("replace")
            for data in self.raw():
                yield decoder.decode(data).encode("utf-8", "replace")
            yield decoder.decode(b"", final=True).encode("utf-8", "replace")
            return
        blocks = self.raw()
        yield next(blocks).removeprefix(codecs.BOM_UTF8)
        yield from blocks

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """(number of the first line, whole lines as bytes), each block ending with a line feed.

        A line of more than `LONGEST_LINE` bytes is cut in its middle.
        """
        kept: bytes | bytearray = b""
        for data in self.utf8():
            if not data:
                continue
            end = data.rfind(b"\n") + 1
            if not end:
                kept = _grown(kept, data)
                continue
            first = data.find(b"\n") + 1
            yield from self._counted(bytes(_grown(kept, data[:first])))
            yield from self._counted(data[first:end])
            kept = bytearray(data[end:])
        if kept:
            yield self.lines + 1, bytes(kept) + b"\n"
            self.lines += 1

    def _counted(self, block: bytes) -> Iterator[tuple[int, bytes]]:
        if block:
            first = self.lines + 1
            self.lines += block.count(b"\n")
            yield first, block

    def numbered(self) -> Iterator[tuple[int, str]]:
        """(number from 1, text without its end) of every line."""
        for first, block in self.blocks():
            lines = block.split(b"\n")
            lines.pop()
            for number, line in enumerate(lines, first):
                yield number, decoded(shortened(line))

    def records(self, begins: re.Pattern[str]) -> Iterator[tuple[int, re.Match[str] | None, str]]:
        """(number of the first line, what `begins` finds in it, the lines that go on with it below each other, at most
        `_RECORD` characters) of every record; lines before the first have no match."""
        first, found, more, room = 1, None, list[str](), _RECORD
        for number, line in self.numbered():
            if new := begins.match(line):
                if found or more:
                    yield first, found, "\n".join(more)
                first, found, more, room = number, new, [], _RECORD
            elif room > 0 and line.strip():
                first = first if found or more else number
                more.append(line.strip()[:room])
                room -= len(more[-1]) + 1
        if found or more:
            yield first, found, "\n".join(more)


def _grown(kept: bytes | bytearray, data: bytes) -> bytes | bytearray:
    """A line that goes on; its middle is dropped once it is too long."""
    kept = bytearray(kept)
    kept += data
    return bytearray(shortened(bytes(kept))) if len(kept) > 2 * LONGEST_LINE else kept


def shortened(line: bytes) -> bytes:
    """The line without a carriage return at its end, and without its middle where it is too long."""
    if len(line) > LONGEST_LINE:
        line = _whole_until(line, LONGEST_LINE - _TAIL) + line[-_TAIL:].lstrip(_CONTINUES)
    return line.removesuffix(b"\r")


def _whole_until(line: bytes, end: int) -> bytes:
    """The beginning of a line, not cut within a character of UTF-8."""
    while end and line[end] in _CONTINUES:
        end -= 1
    return line[:end]


def _with_few_blanks(text: str) -> str:
    """A pattern that begins with white space tries each blank line anew: many thousands take it minutes."""
    lines, blank = [], False
    for line in text.split("\n"):
        if not (blank and (not line or line.isspace())):
            lines.append(line)
        blank = not line or line.isspace()
    return "\n".join(lines)
