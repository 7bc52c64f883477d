"""A small Slack that works, on loopback: Web API, Socket Mode, files, and events delivered until acknowledged."""

import asyncio
import hmac
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from time import time
from typing import Any, Literal
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, WSMsgType, web
from slack_sdk.models.blocks import Block

from tests.render.slack_limits import breaches_of_message, breaches_of_unfurl, breaches_of_view

TEAM, BOT, BOT_ID, APP_TOKEN, BOT_TOKEN, SECRET = "T1", "UBOT", "BBOT", "xapp-1-secret", "xoxb-1-secret", "s3cret-sign"
Kind = Literal["events_api", "slash_commands", "interactive"]


@dataclass
class Post:
    """What stands in a channel. `shown` are all (text, blocks) that stood there, the last one stands now."""

    channel: str
    ts: str
    user: str
    thread: str | None = None
    shown: list[tuple[str, list[Any]]] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    reader: str | None = None
    files: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.shown[-1][0]

    @property
    def blocks(self) -> list[Any]:
        return self.shown[-1][1]

    @property
    def buttons(self) -> dict[str, str]:
        """What each button, or line of a menu, carries."""
        return dict(_buttons(self.blocks))

    def as_json(self) -> dict[str, Any]:
        told = {"type": "message", "ts": self.ts, "user": self.user, "text": self.text, "files": self.files}
        told |= {"thread_ts": self.thread} if self.thread else {}
        return told | ({"metadata": self.metadata} if self.metadata else {})


def _buttons(blocks: list[Any]) -> Iterator[tuple[str, str]]:
    for block in blocks:
        for element in block.get("elements", ()):
            if element.get("type") == "button":
                yield element["text"]["text"], element["value"]
            for option in element.get("options", ()):
                yield option["text"]["text"], option["value"]


class FakeSlack:
    """One workspace. Tell it to be busy, to be slow, to lose its replies, or to close its sockets."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.channels: dict[str, dict[str, Any]] = {
            "C1": {"is_member": True},
            "C2": {"is_member": True},
            "CPUB": {"is_member": False},
            "CSHARED": {"is_member": True, "is_ext_shared": True},
        }
        self.groups: dict[str, list[str]] = {}
        self.posts: list[Post] = []
        self.calls: Counter[str] = Counter()
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.homes: dict[str, dict[str, Any]] = {}
        self.opened: list[dict[str, Any]] = []
        self.unfurled: dict[str, Any] = {}
        self.steps: dict[str, tuple[str, Any]] = {}
        self.files: dict[str, tuple[bytes, dict[str, str], int]] = {}
        self.file_tokens: list[str] = []
        self.uploads: dict[str, bytes] = {}
        self.acked: list[Any] = []
        self.latency = 0.0
        self.busy: Counter[str] = Counter()
        self.busy_for = 1
        self.storm: Callable[[str], bool] = lambda _: False
        self.wait: Callable[[str, str], int] = lambda method, channel: 0  # seconds, by its limits
        self.now: Callable[[], float] = time
        self.refusals: dict[str, str] = {}
        self.lost: Counter[str] = Counter()
        self.http_door: str | None = None
        self.retries = 3
        self.retry_pause = 0.05
        self.patience = 3.0
        self.strict = True
        self.sockets: list[web.WebSocketResponse] = []
        self.links = 0
        self.origin = ""
        self._ts = count(1)
        self._ids = count(1)
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._uploading: dict[str, tuple[str, int]] = {}

    async def __aenter__(self) -> "FakeSlack":
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_get("/link", self._link)
        app.router.add_get("/files/{name}", self._file)
        app.router.add_post("/upload/{name}", self._upload)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._session = ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        for socket in list(self.sockets):
            await socket.close()
        await self._session.close()
        await self._runner.cleanup()

    # --- the Web API -------------------------------------------------------------------------

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        said = await _said(request)
        self.calls[method] += 1
        if self.strict:
            self.said.append((method, said))
        if self.latency:
            await asyncio.sleep(self.latency)
        if self.busy[method] > 0 or self.storm(method):
            self.busy[method] -= 1
            headers = {"Retry-After": str(self.busy_for)}
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
        if seconds := self.wait(method, str(said.get("channel", ""))):
            headers = {"Retry-After": str(seconds)}
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token != (APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN):
            return web.json_response({"ok": False, "error": "invalid_auth"})
        try:
            if code := self.refusals.get(method):
                raise _Refuse(code)
            told = getattr(self, "_" + method.replace(".", "_"))(**said)
        except _Refuse as refused:
            return web.json_response({"ok": False, "error": str(refused)})
        if self.lost[method] > 0:  # done, but nobody hears of it
            self.lost[method] -= 1
            assert request.transport
            request.transport.abort()
        return web.json_response({"ok": True} | told)

    def _auth_test(self) -> dict[str, Any]:
        return {"user_id": BOT, "bot_id": BOT_ID, "team_id": TEAM, "user": "ndesbot", "team": "corp"}

    def _apps_connections_open(self) -> dict[str, Any]:
        return {"url": f"{self.origin.replace('http', 'ws')}/link?ticket=secret-ticket"}

    def _users_info(self, user: str) -> dict[str, Any]:
        return {"user": {"id": user, "team_id": TEAM} | self.users.get(user, {})}

    def _usergroups_users_list(self, usergroup: str) -> dict[str, Any]:
        if usergroup not in self.groups:
            raise _Refuse("no_such_subteam")
        return {"users": self.groups[usergroup]}

    def _conversations_info(self, channel: str) -> dict[str, Any]:
        return {"channel": {"id": channel} | self._channel(channel)}

    def _conversations_open(self, users: str) -> dict[str, Any]:
        return {"channel": {"id": f"D{users}"}}

    def _channel(self, channel: str) -> dict[str, Any]:
        if channel.startswith("D"):
            return {"is_im": True}
        if channel not in self.channels:
            raise _Refuse("channel_not_found")
        return self.channels[channel]

    def _member(self, channel: str) -> None:
        known = self._channel(channel)
        if known.get("is_archived"):
            raise _Refuse("is_archived")
        if not (known.get("is_im") or known.get("is_member")):
            raise _Refuse("not_in_channel")

    def _chat_postMessage(self, channel: str, text: str, **said: Any) -> dict[str, Any]:  # noqa: N802
        self._member(channel)
        post = self.post(channel, BOT, said.get("thread_ts"), metadata=said.get("metadata"))
        self._show(post, text, said)
        assert said.get("unfurl_links") is False or "blocks" not in said
        return {"channel": channel, "ts": post.ts, "message": post.as_json()}

    def _chat_postEphemeral(self, channel: str, user: str, text: str, **said: Any) -> dict[str, Any]:  # noqa: N802
        self._member(channel)
        post = self.post(channel, BOT, said.get("thread_ts"), reader=user)
        self._show(post, text, said)
        return {"message_ts": post.ts}

    def _chat_update(self, channel: str, ts: str, text: str, **said: Any) -> dict[str, Any]:
        post = next((post for post in self.posts if (post.channel, post.ts) == (channel, ts)), None)
        if post is None or post.reader:
            raise _Refuse("message_not_found")
        self._show(post, text, said)
        return {"channel": channel, "ts": ts}

    def _show(self, post: Post, text: str, said: Mapping[str, Any]) -> None:
        blocks = said.get("blocks") or []
        if self.strict and blocks:
            if breaches := breaches_of_message(text, blocks):
                raise AssertionError(breaches)
            for block in Block.parse_all(blocks):
                block.validate_json()
            assert said.get("parse") == "none"
            assert said.get("link_names") is False
        post.shown.append((text, blocks))

    def _conversations_replies(self, channel: str, ts: str, **asked: Any) -> dict[str, Any]:
        self._member(channel)
        found = [p for p in self._history(channel) if p.thread == ts or p.ts == ts]
        if not found:
            raise _Refuse("thread_not_found")
        return {"messages": [p.as_json() for p in found[: int(asked.get("limit", 100))]]}

    def _conversations_history(self, channel: str, **asked: Any) -> dict[str, Any]:
        self._member(channel)
        found = [p for p in self._history(channel) if p.thread in (None, p.ts)]
        return {"messages": [p.as_json() for p in found[::-1][: int(asked.get("limit", 100))]]}

    def _history(self, channel: str) -> list[Post]:
        return [post for post in self.posts if post.channel == channel and not post.reader]

    def _views_publish(self, user_id: str, view: dict[str, Any]) -> dict[str, Any]:
        assert breaches_of_view(view) == []
        self.homes[user_id] = view
        return {}

    def _views_open(self, trigger_id: str, view: dict[str, Any]) -> dict[str, Any]:
        assert breaches_of_view(view) == []
        self.opened.append(view)
        return {"view": view}

    def _chat_unfurl(self, unfurl_id: str, source: str, unfurls: dict[str, Any]) -> dict[str, Any]:
        for card in unfurls.values():
            assert breaches_of_unfurl(card) == []
        self.unfurled |= unfurls
        return {}

    def _assistant_threads_setSuggestedPrompts(self, **said: Any) -> dict[str, Any]:  # noqa: N802
        assert len(said["prompts"]) <= 4
        return {}

    def _assistant_threads_setStatus(self, **said: Any) -> dict[str, Any]:  # noqa: N802
        return {}

    def _functions_completeSuccess(self, function_execution_id: str, outputs: Any) -> dict[str, Any]:  # noqa: N802
        return self._complete(function_execution_id, "success", outputs)

    def _functions_completeError(self, function_execution_id: str, error: str) -> dict[str, Any]:  # noqa: N802
        return self._complete(function_execution_id, "error", error)

    def _complete(self, step: str, how: str, told: Any) -> dict[str, Any]:
        if step in self.steps:
            raise _Refuse("execution_not_in_running_state")
        self.steps[step] = how, told
        return {}

    # --- files -------------------------------------------------------------------------------

    def _files_getUploadURLExternal(self, filename: str, length: str, **_: Any) -> dict[str, Any]:  # noqa: N802
        name = f"F{next(self._ids)}"
        self._uploading[name] = filename, int(length)
        return {"file_id": name, "upload_url": f"{self.origin}/upload/{name}"}

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        name, data = request.match_info["name"], await request.read()
        assert "Authorization" not in request.headers
        assert len(data) == self._uploading[name][1]
        self.uploads[name] = data
        return web.Response(text="OK")

    def _files_completeUploadExternal(self, files: Any, channel_id: str, thread_ts: str, **_: Any) -> dict[str, Any]:  # noqa: N802
        files = json.loads(files) if isinstance(files, str) else files
        post = self.post(channel_id, BOT, thread_ts)
        post.shown.append(("", []))
        post.files = [{"id": one["id"], "name": self._uploading[one["id"]][0]} for one in files]
        return {"files": files}

    async def _file(self, request: web.Request) -> web.StreamResponse:
        self.file_tokens.append(request.headers.get("Authorization", ""))
        data, headers, status = self.files[request.match_info["name"]]
        if self.latency:
            await asyncio.sleep(self.latency)
        return web.Response(body=data, headers=headers, status=status)

    def file(
        self, name: str, data: bytes, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Put a file there; what an event says of it."""
        self.files[name] = data, headers or {}, status
        return {"id": name, "name": name, "size": len(data), "url_private_download": f"{self.origin}/files/{name}"}

    # --- people ------------------------------------------------------------------------------

    def post(
        self,
        channel: str,
        user: str,
        thread: str | None = None,
        metadata: dict[str, Any] | None = None,
        reader: str | None = None,
    ) -> Post:
        post = Post(channel, f"1700000000.{next(self._ts):06d}", user, thread, metadata=metadata, reader=reader)
        self.posts.append(post)
        return post

    def written(
        self, text: str, *, channel: str = "C1", user: str = "U1", thread: str | None = None, **more: Any
    ) -> Any:
        """Somebody writes a message; the event that tells of it."""
        post = self.post(channel, user, thread)
        post.shown.append((text, []))
        event = {"type": "message", "channel": channel, "user": user, "text": text, "ts": post.ts}
        event |= {"channel_type": "im" if channel.startswith("D") else "channel", "team": TEAM}
        return event | ({"thread_ts": thread} if thread else {}) | more

    def answers(self, channel: str | None = None, thread: str | None = None) -> list[Post]:
        """What the bot posted, in that order; files are posts of their own and not among these."""
        own = [post for post in self.posts if post.user == BOT and not post.files]
        return [p for p in own if channel in (None, p.channel) and thread in (None, p.thread)]

    async def answered(self, number: int, channel: str | None = None, thread: str | None = None) -> list[Post]:
        """Wait until there are so many answers."""
        await until(lambda: len(self.answers(channel, thread)) >= number)
        return self.answers(channel, thread)

    # --- delivering --------------------------------------------------------------------------

    async def event(self, event: dict[str, Any], *, name: str | None = None, **more: Any) -> Any:
        """Tell of an event."""
        body = {
            "type": "event_callback",
            "team_id": TEAM,
            "event_id": name or f"Ev{next(self._ids)}",
            "event": event,
        }
        return await self.deliver("events_api", body | more)

    async def mention(self, text: str, **where: Any) -> dict[str, Any]:
        """Somebody names the bot in a channel: Slack tells of it twice, in any order."""
        event: dict[str, Any] = self.written(f"<@{BOT}> {text}", **where)
        mention = {k: v for k, v in event.items() if k != "channel_type"} | {"type": "app_mention"}
        await asyncio.gather(self.event(event), self.event(mention))
        return event

    async def say(self, text: str, **where: Any) -> dict[str, Any]:
        """Somebody writes a message."""
        event: dict[str, Any] = self.written(text, **where)
        await self.event(event)
        return event

    async def command(self, command: str, text: str = "", *, channel: str = "C1", user: str = "U1", **more: Any) -> Any:
        """Somebody gives a slash command."""
        body = {"command": command, "text": text, "team_id": TEAM, "channel_id": channel, "user_id": user}
        body |= {"trigger_id": f"trigger{next(self._ids)}", "response_url": "https://hooks.slack.com/secret"}
        return await self.deliver("slash_commands", body | more)

    async def interact(self, kind: str, *, user: str = "U1", **more: Any) -> Any:
        """Somebody presses, chooses or submits something."""
        body = {"type": kind, "team": {"id": TEAM}, "user": {"id": user, "team_id": TEAM}}
        return await self.deliver("interactive", body | {"trigger_id": f"trigger{next(self._ids)}"} | more)

    async def press(self, post: Post, label: str, *, user: str = "U1", **more: Any) -> Any:
        """Somebody presses a button of an answer."""
        action = {"action_id": "choice-1", "block_id": "b", "type": "button", "value": post.buttons[label]}
        container = {"type": "message", "message_ts": post.ts, "channel_id": post.channel}
        container |= {"is_ephemeral": True} if post.reader else {}
        message = {} if post.reader else {"message": post.as_json()}
        return await self.interact(
            "block_actions",
            user=user,
            actions=[action],
            channel={"id": post.channel},
            container=container,
            **message,
            **more,
        )

    async def deliver(self, kind: Kind, body: dict[str, Any]) -> Any:
        """Until it is acknowledged; what the acknowledgement says. Events are delivered again, the rest is not."""
        tries = 1 + (self.retries if kind == "events_api" else 0)
        for number in range(tries):
            if number:
                await asyncio.sleep(self.retry_pause)
            taken, told = await (self._posted(kind, body) if self.http_door else self._sent(kind, body))
            if taken:
                self.acked.append(body.get("event_id") or body.get("trigger_id"))
                return told
        return None

    async def _posted(self, kind: Kind, body: dict[str, Any]) -> tuple[bool, Any]:
        try:
            status, told = await self.call(*encoded(kind, body))
        except (ClientError, OSError):
            return False, None
        return status == 200, told

    async def call(self, data: bytes, content: str, *, at: int | None = None, secret: str = SECRET) -> tuple[int, Any]:
        """One signed request to the bot."""
        headers = {"Content-Type": content, **signed(data, int(self.now()) if at is None else at, secret)}
        assert self.http_door
        async with self._session.post(self.http_door, data=data, headers=headers) as response:
            said = await response.text()
            return response.status, json.loads(said) if said.startswith("{") else said

    async def _sent(self, kind: Kind, body: dict[str, Any]) -> tuple[bool, Any]:
        """Over any socket that is open."""
        await until(lambda: any(not socket.closed for socket in self.sockets))
        open_ones = [socket for socket in self.sockets if not socket.closed]
        socket = open_ones[next(self._ids) % len(open_ones)]
        name = f"envelope{next(self._ids)}"
        answer = self._waiting[name] = asyncio.get_running_loop().create_future()
        envelope = {"envelope_id": name, "type": kind, "payload": body, "accepts_response_payload": True}
        try:
            await socket.send_json(envelope)
            return True, await asyncio.wait_for(answer, self.patience)
        except (TimeoutError, ConnectionError):
            return False, None
        finally:
            del self._waiting[name]

    async def _link(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        self.sockets.append(socket)
        self.links += 1
        await socket.send_json({"type": "hello", "num_connections": len(self.sockets)})
        async for sent in socket:
            if sent.type is WSMsgType.TEXT:
                told = json.loads(sent.data)
                if (waiting := self._waiting.get(told["envelope_id"])) and not waiting.done():
                    waiting.set_result(told.get("payload"))
        self.sockets.remove(socket)
        return socket


def encoded(kind: Kind, body: dict[str, Any]) -> tuple[bytes, str]:
    """A request as Slack makes it: bytes and content type."""
    if kind == "events_api":
        return json.dumps(body).encode(), "application/json"
    form = body if kind == "slash_commands" else {"payload": json.dumps(body)}
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


def signed(data: bytes, at: int, secret: str = SECRET) -> dict[str, str]:
    """The headers of a request of Slack's."""
    when = str(at)
    told = hmac.new(secret.encode(), f"v0:{when}:".encode() + data, sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": when, "X-Slack-Signature": f"v0={told}"}


async def until(true: Any, seconds: float = 15.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)


class _Refuse(Exception):
    """Slack says no."""


async def _said(request: web.Request) -> dict[str, Any]:
    said: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        said |= await request.json()
    elif request.can_read_body:
        said |= dict(await request.post())
    return said
