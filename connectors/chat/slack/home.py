"""The home page of the app: put together for one person, its buttons as opaque as those of an answer."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.ports import Clock, Mail, Offer
from bot.types import Place
from connectors.chat.slack.calls import Calls
from connectors.chat.slack.forms import FORMS
from connectors.chat.slack.people import People
from connectors.render.slack import Asked, Expiry, Standing, home

FORM: Final = "form"
"""How the value of a button begins that opens a form; the form's name follows. It gives nobody any right."""


@dataclass(frozen=True, slots=True)
class Page:
    """What the home page tells one person."""

    standings: Sequence[Standing]
    expiries: Sequence[Expiry] = ()
    asked: Sequence[Asked] = ()


PageOf = Callable[[str], Awaitable[Page]]
"""The page of a person. Raises `ConnectorError`."""


class Home:
    """Publishes the page whenever somebody opens it, or presses a button on it: each works once."""

    def __init__(self, surface: str, *, calls: Calls, people: People, mail: Mail, page: PageOf, clock: Clock) -> None:
        self._surface = surface
        self._calls = calls
        self._people = people
        self._mail = mail
        self._page = page
        self._clock = clock

    async def place(self, person: str) -> Place:
        """Where what is asked on the page is answered: in the direct messages. Raises as `ChatSurface.send` does."""
        return Place(self._surface, await self._people.direct(person))

    async def publish(self, person: str) -> None:
        """Show a person their page. Raises as `ChatSurface.send` does."""
        page, place, token = await self._page(person), await self.place(person), secrets.token_urlsafe(16)
        says: dict[str, int] = {}

        def press(say: str) -> str:
            if say in FORMS:
                return f"{FORM} {say}"
            return f"{token}.{says.setdefault(say, len(says))}"

        role = self._people.role_of(person)
        view = home(
            page.standings,
            now=self._clock(),
            press=press,
            expiries=page.expiries,
            asked=page.asked,
            may_check=role != "viewer",
            may_register=role == "admin",
        )
        if says:
            await self._mail.offer(token, Offer(place, tuple(says)), self._clock())
        await self._calls.post("views.publish", user_id=person, view=view)
