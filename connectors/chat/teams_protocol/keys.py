"""The keys with which Microsoft signs what it sends to bots: fetched before they are needed, and when one is new."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWTError

from bot.errors import ConnectorError
from bot.ports import Clock
from connectors.chat.teams_protocol.bodies import TooLarge, json_object, whole
from connectors.chat.teams_protocol.clouds import Cloud

FRESH: Final = timedelta(hours=24)
"""Keys older than this are fetched anew, while the old ones go on."""
NEW_KEY: Final = timedelta(seconds=30)
"""A key that is not known has them fetched anew, but no more often than this: anybody can make one up."""
_AFTER_FAILURE: Final = timedelta(seconds=5)
_TIMEOUT: Final = ClientTimeout(total=5)
_LARGEST: Final = 512 * 1024
_SHORTEST_KEY: Final = 2048  # bits

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """A public key, and the channels for which it is vouched."""

    public: RSAPublicKey
    endorsements: frozenset[str]


class Keys:
    """Microsoft's keys by their ids."""

    def __init__(self, cloud: Cloud, session: Callable[[], ClientSession], clock: Clock) -> None:
        """`session` leads to the cloud's OpenID document."""
        self._cloud = cloud
        self._session = session
        self._clock = clock
        self._known: Mapping[str, Key] | None = None
        self._fetched: datetime | None = None
        self._not_before: datetime | None = None
        self._fetching = asyncio.Lock()
        self._renewing: asyncio.Task[None] | None = None

    async def key(self, name: str) -> Key | None:
        """The key of that id; None where there is none. Raises `ConnectorError` where no keys are to be had."""
        if self._known is None or name not in self._known:
            await self._fetch_once(name)
        elif self._fetched is not None and self._clock() - self._fetched > FRESH:
            self._renew_meanwhile()
        if self._known is None:
            raise ConnectorError("Microsoft's keys cannot be fetched, so nobody can be believed.")
        return self._known.get(name)

    def _renew_meanwhile(self) -> None:
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._fetch_once(None))

    async def _fetch_once(self, name: str | None) -> None:
        async with self._fetching:
            now = self._clock()
            if self._not_before and now < self._not_before:
                return
            if name is not None and self._known is not None and name in self._known:
                return  # somebody who waited here before has brought it
            try:
                self._known = await self._fetch()
            except (ClientError, TimeoutError, OSError, TooLarge, _Unusable) as error:
                self._not_before = now + _AFTER_FAILURE
                _log.error("Microsoft's keys cannot be fetched", extra={"error": type(error).__name__})
                return
            self._fetched, self._not_before = now, now + NEW_KEY

    async def _fetch(self) -> Mapping[str, Key]:
        document = await self._get(self._cloud.keys)
        place = document.get("jwks_uri")
        if not isinstance(place, str) or _site(place) != _site(self._cloud.keys):
            raise _Unusable
        listed = (await self._get(place)).get("keys")
        if not isinstance(listed, list):
            raise _Unusable
        known = dict(key for said in listed[:1000] if (key := _key(said)))
        if not known:
            raise _Unusable
        return known

    async def _get(self, address: str) -> Mapping[str, Any]:
        async with self._session().get(address, allow_redirects=False, timeout=_TIMEOUT) as response:
            said = json_object(await whole(response.content, _LARGEST)) if response.status == 200 else None
        if said is None:
            raise _Unusable
        return said


class _Unusable(Exception):
    """An answer without keys."""


def _site(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc


def _key(said: Any) -> tuple[str, Key] | None:
    """One key of the list, where it is one that may sign tokens."""
    if not isinstance(said, dict) or said.get("kty") != "RSA" or said.get("use", "sig") != "sig":
        return None
    try:
        public = PyJWK.from_dict(said, "RS256").key
    except (PyJWTError, ValueError, TypeError):
        return None
    name, vouched = said.get("kid"), said.get("endorsements", [])
    if not isinstance(name, str) or not isinstance(public, RSAPublicKey) or public.key_size < _SHORTEST_KEY:
        return None
    channels = [channel for channel in vouched if isinstance(channel, str)] if isinstance(vouched, list) else []
    return name, Key(public, frozenset(channels))
