"""What a platform can be reached by: a name, a clock that is right, an answer over TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp

from bot.errors import ConnectorError
from bot.ports import Clock
from connectors.roots import trusting
from connectors.settings_file import Network

LARGEST: Final = 1024 * 1024
"""Bytes of an answer that are read."""
_PATIENCE: Final = aiohttp.ClientTimeout(total=10)
_SKEW: Final = 120  # seconds that the clock may be wrong; Slack refuses at 300, tokens at 300


@dataclass(frozen=True, slots=True)
class Reached:
    """What an address answered. `data` is its JSON, empty where it is none."""

    status: int
    headers: Mapping[str, str]
    data: dict[str, Any]


class Line:
    """The way out to a platform, as the adapters take it: through the proxy of the settings, with its roots."""

    def __init__(self, session: aiohttp.ClientSession, proxy: str | None) -> None:
        self._session = session
        self._proxy = proxy

    async def ask(self, method: str, url: str, **more: Any) -> Reached:
        """One request. Raises `ConnectorError` telling what stood in the way."""
        try:
            async with self._session.request(
                method, url, proxy=self._proxy, allow_redirects=False, timeout=_PATIENCE, **more
            ) as response:
                body = await response.content.read(LARGEST)
                return Reached(response.status, {k.lower(): v for k, v in response.headers.items()}, _json(body))
        except aiohttp.ClientConnectorCertificateError:
            raise ConnectorError(f"{_host(url)}: its certificate is not trusted here.") from None
        except aiohttp.ClientConnectorDNSError:
            raise ConnectorError(f"{_host(url)}: the name cannot be looked up.") from None
        except TimeoutError:
            raise ConnectorError(f"{_host(url)}: no answer within 10 s.") from None
        except (aiohttp.ClientError, OSError, ssl.SSLError) as error:
            raise ConnectorError(f"{_host(url)}: {type(error).__name__}.") from None


@asynccontextmanager
async def line(network: Network) -> AsyncIterator[Line]:
    """Open the way out. Raises `BadRequest` where the roots of the settings cannot be read."""
    context = await asyncio.to_thread(trusting, network.ca_file)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        yield Line(session, network.proxy)


def clock_says(reached: Reached, now: Clock) -> str:
    """How far this computer's clock is from the one that answered. Raises `ConnectorError` where it is too far."""
    try:
        there = parsedate_to_datetime(reached.headers["date"])
    except (KeyError, ValueError):
        return "No clock to compare with was seen."
    off = (now() - there.astimezone(UTC)).total_seconds() if there.tzinfo else 0.0
    if abs(off) > _SKEW:
        raise ConnectorError(f"This computer's clock is {abs(off):.0f} s {'ahead' if off > 0 else 'behind'}.")
    return f"The clock is right within {max(abs(off), 1):.0f} s."


def _json(body: bytes) -> dict[str, Any]:
    import json

    try:
        data = json.loads(body)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _host(url: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(url).netloc.rpartition("@")[2]
