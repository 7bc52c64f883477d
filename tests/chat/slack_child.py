"""A process with the bot in it that takes messages over and never answers: made to be killed."""

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bot.ports import Show
from bot.types import Answer, Message
from connectors import shelf
from knowledge.library import Library
from tests.chat.fake_slack import until
from tests.chat.slack_bot import running


async def stuck(message: Message, show: Show) -> Answer | None:
    await asyncio.Event().wait()
    return None


async def main(origin: str, mode: str, database: str) -> None:
    slack: Any = SimpleNamespace(origin=origin, links=0, http_door=None)
    served = running(slack, mode, Path(database), Library(()), shelf.codes(), handle=stuck)
    if mode == "socket":
        slack.links = 0
        asyncio.get_running_loop().call_later(1.0, setattr, slack, "links", 1)  # this Slack is another process
    async with served:
        print(slack.http_door or "", flush=True)  # noqa: T201
        await until(lambda: False, 60)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
