"""A process with the bot in it that takes messages over and never answers: made to be killed."""

import asyncio
import sys
from itertools import count
from pathlib import Path
from typing import Any

from bot.ports import Show
from bot.types import Answer, Message
from connectors import shelf
from knowledge.library import Library
from tests.chat.slack_bot import running


async def stuck(message: Message, show: Show) -> Answer | None:
    await asyncio.Event().wait()
    return None


class Elsewhere:
    """A Slack in another process: how often it was connected to cannot be seen from here."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.http_door = ""
        self._looks = count()

    @property
    def links(self) -> int:
        return next(self._looks)


async def main(origin: str, mode: str, database: str) -> None:
    slack: Any = Elsewhere(origin)
    async with running(slack, mode, Path(database), Library(()), shelf.codes(), handle=stuck):
        print(slack.http_door, flush=True)  # noqa: T201
        await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
