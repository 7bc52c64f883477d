"""A file becomes the texts in it: itself, what gzip hides, the members of a zip. Everything is bounded, nothing is
ever written under a name that a file brought along."""

import gzip
import lzma
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

MOST_MEMBERS = 2_000
"""Members of all zips in one file that are read, at most."""
LARGEST_LISTING = 8 << 20
"""Bytes of the directory at the end of a zip: some 80,000 members. Each of them takes half a kilobyte of memory."""
LARGEST_UNPACKED = 4 << 30
"""Bytes that all that is packed in one file may unpack to."""
STEEPEST = 400
"""Times that a member may grow when it is unpacked. Logs grow 10 to 100 times; a bomb grows 1,000 times."""
DEEPEST = 2
"""Archives around a text, at most: a zip in a zip is opened, one in that is not."""

_SMALL = 16 << 20  # unpacked bytes up to which the growth does not matter, and that are held in memory
_PIECE = 1 << 20
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,  # of gzip and bzip2 too
    RuntimeError,  # of what is locked, and of a method that is not known
    ValueError,
    ArithmeticError,
    LookupError,
    MemoryError,  # of a size that a member only claims
    struct.error,
)
"""What a damaged, encrypted or strange archive raises, whatever it is made of."""


@dataclass(slots=True)
class Notes:
    """What was left out and why, for the person who gave the file."""

    lines: list[str] = field(default_factory=list)

    def __call__(self, note: str) -> None:
        """Add a note; of many only the first are kept."""
        if len(self.lines) < 100:
            self.lines.append(note)


@dataclass(frozen=True, slots=True)
class Packed:
    """One text in a file. `name` is for people only; `file` can be read once, and only until the next is asked for."""

    name: str
    file: IO[bytes]
    wrapped: bool


class _Bound:
    """Reads what is packed and stops where it grows too much. `source` gives the packed bytes used so far."""

    def __init__(self, file: Any, name: str, packed: int, allowance: "_Allowance", notes: Notes) -> None:
        self._file = file
        self._name = name
        self._packed = packed
        self._allowance = allowance
        self._notes = notes
        self._read = 0
        self._over = False

    def read(self, size: int = _PIECE) -> bytes:
        """The next bytes, at most `size`; none at the end, where it is broken and where it has grown too large."""
        if self._over:
            return b""
        try:
            data: bytes = self._file.read(min(size if size > 0 else _PIECE, _PIECE))
        except _BROKEN as error:
            return self._end(f"damaged after {self._read:,} bytes ({type(error).__name__})")
        self._read += len(data)
        self._allowance.left -= len(data)
        if self._allowance.left < 0:
            return self._end(f"the archive unpacks to more than {LARGEST_UNPACKED >> 30} GB")
        if self._read > _SMALL and self._read > STEEPEST * max(1, self._packed):
            return self._end(f"it grows more than {STEEPEST} times, as only a zip bomb does")
        return data

    def _end(self, why: str) -> bytes:
        self._over = True
        self._notes(f"{self._name}: {why}; what stands before is read, the rest is not.")
        return b""


@dataclass(slots=True)
class _Allowance:
    left: int = LARGEST_UNPACKED
    members: int = MOST_MEMBERS


def unpacked(file: Any, name: str, notes: Notes) -> Iterator[Packed]:
    """The texts in an open file, by its first bytes and not by its name. Never raises for what is in it.

    `file` can be read and either looked ahead into (`peek`) or gone back in (`seek`).
    """
    yield from _unpacked(file, name, _Allowance(), 0, notes)


def _unpacked(file: Any, name: str, allowance: _Allowance, depth: int, notes: Notes) -> Iterator[Packed]:
    head = _beginning(file)
    kind = "zip" if head in (b"PK\x03\x04", b"PK\x05\x06") else "gzip" if head[:3] == b"\x1f\x8b\x08" else ""
    if not kind:
        yield Packed(name, file, depth > 0)
    elif depth == DEEPEST:
        notes(f"{name}: an archive inside {depth} others; unpack it and give me what is in it.")
    elif kind == "gzip":
        yield from _gzip(file, name, allowance, depth, notes)
    else:
        yield from _zip(file, name, allowance, depth, notes)


def _beginning(file: Any) -> bytes:
    """The first four bytes, which are read again."""
    if hasattr(file, "peek"):
        return bytes(file.peek(4)[:4])
    head = bytes(file.read(4))
    file.seek(0)
    return head


class _Counted:
    """Counts the packed bytes that were taken, so that growth is known before the end is."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        """The next packed bytes."""
        data: bytes = self._file.read(size if size > 0 else _PIECE)
        self.taken += len(data)
        return data


def _gzip(file: Any, name: str, allowance: _Allowance, depth: int, notes: Notes) -> Iterator[Packed]:
    counted: Any = _Counted(file)
    inner = _GrowingBound(gzip.GzipFile(fileobj=counted, mode="rb"), name, counted, allowance, notes)
    yield from _unpacked(_Peeking(inner), name, allowance, depth + 1, notes)


class _GrowingBound(_Bound):
    """A bound whose packed size is not known before the end."""

    def __init__(self, file: Any, name: str, counted: _Counted, allowance: _Allowance, notes: Notes) -> None:
        super().__init__(file, name, 0, allowance, notes)
        self._counted = counted

    def read(self, size: int = _PIECE) -> bytes:
        """The next bytes, as `_Bound.read`."""
        self._packed = self._counted.taken + 1
        return super().read(size)


def _zip(file: Any, name: str, allowance: _Allowance, depth: int, notes: Notes) -> Iterator[Packed]:
    with _seekable(file, name, notes) as whole:
        try:
            listed = _Listed(whole)
            archive = zipfile.ZipFile(listed)
            listed.most = None
            members = [member for member in archive.infolist() if not member.is_dir()]
        except _TooLong:
            notes(f"{name}: very many files inside, and none of them is read; give me the logs among them.")
            return
        except _BROKEN as error:
            notes(f"{name}: this zip cannot be read ({type(error).__name__}); give me the logs inside.")
            return
        some, allowance.members = allowance.members, max(0, allowance.members - len(members))
        if len(members) > some:
            notes(f"{name}: {len(members):,} files inside; the first {some:,} are read.")
        for member in members[:some]:
            yield from _member(archive, member, f"{name}/{member.filename}", allowance, depth, notes)


class _TooLong(Exception):
    """A zip lists more than is looked at."""


class _Listed:
    """The file under a zip. Its listing is read in one go: `most` bounds that, until the zip is open."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.most: int | None = LARGEST_LISTING

    def read(self, size: int = -1) -> bytes:
        """As of any file. Raises `_TooLong`."""
        if self.most is not None and size > self.most:
            raise _TooLong
        data: bytes = self._file.read(size)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, allowance: _Allowance, depth: int, notes: Notes
) -> Iterator[Packed]:
    if member.flag_bits & 1:
        notes(f"{name}: locked with a password; it is not read.")
        return
    if allowance.left < 0:
        return
    try:
        opened = archive.open(member)
    except _BROKEN as error:
        notes(f"{name}: damaged ({type(error).__name__}); it is not read.")
        return
    with opened:
        bound = _Bound(opened, name, member.compress_size, allowance, notes)
        yield from _unpacked(_Peeking(bound), name, allowance, depth + 1, notes)


class _Peeking:
    """Lets one look at the first bytes of what can only be read forward."""

    def __init__(self, file: _Bound) -> None:
        self._file = file
        self._ahead = b""

    def peek(self, size: int) -> bytes:
        """At least `size` bytes that `read` will give once more, fewer only at the end."""
        while len(self._ahead) < size and (more := self._file.read()):
            self._ahead += more
        return self._ahead

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`, or a piece of them; none at the end."""
        if self._ahead:
            size = size if size > 0 else len(self._ahead)
            data, self._ahead = self._ahead[:size], self._ahead[size:]
            return data
        return self._file.read(size if size > 0 else _PIECE)


def _seekable(file: Any, name: str, notes: Notes) -> Any:
    """A zip is read from its end, so one that comes as a stream is kept in a nameless file, bounded."""
    if getattr(file, "seekable", lambda: False)():
        return _Borrowed(file)
    return spooled(file, 1 << 30, lambda: notes(f"{name}: larger than 1 GB inside another archive; cut there."))


def spooled(file: Any, most: int, over: Any = None) -> Any:
    """The rest of a stream in a nameless temporary file, at its beginning; at most `most` bytes."""
    kept = tempfile.SpooledTemporaryFile(max_size=_SMALL)  # noqa: SIM115 - the caller closes it
    left = most
    while left > 0 and (data := file.read(min(_PIECE, left))):
        kept.write(data)
        left -= len(data)
    if left <= 0 and over and file.read(1):
        over()
    kept.seek(0)
    return kept


class _Borrowed:
    """A file that somebody else closes."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def __enter__(self) -> Any:
        return self._file

    def __exit__(self, *_: object) -> None:
        pass
