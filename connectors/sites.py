"""Looks that the workers of other sites take: laid out, handed over by HTTPS, and waited for."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.check import PROBE
from bot.errands import Order, seen_of, unseen
from bot.errors import BadRequest, ConnectorError
from bot.findings import Past, Server
from bot.insisting import insist
from bot.looking import SLOW_RUN, Seen, time_for
from bot.ports import Check, Clock, Errand, Errands

MARGIN: Final = 10.0
"""Seconds that an errand and its result may be on their way, beside the look itself."""
LEASE: Final = timedelta(seconds=SLOW_RUN + 1.5 * MARGIN)
"""How long an errand is one worker's: longer than any look. After that another one of the site may take it: the first
result counts."""
HANDING_OVER: Final = 30.0
"""Seconds that a run waits until a worker takes it."""
LONGEST_WAIT: Final = 25.0
"""Seconds that a worker's question for work may stay open: less than proxies cut connections after."""
LARGEST: Final = 2 * 1024 * 1024
"""Bytes of what a worker says."""

_LOOK_EVERY: Final = 1.0  # seconds between two looks for what another replica did; what this one did is heard at once
_MOST: Final = 50  # errands that a worker may take at a time

_log = logging.getLogger(__name__)


class Bell:
    """Tells those who wait in this process that something was done, so that they need not look all the time."""

    def __init__(self) -> None:
        self._rung: dict[str, asyncio.Event] = {}

    def heard(self, name: str) -> asyncio.Event:
        """Set once the bell rings from now on. To be asked for before the look that comes before waiting."""
        return self._rung.setdefault(name, asyncio.Event())

    def ring(self, name: str) -> None:
        """Wake all who wait for this."""
        if rung := self._rung.pop(name, None):
            rung.set()


async def _within(seconds: float, rung: asyncio.Event) -> None:
    """Wait until it rings, or so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await rung.wait()


class Sites:
    """The bot's side: which servers are looked at elsewhere, and what was seen there."""

    def __init__(
        self,
        errands: Errands,
        clock: Clock,
        *,
        here: Collection[str],
        allow: Sequence[str],
        bell: Bell | None = None,
        patience: float = HANDING_OVER,
    ) -> None:
        """`here` are the sites that this bot looks at itself, `allow` the private ranges of its settings; `bell` is
        that of the door in the same process."""
        self._bell = bell or Bell()
        self._patience = patience
        self._errands = errands
        self._clock = clock
        self._here = frozenset(here)
        self._allow = tuple(allow)

    async def look(self, server: Server, checks: Sequence[Check], past: Past, now: datetime) -> Seen | None:
        """What a worker of the server's site saw; None for a site that is looked at from here.

        Where none answers in time, every check is unknown and says so.
        """
        if server.site in self._here:
            return None
        order = Order(server, tuple(check.id for check in checks), past, self._allow)
        name = f"{server.name} {now.isoformat()}"
        errand = Errand(name, server.site, order.said())
        await insist(lambda: self._errands.put(errand, self._clock()), "an errand cannot be laid out")
        self._bell.ring(_site(server.site))
        try:
            async with asyncio.timeout(self._patience):
                await self._until(name, lambda errand: errand.taken)
            # A probe leaves traces: it is given up before a second worker could take it.
            again = 0.0 if PROBE in order.checks else LEASE.total_seconds() + MARGIN
            async with asyncio.timeout(time_for(server, checks) + MARGIN + again):
                done = await self._until(name, lambda errand: errand.result is not None)
            return seen_of(dict(done.result or {}), order, now)
        except TimeoutError:  # from now on nobody is to take it: a probe that was taken might be sent twice
            await insist(lambda: self._errands.drop(name), "an errand cannot be taken back")
            return unseen(server, checks, f"No runner for site {server.site} answered.")
        except BadRequest as error:
            _log.error("a worker's answer is refused", extra={"server": server.name, "reason": str(error)})
            return unseen(server, checks, f"The runner of site {server.site} gave an answer that makes no sense.")
        finally:
            self._bell.ring(name)  # nobody is to wait for it any more
            with suppress(ConnectorError):  # it goes by itself in the end
                await self._errands.drop(name)

    async def _until(self, name: str, so: Callable[[Errand], bool]) -> Errand:
        while True:
            rung = self._bell.heard(name)
            errand = await insist(lambda: self._errands.errand(name), "an errand cannot be looked up")
            if errand and so(errand):
                return errand
            await _within(_LOOK_EVERY, rung)


def _site(name: str) -> str:
    """What the bell of a site's work is called; an errand's own goes by its name, which has a space in it."""
    return f"site:{name}"


# --- the door ----------------------------------------------------------------------------------


class _Asking(BaseModel):
    model_config = ConfigDict(extra="forbid")
    worker: str = Field(min_length=1, max_length=200)
    wait: float = Field(default=0.0, ge=0, le=LONGEST_WAIT)
    most: int = Field(ge=1, le=_MOST)


class _Giving(BaseModel):
    model_config = ConfigDict(extra="forbid")
    errand: str = Field(min_length=1, max_length=500)
    result: dict[str, Any]


class Door:
    """What workers may ask of the bot: for errands of their site, and to take their results. Nothing else."""

    def __init__(
        self,
        errands: Errands,
        clock: Clock,
        *,
        bell: Bell | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bell = bell or Bell()
        self._errands = errands
        self._clock = clock
        self._seconds = seconds

    def open(self, application: web.Application) -> None:
        """Add the addresses for workers."""
        application.router.add_post("/worker/take", self._take)
        application.router.add_post("/worker/give-back", self._give_back)

    async def _take(self, request: web.Request) -> web.Response:
        site = await self._site(request)
        asking = await _read(request, _Asking)
        until = self._seconds() + asking.wait
        while request.transport and not request.transport.is_closing():  # who left cannot take anything with them
            now, rung = self._clock(), self._bell.heard(_site(site))
            if taken := await self._errands.take(site, asking.worker, now, now + LEASE, asking.most):
                for errand in taken:
                    self._bell.ring(errand.name)
                return web.json_response({"errands": [{"errand": one.name, "order": dict(one.said)} for one in taken]})
            left = until - self._seconds()
            if left <= 0:
                break
            await _within(min(left, _LOOK_EVERY), rung)
        return web.Response(status=204)

    async def _give_back(self, request: web.Request) -> web.Response:
        site = await self._site(request)
        giving = await _read(request, _Giving)
        first = await self._errands.give_back(giving.errand, site, giving.result)
        self._bell.ring(giving.errand)
        return web.json_response({"taken": first})

    async def _site(self, request: web.Request) -> str:
        """The site of whoever asks. Raises 401 for a token that is not, or no longer, good. Wrong ones are not counted:
        nobody guesses 256 bits, and a limit would lock out workers whose token is good."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not 20 <= len(token) <= 200:
            raise web.HTTPUnauthorized(text="A worker shows its token.")
        site = await self._errands.site_of(token)
        if site is None:
            raise web.HTTPUnauthorized(text="That token is not good, or no longer.")
        return site


async def _read(request: web.Request, shape: type[Any]) -> Any:
    body = bytearray()
    async for part in request.content.iter_any():
        body += part
        if len(body) > LARGEST:
            raise web.HTTPRequestEntityTooLarge(LARGEST, len(body))
    try:
        return shape.model_validate_json(bytes(body))
    except ValidationError:
        raise web.HTTPBadRequest(text="That is not what a worker says here.") from None
