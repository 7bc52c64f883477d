"""Files, archives and streams of logs become one story; what cannot be read is noted and the rest is told."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from bot.errors import BadRequest
from bot.timeline import Line, LogFile, Story, Survey
from connectors.logs import Reader, reader_of
from connectors.streams import Progress, Stream
from connectors.unpacking import Notes, unpacked
from knowledge.library import Library


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What the logs tell, and what was left out of them and why."""

    story: Story
    notes: tuple[str, ...]


class Surveying:
    """Reads one file after another. `progress` is told the bytes that went by."""

    def __init__(self, library: Library, progress: Progress | None = None) -> None:
        self._survey = Survey(library)
        self._notes = Notes()
        self._progress = progress

    def read(self, file: IO[bytes] | Any, name: str) -> None:
        """All logs in an open file.

        Raises `BadRequest` where the file itself is none; a strange member of an archive is only noted.
        """
        for packed in unpacked(file, name, self._notes):
            stream = Stream(packed.file, packed.name, self._progress)
            try:
                self._log(stream)
            except BadRequest as error:
                if not packed.wrapped:
                    raise
                self._notes(str(error))

    def _log(self, stream: Stream) -> None:
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
    yield from reader.lines(stream)
    file.lines = stream.lines
