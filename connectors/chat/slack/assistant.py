"""The assistant pane: what it offers to begin with, and the sign that the bot is at work."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from connectors.chat.slack.calls import Calls
from connectors.chat.slack.desk import Desk

PROMPTS: Final = (
    {"title": "What does 0x80094012 mean?", "message": "explain 0x80094012"},
    {"title": "NDES answers 403 to its own page", "message": "HTTP 403 at /certsrv/mscep/mscep.dll"},
    {"title": "How do our servers stand?", "message": "servers"},
    {"title": "What can you do?", "message": "help"},
)
"""Four ways to begin."""
_STATUS = "is looking it up …"
_OFFER = "Paste an error, or begin with one of these"


class Assistant:
    """Threads of the pane are threads of the direct messages."""

    def __init__(self, calls: Calls, desk: Desk) -> None:
        self._calls = calls
        self._desk = desk
        self._signs: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def greet(self, thread: Mapping[str, Any]) -> None:
        """Offer the prompts in a pane that was opened. Raises as `ChatSurface.send` does."""
        await self._calls.post(
            "assistant.threads.setSuggestedPrompts",
            channel_id=thread.get("channel_id"),
            thread_ts=thread.get("thread_ts"),
            title=_OFFER,
            prompts=list(PROMPTS),
        )

    def at_work(self, channel: str, thread: str) -> None:
        """Show that an answer is being looked for; Slack takes the sign away when it is posted."""
        work = self._show(channel, thread)
        sign = self._signs[channel, thread] = self._desk.errand(work, "showing that the bot is at work")
        sign.add_done_callback(lambda _: self._signs.pop((channel, thread), None))

    async def before_posting(self, channel: str, thread: str | None) -> None:
        """Wait for the sign: shown after the answer it would stay."""
        if thread and (sign := self._signs.get((channel, thread))):
            await asyncio.wait([sign])

    async def _show(self, channel: str, thread: str) -> None:
        await self._calls.post("assistant.threads.setStatus", channel_id=channel, thread_ts=thread, status=_STATUS)
