"""Files that somebody put beside a message: fetched from Slack's own hosts alone."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientTimeout

from bot.errors import BadRequest
from bot.types import Attached
from connectors.chat.slack.calls import Calls

MOST: Final = 20
"""Files of one message that are heard of."""
_LONGEST_NAME: Final = 200
_WAIT: Final = ClientTimeout(total=None, sock_connect=10.0, sock_read=30.0)
_PIECE: Final = 256 * 1024


class Uploads:
    """Fetches uploaded files. The bot's token goes to Slack's hosts only, never along a redirect."""

    def __init__(self, calls: Calls, token: str) -> None:
        self._calls = calls
        self._token = token
        # Where the Web API is somewhere else, as in tests, its host is Slack's too.
        self._origin = urlsplit(calls.origin)

    async def fetch(self, file: Attached) -> AsyncIterator[bytes]:
        """The bytes of a file. Raises `BadRequest` where Slack does not keep it, or does not give it."""
        if not self.slacks_own(file.key):
            raise BadRequest(f"{file.name}: I only read files that Slack keeps itself.")
        asking = self._calls.session.get(
            file.key,
            headers={"Authorization": f"Bearer {self._token}", "Accept-Encoding": "identity"},
            allow_redirects=False,
            proxy=self._calls.proxy,
            timeout=_WAIT,
        )
        try:
            async with asking as response:
                if response.status != 200:
                    raise BadRequest(f"{file.name}: Slack does not let me read it (status {response.status}).")
                if response.headers.get("Content-Encoding", "identity") != "identity":
                    raise BadRequest(f"{file.name}: Slack sent it packed, which was not asked for.")
                async for data in response.content.iter_chunked(_PIECE):
                    yield data
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            raise BadRequest(f"{file.name}: Slack could not be asked for it ({type(error).__name__}).") from None

    def slacks_own(self, address: str) -> bool:
        """Whether an address is one of Slack's own for files."""
        try:
            parts = urlsplit(address)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        if parts.username is not None or parts.password is not None:
            return False
        if self._origin.hostname not in ("slack.com", "www.slack.com"):
            return (parts.scheme, host, port) == (self._origin.scheme, self._origin.hostname, self._origin.port)
        own = host == "files.slack.com" or host.endswith((".slack.com", ".slack-files.com"))
        return parts.scheme == "https" and port in (None, 443) and own


def attached(files: Any) -> tuple[Attached, ...]:
    """The files of a message, as Slack tells of them; every field may be anything."""
    told = [file for file in files if isinstance(file, Mapping)] if isinstance(files, list) else []
    return tuple(_attached(file) for file in told[:MOST])


def _attached(file: Mapping[str, Any]) -> Attached:
    address = file.get("url_private_download") or file.get("url_private")
    name, size = file.get("name"), file.get("size")
    return Attached(
        (name if isinstance(name, str) else "")[:_LONGEST_NAME].strip() or "the file",
        address if isinstance(address, str) else "",
        size if isinstance(size, int) and size >= 0 else None,
    )
