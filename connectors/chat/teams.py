"""Teams through botbuilder-core 4.17.1. Its maker has archived it, so it stays behind this file alone.

What it does wrong is mended by not asking it: requests are judged by the gate before it sees them, activities go out
through one pool of connections that adds the token (its own asks for a new one in each turn, in blocking threads),
and its door, which writes answers to invokes twice, is not used.
"""

from typing import Any, Final

from aiohttp import ClientError
from botbuilder import schema  # type: ignore[import-untyped]
from botbuilder.core import CloudAdapterBase, TurnContext  # type: ignore[import-untyped]
from botbuilder.core.invoke_response import InvokeResponse  # type: ignore[import-untyped]
from botbuilder.schema import Activity, ActivityTypes  # type: ignore[import-untyped]
from botframework.connector.aio import ConnectorClient  # type: ignore[import-untyped]
from botframework.connector.auth import ClaimsIdentity  # type: ignore[import-untyped]
from botframework.connector.auth.authenticate_request_result import (  # type: ignore[import-untyped]
    AuthenticateRequestResult,
)
from botframework.connector.auth.bot_framework_authentication import (  # type: ignore[import-untyped]
    BotFrameworkAuthentication,
)
from botframework.connector.auth.connector_factory import ConnectorFactory  # type: ignore[import-untyped]
from botframework.connector.bot_framework_sdk_client_async import (  # type: ignore[import-untyped]
    BotFrameworkConnectorConfiguration,
)
from msrest.exceptions import ClientException
from msrest.pipeline import Request, Response
from msrest.pipeline.async_abc import AsyncHTTPSender, AsyncPipeline
from msrest.pipeline.universal import RawDeserializer
from msrest.serialization import Deserializer, Serializer
from msrest.universal_http.async_abc import AsyncClientResponse

from bot.errors import ConnectorError
from connectors.chat.teams_protocol import TeamsSurface
from connectors.chat.teams_protocol.bodies import TooLarge, whole
from connectors.chat.teams_protocol.library import LARGEST_REPLY, Json, Malformed, Refused, Reply, Work
from connectors.chat.teams_protocol.remembered import Remembered
from connectors.chat.teams_protocol.way_out import WayOut

_MODELS: Final = {name: part for name, part in vars(schema).items() if isinstance(part, type)}
_READ: Final = Deserializer(_MODELS)  # type: ignore[no-untyped-call]
_SERVICES: Final = 100
"""Service URLs with a client of their own; Teams has a few, one to a region."""


class Botbuilder:
    """The library, sending by our way out."""

    def __init__(self, way_out: WayOut) -> None:
        """Makes no connection yet."""
        self._clients = _Clients(way_out)
        self._adapter = CloudAdapterBase(_Authentication(self._clients))
        self._adapter.on_turn_error = None  # whatever goes wrong is the door's to tell

    async def turn(self, activity: Json, claims: Json, work: Work) -> Reply | None:
        """Let the library take an activity that was let in. Raises `Malformed`."""
        try:
            taken = _READ("Activity", activity)
        except (ClientException, AttributeError, TypeError, ValueError):
            raise Malformed from None
        reply: Reply | None = None

        async def logic(context: TurnContext) -> None:
            nonlocal reply
            reply = await work()
            if reply is not None:
                value = InvokeResponse(status=reply.status, body=reply.body)
                await context.send_activity(Activity(type=ActivityTypes.invoke_response, value=value))

        await self._adapter.process_activity(self._authenticated(claims), taken, logic)
        return reply

    def _authenticated(self, claims: Json) -> AuthenticateRequestResult:
        result = AuthenticateRequestResult()
        result.claims_identity = ClaimsIdentity(dict(claims), bool(claims))
        result.connector_factory = self._clients
        return result

    async def post(self, service: str, conversation: str, activity: Json) -> str:
        """Post an activity; its id."""
        client = await self._clients.create(service)
        done = await _done(client.conversations.send_to_conversation(conversation, activity))
        return str(done.id) if done and done.id else ""

    async def update(self, service: str, conversation: str, sent: str, activity: Json) -> None:
        """Put another activity where one stands."""
        client = await self._clients.create(service)
        await _done(client.conversations.update_activity(conversation, sent, activity))

    async def delete(self, service: str, conversation: str, sent: str) -> None:
        """Take an activity away."""
        client = await self._clients.create(service)
        await _done(client.conversations.delete_activity(conversation, sent))

    async def member(self, service: str, conversation: str, person: str) -> Json:
        """What Teams knows of a person in a conversation."""
        client = await self._clients.create(service)
        found = await _done(client.conversations.get_conversation_member(conversation, person, raw=True))
        said = found.response.context[RawDeserializer.CONTEXT_NAME]
        return said if isinstance(said, dict) else {}

    async def close(self) -> None:
        """The connections are the way out's."""


async def _done(asked: Any) -> Any:
    try:
        return await asked
    except ClientException as error:
        raise ConnectorError(f"Teams' answer cannot be read ({type(error).__name__}).") from None


# --- what the library is given in place of its own -------------------------------------------


class _Authentication(BotFrameworkAuthentication):  # type: ignore[misc]
    """Requests were judged before: the library is never asked to."""

    def __init__(self, clients: "_Clients") -> None:
        self._clients = clients

    async def authenticate_request(self, activity: Any, auth_header: str) -> Any:
        raise PermissionError("requests are judged at the gate")

    async def authenticate_streaming_request(self, auth_header: str, channel_id_header: str) -> Any:
        raise PermissionError("requests are judged at the gate")

    def create_connector_factory(self, claims_identity: Any) -> Any:
        return self._clients

    async def create_user_token_client(self, claims_identity: Any) -> None:
        return None  # nobody signs in


class _Clients(ConnectorFactory):  # type: ignore[misc]
    """One client for each service URL: the library would make one for each turn."""

    def __init__(self, way_out: WayOut) -> None:
        self._sender = _Sender(way_out)
        self._known: Remembered[str, Any] = Remembered(_SERVICES)

    async def create(self, service_url: str, audience: str | None = None) -> Any:
        client = self._known.get(service_url)
        if client is None:
            # The token is added on the way out, so the credentials are a name only.
            settings = BotFrameworkConnectorConfiguration(object(), service_url)
            settings.credentials = None
            client = ConnectorClient(None, custom_configuration=settings)
            settings.pipeline = AsyncPipeline([RawDeserializer()], self._sender)
            client.conversations._serialize = _AsItStands(_MODELS)  # type: ignore[no-untyped-call]
            self._known.keep(service_url, client)
        return client


class _AsItStands(Serializer):
    """Our activities are JSON already; the library would copy each card three times, value by value."""

    def body(self, data: Json, data_type: str, **_: Any) -> Json:
        return data


class _Sender(AsyncHTTPSender[Any, Any]):
    """The last step of the library's pipeline."""

    def __init__(self, way_out: WayOut) -> None:
        self._way_out = way_out

    async def __aexit__(self, *_: object) -> None:
        return None

    def build_context(self) -> None:
        return None

    async def send(self, request: Request[Any], **_: Any) -> Response[Any, Any]:
        asked = request.http_request
        try:
            async with self._way_out.service().request(
                asked.method, asked.url, data=asked.data, headers=asked.headers
            ) as response:
                body = await whole(response.content, LARGEST_REPLY)
                if response.status not in (200, 201, 202):
                    raise Refused(response.status, response.headers.get("Retry-After"))
                return Response(request, _Answered(asked, response.status, body), context={})
        except (ClientError, TimeoutError, OSError, TooLarge) as error:
            raise ConnectorError(f"Teams cannot be reached ({type(error).__name__}).") from None


class _Answered(AsyncClientResponse):
    """What Teams answered, read already."""

    def __init__(self, request: Any, status: int, body: bytes) -> None:
        super().__init__(request, self)  # the library hands on what is inside
        self.status_code = status
        self.headers = {"content-type": "application/json"}
        self._body = body

    def body(self) -> bytes:
        return self._body


class Teams(TeamsSurface):
    """Teams' chat surface on botbuilder-core."""

    bind = Botbuilder
