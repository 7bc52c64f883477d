"""A Teams that works, on this computer: the connector service, keys and tokens with real signatures, and OneDrive."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from itertools import count
from typing import Any

import jwt
from aiohttp import ClientSession, web
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.chat.teams_protocol import Cloud

APP = "11111111-2222-3333-4444-555555555555"
TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SECRET = "the-client-secret"
ISSUER = "https://api.botframework.com"
BOT = f"28:{APP}"
LARGEST = 100 * 1024
"""Bytes (UTF-16) from which Teams refuses a message."""


@cache
def signing_key(name: str) -> rsa.RSAPrivateKey:
    """A key by its id: making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Post:
    """A message of the bot. `shown` are all activities that stood there; the last one stands now."""

    conversation: str
    shown: list[dict[str, Any]]
    gone: bool = False

    @property
    def activity(self) -> dict[str, Any]:
        return self.shown[-1]

    @property
    def card(self) -> dict[str, Any]:
        content: dict[str, Any] = self.activity["attachments"][0]["content"]
        return content

    @property
    def words(self) -> str:
        return "\n".join(strings(self.activity))


@dataclass
class FakeTeams:
    """What happened is in its fields; what shall go wrong next is put into `troubles`: (status, headers)."""

    posts: dict[str, Post] = field(default_factory=dict)
    troubles: list[tuple[int, dict[str, str]] | None] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    kid: str = "key-1"
    endorsements: list[str] = field(default_factory=lambda: ["msteams"])
    keys_delay: float = 0.0
    keys_status: int = 200
    members_status: int = 200
    token_status: int = 200
    token_seconds: int = 3600
    lost_replies: int = 0
    now: Callable[[], float] = time.time
    storm: Callable[[], bool] = lambda: False
    wait: Callable[[str], int] = lambda conversation: 0  # seconds, by its limits
    heard: Callable[[], None] = lambda: None
    url: str = ""
    _issued: set[str] = field(default_factory=set)
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    # --- what it says ------------------------------------------------------------------------

    @property
    def service(self) -> str:
        return f"{self.url}/emea/"

    @property
    def cloud(self) -> Cloud:
        """The doors of this fake; nothing else on this computer, and http instead of https."""
        return Cloud(
            ISSUER, f"{self.url}/openid", self.url, ISSUER, services=("127.0.0.1",), files=("127.0.0.1",), plain=True
        )

    def token(self, *, key: str | None = None, kid: str | None = None, algorithm: str = "RS256", **claims: Any) -> str:
        """A token as Teams sends it; claims of `None` are left out."""
        now = int(self.now())
        said = {"iss": ISSUER, "aud": APP, "serviceurl": self.service, "nbf": now - 5, "exp": now + 3600, **claims}
        said = {name: value for name, value in said.items() if value is not None}
        signed_with: Any = signing_key(key or self.kid) if algorithm == "RS256" else key
        return jwt.encode(said, signed_with, algorithm, headers={"kid": kid or self.kid})

    def message(self, text: str = "", **special: Any) -> dict[str, Any]:
        """A message that somebody wrote to the bot in a personal chat."""
        said = {
            "type": "message",
            "id": str(1_700_000_000_000 + next(self._ids)),
            "timestamp": "2026-11-20T10:00:00.000Z",
            "channelId": "msteams",
            "serviceUrl": self.service,
            "from": {"id": "29:pat", "name": "Pat", "aadObjectId": "0000aaaa-0000-0000-0000-00000000000a"},
            "recipient": {"id": BOT, "name": "ndesbot"},
            "conversation": {"id": "a:personal-pat", "conversationType": "personal", "tenantId": TENANT},
            "channelData": {"tenant": {"id": TENANT}},
            "text": text,
        }
        return {name: value for name, value in {**said, **special}.items() if value is not None}

    def in_channel(
        self, text: str = "", *, thread: str = "1700", mention: bool = True, **special: Any
    ) -> dict[str, Any]:
        """A message in a channel, with the bot mentioned as Teams does it."""
        words = f"<at>ndesbot</at> {text}" if mention else text
        entity = {"type": "mention", "mentioned": {"id": BOT, "name": "ndesbot"}, "text": "<at>ndesbot</at>"}
        conversation = {
            "id": f"19:channel@thread.tacv2;messageid={thread}",
            "conversationType": "channel",
            "isGroup": True,
            "tenantId": TENANT,
        }
        place = {"tenant": {"id": TENANT}, "team": {"id": "19:team"}, "channel": {"id": "19:channel@thread.tacv2"}}
        entities = [entity] if mention else []
        return self.message(words, conversation=conversation, channelData=place, entities=entities, **special)

    def in_group(self, text: str = "", **special: Any) -> dict[str, Any]:
        """A message in a group chat, with the bot mentioned."""
        entity = {"type": "mention", "mentioned": {"id": BOT, "name": "ndesbot"}, "text": '<at id="0">ndesbot</at>'}
        conversation = {
            "id": "19:group@thread.v2",
            "conversationType": "groupChat",
            "isGroup": True,
            "tenantId": TENANT,
        }
        return self.message(
            f'<at id="0">ndesbot</at>&nbsp;{text}', conversation=conversation, entities=[entity], **special
        )

    def invoke(self, name: str, value: Any, **special: Any) -> dict[str, Any]:
        """An invoke in the personal chat."""
        return self.message(None or "", type="invoke", name=name, value=value, **special)

    def click(self, data: dict[str, Any], **special: Any) -> dict[str, Any]:
        """A button of a card: Action.Execute."""
        action = {"type": "Action.Execute", "verb": "press", "data": data}
        return self.invoke("adaptiveCard/action", {"action": action, "trigger": "manual"}, **special)

    def standing(self, conversation: str | None = None) -> list[Post]:
        """The messages of the bot that stand, in their order."""
        return [post for post in self.posts.values() if not post.gone and conversation in (None, post.conversation)]

    def titles(self, conversation: str | None = None) -> list[str]:
        """The summaries of the messages that stand."""
        return [str(post.activity.get("summary", post.activity.get("text"))) for post in self.standing(conversation)]

    # --- what it does ------------------------------------------------------------------------

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FakeTeams"]:
        """Serve on a free port of this computer."""
        application = web.Application(client_max_size=2**22)
        add = application.router.add_route
        add("POST", "/emea/v3/conversations/{conversation}/activities", self._post)
        add("POST", "/emea/v3/conversations/{conversation}/activities/{id}", self._post)
        add("PUT", "/emea/v3/conversations/{conversation}/activities/{id}", self._update)
        add("DELETE", "/emea/v3/conversations/{conversation}/activities/{id}", self._delete)
        add("GET", "/emea/v3/conversations/{conversation}/members/{person}", self._member)
        add("GET", "/openid", self._openid)
        add("GET", "/keys", self._keys)
        add("POST", "/{tenant}/oauth2/v2.0/token", self._token)
        add("GET", "/metadata/identity/oauth2/token", self._identity)
        add("GET", "/files/{name}", self._file)
        add("PUT", "/files/{name}", self._put)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()

    async def _post(self, request: web.Request) -> web.Response:
        if trouble := await self._trouble(request):
            return trouble
        activity = await request.json()
        if 2 * len(json.dumps(activity, ensure_ascii=False)) > LARGEST:
            return web.json_response({"error": {"code": "MessageSizeTooBig"}}, status=413)
        name = f"1:{next(self._ids)}"
        self.posts[name] = Post(request.match_info["conversation"], [activity])
        self.heard()
        if self.lost_replies:
            self.lost_replies -= 1
            assert request.transport
            request.transport.abort()
        return web.json_response({"id": name}, status=201)

    async def _update(self, request: web.Request) -> web.Response:
        if trouble := await self._trouble(request):
            return trouble
        post = self.posts.get(request.match_info["id"])
        if post is None or post.gone or post.conversation != request.match_info["conversation"]:
            return web.json_response({"error": {"code": "NotFound"}}, status=404)
        post.shown.append(await request.json())
        return web.json_response({"id": request.match_info["id"]})

    async def _delete(self, request: web.Request) -> web.Response:
        if trouble := await self._trouble(request):
            return trouble
        if post := self.posts.get(request.match_info["id"]):
            post.gone = True
        return web.Response(status=200)

    async def _member(self, request: web.Request) -> web.Response:
        self.requests.append(("GET", "members"))
        if not self._knows(request):
            return web.json_response({}, status=401)
        if self.members_status != 200:
            return web.json_response({"error": {"code": "x"}}, status=self.members_status)
        person = request.match_info["person"]
        usual = {"id": person, "name": "Pat", "tenantId": TENANT, "userRole": "user", "userPrincipalName": "pat@x.test"}
        return web.json_response({**usual, **self.members.get(person, {})})

    async def _trouble(self, request: web.Request) -> web.Response | None:
        self.requests.append((request.method, "activities"))
        if not self._knows(request):
            return web.json_response({}, status=401)
        if self.storm():
            return web.json_response({"error": {"code": "throttled"}}, status=429, headers={"Retry-After": "20"})
        if seconds := self.wait(request.match_info["conversation"]):
            said = {"error": {"code": "throttled"}}
            return web.json_response(said, status=429, headers={"Retry-After": str(seconds)})
        if self.troubles and (trouble := self.troubles.pop(0)):
            return web.json_response({"error": {"code": "no"}}, status=trouble[0], headers=trouble[1])
        return None

    def _knows(self, request: web.Request) -> bool:
        return request.headers.get("Authorization", "").removeprefix("Bearer ") in self._issued

    def forget_tokens(self) -> None:
        """From now on, the tokens that were given are refused."""
        self._issued.clear()

    async def _openid(self, request: web.Request) -> web.Response:
        self.requests.append(("GET", "openid"))
        await asyncio.sleep(self.keys_delay)
        said = {"issuer": ISSUER, "jwks_uri": f"{self.url}/keys", "id_token_signing_alg_values_supported": ["RS256"]}
        return web.json_response(said, status=self.keys_status)

    async def _keys(self, request: web.Request) -> web.Response:
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(signing_key(self.kid).public_key(), as_dict=True)
        jwk |= {"kid": self.kid, "use": "sig", "endorsements": self.endorsements}
        return web.json_response({"keys": [{"kty": "EC"}, jwk]})

    async def _token(self, request: web.Request) -> web.Response:
        self.requests.append(("POST", "token"))
        said = await request.post()
        right = said.get("client_secret") == SECRET and said.get("client_id") == APP
        if not right or request.match_info["tenant"] != TENANT or self.token_status != 200:
            words = {"error": "invalid_client", "error_description": f"the secret {said.get('client_secret')} is wrong"}
            return web.json_response(words, status=401)
        return self._issue(self.token_seconds)

    async def _identity(self, request: web.Request) -> web.Response:
        self.requests.append(("GET", "identity"))
        if request.headers.get("Metadata") != "true" or request.query.get("client_id") != APP:
            return web.json_response({"error": "invalid_request"}, status=400)
        return self._issue(str(self.token_seconds))

    def _issue(self, seconds: int | str) -> web.Response:
        token = f"bot-token-{next(self._ids)}"
        self._issued.add(token)
        return web.json_response({"token_type": "Bearer", "expires_in": seconds, "access_token": token})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(("GET", request.match_info["name"]))
        assert "Authorization" not in request.headers
        data = self.files.get(request.match_info["name"])
        if data == b"elsewhere":
            return web.Response(status=302, headers={"Location": "http://169.254.169.254/"})
        return web.Response(body=data) if data is not None else web.Response(status=404)

    async def _put(self, request: web.Request) -> web.Response:
        assert "Authorization" not in request.headers
        self.files[request.match_info["name"]] = await request.read()
        return web.Response(status=201)


async def deliver(
    session: ClientSession, address: str, activity: Any, token: str | None, **headers: str
) -> tuple[int, dict[str, Any]]:
    """Send an activity to the bot as Teams does; status and body."""
    signed = {"Authorization": f"Bearer {token}"} if token is not None else {}
    kind = {"Content-Type": "application/json"}
    data = activity if isinstance(activity, bytes) else json.dumps(activity).encode()
    async with session.post(address, data=BytesIO(data), headers={**kind, **signed, **headers}) as response:
        body = await response.json()
        return response.status, body


def strings(value: Any) -> Iterator[str]:
    """Every text that stands in a payload."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def buttons(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The buttons of a payload: what stands on each, and what it gives back."""
    if isinstance(value, dict):
        if value.get("type") in ("Action.Execute", "Action.Submit") and "title" in value:
            yield value["title"], value["data"]
        for name, inner in value.items():
            if name != "fallback":
                yield from buttons(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from buttons(inner)
