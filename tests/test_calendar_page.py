"""The calendar of what runs out is there for who knows its address, and for nobody else."""

from datetime import timedelta

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from bot.diary import Expiry, Run
from bot.errors import BadRequest
from connectors import settings
from connectors.calendar_page import CalendarPage
from tests.fakes import NOON, FakeDiary

TOKEN = "a-token_that-is-long-enough"


async def test_who_knows_the_address_gets_what_is_still_to_come() -> None:
    diary = FakeDiary()
    ends = [Expiry("ndes01", "ra", name, NOON + timedelta(days=days), NOON) for name, days in (("old", -1), ("new", 9))]
    await diary.remember(Run("ndes01", NOON, "ok", {}), ends)
    application = web.Application()
    CalendarPage(diary, lambda: NOON, TOKEN).open(application)
    async with TestServer(application) as server, ClientSession() as session:
        async with session.get(server.make_url(f"/calendar/{TOKEN}.ics")) as response:
            text = await response.text()
            assert (response.status, response.content_type) == (200, "text/calendar")
            assert text.count("BEGIN:VEVENT") == 1
        for other in (TOKEN[:-1], f"{TOKEN}x", "", "%00", "é"):
            async with session.get(server.make_url(f"/calendar/{other}.ics")) as response:
                assert response.status == 404


@pytest.mark.parametrize("said", ["short", "with a blank in the middle", "slashes/are/paths/in/addresses"])
def test_an_address_that_can_be_guessed_or_not_written_is_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("NDESBOT_CALENDAR_TOKEN", said)
    with pytest.raises(BadRequest, match="20 letters"):
        settings.calendar_token()


def test_without_a_token_there_is_no_calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NDESBOT_CALENDAR_TOKEN", raising=False)
    assert settings.calendar_token() is None
