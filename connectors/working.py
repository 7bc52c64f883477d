"""`ndesbot worker`: looks at the servers of one site for a bot elsewhere, over connections that it opens itself."""

import asyncio
import logging
import os
import random
import socket
import ssl
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from bot.errands import Order, order_of, seen_said
from bot.errors import BadRequest, BotError, ConnectorError
from bot.looking import see
from bot.ports import Said
from connectors.assembly import wires
from connectors.checks import catalogue
from connectors.clock import now
from connectors.guard import Network
from connectors.roots import trusting
from connectors.running import stopped

AT_ONCE: Final = 8
"""Looks that a worker takes at a time."""
WAIT: Final = 20.0
"""Seconds that a question for work stays open."""
AGAIN: Final = (1.0, 4.0, 16.0)
"""Seconds before what was seen is handed over again to a bot that could not take it."""
_PATIENCE: Final = aiohttp.ClientTimeout(total=WAIT + 20, connect=10)
_LARGEST: Final = AT_ONCE * 2 * 1024 * 1024  # bytes of as many orders as are taken at once
_NONSENSE: Final = "The bot answers something that is not understood here."
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds before a bot that does not answer is asked again

_log = logging.getLogger(__name__)


class Bot:
    """The bot as a worker sees it: two questions, a token, TLS."""

    def __init__(self, session: aiohttp.ClientSession, address: str, token: str, name: str) -> None:
        self._session = session
        self._address = address
        self._headers = {"Authorization": f"Bearer {token}"}
        self._name = name

    async def take(self, most: int) -> list[tuple[str, Order]]:
        """So many errands, if any come in time; one that is not understood costs no other. Raises `ConnectorError`,
        and `BadRequest` for a token that is refused."""
        said = await self._ask("take", {"worker": self._name, "wait": WAIT, "most": most})
        try:
            handed = [(str(one["errand"]), one["order"]) for one in said["errands"]] if said else []
        except (KeyError, TypeError):
            raise ConnectorError(_NONSENSE) from None
        taken = []
        for errand, order in handed:
            try:
                taken.append((errand, order_of(order)))
            except BadRequest as error:
                _log.warning("an order is left undone", extra={"reason": str(error)})
        return taken

    async def give_back(self, errand: str, result: Said) -> None:
        """Hand over what was seen. Raises as `take` does."""
        await self._ask("give-back", {"errand": errand, "result": result})

    async def _ask(self, what: str, said: dict[str, Any]) -> dict[str, Any] | None:
        try:
            async with self._session.post(
                f"{self._address}/worker/{what}", json=said, headers=self._headers, allow_redirects=False
            ) as response:
                if response.status == 204:
                    return None
                if response.status in (401, 403):
                    raise BadRequest("The bot refuses NDESBOT_WORKER_TOKEN; make a new one with `ndesbot sites admit`.")
                if response.status != 200:
                    raise ConnectorError(f"The bot answers HTTP {response.status}.")
                return await _json(response)
        except (aiohttp.ClientError, OSError, TimeoutError, ssl.SSLError) as error:
            raise ConnectorError(f"The bot cannot be reached: {type(error).__name__}.") from None


async def _json(response: aiohttp.ClientResponse) -> dict[str, Any]:
    import json

    body = await response.content.read(_LARGEST + 1)
    while len(body) <= _LARGEST and (more := await response.content.read(_LARGEST)):
        body += more
    try:
        said = json.loads(body) if len(body) <= _LARGEST else None
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise ConnectorError(_NONSENSE)
    return said


async def work(
    site: str, address: str, token: str, *, ca_file: Path | None = None, allow: Sequence[Network] = ()
) -> None:
    """Look for the bot until told to stop. `allow` are the only private ranges that an order may open here; without
    any, those that the bot names. Raises `BadRequest` for an address or a token that cannot work."""
    encrypted = _bot_address(address).startswith("https:")
    context = trusting(ca_file, "--ca-file") if encrypted else True
    name = f"{site} {socket.gethostname()} {os.getpid()}"
    stop = stopped()
    connector = aiohttp.TCPConnector(ssl=context, limit=2 * AT_ONCE)
    async with aiohttp.ClientSession(connector=connector, timeout=_PATIENCE) as session:
        bot = Bot(session, address.rstrip("/"), token, name)
        working = asyncio.create_task(_take_and_look(bot, allow))
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if working.done():
            working.result()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def _take_and_look(bot: Bot, allow: Sequence[Network]) -> None:
    """One question for as many errands as there is room for, however many: it stays open while there are none.
    A refused token ends it; a bot that is away is waited for."""
    pause, looks = _FIRST_PAUSE, set[asyncio.Task[None]]()
    try:
        while True:
            if len(looks) >= AT_ONCE:
                await asyncio.wait(looks, return_when=asyncio.FIRST_COMPLETED)
            try:
                for errand, order in await bot.take(AT_ONCE - len(looks)):
                    looks.add(look := asyncio.create_task(_carried_out(bot, errand, order, allow)))
                    look.add_done_callback(looks.discard)
                pause = _FIRST_PAUSE
            except BadRequest:
                raise
            except BotError as error:
                _log.warning("the bot is waited for", extra={"reason": str(error)})
                await asyncio.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311 - spreads, hides nothing
                pause = min(2 * pause, _LONGEST_PAUSE)
    finally:
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)


async def _carried_out(bot: Bot, errand: str, order: Order, allow: Sequence[Network]) -> None:
    """An errand done and handed over; where that fails, another worker takes it later."""
    try:
        await hand_over(bot, errand, await _look(order, allow))
    except BotError as error:
        _log.warning("an errand is left undone", extra={"reason": str(error)})


async def hand_over(bot: Bot, errand: str, seen: Said) -> None:
    """Hand over what was seen, again where the bot or its database is away for a moment. Raises as `give_back` does."""
    for pause in AGAIN:
        try:
            return await bot.give_back(errand, seen)
        except ConnectorError:
            await asyncio.sleep(pause)
    await bot.give_back(errand, seen)


async def _look(order: Order, allow: Sequence[Network]) -> Said:
    known = {check.id: check for check in catalogue()}
    if unknown := [name for name in order.checks if name not in known]:
        raise ConnectorError(f"The bot asks for a check that this worker does not have: {unknown[0][:60]!r}.")
    checks = [known[name] for name in order.checks]
    ranges = _ranges(order.allow, allow)
    return seen_said(await see(order.server, checks, wires(ranges), past=order.past, now=now()))


def _ranges(said: Sequence[str], allow: Sequence[Network]) -> list[Network]:
    """Of the ranges that the bot names those that this worker's own settings open; all where they open none."""
    try:
        named = [ip_network(word) for word in said]
    except ValueError:
        raise ConnectorError("The bot names an address range that is none.") from None
    return named if not allow else [within for one in named for own in allow if (within := _common(one, own))]


def _common(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> Network | None:
    """What two ranges have in common: one of them, or nothing."""
    if one.version != other.version:
        return None
    if one.subnet_of(other):  # type: ignore[arg-type]
        return one
    return other if other.subnet_of(one) else None  # type: ignore[arg-type]


def _bot_address(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme == "https" and parts.hostname and not parts.username:
        return address
    if parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1"):
        return address
    raise BadRequest("--bot is an address such as https://ndesbot.corp.example; http only on this computer.")
