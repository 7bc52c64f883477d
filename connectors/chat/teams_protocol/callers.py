"""Who may come in: requests that Microsoft signed for this bot, from a directory that may talk to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from aiohttp import web

from bot.errors import BadRequest, ConnectorError
from bot.ports import Clock
from connectors.chat.teams_protocol.clouds import Cloud, is_local, is_loopback
from connectors.chat.teams_protocol.keys import Keys
from connectors.chat.teams_protocol.library import Json
from connectors.settings_file import Teams

CHANNEL: Final = "msteams"
SKEW: Final = 300
"""Seconds that clocks may differ."""
_LONGEST_TOKEN: Final = 16_384


class TurnedAway(Exception):
    """A request is not let in: a status, and a reason of few words."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request; an emulator has no claims."""

    claims: Mapping[str, Any]
    endorsements: frozenset[str]

    @property
    def emulator(self) -> bool:
        """Whether it came unsigned, from this computer."""
        return not self.claims


class Gate:
    """Lets requests in or turns them away."""

    def __init__(self, settings: Teams, cloud: Cloud, keys: Keys, clock: Clock, *, listens_on: str) -> None:
        """`listens_on` is the host of the web server. Raises `BadRequest` for settings under which anybody could
        come in: no app id, or an emulator allowed on an address that others reach."""
        if not settings.app_id.strip():
            raise BadRequest("teams.app_id is empty: without it, no request could be told from a forged one.")
        if settings.emulator and not is_loopback(listens_on):
            raise BadRequest(
                f"teams.emulator takes unsigned requests, but the bot listens on {listens_on}; "
                "set web.host to 127.0.0.1, or emulator to false."
            )
        self._settings = settings
        self._cloud = cloud
        self._keys = keys
        self._clock = clock

    # --- by the header alone -----------------------------------------------------------------

    async def caller(self, request: web.Request) -> Caller:
        """Who sent a request, before its body is read. Raises `TurnedAway`."""
        headers = request.headers.getall("Authorization", [])
        if not headers and self._settings.emulator and _from_here(request):
            return Caller({}, frozenset())
        kind, _, token = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
        if kind.lower() != "bearer" or not token or len(token) > _LONGEST_TOKEN:
            raise TurnedAway(401, "A bearer token is missing.")
        return await self._signed(token)

    async def _signed(self, token: str) -> Caller:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise TurnedAway(401, "That is no token.") from None
        name = header.get("kid")
        if header.get("alg") != "RS256" or not isinstance(name, str):
            raise TurnedAway(401, "That is not how Microsoft signs.")
        try:
            key = await self._keys.key(name)
        except ConnectorError as error:
            raise TurnedAway(503, str(error)) from None
        if key is None:
            raise TurnedAway(401, "That key is not Microsoft's.")
        return Caller(self._claims(token, key.public), key.endorsements)

    def _claims(self, token: str, public: Any) -> Mapping[str, Any]:
        # Times are judged below, by the clock that the house is given.
        options: Any = {"require": ["exp", "iss", "aud"], "verify_exp": False, "verify_nbf": False, "verify_iat": False}
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                public,
                algorithms=["RS256"],
                audience=self._settings.app_id,
                issuer=self._cloud.issuer,
                options=options,
            )
        except jwt.PyJWTError:
            raise TurnedAway(401, "That token is not for this bot.") from None
        now = self._clock().timestamp()
        ends, begins = claims["exp"], claims.get("nbf", 0)
        if not isinstance(ends, int | float) or not isinstance(begins, int | float):
            raise TurnedAway(401, "That token has no time.")
        if not begins - SKEW <= now < ends + SKEW:
            raise TurnedAway(401, "That token is not good now. Is the clock right?")
        return claims

    # --- by what it says ---------------------------------------------------------------------

    def admit(self, caller: Caller, activity: Json) -> None:
        """Judge an activity by who sent it. Raises `TurnedAway`."""
        service = activity.get("serviceUrl")
        if not isinstance(service, str):
            raise TurnedAway(403, "There is no address to answer to.")
        if caller.emulator:
            if not is_local(service):
                raise TurnedAway(403, "An emulator is answered on this computer alone.")
            return
        if _same(caller.claims.get("serviceurl")) != _same(service):
            raise TurnedAway(403, "The token is for another address.")
        if not self._cloud.serves(service):
            raise TurnedAway(403, "That address is not Microsoft's.")
        if activity.get("channelId") != CHANNEL or CHANNEL not in caller.endorsements:
            raise TurnedAway(403, "That key may not speak for this channel.")
        tenants = _tenants(activity)
        if not tenants or not tenants <= {tenant.lower() for tenant in self._settings.allowed_tenants}:
            raise TurnedAway(403, "That organisation may not talk to this bot.")


def _from_here(request: web.Request) -> bool:
    """Whether a program of this computer sent it: no proxy in between, and no page in a browser."""
    transport = request.transport
    if transport is None or "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    ends = (transport.get_extra_info("peername"), transport.get_extra_info("sockname"))
    if not all(isinstance(end, tuple) and is_loopback(str(end[0])) for end in ends):
        return False
    host = request.headers.get("Host", "").lower().rpartition(":")[0] or request.headers.get("Host", "")
    return is_loopback(host) and "Origin" not in request.headers


def _same(address: Any) -> str | None:
    return address.rstrip("/").lower() if isinstance(address, str) else None


def _tenants(activity: Json) -> frozenset[str]:
    """Every directory that an activity names as its own."""
    named = []
    for outer, *path in (("channelData", "tenant", "id"), ("conversation", "tenantId")):
        part: Any = activity.get(outer)
        for name in path:
            part = part.get(name) if isinstance(part, dict) else None
        if part is not None:
            named.append(part.lower() if isinstance(part, str) else "")
    return frozenset(named)
