"""Teams through the Microsoft 365 Agents SDK, the successor of the archived library: behind this file alone."""

import logging
from typing import Any, Final

from aiohttp import ClientError, ClientResponseError
from microsoft_agents.activity import Activity, ActivityTypes, InvokeResponse
from microsoft_agents.hosting.aiohttp import CloudAdapter
from microsoft_agents.hosting.core import ChannelServiceClientFactoryBase, TurnContext
from microsoft_agents.hosting.core.authorization import ClaimsIdentity
from microsoft_agents.hosting.core.connector.teams.teams_connector_client import TeamsConnectorClient
from pydantic import PrivateAttr, ValidationError

from bot.errors import ConnectorError
from connectors.chat.teams_protocol import TeamsSurface
from connectors.chat.teams_protocol.library import Json, Malformed, Refused, Reply, Work
from connectors.chat.teams_protocol.remembered import Remembered
from connectors.chat.teams_protocol.way_out import WayOut

_SERVICES: Final = 100
"""Service URLs with a client of their own; Teams has a few, one to a region."""


class Agents:
    """The library, sending by our way out."""

    def __init__(self, way_out: WayOut) -> None:
        """Makes no connection yet."""
        self._clients = _Clients(way_out)
        self._adapter = CloudAdapter(channel_service_client_factory=self._clients)
        self._adapter.on_turn_error = None  # its own would tell the chat what an exception says
        logging.getLogger("microsoft_agents.hosting.core.connector").setLevel(logging.CRITICAL)  # the inbox tells

    async def turn(self, activity: Json, claims: Json, work: Work) -> Reply | None:
        """Let the library take an activity that was let in. Raises `Malformed`."""
        try:
            taken = Activity.model_validate(activity)
        except (ValidationError, ValueError, TypeError, AttributeError):
            raise Malformed from None
        reply: Reply | None = None

        async def logic(context: TurnContext) -> None:
            nonlocal reply
            reply = await work()
            if reply is not None:
                value = InvokeResponse(status=reply.status, body=reply.body)
                await context.send_activity(Activity(type=ActivityTypes.invoke_response, value=value))

        await self._adapter.process_activity(ClaimsIdentity(dict(claims)), taken, logic)
        return reply

    async def post(self, service: str, conversation: str, activity: Json) -> str:
        """Post an activity; its id."""
        operations = self._clients.of(service).conversations
        done = await _done(operations.send_to_conversation(conversation, _Outgoing.of(activity)))
        return str(done.id or "")

    async def update(self, service: str, conversation: str, sent: str, activity: Json) -> None:
        """Put another activity where one stands."""
        operations = self._clients.of(service).conversations
        await _done(operations.update_activity(conversation, sent, _Outgoing.of(activity)))

    async def delete(self, service: str, conversation: str, sent: str) -> None:
        """Take an activity away."""
        await _done(self._clients.of(service).conversations.delete_activity(conversation, sent))

    async def member(self, service: str, conversation: str, person: str) -> Json:
        """What Teams knows of a person in a conversation."""
        found = await _done(self._clients.of(service).get_conversation_member(conversation, person))
        said: dict[str, Any] = found.model_dump(mode="json", by_alias=True, exclude_none=True)
        return said

    async def close(self) -> None:
        """The connections are the way out's."""


async def _done(asked: Any) -> Any:
    try:
        return await asked
    except ClientResponseError as error:
        raise Refused(error.status, error.headers.get("Retry-After") if error.headers else None) from None
    except (ClientError, TimeoutError, OSError) as error:
        raise ConnectorError(f"Teams cannot be reached ({type(error).__name__}).") from None
    except ValueError as error:
        raise ConnectorError(f"Teams' answer cannot be read ({type(error).__name__}).") from None


class _Outgoing(Activity):
    """An activity that is JSON already; the library would copy each card twice, value by value."""

    _json: Json = PrivateAttr(default_factory=dict)

    @classmethod
    def of(cls, activity: Json) -> "_Outgoing":
        outgoing = cls.model_construct(type=activity["type"])
        outgoing._json = activity
        return outgoing

    def model_dump(self, **_: Any) -> dict[str, Any]:
        return dict(self._json)


# --- what the library is given in place of its own -------------------------------------------


class _Client(TeamsConnectorClient):
    """A client that lasts: the library closes it after each turn."""

    async def close(self) -> None:
        """The connections are the way out's."""


class _NoSignIn:
    """Nobody signs in."""

    async def close(self) -> None:
        """There is nothing to close."""


class _Clients(ChannelServiceClientFactoryBase):
    """One client for each service URL: the library would make one for each turn."""

    def __init__(self, way_out: WayOut) -> None:
        self._way_out = way_out
        self._known: Remembered[str, _Client] = Remembered(_SERVICES)

    def of(self, service: str) -> _Client:
        client = self._known.get(service)
        if client is None or client.client.closed:
            base = service if service.endswith("/") else f"{service}/"
            # The token is added on the way out.
            client = _Client(base, "", session=self._way_out.service(base))
            self._known.keep(service, client)
        return client

    async def create_connector_client(
        self,
        context: TurnContext | None,
        claims_identity: ClaimsIdentity,
        service_url: str,
        audience: str,
        scopes: list[str] | None = None,
        use_anonymous: bool = False,
    ) -> Any:
        return self.of(service_url)

    async def create_user_token_client(
        self, context: TurnContext, claims_identity: ClaimsIdentity, use_anonymous: bool = False
    ) -> Any:
        return _NoSignIn()


class Teams(TeamsSurface):
    """Teams' chat surface on the Agents SDK."""

    bind = Agents
