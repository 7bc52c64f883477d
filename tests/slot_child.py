"""A replica for which the clock strikes: ADDRESS NAME POSTS BEGIN EVERY SLOTS; it sends what each slot asks for.

The platform is a file that all replicas append to; it answers late, so that a kill often falls between the post and
its record.
"""

import asyncio
import fcntl
import random
import sys
import time
from pathlib import Path

from bot.digests import THE_CLOCK
from bot.errors import ConnectorError
from bot.inbox import Inbox
from bot.ports import Press, Receive, Show
from bot.types import Answer, Message, Place, Role
from connectors.clock import now
from connectors.store import open_store


class File:
    """A chat of one file: a post is a line with its key."""

    name, pause, looks_up, connected = "file", 3.0, True, True

    def __init__(self, path: Path) -> None:
        self._path = path

    async def serve(self, receive: Receive) -> None:
        await asyncio.Event().wait()

    def role_of(self, message: Message) -> Role:
        return "viewer"

    async def send(self, place: Place, answer: Answer, press: Press, *, key: str, reader: str | None = None) -> str:
        await asyncio.sleep(random.uniform(0, 0.02))
        with self._path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(f"{key}\n")
        await asyncio.sleep(random.uniform(0, 0.1))
        return key

    async def edit(self, place: Place, sent: str, answer: Answer, press: Press) -> None:
        return None

    async def find(self, place: Place, key: str) -> str | None:
        return key if key in self._path.read_text().splitlines() else None


async def composed(message: Message, show: Show) -> Answer:
    return Answer(message.text, "info")


async def live(address: str, name: str, posts: Path, begin: float, every: float, slots: int) -> None:
    async with open_store(address) as store:
        inbox = Inbox(mail=store.mail, handle=composed, surfaces=[File(posts)], clock=now, holder=name)
        await inbox.begin()
        print("begun", flush=True)  # noqa: T201
        looking = asyncio.create_task(inbox.look_after())
        latest = -1
        while latest < slots - 1:
            due = min(int((time.time() - begin) / every) if every else slots - 1, slots - 1)
            for slot in range(latest + 1, due + 1):
                try:
                    await inbox.receive(
                        Message(f"digest {slot}", Place("file", f"C{slot % 50}"), THE_CLOCK, "/digest due")
                    )
                except ConnectorError:
                    break
                latest = slot
            await asyncio.sleep(0.02)
        await inbox.settle(300)
        looking.cancel()


if __name__ == "__main__":
    _, address, name, posts, begin, every, slots = sys.argv
    asyncio.run(live(address, name, Path(posts), float(begin), float(every), int(slots)))
