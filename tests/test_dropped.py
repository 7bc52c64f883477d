"""Files dropped into a chat: fetched within bounds, told apart, read together, and let go when somebody says so."""

import asyncio
import gc
import io
import zipfile
from collections.abc import AsyncIterator, Iterator
from tempfile import TemporaryFile
from typing import IO

import pytest

from bot.errors import BadRequest
from bot.timeline.files import Gauge, Stopped
from bot.types import Attached, Message, Place
from connectors import dropped
from connectors.dropped import Dropped
from knowledge.library import Library
from tests.logs.compose import compose

pytestmark = pytest.mark.asyncio

LOG = (
    b"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
    b"cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n"
) + b"2026-03-11 08:14:02 10.20.0.11 GET /certsrv/mscep/mscep.dll - 443 - 10.20.0.40 - - 403 0 0 15\n" * 40_000


class FakeChat:
    """Files by their key."""

    def __init__(self, files: dict[str, bytes | Exception], piece: int = 1000) -> None:
        self._files = files
        self._piece = piece
        self.fetched: list[str] = []

    async def fetch(self, file: Attached) -> AsyncIterator[bytes]:
        self.fetched.append(file.key)
        data = self._files[file.key]
        if isinstance(data, Exception):
            raise data
        for at in range(0, len(data), self._piece):
            await asyncio.sleep(0)
            yield data[at : at + self._piece]


def asked(chat: dict[str, bytes | Exception], sizes: dict[str, int] | None = None) -> Message:
    files = tuple(Attached(name, name, (sizes or {}).get(name)) for name in chat)
    return Message("1", Place("fake", "C1"), "U1", "", files=files)


async def read(files: dict[str, bytes | Exception], library: Library) -> dropped.Read:
    return await Dropped({"fake": FakeChat(files)}, library).read(asked(files), Gauge())


def zipped(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return held.getvalue()


@pytest.mark.parametrize("packed", [False, True])
async def test_a_set_of_logs_is_one_story(library: Library, packed: bool) -> None:
    logs = compose("verify-403-16", 2).files
    found = await read({"logs.zip": zipped(logs)} if packed else dict(logs), library)
    assert found.story
    assert found.story.stops[0].step == 3
    assert (found.text, found.notes) == ("", ())


async def test_what_is_no_log_is_a_paste(library: Library) -> None:
    found = await read({"a.txt": b"error 0x80094012", "b.txt": "Gerät".encode("utf-16")}, library)
    assert (found.story, found.text) == (None, "error 0x80094012\nGerät")


async def test_one_file_that_is_not_to_be_had_leaves_the_others(library: Library) -> None:
    found = await read({"gone.log": BadRequest("gone.log: status 404."), "a.txt": b"error 0x80094012"}, library)
    assert (found.text, found.notes) == ("error 0x80094012", ("gone.log: status 404.",))


async def test_where_no_file_is_to_be_had_all_reasons_are_told(library: Library) -> None:
    with pytest.raises(BadRequest, match=r"status 404.*not a text file|not a text file.*status 404"):
        await read({"gone.log": BadRequest("gone.log: status 404."), "a.png": bytes(range(32)) * 100}, library)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(dropped, "LARGEST_FILE", 3000)
    monkeypatch.setattr(dropped, "LARGEST_TOGETHER", 5000)
    yield


@pytest.mark.usefixtures("small")
async def test_a_file_is_not_fetched_beyond_the_bound_whatever_was_said_of_its_size(library: Library) -> None:
    chat = FakeChat({"said": b"x" * 3001, "liar": b"x" * 90_000})
    drop = Dropped({"fake": chat}, library)
    with pytest.raises(BadRequest, match=r"said: larger.*liar: larger"):
        await drop.read(asked({"said": b"", "liar": b""}, {"said": 3001, "liar": 5}), Gauge())
    assert chat.fetched == ["liar"]


@pytest.mark.usefixtures("small")
async def test_all_files_of_a_message_have_one_bound(library: Library) -> None:
    found = await read({"a": b"x" * 2900, "b": b"y" * 2900}, library)
    assert found.text == "x" * 2900
    assert "b: larger" in found.notes[0]


@pytest.mark.usefixtures("small")
async def test_files_that_are_refused_take_no_more_room_than_those_that_are_read(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[IO[bytes]] = []
    held: list[int] = []

    def nameless() -> IO[bytes]:
        made.append(TemporaryFile())  # noqa: SIM115 - closed by who asked for it
        return made[-1]

    class Watched(FakeChat):
        async def fetch(self, file: Attached) -> AsyncIterator[bytes]:
            async for part in super().fetch(file):
                held.append(sum(one.tell() for one in made if not one.closed))
                yield part

    monkeypatch.setattr(dropped, "TemporaryFile", nameless)
    chat = {str(number): b"x" * 90_000 for number in range(9)} | {"last": b"0x80094012"}
    with pytest.raises(BadRequest, match=r"0: larger.*last: larger"):
        await Dropped({"fake": Watched(dict(chat))}, library).read(asked(dict(chat)), Gauge())
    assert max(held) <= 3000
    assert len(held) <= 5 + len(chat)  # pieces: those that fill the room, and of each file the one that is too many


async def test_only_some_files_of_a_message_are_read(library: Library) -> None:
    found = await read({f"{n}": b"0x80094012" for n in range(12)}, library)
    assert found.notes == ("Of 12 files the first 10 are read.",)


async def test_how_far_it_is_can_be_seen(library: Library) -> None:
    gauge = Gauge()
    logs = compose("verify-403-16", 2).files
    message = asked(dict(logs), {name: len(data) for name, data in logs.items()})
    await Dropped({"fake": FakeChat(dict(logs))}, library).read(message, gauge)
    assert gauge.reading
    assert gauge.done == gauge.total == sum(map(len, logs.values()))
    assert gauge.lines > 10


@pytest.mark.parametrize("packed", [False, True])
async def test_a_reading_ends_when_it_is_stopped(library: Library, packed: bool) -> None:
    data: dict[str, bytes | Exception] = {"x": zipped({"iis.log": LOG}) if packed else LOG}
    gauge = Gauge()

    class Stopper(FakeChat):
        async def fetch(self, file: Attached) -> AsyncIterator[bytes]:
            async for part in super().fetch(file):
                yield part
            gauge.stopped = True

    with pytest.raises(Stopped):
        await Dropped({"fake": Stopper(data, piece=1 << 20)}, library).read(asked(data), gauge)


async def test_fetching_ends_when_it_is_stopped(library: Library) -> None:
    gauge = Gauge(stopped=True)
    with pytest.raises(Stopped):
        await Dropped({"fake": FakeChat({"a": b"x" * 9000})}, library).read(asked({"a": b""}), gauge)
    assert gauge.done == 1000


async def test_some_are_read_at_a_time_and_the_others_wait(library: Library) -> None:
    at_work, most = 0, 0

    class Slow(FakeChat):
        async def fetch(self, file: Attached) -> AsyncIterator[bytes]:
            nonlocal at_work, most
            at_work += 1
            most = max(most, at_work)
            await asyncio.sleep(0.02)
            at_work -= 1
            yield b"0x80094012"

    drop = Dropped({"fake": Slow({"a": b""})}, library)
    await asyncio.gather(*(drop.read(asked({"a": b""}), Gauge()) for _ in range(6)))
    assert most == dropped.AT_ONCE


async def test_a_reading_that_takes_too_long_tells_what_it_has(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only two messages are read at a time: one made to take hours would keep all others waiting."""
    logs = compose("verify-403-16", 2).files
    monkeypatch.setattr(dropped, "READING", 0.0)
    found = await read(dict(logs), library)
    assert found.story
    assert len(found.notes) == 1
    assert "took too long" in found.notes[0]


async def test_all_files_of_a_message_have_one_time_to_come(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropped, "FETCHING", 0.2)

    class Dripping(FakeChat):
        async def fetch(self, file: Attached) -> AsyncIterator[bytes]:
            if file.key == "good":
                yield b"0x80094012"
                return
            while True:
                await asyncio.sleep(0.01)
                yield b"x"

    files: dict[str, bytes | Exception] = {"good": b"", "a": b"", "b": b"", "c": b""}
    found = await Dropped({"fake": Dripping(files)}, library).read(asked(files), Gauge())
    assert found.text == "0x80094012"
    assert [note.split(":")[0] for note in found.notes] == ["a", "b", "c"]


async def test_a_reading_that_is_given_up_ends_quietly(library: Library) -> None:
    trouble: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: trouble.append(what))
    files: dict[str, bytes | Exception] = {"a.log": LOG, "b.log": LOG}
    gauge = Gauge()
    drop = Dropped({"fake": FakeChat(files, piece=1 << 20)}, library)
    reading = asyncio.create_task(drop.read(asked(files), gauge))
    while not gauge.lines and not reading.done():
        await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert gauge.stopped
    del reading
    gc.collect()
    await asyncio.sleep(0)
    assert trouble == []
