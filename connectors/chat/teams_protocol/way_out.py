"""The way out to Microsoft: one pool of connections, through the proxy of the settings, to allowed hosts alone."""

from typing import Any

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession, ClientTimeout, TCPConnector
from yarl import URL

from bot.errors import ConnectorError
from connectors.chat.teams_protocol.clouds import Cloud, is_local
from connectors.chat.teams_protocol.credentials import Tokens
from connectors.roots import trusting
from connectors.settings_file import Network

_TIMEOUT = ClientTimeout(total=15, connect=5)


class WayOut:
    """Connections to Microsoft. To the services goes the bot's token, to nobody else."""

    def __init__(self, network: Network, cloud: Cloud, *, emulator: bool) -> None:
        """`emulator` lets activities go to this computer too, without a token. Raises `BadRequest` for a file of
        roots that cannot be read."""
        self._proxy = str(network.proxy) if network.proxy else None
        self._roots = trusting(network.ca_file)
        self._cloud = cloud
        self._emulator = emulator
        self._connector: TCPConnector | None = None
        self._outside: ClientSession | None = None
        self._inside: ClientSession | None = None
        self._services: dict[str, ClientSession] = {}
        self.tokens: Tokens | None = None

    def outside(self) -> ClientSession:
        """For keys, tokens and files: without a token."""
        if self._outside is None or self._outside.closed:
            self._outside = self._session(proxy=self._proxy)
        return self._outside

    def inside(self) -> ClientSession:
        """For what this machine gives itself: past every proxy, which would be another machine."""
        if self._inside is None or self._inside.closed:
            self._inside = self._session()
        return self._inside

    def service(self, base: str = "") -> ClientSession:
        """For activities: with a token, and to the services alone. What does not begin with a host goes to `base`.

        Requests raise `ConnectorError` for any other host, and where there is no token.
        """
        session = self._services.get(base)
        if session is None or session.closed:
            special = {"base_url": base or None, "middlewares": (self._authorised,), "proxy": self._proxy}
            session = self._services[base] = self._session(**special)
        return session

    def may_go(self, address: str) -> bool:
        """Whether activities may be sent there."""
        return self._cloud.serves(address) or self._unsigned(address)

    async def close(self) -> None:
        """Let go of every connection."""
        for session in (self._outside, self._inside, *self._services.values()):
            if session is not None:
                await session.close()
        self._services.clear()
        if self._connector is not None:
            await self._connector.close()

    def _session(self, **special: Any) -> ClientSession:
        if self._connector is None or self._connector.closed:
            self._connector = TCPConnector(ssl=self._roots, limit=100)
        return ClientSession(connector=self._connector, connector_owner=False, timeout=_TIMEOUT, **special)

    def _unsigned(self, address: str) -> bool:
        return self._emulator and is_local(address)

    async def _authorised(self, request: ClientRequest, go_on: ClientHandlerType) -> ClientResponse:
        """Each request by itself, those of a redirect too: the host is judged, then it is given the token."""
        address = str(URL(request.url))
        if not self._cloud.serves(address):
            if not self._unsigned(address):
                raise ConnectorError("An activity was about to go to a host that is not Microsoft's; it was not sent.")
            return await go_on(request)
        if self.tokens is None:
            raise ConnectorError("There are no credentials to get a token with.")
        token = await self.tokens.token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = await go_on(request)
        if response.status == 401:
            self.tokens.forget(token)
        return response
