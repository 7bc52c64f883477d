"""Files that the page sends before the message to which they belong: kept without a name until they are read."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Any, Final
from uuid import uuid4

from aiohttp import web

from bot.errors import BadRequest
from bot.types import Attached
from connectors.chat.playground.incoming import Refused, arriving

LARGEST: Final = 200 * 1024 * 1024
"""Bytes of one file."""
_TOGETHER: Final = 400 * 1024 * 1024  # bytes that are kept at a time
_MOST: Final = 20
_LEFT_AFTER: Final = 600.0  # seconds after which nobody sends the message of a file any more
_LONGEST_NAME: Final = 200
_PIECE: Final = 256 * 1024
_TOO_MUCH = "Files that wait to be read have 400 MB together at most. Pack them as a zip, or send them one by one."
_TOO_LARGE = "The file is larger than 200 MB. Pack it as a zip, or run `ndesbot diagnose` with it."


@dataclass(frozen=True, slots=True)
class _Kept:
    attached: Attached
    file: IO[bytes]
    at: float


class Uploads:
    """The files of messages that are still to come. Each is read once."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Keep the body of a request as a file; its key. Raises `Refused` and `Gone`."""
        file = TemporaryFile()  # noqa: SIM115 - closed when it was read, or makes room
        try:
            async for part in arriving(request, LARGEST, _TOO_LARGE):
                file.write(part)
        except BaseException:
            file.close()
            raise
        name = request.query.get("name", "").strip()[:_LONGEST_NAME] or "the file"
        attached = Attached(name, uuid4().hex, file.tell())
        file.seek(0)
        now = asyncio.get_running_loop().time()
        self._forget(now - _LEFT_AFTER)
        if sum(one.attached.size or 0 for one in self._kept.values()) + (attached.size or 0) > _TOGETHER:
            file.close()
            raise Refused(413, _TOO_MUCH)
        self._kept[attached.key] = _Kept(attached, file, now)
        return web.json_response({"key": attached.key})

    def attached(self, keys: Any) -> tuple[Attached, ...]:
        """The files that a message names. Raises `Refused` for one that is not kept."""
        if not isinstance(keys, list) or len(keys) > _MOST or not all(isinstance(key, str) for key in keys):
            raise Refused(400, 'The field "files" is a list of the keys of up to 20 files.')
        if not all(key in self._kept for key in keys):
            raise Refused(400, "A file is not kept here any more. Attach it again.")
        return tuple(self._kept[key].attached for key in keys)

    async def fetch(self, file: Attached) -> AsyncIterator[bytes]:
        """The bytes of a file, which is then forgotten. Raises `BadRequest` where it was before."""
        kept = self._kept.pop(file.key, None)
        if kept is None:
            raise BadRequest(f"{file.name}: it is not kept here any more. Attach it again.")
        with kept.file as opened:
            while data := opened.read(_PIECE):
                yield data

    def _forget(self, before: float) -> None:
        """Files whose message did not come, and of too many the oldest."""
        too_many = len(self._kept) - _MOST + 1  # one is to come
        for number, (key, kept) in enumerate(list(self._kept.items())):
            if kept.at < before or number < too_many:
                self._kept.pop(key).file.close()

    async def close(self, _: web.Application) -> None:
        """Forget all of them."""
        for kept in self._kept.values():
            kept.file.close()
        self._kept.clear()
