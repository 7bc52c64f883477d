"""The Files port: what was dropped into a chat is fetched into nameless files, bounded, and read beside the loop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack
from math import inf
from tempfile import TemporaryFile
from time import monotonic
from typing import IO, Final, Protocol

from bot.errors import BadRequest, BotError
from bot.timeline.files import Gauge, Read, Stopped
from bot.timeline.lines import Ended
from bot.types import Attached, Message
from connectors.streams import size_of
from connectors.surveying import Surveying, is_log
from connectors.texts import LARGEST, decode
from knowledge.library import Library

LARGEST_FILE: Final = 200 * 1024 * 1024
"""Bytes of one file that are fetched from a chat, packed or not."""
LARGEST_TOGETHER: Final = 400 * 1024 * 1024
"""Bytes of all files of one message."""
MOST: Final = 10
"""Files of one message that are read."""
AT_ONCE: Final = 2
"""Messages with files that are read at a time; others wait for their turn."""
FETCHING: Final = 600.0
"""Seconds that the files of a message may take to come, all together."""
READING: Final = 900.0
"""Seconds that they may take to be read; what was read by then is told."""

Fetch = Callable[[Attached], AsyncIterator[bytes]]


class HasFiles(Protocol):
    """A surface, as far as its files go."""

    def fetch(self, file: Attached) -> AsyncIterator[bytes]:
        """As `ChatSurface.fetch`."""
        ...


_Given = list[tuple[str, IO[bytes]]]


class Dropped:
    """Reads the files beside the messages of all surfaces."""

    def __init__(self, surfaces: Mapping[str, HasFiles], library: Library) -> None:
        self._surfaces = surfaces
        self._library = library
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def read(self, message: Message, gauge: Gauge) -> Read:
        """All files of a message together. Raises `BadRequest` where none can be read, and `Stopped`."""
        fetch = self._surfaces[message.place.surface].fetch
        gauge.total = sum(file.size or 0 for file in message.files[:MOST])
        async with self._turns:
            with ExitStack() as held:
                given, notes = await self._fetched(message, fetch, gauge, held)
                gauge.done, gauge.total = 0, sum(size_of(file) for _, file in given)
                gauge.reading = True
                # A thread cannot be stopped from outside: it looks at the gauge, and the files stay until it has ended.
                reading = asyncio.create_task(asyncio.to_thread(self._survey, given, notes, gauge))
                reading.add_done_callback(_heard)
                try:
                    return await asyncio.shield(reading)
                except asyncio.CancelledError:
                    gauge.stopped = True
                    await asyncio.wait([reading])
                    raise

    # --- fetching ----------------------------------------------------------------------------

    async def _fetched(
        self, message: Message, fetch: Fetch, gauge: Gauge, held: ExitStack
    ) -> tuple[_Given, tuple[str, ...]]:
        given: _Given = []
        notes = [f"Of {len(message.files)} files the first {MOST} are read."] if len(message.files) > MOST else []
        room = LARGEST_TOGETHER
        until = asyncio.get_running_loop().time() + FETCHING
        for attached in message.files[:MOST]:
            file = held.enter_context(TemporaryFile())  # noqa: SIM115 - `held` closes it
            refused = await _refusal(file, attached, fetch, min(room, LARGEST_FILE), gauge, until)
            room -= size_of(file)  # of one that is refused too: it was fetched and written all the same
            if refused:
                file.close()
                notes.append(refused)
            else:
                given.append((attached.name, file))
        if not given:
            raise BadRequest(" ".join(notes))
        return given, tuple(notes)

    # --- reading -----------------------------------------------------------------------------

    def _survey(self, given: _Given, notes: tuple[str, ...], gauge: Gauge) -> Read:
        if not any(is_log(file) for _, file in given):
            return _pasted(given, notes)
        watch = _Watch(gauge)
        surveying = watch.surveying = Surveying(self._library, watch)
        refused: list[str] = []
        late: list[str] = []
        for name, file in given:
            try:
                surveying.read(file, name)
            except BadRequest as error:
                refused.append(str(error))
            except _TooLong:
                late.append(f"{name}: reading took too long; what stands before is read, and nothing after it.")
                break
        if len(refused) == len(given):
            raise BadRequest(" ".join([*notes, *refused]))
        watch.until = inf  # joining is short, and what was read is told
        done = surveying.done((*notes, *refused, *late))
        return Read(done.story, "", done.notes)


class _TooLong(Ended):
    """A reading takes longer than others shall wait for it."""


def _heard(reading: "asyncio.Task[Read]") -> None:
    """Ask how a reading ended: of one that is stopped nobody else does."""
    if not reading.cancelled():
        reading.exception()


class _Watch:
    """Tells how far a reading is, and ends one that is stopped or takes too long."""

    surveying: Surveying

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self.until = monotonic() + READING

    def __call__(self, count: int) -> None:
        """So many more bytes went by. Raises `Stopped` and `_TooLong`."""
        self._gauge.done += count
        self._gauge.lines = self.surveying.lines
        if self._gauge.stopped:
            raise Stopped
        if monotonic() > self.until:
            raise _TooLong


async def _refusal(
    file: IO[bytes], attached: Attached, fetch: Fetch, most: int, gauge: Gauge, until: float
) -> str | None:
    """Fetch a file; None where it is there whole, else why it is not. Raises `Stopped`."""
    try:
        async with asyncio.timeout_at(until):
            await _fill(file, attached, fetch, most, gauge)
    except TimeoutError:
        return f"{attached.name}: it does not come in time."
    except BotError as error:
        return str(error)
    return None


async def _fill(file: IO[bytes], attached: Attached, fetch: Fetch, most: int, gauge: Gauge) -> None:
    """Fetch a file of at most so many bytes. Raises `BadRequest` for one that is too large, and `Stopped`."""
    size = 0
    if attached.size is not None and attached.size > most:
        raise _too_large(attached)
    async for data in fetch(attached):
        size += len(data)
        gauge.done += len(data)
        if size > most:
            raise _too_large(attached)
        if gauge.stopped:
            raise Stopped
        file.write(data)


def _too_large(attached: Attached) -> BadRequest:
    return BadRequest(
        f"{attached.name}: larger than what I take from a chat ({LARGEST_FILE >> 20} MB a file, "
        f"{LARGEST_TOGETHER >> 20} MB a message). Pack it as a zip, or run `ndesbot diagnose` where the file is."
    )


def _pasted(given: _Given, notes: tuple[str, ...]) -> Read:
    """Files that are no logs are read like a paste, one below the other."""
    texts, refused = [], list(notes)
    for name, file in given:
        try:
            texts.append(decode(file.read(LARGEST), name))
        except BadRequest as error:
            refused.append(str(error))
    if not texts:
        raise BadRequest(" ".join(refused))
    return Read(None, "\n".join(texts), tuple(refused))
