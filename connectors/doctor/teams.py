"""Is Teams reachable: does the directory give the bot a token, and are the keys of the Bot Framework there?"""

from collections.abc import AsyncIterator
from typing import Final

from bot.errors import BotError, ConnectorError
from bot.ports import Clock
from connectors import settings_file
from connectors.doctor.network import Line, Reached, clock_says
from connectors.doctor.symptoms import Symptom, told
from connectors.settings_file import Teams

LOGIN: Final = "https://login.microsoftonline.com"
"""Where the directory hands out tokens."""
KEYS: Final = "https://login.botframework.com/v1/.well-known/openidconfiguration"
"""Where the Bot Framework publishes the keys it signs with."""
_SCOPE: Final = "https://api.botframework.com/.default"
_WAY_OUT: Final = "Let this computer reach it on port 443, or name the proxy and its root under [network]."
_REGISTRATION: Final = "Make a new client secret, and check tenant and app_id: docs/teams.md says where."


async def examine(
    said: Teams, line: Line, clock: Clock, *, login: str = LOGIN, keys: str = KEYS
) -> AsyncIterator[Symptom]:
    """Everything about Teams, from the nearest to the farthest."""
    if said.emulator:
        yield Symptom(
            "teams-emulator", "warn", "Unsigned requests from this computer are taken.", "Set emulator = false."
        )
    yield await told("teams-keys", _WAY_OUT, _keys(line, keys))
    if said.app_type == "managed-identity":
        yield Symptom("teams-token", "ok", "The managed identity gives the token; it can only be asked in Azure.")
        return
    try:
        secret = settings_file.teams_secret().get_secret_value()
    except BotError as error:
        yield Symptom("teams-secret", "fail", str(error), _REGISTRATION)
        return
    form = {"grant_type": "client_credentials", "client_id": said.app_id, "client_secret": secret, "scope": _SCOPE}
    try:
        reached = await line.ask("POST", f"{login}/{said.tenant}/oauth2/v2.0/token", data=form)
    except ConnectorError as error:
        yield Symptom("teams-reach", "fail", str(error), _WAY_OUT)
        return
    yield await told("teams-clock", "Set the clock by NTP: tokens are only good for a time.", _clock(reached, clock))
    yield await told("teams-token", _REGISTRATION, _token(reached))


async def _keys(line: Line, keys: str) -> str:
    reached = await line.ask("GET", keys)
    if reached.status != 200 or "jwks_uri" not in reached.data:
        raise ConnectorError(f"The keys of the Bot Framework are not there (HTTP {reached.status}).")
    return "The keys of the Bot Framework can be read."


async def _clock(reached: Reached, clock: Clock) -> str:
    return clock_says(reached, clock)


async def _token(reached: Reached) -> str:
    if "access_token" not in reached.data:
        said = str(reached.data.get("error", ""))
        word = said if said.replace("_", "").isalnum() and len(said) < 60 else f"HTTP {reached.status}"
        code = str(reached.data.get("error_description", ""))[:12].partition(":")[0]
        raise ConnectorError(f"The directory gives no token: {word}{f' ({code})' if code.isalnum() else ''}.")
    return "The directory gives the bot a token."
