"""What comes in from the page: read bounded, understood, or refused with a sentence."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Final
from uuid import uuid4

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.types import Attached, Message, Place

LARGEST_BODY: Final = 21 * 1024 * 1024
"""Bytes of one request: a log of 20 MB and its JSON around it."""
ARRIVAL: Final = 30.0
"""Seconds within which a request must have arrived, from its first byte or from its turn."""
REASONS: Final = {
    400: "This request was not understood.",
    404: "There is nothing at this address.",
    405: "This address does not take that kind of request.",
    408: "The message did not arrive in time.",
    413: "The message is larger than 21 MB. Send the part of the log around the error.",
    500: "ndesbot failed while it worked on this message. Its log says why.",
    503: "ndesbot has its hands full with other messages. Try again in a moment.",
}


class Refused(Exception):
    """A request that is answered with a status and a sentence."""

    def __init__(self, status: int, reason: str | None = None) -> None:
        super().__init__(reason or REASONS[status])
        self.status = status


class Gone(ConnectionError):
    """The client left: there is nobody to be told of anything."""


async def arriving(request: web.Request, most: int, too_large: str | None = None) -> AsyncIterator[bytes]:
    """The body of a request, read now. Raises `Refused` where it is too long or does not arrive, and `Gone`."""
    size = 0
    try:
        async with asyncio.timeout(ARRIVAL):
            async for part in request.content.iter_any():
                size += len(part)
                if size > most:
                    raise Refused(413, too_large)
                yield part
    except TimeoutError:
        raise Refused(408) from None
    except ConnectionError:
        raise Gone from None
    except (web.RequestPayloadError, HttpProcessingError):  # cut into pieces that are none
        raise Refused(400) from None
    await asyncio.sleep(0)  # that a client left stands behind its last byte
    if request.transport is None or request.transport.is_closing():
        raise Gone


async def received(request: web.Request, attached: Callable[[Any], tuple[Attached, ...]]) -> Message:
    """The message of a request; `attached` gives the files that it names. Raises as `arriving`, and `Refused` where
    it is none."""
    body = bytearray()
    async for part in arriving(request, LARGEST_BODY):
        body += part
    return _message(body, attached)


def _message(body: bytes | bytearray, attached: Callable[[Any], tuple[Attached, ...]]) -> Message:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "The message is not readable JSON.") from None
    if not isinstance(said, dict) or not isinstance(text := said.get("text"), str):
        raise Refused(400, 'The message needs the field "text" with the words in it.')
    if not isinstance(addressed := said.get("addressed", True), bool):
        raise Refused(400, 'The field "addressed" is either true or false.')
    files = attached(said.get("files", []))
    return Message(uuid4().hex, Place("playground", "browser"), "you", _whole(text), addressed, files=files)


def _whole(text: str) -> str:
    """Half characters (JSON may carry lone surrogates) become question marks: nothing behind can store them."""
    return text.encode("utf-8", "replace").decode("utf-8")
