"""What runs out, as a calendar to subscribe to: at an address that nobody can guess."""

import secrets
from datetime import timedelta

from aiohttp import web

from bot.diary import Expiry
from bot.ports import Clock, Diary
from connectors.render.calendar import calendar

_FOREVER = timedelta(days=3650)


class CalendarPage:
    """`/calendar/<token>.ics`; without a token there is no such page."""

    def __init__(self, diary: Diary, clock: Clock, token: str) -> None:
        self._diary = diary
        self._clock = clock
        self._token = token

    def open(self, application: web.Application) -> None:
        """Add the page."""
        application.router.add_get("/calendar/{token}.ics", self._calendar)

    async def _calendar(self, request: web.Request) -> web.Response:
        if not secrets.compare_digest(request.match_info["token"].encode(), self._token.encode()):
            raise web.HTTPNotFound
        return web.Response(body=calendar(await self._ends()), content_type="text/calendar", charset="utf-8")

    async def _ends(self) -> list[Expiry]:
        now = self._clock()
        return [one for one in await self._diary.expiries(now + _FOREVER) if one.ends > now]
