"""Files from and to people's OneDrive: Microsoft's hosts only, of a limited size, never with the bot's token."""

import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.errors import BadRequest, ConnectorError
from bot.types import Attached
from connectors.chat.teams_protocol.clouds import Cloud
from connectors.chat.teams_protocol.remembered import Remembered

_TIMEOUT: Final = ClientTimeout(total=10, connect=5)
_FETCHING: Final = ClientTimeout(total=None, sock_connect=5, sock_read=30)
_PIECE: Final = 256 * 1024
_OFFERS: Final = 50  # files that wait for consent


@dataclass(frozen=True, slots=True)
class Offered:
    """A file that somebody may have, and the conversation where it was offered."""

    name: str
    data: bytes
    conversation: str


class Files:
    """Reads what people send, and keeps what they were offered until they say yes."""

    def __init__(self, cloud: Cloud, session: Callable[[], ClientSession]) -> None:
        """`session` goes out without a token."""
        self._cloud = cloud
        self._session = session
        self._offered: Remembered[str, Offered] = Remembered(_OFFERS)

    async def fetch(self, file: Attached) -> AsyncIterator[bytes]:
        """The bytes of a file. Raises `BadRequest` where Teams does not keep it, or does not give it."""
        if not self._cloud.stores(file.key):
            raise BadRequest(f"{file.name}: I only read files that Teams put into OneDrive or SharePoint.")
        try:
            async with self._session().get(file.key, allow_redirects=False, timeout=_FETCHING) as response:
                if response.status != 200:
                    raise BadRequest(f"{file.name}: Teams does not let me read it (status {response.status}).")
                async for data in response.content.iter_chunked(_PIECE):
                    yield data
        except (ClientError, TimeoutError, OSError):
            raise BadRequest(f"{file.name}: it could not be fetched; please paste the part around the error.") from None

    # --- by consent --------------------------------------------------------------------------

    def offer(self, name: str, data: bytes, conversation: str) -> str:
        """Keep a file to be asked for; the token of the offer."""
        token = secrets.token_urlsafe(16)
        self._offered.keep(token, Offered(name, data, conversation))
        return token

    def taken(self, token: str, conversation: str) -> Offered | None:
        """The file of an offer, once, and only where it was offered."""
        offered = self._offered.get(token)
        if offered is None or offered.conversation != conversation:
            return None
        return self._offered.take(token)

    async def put(self, offered: Offered, address: str) -> None:
        """Put a file where the consent allowed it. Raises `ConnectorError`."""
        if not self._cloud.stores(address):
            raise ConnectorError("The place for the file is not Microsoft's.")
        last = len(offered.data) - 1
        headers = {"Content-Type": "application/octet-stream", "Content-Range": f"bytes 0-{last}/{last + 1}"}
        try:
            async with self._session().put(
                address, data=BytesIO(offered.data), headers=headers, allow_redirects=False, timeout=_TIMEOUT
            ) as response:
                if response.status not in (200, 201):
                    raise ConnectorError(f"The file was not taken (status {response.status}).")
        except (ClientError, TimeoutError, OSError) as error:
            raise ConnectorError(f"The file could not be put there ({type(error).__name__}).") from None
