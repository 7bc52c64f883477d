"""Logs that people put beside a message: read with a look at how far that is, stopped on demand, told as one answer."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final

from bot.cases import Cases
from bot.enclosed import handed_out
from bot.errors import BadRequest
from bot.ports import Clock, Show, Store
from bot.timeline import Story, beside, tell
from bot.timeline.files import Files, Gauge, Read, Stopped
from bot.types import Answer, Choices, Facts, Message, Picture, Place, Text
from knowledge.codes import Codes
from knowledge.library import Library

STOP: Final = "stop"
"""What one says to stop a reading."""
_LOOK: Final = 1.0  # seconds between two looks at how far a reading is; a shorter one shows nothing but its end
_PATIENCE: Final = 2.0  # seconds that the servers may take
_CELLS: Final = 20  # of the bar
_MB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pasted:
    """The words of a message and of files that are no logs: a paste like any other. `notes` tell what was left out."""

    text: str
    notes: tuple[str, ...]


Draw = Callable[[Story], Picture | None]
"""The picture of a story; None where it has no times to draw."""

_log = logging.getLogger(__name__)


class Logs:
    """Reads what is dropped into a chat, one answer for all files of a message."""

    def __init__(
        self,
        files: Files,
        library: Library,
        codes: Codes,
        *,
        draw: Draw,
        cases: Cases,
        store: Store,
        clock: Clock,
    ) -> None:
        """What they tell is kept in `cases`, for as long as somebody may hand it on, and compared with what the servers
        in `store` hand out."""
        self._files = files
        self._cases = cases
        self._store = store
        self._clock = clock
        self._library = library
        self._codes = codes
        self._draw = draw
        self._under_way: dict[Place, list[Gauge]] = {}

    async def read(self, message: Message, show: Show) -> Answer | Pasted | None:
        """What the files of a message tell; None where nobody asked and they tell of no failure.

        Raises `BadRequest` where none of them can be read and somebody asked.
        """
        try:
            read = await self._read(message, show)
        except Stopped:
            return Answer("I stopped reading", "info", (Text("Nothing of these files is kept."),), question=False)
        except BadRequest as error:
            if not message.text:
                return _refused(message, error)
            return Pasted(message.text, (str(error),))
        if read.story is None:
            return Pasted("\n".join(part for part in (message.text, read.text) if part), read.notes)
        if not (read.story.stops or message.addressed):
            return Pasted(message.text, ()) if message.text else None
        await self._cases.keep(message, read.story, read.notes)
        servers = await handed_out(self._store, (), _PATIENCE) if read.story.recipients else ()
        return beside(await asyncio.to_thread(self._told, read.story, read.notes), read.story, servers, self._clock())

    def stop(self, place: Place) -> int:
        """Stop what is read for a thread; how many readings that were."""
        gauges = self._under_way.get(place, [])
        for gauge in gauges:
            gauge.stopped = True
        return len(gauges)

    # --- how far it is -----------------------------------------------------------------------

    async def _read(self, message: Message, show: Show) -> Read:
        with self._gauge(message.place) as gauge:
            reading = asyncio.create_task(self._files.read(message, gauge))
            try:
                while not (await asyncio.wait([reading], timeout=_LOOK))[0]:
                    if gauge.stopped:
                        raise Stopped
                    if message.addressed:
                        await show(so_far(message, gauge))
                return await reading
            finally:
                gauge.stopped = True  # a thread hears of it nowhere else
                reading.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await reading

    @contextmanager
    def _gauge(self, place: Place) -> Iterator[Gauge]:
        gauge = Gauge()
        self._under_way.setdefault(place, []).append(gauge)
        try:
            yield gauge
        finally:
            self._under_way[place].remove(gauge)
            if not self._under_way[place]:
                del self._under_way[place]

    # --- what they tell ----------------------------------------------------------------------

    def _told(self, story: Story, notes: tuple[str, ...]) -> Answer:
        answer = tell(story, library=self._library, codes=self._codes, notes=notes)
        try:
            picture = self._draw(story)
        except Exception as error:  # the words say the same
            _log.error("a time line was not drawn", extra={"error": type(error).__name__})
            picture = None
        return replace(answer, blocks=(picture, *answer.blocks)) if picture else answer


def _refused(message: Message, error: BadRequest) -> Answer | None:
    if not message.addressed:
        return None
    raise error


def so_far(message: Message, gauge: Gauge) -> Answer:
    """A reading under way: which files, how many bytes and lines of them, and a button to stop it."""
    one = f"{message.files[0].name}" if len(message.files) == 1 else f"{len(message.files)} files"
    rows = [("Read" if gauge.reading else "Fetched", f"{_bar(gauge)} {_bytes(gauge)}")]
    if gauge.lines:
        rows.append(("Lines", f"{gauge.lines:,}"))
    doing = "Reading" if gauge.reading else "Fetching"
    return Answer(f"{doing} {one}", "info", (Facts(tuple(rows)), Choices("Not wanted any more?", (("Stop", STOP),))))


def _bar(gauge: Gauge) -> str:
    full = _CELLS * min(gauge.done, gauge.total) // gauge.total if gauge.total else 0
    return "█" * full + "░" * (_CELLS - full)


def _bytes(gauge: Gauge) -> str:
    total = max(gauge.total, gauge.done)
    size, unit = (_MB, "MB") if total >= _MB else (1024, "KB")
    return f"{gauge.done / size:.1f} of {total / size:.1f} {unit}"
