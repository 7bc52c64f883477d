"""Who is of the house: guests and people of other organisations are refused unless the settings say otherwise."""

from datetime import datetime, timedelta
from typing import Final

from bot.errors import ConnectorError, Gone
from bot.ports import Clock
from bot.types import Answer, Role, Text
from connectors.chat.teams_protocol.heard import Origin
from connectors.chat.teams_protocol.library import Json, Library, Refused
from connectors.chat.teams_protocol.remembered import Remembered
from connectors.settings_file import Teams

KNOWN_FOR: Final = timedelta(hours=1)
"""How long it is believed that somebody is, or is no guest."""
_PEOPLE: Final = 10_000
_OUTSIDE: Final = frozenset({"guest", "anonymous", "federated", "external"})

STRANGER = Answer(
    "I talk to people of this organisation only",
    "info",
    (Text("Guests are not answered. Whoever runs me can allow it, with `guests` in the settings."),),
    private=True,
)
UNSURE = Answer(
    "I could not find out who you are",
    "unsure",
    (Text("Teams did not tell me whether you are of this organisation. Please ask again in a minute."),),
    private=True,
)


class People:
    """Tells members from guests, and what each may do."""

    def __init__(self, settings: Teams, library: Library, clock: Clock) -> None:
        """The ids in the settings are Entra object ids."""
        lower = {name: frozenset(person.lower() for person in getattr(settings, name)) for name in _LISTS}
        self._settings = settings.model_copy(update=lower)
        self._named = self._settings.operators | self._settings.admins
        self._library = library
        self._clock = clock
        self._known: Remembered[tuple[str, str], tuple[datetime, bool]] = Remembered(_PEOPLE)

    def role_of(self, sender: str) -> Role:
        """What a person may do."""
        return self._settings.role_of(frozenset({sender.lower()}))

    async def refusal(self, at: Origin) -> Answer | None:
        """What to tell somebody who may not talk to the bot; None for who may."""
        if self._settings.guests:
            return None
        if at.shared:
            return STRANGER
        try:
            return None if await self._belongs(at) else STRANGER
        except ConnectorError:
            return UNSURE

    async def _belongs(self, at: Origin) -> bool:
        if at.sender in self._named:
            return True
        key, now = (at.person, at.tenant), self._clock()
        known = self._known.get(key)
        if known and timedelta() <= now - known[0] < KNOWN_FOR:
            return known[1]
        belongs = await self._ask(at)
        self._known.keep(key, (now, belongs))
        return belongs

    async def _ask(self, at: Origin) -> bool:
        if not at.person:
            return False
        try:
            member = await self._library.member(at.service, at.place.conversation, at.person)
        except Refused as refused:
            if refused.status in (403, 404):
                raise Gone from None
            raise
        return not self._is_outside(member)

    def _is_outside(self, member: Json) -> bool:
        role, name, tenant = (str(member.get(field) or "") for field in ("userRole", "userPrincipalName", "tenantId"))
        allowed = {one.lower() for one in self._settings.allowed_tenants}
        return role.lower() in _OUTSIDE or "#ext#" in name.lower() or bool(tenant and tenant.lower() not in allowed)


_LISTS: Final = ("operators", "admins")
