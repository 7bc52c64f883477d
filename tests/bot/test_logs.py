"""Files beside a message: one answer for all of them, how far it is meanwhile, and an end when somebody wants it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from bot import logs
from bot.errors import BadRequest
from bot.logs import STOP, Logs, Pasted, so_far
from bot.timeline import Line, LogFile, Story, Survey
from bot.timeline.files import Gauge, Read, Stopped
from bot.types import Answer, Attached, Choices, Message, Picture, Place
from knowledge.codes import Codes
from knowledge.library import Library
from tests.fakes import FakeClock, FakeStore, cases_of

pytestmark = pytest.mark.asyncio
PLACE = Place("fake", "C1", "1")
BAD = "403 16 2148204809 on POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - 10.0.0.1 NDES_Plugin"


class FakeFiles:
    """Gives what it was told, once it is let."""

    def __init__(self, read: Callable[[Gauge], Awaitable[Read]]) -> None:
        self._read = read

    async def read(self, message: Message, gauge: Gauge) -> Read:
        return await self._read(gauge)


def reader(
    read: Callable[[Gauge], Awaitable[Read]],
    library: Library,
    codes: Codes,
    draw: Callable[[Story], Picture | None] = lambda _: None,
) -> Logs:
    store = FakeStore()
    kept = cases_of(store, library)
    return Logs(FakeFiles(read), library, codes, draw=draw, cases=kept, store=store, clock=FakeClock())


def message(text: str = "", *, addressed: bool = True) -> Message:
    return Message("1", PLACE, "U1", text, addressed, files=(Attached("iis.log", "k", 2_000_000),))


@pytest.fixture(scope="module")
def stopped_story(library: Library) -> Story:
    survey = Survey(library)
    file = LogFile("iis.log", "iis", "IIS log", lines=1)
    survey.take(file, [Line(7, datetime(2026, 5, 14, 10, 41, 7, tzinfo=UTC), "IIS", BAD, True)])
    return survey.story()


@pytest.fixture
def answering(library: Library, codes: Codes) -> Callable[..., Awaitable[tuple[Answer | Pasted | None, list[Answer]]]]:
    async def answer(
        read: Read | Exception, asked: Message, draw: Callable[[Story], Picture | None] = lambda _: None
    ) -> tuple[Answer | Pasted | None, list[Answer]]:
        async def reading(_: Gauge) -> Read:
            if isinstance(read, Exception):
                raise read
            return read

        shown: list[Answer] = []

        async def show(one: Answer) -> None:
            shown.append(one)

        return await reader(reading, library, codes, draw).read(asked, show), shown

    return answer


async def test_logs_are_answered_with_where_they_stop_and_with_a_picture(answering, stopped_story: Story) -> None:
    picture = Picture(b"png", "the same in words")
    answer, shown = await answering(Read(stopped_story, ""), message(), lambda _: picture)
    assert "step 3" in answer.title
    assert answer.blocks[0] == picture
    assert shown == []  # what is over in a moment shows nothing on the way


async def test_a_picture_that_cannot_be_drawn_costs_no_answer(answering, stopped_story: Story) -> None:
    def broken(_: Story) -> Picture:
        raise RuntimeError

    answer, _ = await answering(Read(stopped_story, ""), message(), broken)
    assert "step 3" in answer.title


async def test_a_file_that_is_no_log_is_read_like_a_paste(answering) -> None:
    found, _ = await answering(Read(None, "error 0x80094012", ("b.png: no text file.",)), message("look"))
    assert found == Pasted("look\nerror 0x80094012", ("b.png: no text file.",))


async def test_what_was_written_is_answered_though_its_file_cannot_be_read(answering) -> None:
    found, _ = await answering(BadRequest("a.log: too large."), message("error 0x80094012"))
    assert found == Pasted("error 0x80094012", ("a.log: too large.",))


async def test_a_file_alone_that_cannot_be_read_is_refused_in_words(answering) -> None:
    with pytest.raises(BadRequest, match=r"a\.log: too large"):
        await answering(BadRequest("a.log: too large."), message())


@pytest.mark.parametrize("read", [BadRequest("a.png: no."), "healthy"])
async def test_nobody_asked_so_only_a_failure_is_told(answering, library: Library, read: Read | Exception) -> None:
    given = Read(Survey(library).story(), "") if read == "healthy" else read
    assert await answering(given, message(addressed=False)) == (None, [])


async def test_a_failure_in_logs_that_nobody_asked_about_is_told(answering, stopped_story: Story) -> None:
    answer, _ = await answering(Read(stopped_story, ""), message(addressed=False))
    assert "step 3" in answer.title


async def test_a_long_reading_shows_how_far_it_is_and_can_be_stopped(
    library: Library, codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_LOOK", 0.01)

    async def long(gauge: Gauge) -> Read:
        gauge.total, gauge.done, gauge.lines, gauge.reading = 2_000_000, 500_000, 31_207, True
        while not gauge.stopped:
            await asyncio.sleep(0.01)
        raise Stopped

    reading = reader(long, library, codes)
    shown: asyncio.Queue[Answer] = asyncio.Queue()
    answering = asyncio.create_task(reading.read(message(), shown.put))
    first = await asyncio.wait_for(shown.get(), 5)
    assert first.title == "Reading iis.log"
    assert "31,207" in str(first.blocks)
    assert "0.5 of 1.9 MB" in str(first.blocks)
    (stop,) = [block for block in first.blocks if isinstance(block, Choices)]
    assert stop.options == (("Stop", STOP),)
    assert reading.stop(Place("fake", "C2")) == 0
    assert reading.stop(PLACE) == 1
    answer = await asyncio.wait_for(answering, 5)
    assert answer.title == "I stopped reading"
    assert reading.stop(PLACE) == 0


async def test_who_ends_ends_the_reading_too(library: Library, codes: Codes) -> None:
    gauges: list[Gauge] = []

    async def endless(gauge: Gauge) -> Read:
        gauges.append(gauge)
        await asyncio.Event().wait()
        raise AssertionError

    answering = asyncio.create_task(reader(endless, library, codes).read(message(), _unseen))
    await asyncio.sleep(0.01)
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
    assert gauges[0].stopped


async def _unseen(_: Answer) -> None:
    return None


async def test_a_bar_is_never_longer_than_whole() -> None:
    told = str(so_far(message(), Gauge(done=9_000_000, total=1_000_000)).blocks)
    assert "█" * 20 in told
    assert "█" * 21 not in told
