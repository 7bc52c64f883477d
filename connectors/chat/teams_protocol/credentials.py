"""The bot's own token: asked for once, kept while it is good, never waited for twice at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import ClientError, ClientSession
from pydantic import SecretStr

from bot.errors import ConnectorError
from bot.ports import Clock
from connectors.chat.teams_protocol.bodies import TooLarge, json_object, whole

_EARLY: Final = timedelta(minutes=5)  # a token is renewed this long before it ends
_AFTER_FAILURE: Final = timedelta(seconds=5)  # so that posts that wait do not ask one after the other
_LARGEST: Final = 64 * 1024

Ask = Callable[[], Awaitable[tuple[str, float]]]
"""A new token, and the seconds for which it is good. Raises `ConnectorError`."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Where Azure gives a managed identity its tokens. The header proves that it is the app which asks."""

    endpoint: str = "http://169.254.169.254/metadata/identity/oauth2/token"
    header: tuple[str, str] = ("Metadata", "true")
    version: str = "2018-02-01"


VIRTUAL_MACHINE: Final = Identity()
"""Of a virtual machine (learn.microsoft.com, "How to use managed identities to get an access token"; read
2026-11-20)."""


def app_service(endpoint: str, header: SecretStr) -> Identity:
    """Of App Service, Functions and container apps: what IDENTITY_ENDPOINT and IDENTITY_HEADER say there."""
    return Identity(endpoint, ("X-IDENTITY-HEADER", header.get_secret_value()), "2019-08-01")


class Tokens:
    """The token that is good now."""

    def __init__(self, ask: Ask, clock: Clock) -> None:
        """`ask` gets a new one."""
        self._ask = ask
        self._clock = clock
        self._token = ""
        self._until: datetime | None = None
        self._failed: tuple[datetime, str] | None = None
        self._asking = asyncio.Lock()

    async def token(self) -> str:
        """The token. Raises `ConnectorError` where none is to be had."""
        if self._good():
            return self._token
        async with self._asking:
            if not self._good():
                await self._renew()
        return self._token

    def forget(self, token: str) -> None:
        """That one was refused."""
        if token == self._token:
            self._until = None

    def _good(self) -> bool:
        return self._until is not None and self._clock() < self._until

    async def _renew(self) -> None:
        now = self._clock()
        if self._failed and now - self._failed[0] < _AFTER_FAILURE:
            raise ConnectorError(self._failed[1])
        try:
            self._token, seconds = await self._ask()
        except ConnectorError as error:
            self._failed = now, str(error)
            raise
        self._failed = None
        self._until = now + max(timedelta(seconds=seconds) - _EARLY, timedelta(seconds=seconds / 2))


def by_secret(
    session: Callable[[], ClientSession], login: str, tenant: str, app_id: str, secret: SecretStr, audience: str
) -> Ask:
    """Of a registration that has a client secret."""

    async def ask() -> tuple[str, float]:
        fields = {
            "grant_type": "client_credentials",
            "client_id": app_id,
            "client_secret": secret.get_secret_value(),
            "scope": f"{audience}/.default",
        }
        return await _token(session(), "POST", f"{login}/{tenant}/oauth2/v2.0/token", data=fields)

    return ask


def by_identity(session: Callable[[], ClientSession], identity: Identity, app_id: str, audience: str) -> Ask:
    """Of a managed identity: there is no secret at all. `session` goes through no proxy."""

    async def ask() -> tuple[str, float]:
        wanted = {"api-version": identity.version, "resource": audience, "client_id": app_id}
        headers = dict([identity.header])
        return await _token(session(), "GET", identity.endpoint, params=wanted, headers=headers)

    return ask


async def _token(session: ClientSession, method: str, address: str, **request: Any) -> tuple[str, float]:
    try:
        async with session.request(method, address, allow_redirects=False, **request) as response:
            said = json_object(await whole(response.content, _LARGEST)) or {}
            status = response.status
    except (ClientError, TimeoutError, OSError, TooLarge) as error:
        raise ConnectorError(f"The token of the bot cannot be asked for ({type(error).__name__}).") from None
    token, seconds = said.get("access_token"), str(said.get("expires_in", ""))
    if status != 200 or not isinstance(token, str) or not token or not seconds.isdecimal():
        raise ConnectorError(f"The bot gets no token: {status} {_reason(said)}. Are app_id, tenant and secret right?")
    return token, float(min(int(seconds), 86_400))


def _reason(said: dict[str, Any]) -> str:
    """The error's name, such as invalid_client; its description may quote what was sent."""
    name = said.get("error")
    return name if isinstance(name, str) and name.isascii() and name.replace("_", "").isalnum() else "without a reason"
