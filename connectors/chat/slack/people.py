"""Who may talk to the bot, from where, and what they may do: decided before a word of theirs is read."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.errors import ConnectorError, Gone
from bot.ports import Clock
from bot.types import Role
from connectors.chat.slack.calls import Calls
from connectors.chat.slack.looked_up import LookedUp
from connectors.settings_file import Slack as Settings

GROUPS_EVERY: Final = 600.0
"""Seconds between two looks at who is in a user group."""
_GROUPS_SOON = 30.0  # the same, where the last look failed
_GROUPS_FOR = timedelta(minutes=20)  # how long such a look counts: after that, its members are nobody
_PERSON_FOR = 600.0  # seconds for which a person, or a channel, is known
_A_GROUP = "S"  # how the id of a user group begins; those of people begin with U or W

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation as the bot sees it: whether it is in there, and whether people of other companies are."""

    member: bool
    shared: bool


class Workspaces(AsyncMiddleware):
    """Lets nothing by that comes from a workspace, or a person of a workspace, that is not in the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Any],  # noqa: A002 - the library calls it so
    ) -> BoltResponse | None:
        """Go on, or acknowledge and forget."""
        if not self._allowed(req.body):
            _log.warning("something from a workspace that is not in the settings is ignored")
            return BoltResponse(status=200, body="")
        await next()
        return None

    def _allowed(self, body: Mapping[str, Any]) -> bool:
        workspaces = self._settings.workspaces
        if not {_id(body, "team"), _id(body, "enterprise")} & workspaces:
            return False
        if self._settings.shared_channels:
            return True
        if body.get("is_ext_shared_channel"):
            return False
        # In a grid, a person may be of another workspace of the same company.
        return _id(body, "enterprise") in workspaces or _team_of_sender(body) in (None, _id(body, "team"), *workspaces)


def _id(body: Mapping[str, Any], of: str) -> str | None:
    """The id of a workspace or an enterprise, in whichever way this kind of payload tells it."""
    said = body.get(f"{of}_id")
    if not said and isinstance(part := body.get(of), Mapping):
        said = part.get("id")
    return said if isinstance(said, str) else None


def _team_of_sender(body: Mapping[str, Any]) -> str | None:
    event, user = body.get("event"), body.get("user")
    said = None
    if isinstance(event, Mapping):
        said = event.get("user_team") or event.get("source_team") or event.get("team")
    elif isinstance(user, Mapping):
        said = user.get("team_id")
    return said if isinstance(said, str) else None


class People:
    """The persons and channels of the workspace, looked up as needed."""

    def __init__(self, settings: Settings, calls: Calls, clock: Clock) -> None:
        self._settings = settings
        self._calls = calls
        self._clock = clock
        self._outsider = LookedUp(self._ask_person, lambda _: _PERSON_FOR)
        self._channels = LookedUp(self._ask_channel, lambda _: _PERSON_FOR)
        self._direct = LookedUp(self._ask_direct, lambda _: _PERSON_FOR)
        self._groups: dict[str, tuple[frozenset[str], datetime]] = {}

    # --- who may talk ------------------------------------------------------------------------

    async def may_talk(self, person: str) -> bool:
        """Whether a person may talk to the bot: guests, strangers and bots may not. Raises `ConnectorError`."""
        if not person:
            return False
        return not await self._outsider(person)

    async def _ask_person(self, person: str) -> bool:
        try:
            user = (await self._calls.get("users.info", user=person)).get("user", {})
        except Gone:
            return True
        guest = user.get("is_restricted") or user.get("is_ultra_restricted")
        stranger = user.get("is_stranger")
        barred = user.get("deleted") or user.get("is_bot")
        return bool(
            barred or (guest and not self._settings.guests) or (stranger and not self._settings.shared_channels)
        )

    async def channel(self, channel: str) -> Channel:
        """What the bot knows of a conversation. Raises `ConnectorError`."""
        return await self._channels(channel)

    def open_to_bot(self, channel: Channel) -> bool:
        """Whether the settings let the bot be used in there."""
        return self._settings.shared_channels or not channel.shared

    async def _ask_channel(self, channel: str) -> Channel:
        try:
            told = (await self._calls.get("conversations.info", channel=channel)).get("channel", {})
        except Gone:  # the bot cannot see it, so it is not in there
            return Channel(member=False, shared=False)
        member = bool(told.get("is_member") or told.get("is_im") or told.get("is_mpim"))
        return Channel(member, bool(told.get("is_ext_shared")))

    async def direct(self, person: str) -> str:
        """The conversation of the bot with one person alone. Raises as `ChatSurface.send` does."""
        return await self._direct(person)

    async def _ask_direct(self, person: str) -> str:
        channel = (await self._calls.post("conversations.open", users=person)).get("channel") or {}
        if not isinstance(found := channel.get("id"), str):
            raise ConnectorError("Slack did not say which direct message it opened.")
        return found

    # --- what they may do --------------------------------------------------------------------

    def role_of(self, person: str) -> Role:
        """What a person may do, by their id and the groups they are in as far as that is known."""
        since = self._clock() - _GROUPS_FOR
        groups = {group for group, (members, at) in self._groups.items() if person in members and at > since}
        return self._settings.role_of(frozenset({person, *groups}))

    async def look_at_groups(self) -> bool:
        """Look who is in the user groups of the settings; whether all could be read."""
        groups = sorted(name for name in self._settings.operators | self._settings.admins if name[:1] == _A_GROUP)
        return all([await self._look_at(group) for group in groups])

    async def keep_groups(self, known: bool) -> None:
        """Look again and again; `known` says how the last look went."""
        while True:
            await asyncio.sleep(GROUPS_EVERY if known else _GROUPS_SOON)
            known = await self.look_at_groups()

    async def _look_at(self, group: str) -> bool:
        try:
            told = await self._calls.get("usergroups.users.list", usergroup=group)
        except ConnectorError as error:
            _log.error("a user group cannot be read", extra={"group": group, "reason": str(error)})
            return False
        self._groups[group] = frozenset(map(str, told.get("users") or ())), self._clock()
        return True

    async def close(self) -> None:
        """Leave what is being looked up."""
        for known in (self._outsider, self._channels, self._direct):
            await known.close()
