"""Files, archives and streams of logs become one story; what cannot be read is noted and the rest is told."""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from bot.errors import BadRequest
from bot.timeline import Line, LogFile, Story, Survey
from bot.timeline.lines import Ended
from connectors.logs import FALLBACK, Reader, reader_of
from connectors.streams import Progress, Stream
from connectors.telemetry.log import raised_at
from connectors.texts import LARGEST, decode
from connectors.times import stamped
from connectors.unpacking import Notes, unpacked
from knowledge.enclosed.marks import LONGEST, may_hold
from knowledge.library import Library

_FEW = 3
"""Lines up to which a text is a paste, whatever it is of: it is read as a whole, its lines beside each other."""
_STAMPED = 20
"""Lines from which a text of no known format is a log, where most of them begin with a time."""
_PACKED = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08")
_HEAD = 64 * 1024

_logger = logging.getLogger(__name__)


def is_log(file: IO[bytes]) -> bool:
    """Whether a file is an archive, a log of a known format with more than a few lines, one of any format whose lines
    begin with their times, or too large for a paste."""
    head = file.read(_HEAD)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if head.startswith(_PACKED) or size > LARGEST:
        return True
    stream = Stream(file, "")
    reader = reader_of(stream)
    file.seek(0)
    if reader.kind == "evtx":
        return True
    if not stream.is_text:
        return False
    lines = stream.head.splitlines()
    if reader.kind == FALLBACK:
        return len(lines) >= _STAMPED and 2 * sum(stamped(line)[0] is not None for line in lines) > len(lines)
    return len(lines) > _FEW and not _is_listing(file)


def _is_listing(file: IO[bytes]) -> bool:
    """Whether what looks like a log is only what certutil or netsh print of certificates: that is read as a paste."""
    data = file.read(LONGEST + 1)
    file.seek(0)
    if len(data) > LONGEST:
        return False
    try:
        text = decode(data, "")
    except BadRequest:
        return False
    if not may_hold(text):
        return False
    from knowledge.enclosed.finding import find

    found = find(text)
    return found.alone and not found.messages and bool(found.certificates or found.bindings is not None)


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What the logs tell, and what was left out of them and why."""

    story: Story
    notes: tuple[str, ...]


class Surveying:
    """Reads one file after another. `progress` is told the bytes that went by, and of none again and again where
    something else takes long; it raises an `Ended` to stop that."""

    def __init__(self, library: Library, progress: Progress | None = None) -> None:
        self._survey = Survey(library, lambda: progress(0) if progress else None)
        self._notes = Notes()
        self._progress = progress
        self._lines = 0
        self._stream: Stream | None = None

    @property
    def lines(self) -> int:
        """Lines that went by so far."""
        return self._lines + (self._stream.lines if self._stream else 0)

    def read(self, file: IO[bytes] | Any, name: str) -> None:
        """All logs in an open file.

        Raises `BadRequest` where the file itself is none; a strange member of an archive is only noted.
        """
        for packed in unpacked(file, name, self._notes):
            self._lines, self._stream = self.lines, None
            self._stream = stream = Stream(packed.file, packed.name, self._progress)
            try:
                self._log(stream)
            except BadRequest as error:
                if not packed.wrapped:
                    raise
                self._notes(str(error))

    def _log(self, stream: Stream) -> None:
        """Read one log. A bug met in it must not cost the others: it is told like a log that cannot be read."""
        try:
            self._take(stream)
        except (BadRequest, Ended, OSError, MemoryError):
            raise
        except Exception as error:  # its words may quote a line, and are told to nobody
            where = f"{type(error).__name__} in {raised_at(error.__traceback__)}"
            _logger.error("a log is not read to its end", extra={"error": where, "lines": stream.lines})
            raise BadRequest(
                f"{stream.name}: reading it failed at line {stream.lines} ({where}). That is a mistake of mine: "
                "please report it."
            ) from None

    def _take(self, stream: Stream) -> None:
        reader = reader_of(stream)
        if reader.kind != "evtx" and not stream.is_text:
            raise BadRequest(f"{stream.name}: this is not a text file.")
        file = LogFile(stream.name, reader.kind, reader.title)
        self._survey.take(file, _counted(reader, stream, file))
        if reader.kind == "evtx" and not stream.lines:
            raise BadRequest(f"{stream.name}: this event log (EVTX) holds no record that can be read.")

    def done(self, notes: tuple[str, ...] = ()) -> Surveyed:
        """What everything read so far tells; `notes` are put before its own."""
        return Surveyed(self._survey.story(), (*notes, *self._notes.lines))


def _counted(reader: Reader, stream: Stream, file: LogFile) -> Iterator[Line]:
    try:
        yield from reader.lines(stream)
    finally:  # also of one that is not read to its end
        file.lines, file.sieved = stream.lines, stream.sieved
