"""Outgoing calls to Slack's Web API: through the proxy and roots of the settings, each failure in our own words."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import Busy, ConnectorError, Gone
from bot.ports import Clock
from connectors.roots import trusting
from connectors.settings_file import Network

PATIENCE: Final = 10.0
"""Seconds that a call may take."""
_CONNECTIONS = 100  # at a time; further calls wait for one
_NO_TIME = 30.0  # seconds to wait where Slack asks to, without saying how long
_LONGEST = 3600.0  # seconds that we are willing to wait at its word
_CLOSED: Final = {
    "account_inactive": "the bot was removed from the workspace",
    "cannot_dm_bot": "a bot takes no messages",
    "cannot_reply_to_message": "that message takes no replies",
    "cant_update_message": "that message is not the bot's to change",
    "channel_is_archived": "the channel is archived",
    "channel_not_found": "there is no such channel, or the bot was not invited to it",
    "edit_window_closed": "the workspace does not let that message be changed any more",
    "ekm_access_denied": "the workspace's administrators suspended access to it",
    "is_archived": "the channel is archived",
    "message_not_found": "the message was removed",
    "messages_tab_disabled": "the messages tab of the app is switched off",
    "not_in_channel": "the bot is not in the channel; invite it",
    "restricted_action": "the workspace lets nobody but administrators post there",
    "restricted_action_non_threadable_channel": "nobody may reply in threads there",
    "restricted_action_read_only_channel": "nobody may post there",
    "restricted_action_thread_locked": "the thread is locked",
    "restricted_action_thread_only_channel": "the channel takes replies in threads only",
    "team_access_not_granted": "the bot was not given access to that workspace",
    "thread_not_found": "the thread was removed",
    "user_disabled": "that person has left",
    "user_not_found": "there is no such person",
    "user_not_in_channel": "that person is not in the channel",
}
"""What Slack calls a place that is not there, or not open to the bot, and how we say it."""
_ADVICE: Final = {
    "invalid_auth": "the token is not valid; take a new one from the page of the app",
    "missing_scope": "the app lacks a scope; compare it with manifest/slack.yaml and install it again",
    "not_allowed_token_type": "this is the wrong kind of token; xoxb- is the bot's, xapp- that of the app",
    "token_expired": "the token is expired; take a new one from the page of the app",
    "token_revoked": "the token was revoked; install the app again",
}

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,79}")

# What the libraries say of a request may quote it, and in Slack's events there are tokens.
_silent = logging.getLogger(f"{__name__}.library")
_silent.setLevel(logging.CRITICAL)


def silent() -> logging.Logger:
    """The logger for Slack's libraries: whatever goes wrong is told by us, without what was sent."""
    return _silent


class Refused(ConnectorError):
    """Slack said no. `code` is its own word for the reason."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"Slack refused {method}: {_ADVICE.get(code, code)}.")
        self.code = code


_LONGEST_ALT: Final = 1000  # characters of what a picture shows


class Calls:
    """Slack's Web API. Every call raises `Busy`, `Gone`, or `ConnectorError`; none of them names a token."""

    def __init__(self, origin: str, token: str, network: Network, clock: Clock) -> None:
        """`origin` is https://slack.com but for tests. Raises `BadRequest` where the extra roots cannot be read."""
        self.origin = origin
        self.proxy = network.proxy
        self.tls = trusting(network.ca_file)
        self._clock = clock
        self._token = token
        self._session: ClientSession | None = None
        self._closed = False
        self._client: AsyncWebClient | None = None
        self._not_before: dict[tuple[str, str], datetime] = {}

    # --- the session -------------------------------------------------------------------------

    @property
    def session(self) -> ClientSession:
        """One session for all calls: connections are kept, no cookie is, and the environment is not asked."""
        if self._closed:
            raise ConnectorError("The connections to Slack are closed.")
        if self._session is None:
            self._session = ClientSession(
                connector=TCPConnector(limit=_CONNECTIONS, ssl=self.tls),
                timeout=ClientTimeout(total=PATIENCE),
                trust_env=False,
            )
        return self._session

    @property
    def client(self) -> AsyncWebClient:
        """The SDK's client on that session. It repeats nothing by itself: after a connection broke, nobody knows
        whether a message was posted, and the inbox looks before it posts again."""
        if self._client is None or self._closed:
            self._client = AsyncWebClient(
                token=self._token,
                base_url=f"{self.origin}/api/",
                session=self.session,
                ssl=self.tls,
                retry_handlers=[],
                logger=silent(),
            )
            self._client.proxy = self.proxy  # where there is none, the SDK took one from the environment
        return self._client

    async def close(self) -> None:
        """Close the connections for good."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    # --- calling -----------------------------------------------------------------------------

    async def post(self, method: str, **said: Any) -> Mapping[str, Any]:
        """Call a method that changes something. `token` is another one than the bot's."""
        return await self._called(method, str(said.get("channel", "")), self.client.api_call, method, json=said)

    async def get(self, method: str, **asked: Any) -> Mapping[str, Any]:
        """Call a method that only reads."""
        channel = str(asked.get("channel", ""))
        return await self._called(method, channel, self.client.api_call, method, http_verb="GET", params=asked)

    async def upload(self, name: str, content: bytes, *, alt: str | None = None, channel: str, thread: str) -> None:
        """Put a file into a thread; `alt` says what a picture shows."""
        what = {"filename": name, "title": name, "content": content, "channel": channel, "thread_ts": thread}
        what |= {"alt_txt": alt[:_LONGEST_ALT]} if alt else {}
        await self._called("files.upload", channel, self.client.files_upload_v2, **what)

    async def _called(
        self, method: str, channel: str, call: Callable[..., Awaitable[AsyncSlackResponse]], /, *args: Any, **how: Any
    ) -> Mapping[str, Any]:
        self._mind(method, channel)
        try:
            response = await call(*args, **how)
        except Exception as error:  # of whatever kind; the chain is cut, for foreign words quote what was sent
            raise self._ours(error, method, channel) from None
        if not isinstance(response.data, dict):
            raise ConnectorError(f"Slack's answer to {method} was none.")
        return response.data

    def _mind(self, method: str, channel: str) -> None:
        """Where Slack asked to wait, it is not even asked before that time: each try would cost all others more."""
        if until := self._not_before.get((method, channel)):
            left = (until - self._clock()).total_seconds()
            if left > 0:
                raise Busy(left)
            self._not_before.pop((method, channel), None)

    # --- failing -----------------------------------------------------------------------------

    def _ours(self, error: Exception, method: str, channel: str) -> ConnectorError:
        """What went wrong, without a word of what was sent."""
        if isinstance(error, SlackApiError):
            return self._answered(error, method, channel)
        if isinstance(error, TimeoutError):
            return ConnectorError(f"Slack did not answer {method} within {PATIENCE:.0f} s.")
        return ConnectorError(f"Slack could not be asked {method} ({type(error).__name__}).")

    def _answered(self, error: SlackApiError, method: str, channel: str) -> ConnectorError:
        response: Any = error.response  # the SDK's, or aiohttp's where the body made no sense
        status = getattr(response, "status_code", None) or getattr(response, "status", 0)
        data = getattr(response, "data", None)
        code = str(data.get("error", "")) if isinstance(data, dict) else ""
        if status == 429 or code in ("ratelimited", "rate_limited"):
            seconds = _seconds(getattr(response, "headers", None) or {})
            self._not_before[method, channel] = self._clock() + timedelta(seconds=seconds)
            return Busy(seconds)
        if code in _CLOSED:
            return Gone(f"Slack: {_CLOSED[code]}.")
        if _CODE.fullmatch(code):
            return Refused(method, code)
        return ConnectorError(f"Slack answered {method} with status {status}.")


def _seconds(headers: Mapping[str, str]) -> float:
    said = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    try:
        return min(max(float(said), 0.1), _LONGEST)
    except ValueError:
        return _NO_TIME
