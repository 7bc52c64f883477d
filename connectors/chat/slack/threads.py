"""In which threads the bot takes part: there it is asked without being named again."""

from typing import Final

from bot.errors import Gone
from connectors.chat.slack.calls import Calls
from connectors.chat.slack.looked_up import LookedUp

_OURS_FOR: Final = 86_400.0  # seconds for which a thread is known to be one with the bot in it
_NOT_OURS_FOR: Final = 60.0  # the same without it: another process may answer there meanwhile
_READ: Final = 200  # posts of a thread that are looked through


class Threads:
    """Slack itself remembers where the bot answered, so this survives whatever happens to us."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._ours = LookedUp(self._ask, lambda ours: _OURS_FOR if ours else _NOT_OURS_FOR)

    async def ours(self, channel: str, thread: str, bot: str) -> bool:
        """Whether the bot posted in a thread. Raises `ConnectorError`."""
        return await self._ours((channel, thread, bot))

    def joined(self, channel: str, thread: str, bot: str) -> None:
        """The bot has just posted there."""
        self._ours.put((channel, thread, bot), True)

    async def _ask(self, where: tuple[str, str, str]) -> bool:
        channel, thread, bot = where
        try:
            told = await self._calls.get("conversations.replies", channel=channel, ts=thread, limit=_READ)
        except Gone:
            return False
        return any(post.get("user") == bot for post in told.get("messages") or ())

    async def close(self) -> None:
        """Leave what is being looked up."""
        await self._ours.close()
