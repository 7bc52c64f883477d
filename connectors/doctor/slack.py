"""Is Slack reachable with these tokens, and did it grant the scopes that the manifest asks for?"""

from collections.abc import AsyncIterator, Iterable

from bot.errors import BotError, ConnectorError
from bot.ports import Clock
from connectors import settings_file
from connectors.doctor.network import Line, Reached, clock_says
from connectors.doctor.symptoms import Symptom, told
from connectors.settings_file import Slack, SlackSecrets

_TOKENS = "Copy the token anew from the app's page at Slack; docs/slack.md says where it is."
_WAY_OUT = "Let this computer reach it on port 443, or name the proxy and its root under [network]."


async def examine(said: Slack, scopes: Iterable[str], line: Line, clock: Clock) -> AsyncIterator[Symptom]:
    """Everything about Slack, from the nearest to the farthest."""
    try:
        secrets = settings_file.slack_secrets(said.mode)
    except BotError as error:
        yield Symptom("slack-secrets", "fail", str(error), _TOKENS)
        return
    yield Symptom("slack-secrets", "ok", f"Those that {said.mode} mode needs are set.")
    try:
        reached = await line.ask("POST", f"{said.api}/api/auth.test", headers=_bearer(secrets.bot_token))
    except ConnectorError as error:
        yield Symptom("slack-reach", "fail", str(error), _WAY_OUT)
        return
    yield Symptom("slack-reach", "ok", f"{said.api} answers.")
    yield await told(
        "slack-clock",
        "Set the clock by NTP: Slack's signatures are only good for five minutes.",
        _clock(reached, clock),
    )
    yield await told("slack-token", _TOKENS, _workspace(reached, said))
    if reached.data.get("ok"):
        yield await told(
            "slack-scopes",
            "Paste manifest/slack.yaml into the app's manifest and install the app again.",
            _scopes(reached, set(scopes)),
        )
    else:
        yield Symptom("slack-scopes", "warn", "Not known: Slack tells them for a good bot token only.", _TOKENS)
    if said.mode == "socket":
        yield await told("slack-socket", _TOKENS, _socket(said, secrets, line))


async def _clock(reached: Reached, clock: Clock) -> str:
    return clock_says(reached, clock)


async def _workspace(reached: Reached, said: Slack) -> str:
    if not reached.data.get("ok"):
        raise ConnectorError(f"Slack refuses the bot token: {_word(reached)}.")
    team = str(reached.data.get("team_id", ""))
    if team not in said.workspaces:
        raise ConnectorError(f"The token belongs to workspace {team}, which slack.workspaces does not name.")
    return f"The bot token is good in workspace {team}."


async def _scopes(reached: Reached, wanted: set[str]) -> str:
    granted = {word.strip() for word in reached.headers.get("x-oauth-scopes", "").split(",")} - {""}
    if not granted:
        return "Slack does not say which scopes it granted."
    if missing := sorted(wanted - granted):
        raise ConnectorError(f"Not granted: {', '.join(missing)}.")
    more = sorted(granted - wanted)
    return "All scopes of the manifest are granted" + (f"; not needed: {', '.join(more)}." if more else ".")


async def _socket(said: Slack, secrets: SlackSecrets, line: Line) -> str:
    reached = await line.ask("POST", f"{said.api}/api/apps.connections.open", headers=_bearer(secrets.app_token))
    if not reached.data.get("ok"):
        raise ConnectorError(f"Slack refuses the app-level token: {_word(reached)}.")
    return "The app-level token opens a socket."


def _bearer(token: object) -> dict[str, str]:
    value = token.get_secret_value() if hasattr(token, "get_secret_value") else ""
    return {"Authorization": f"Bearer {value}"}


def _word(reached: Reached) -> str:
    """Slack's word for what is wrong, such as `invalid_auth`."""
    word = str(reached.data.get("error", ""))
    return word if word.replace("_", "").isalnum() and len(word) < 60 else f"HTTP {reached.status}"
