"""Files that somebody put beside a message: read as text, from Slack's own hosts alone."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientTimeout

from bot.errors import BotError, ConnectorError
from connectors.chat.slack.calls import Calls
from connectors.chat.slack.remembered import Remembered
from connectors.texts import decode

LARGEST: Final = 20 * 1024 * 1024
"""Bytes of a file that are read."""
MOST: Final = 3
"""Files of one message that are read."""
_AT_ONCE = 1.5  # seconds before a message is left to be delivered again: Slack waits three for an answer
_KEPT = 120.0  # seconds for which a file that was read is known: Slack tells of it twice, and again if we are slow
_KEPT_FILES = 4
_LONGEST_WAIT = ClientTimeout(total=60.0)
_TOO_LARGE = "it is larger than 20 MB"


class Uploads:
    """Reads uploaded files. The bot's token goes to Slack's hosts only, never along a redirect."""

    def __init__(self, calls: Calls, token: str) -> None:
        self._calls = calls
        self._token = token
        # Where the Web API is somewhere else, as in tests, its host is Slack's too.
        self._origin = urlsplit(calls.origin)
        self._read = Remembered(self._fetched, lambda _: _KEPT, _KEPT_FILES)

    async def words(self, files: Any) -> list[str]:
        """The text of each file that is text, and a sentence for each that is not read.

        Raises `ConnectorError` where that takes longer than Slack waits. The reading goes on: Slack delivers the
        message again, and by then the file is here.
        """
        told = [file for file in files if isinstance(file, Mapping)] if isinstance(files, list) else []
        try:
            async with asyncio.timeout(_AT_ONCE):
                return [await self._of(file) for file in told[:MOST]]
        except TimeoutError:
            raise ConnectorError("A file is still being read.") from None

    async def _of(self, file: Mapping[str, Any]) -> str:
        address = str(file.get("url_private_download") or file.get("url_private") or "")
        size = file.get("size")
        if not self.slacks_own(address):
            return _unread("it is not kept by Slack")
        if isinstance(size, int) and size > LARGEST:
            return _unread(_TOO_LARGE)
        return await self._read(address)

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

    async def _fetched(self, address: str) -> str:
        try:
            return decode(await self._bytes(address), "This file")
        except BotError as error:
            return _unread(str(error))
        except (ClientError, OSError, ValueError) as error:
            return _unread(f"Slack could not be asked for it, {type(error).__name__}")

    async def _bytes(self, address: str) -> bytes:
        """The content. Raises `ConnectorError` where it is too large, or Slack does not give it."""
        asking = self._calls.session.get(
            address,
            headers={"Authorization": f"Bearer {self._token}", "Accept-Encoding": "identity"},
            allow_redirects=False,
            proxy=self._calls.proxy,
            timeout=_LONGEST_WAIT,
        )
        async with asking as response:
            if response.status != 200:
                raise ConnectorError(f"Slack answered with status {response.status}")
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise ConnectorError("Slack sent it packed, which was not asked for")
            data = bytearray()
            async for part in response.content.iter_any():
                data += part
                if len(data) > LARGEST:
                    raise ConnectorError(_TOO_LARGE)
            return bytes(data)

    async def close(self) -> None:
        """Leave what is being read."""
        await self._read.close()


def _unread(why: str) -> str:
    return f"(A file was not read: {why.rstrip('.')}.)"
