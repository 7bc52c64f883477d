"""The chat surface for Slack: what comes in over either mode goes to the inbox, what it answers is posted."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, Final

from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import BadRequest, ConnectorError
from bot.ports import Clock, Mail, Press, Receive
from bot.types import Answer, Attached, Message, Place, Role
from connectors import settings_file
from connectors.chat.slack.assistant import Assistant
from connectors.chat.slack.calls import Calls, silent
from connectors.chat.slack.desk import Desk, Identity
from connectors.chat.slack.events import EntryOf, Events
from connectors.chat.slack.home import Home, PageOf
from connectors.chat.slack.http_mode import HttpMode
from connectors.chat.slack.interactions import Interactions
from connectors.chat.slack.people import People, Workspaces
from connectors.chat.slack.posts import Posts
from connectors.chat.slack.socket_mode import SocketMode
from connectors.chat.slack.steps import Steps
from connectors.chat.slack.threads import Threads
from connectors.chat.slack.uploads import Uploads
from connectors.settings_file import Network, SlackSecrets

NAME: Final = "slack"

_log = logging.getLogger(__name__)


class Slack:
    """Slack, in Socket Mode or HTTP mode. `steps` is a second surface, for Workflow Builder: give both to the inbox.

    Answers may be sent before `serve` and after it; `close` in the end.
    """

    name: Final = NAME
    pause: Final = 3.0
    looks_up: Final = True

    def __init__(
        self,
        settings: settings_file.Slack,
        secrets: SlackSecrets,
        *,
        network: Network,
        web_app: web.Application | None,
        mail: Mail,
        page: PageOf,
        entry: EntryOf,
        clock: Clock,
    ) -> None:
        """`web_app` gets the routes of HTTP mode; `page` tells what the home page shows to a person (`pages` makes
        one of a store), `entry` a knowledge entry by its id, for links to it.

        Raises `BadRequest` where the settings do not go together.
        """
        token = secrets.bot_token.get_secret_value()
        self._calls = Calls(settings.api, token, network, clock)
        self._people = People(settings, self._calls, clock)
        self._threads = Threads(self._calls)
        self._uploads = Uploads(self._calls, token)
        self._desk = Desk(NAME, self._people)
        self._assistant = Assistant(self._calls, self._desk)
        self._posts = Posts(self._calls)
        self._me: Identity | None = None
        self.steps = Steps(self._calls, self._people, self._desk)
        home = Home(NAME, calls=self._calls, people=self._people, mail=mail, page=page, clock=clock)
        self._events = Events(
            NAME,
            me=self._known_me,
            overheard=settings.overheard,
            desk=self._desk,
            people=self._people,
            threads=self._threads,
            assistant=self._assistant,
            home=home,
            calls=self._calls,
            entry=entry,
        )
        self._interactions = Interactions(desk=self._desk, people=self._people, home=home, calls=self._calls)
        self._bolt = self._made(settings)
        self._door = _door(settings, secrets, self._calls, web_app, clock)

    def _made(self, settings: settings_file.Slack) -> AsyncApp:
        """Bolt finds the listener and knows the forms of acknowledgement. Who may come in is decided by us, and a
        listener ends before Slack is acknowledged: only then is the message kept."""
        bolt = AsyncApp(
            name="ndesbot",
            logger=silent(),
            client=AsyncWebClient(logger=silent()),
            authorize=_Installed(),
            signing_secret="",
            process_before_response=True,
            request_verification_enabled=False,  # `HttpMode` does it, before anything is read
            ssl_check_enabled=False,
            ignoring_self_events_enabled=False,
            attaching_function_token_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )
        bolt.middleware(Workspaces(settings))
        bolt.error(_failed)
        for listening in (self._events, self._interactions, self.steps):
            listening.listen(bolt)
        return bolt

    async def learn_roles(self) -> None:
        """Look who is in the user groups, so that it is known before what was left by a predecessor is answered."""
        await self._people.look_at_groups()

    # --- coming in ---------------------------------------------------------------------------

    async def serve(self, receive: Receive) -> None:
        """Take in what Slack sends until cancelled. Raises `ConnectorError` where Slack refuses the bot."""
        await self._identity()
        known = await self._people.look_at_groups()
        groups = asyncio.create_task(self._people.keep_groups(known))
        self._desk.receive = receive
        try:
            await self._door.serve(self._bolt.async_dispatch)
        finally:
            self._desk.receive = None
            groups.cancel()
            await asyncio.gather(groups, return_exceptions=True)

    async def close(self) -> None:
        """Leave what is done beside, and close the connections."""
        for part in (self._desk, self._people, self._threads, self._calls):
            await part.close()

    @property
    def connected(self) -> bool:
        """Whether a socket stands; in HTTP mode Slack is the one that connects."""
        return self._door.connected

    def role_of(self, message: Message) -> Role:
        """What the sender may do, by their id and their user groups; the least where these are not known."""
        return self._people.role_of(message.sender)

    def _known_me(self) -> Identity:
        if self._me is None:
            raise ConnectorError("Slack did not say yet who the bot is.")
        return self._me

    async def _identity(self) -> Identity:
        if self._me is None:
            told = await self._calls.post("auth.test")
            if not isinstance(user := told.get("user_id"), str):
                raise ConnectorError("Slack did not say who the bot is.")
            self._me = Identity(user)
        return self._me

    # --- going out ---------------------------------------------------------------------------

    async def send(self, place: Place, answer: Answer, press: Press, *, key: str, reader: str | None = None) -> str:
        """Post an answer in its thread; with a `reader`, for their eyes only where others could see it."""
        me = await self._identity()
        await self._assistant.before_posting(place.conversation, place.thread)
        sent = await self._posts.send(place, answer, press, key=key, reader=reader)
        if place.thread:
            self._threads.joined(place.conversation, place.thread, me.user)
        return sent

    async def edit(self, place: Place, sent: str, answer: Answer, press: Press) -> None:
        """Put another answer where one stands."""
        await self._posts.edit(place, sent, answer, press)

    def fetch(self, file: Attached) -> AsyncIterator[bytes]:
        """The bytes of a file that somebody uploaded."""
        return self._uploads.fetch(file)

    async def find(self, place: Place, key: str) -> str | None:
        """The id of the answer that was posted with that key."""
        return await self._posts.find(place, key, (await self._identity()).user)


class _Installed(AsyncAuthorize):
    """Bolt wants to know for whom it calls Slack. It calls nobody: `Calls` does."""

    _RESULT = AuthorizeResult(enterprise_id=None, team_id=None, bot_token="none")  # noqa: S106 - it is none

    def __init__(self) -> None:
        pass

    async def __call__(self, **_: Any) -> AuthorizeResult:
        return self._RESULT


async def _failed(error: Exception) -> None:
    """Something was not taken over, and so it is not acknowledged: Slack sends it again."""
    reason = str(error) if isinstance(error, ConnectorError) else type(error).__name__
    _log.error("something of Slack was not taken over", extra={"reason": reason})


def _door(
    settings: settings_file.Slack,
    secrets: SlackSecrets,
    calls: Calls,
    web_app: web.Application | None,
    clock: Clock,
) -> SocketMode | HttpMode:
    if settings.mode == "socket":
        if secrets.app_token is None:
            raise BadRequest("slack.mode: Socket Mode needs the app-level token.")
        return SocketMode(calls, secrets.app_token.get_secret_value())
    if secrets.signing_secret is None or not secrets.signing_secret.get_secret_value() or web_app is None:
        raise BadRequest("slack.mode: HTTP mode needs the signing secret, and a web server.")
    return HttpMode(web_app, secrets.signing_secret.get_secret_value(), clock)
