"""Can the bot listen where its settings say, or does something else?"""

import errno
import socket
from typing import Final

import aiohttp

from bot.errors import ConnectorError
from connectors.settings_file import Web

_PATIENCE: Final = aiohttp.ClientTimeout(total=5)
_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - as settings may say it


async def examine(said: Web) -> str:
    """Whether the port is free, or ndesbot's already. Raises `ConnectorError` where it is neither."""
    if said.port == 0:
        return "Any free port is taken."
    where = f"{said.host}:{said.port}"
    if await _is_ours(said):
        return f"ndesbot listens on {where}."
    try:
        _bind(said)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConnectorError(f"Another program listens on {where}.") from None
        raise ConnectorError(f"Nothing can listen on {where}: {error.strerror}.") from None
    return f"{where} is free."


def _bind(said: Web) -> None:
    family = socket.AF_INET6 if ":" in said.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the web server does it
        one.bind((said.host, said.port))


async def _is_ours(said: Web) -> bool:
    host = _ANYWHERE.get(said.host, said.host)
    address = f"http://{f'[{host}]' if ':' in host else host}:{said.port}/healthz"
    try:
        async with aiohttp.ClientSession(timeout=_PATIENCE) as session, session.get(address) as answer:
            return answer.status == 200 and (await answer.content.read(100)) == b'{"ok": true}'
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False
