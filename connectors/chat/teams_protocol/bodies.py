"""What comes over the line, read to its end and never beyond a limit."""

import json
from typing import Any

from aiohttp import StreamReader


class TooLarge(Exception):
    """There is more than was to be read."""


async def whole(stream: StreamReader, most: int) -> bytes:
    """All of a body. Raises `TooLarge` where it has more than `most` bytes."""
    body = bytearray()
    async for part in stream.iter_any():
        body += part
        if len(body) > most:
            raise TooLarge
    return bytes(body)


def json_object(body: bytes) -> dict[str, Any] | None:
    """The object that a body is, None where it is none."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
