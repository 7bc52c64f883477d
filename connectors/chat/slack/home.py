"""The home page of the app: put together for one person, its buttons as opaque as those of an answer."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.diary import Expiry
from bot.ports import Clock, Mail
from bot.posting import Buttons
from bot.types import Place
from connectors.chat.slack.calls import Calls
from connectors.chat.slack.forms import FORMS
from connectors.chat.slack.people import People
from connectors.render.slack import Asked, Standing, home

FORM: Final = "form"
"""How the value of a button begins that opens a form; the form's name follows. It gives nobody any right."""


@dataclass(frozen=True, slots=True)
class Page:
    """What the home page tells one person."""

    standings: Sequence[Standing]
    expiries: Sequence[Expiry] = ()
    asked: Sequence[Asked] = ()


PageOf = Callable[[str, datetime], Awaitable[Page]]
"""The page of a person at a time. Raises `ConnectorError`."""


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
        now, buttons = self._clock(), Buttons()
        page, place = await self._page(person, now), await self.place(person)
        role = self._people.role_of(person)
        view = home(
            page.standings,
            now=now,
            press=lambda says: f"{FORM} {says}" if says in FORMS else buttons.press(says),
            expiries=page.expiries,
            asked=page.asked,
            may_check=role != "viewer",
            may_register=role == "admin",
        )
        await buttons.keep(place, self._mail, self._clock())
        await self._calls.post("views.publish", user_id=person, view=view)
