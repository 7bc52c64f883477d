"""The platforms' rate limits as they are written down, kept by the fakes: who comes too soon hears how long to wait."""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Final

Limit = tuple[int, float]
"""So many calls in so many seconds."""

SLACK_TIERS: Final[Mapping[str, Limit]] = {
    "chat.postMessage": (200, 60.0),
    "chat.update": (50, 60.0),
    "conversations.history": (50, 60.0),
    "conversations.replies": (50, 60.0),
    "files.getUploadURLExternal": (100, 60.0),
    "files.completeUploadExternal": (100, 60.0),
}
"""Calls of a workspace (docs.slack.dev, "Rate limits", and the page of each method; read 2026-11-21). For posts it
says "several hundred" in a minute: the least of that is taken."""
SLACK_CHANNEL: Final[Limit] = (1, 1.0)
"""Posts in one channel."""
TEAMS_THREAD: Final[tuple[Limit, ...]] = ((7, 1.0), (8, 2.0), (60, 30.0), (1800, 3600.0))
TEAMS_TENANT: Final[Limit] = (50, 1.0)
"""Posts of a bot in one conversation, and in all of a tenant (learn.microsoft.com, "Optimize your bot with rate
limiting"; read 2026-11-20)."""


class Limits:
    """Counts calls in sliding windows; `refused` are those that came too soon."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._calls: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=2000))
        self.refused: Counter[str] = Counter()

    def slack(self, method: str, channel: str) -> int:
        """Seconds until Slack would take this call; 0 for now, and then it counts."""
        held = {method: (SLACK_TIERS[method],)} if method in SLACK_TIERS else {}
        held |= {f"{method} {channel}": (SLACK_CHANNEL,)} if method == "chat.postMessage" else {}
        return self._wait(method, held)

    def teams(self, conversation: str) -> int:
        """The same for Teams."""
        return self._wait("activities", {conversation: TEAMS_THREAD, "all": (TEAMS_TENANT,)})

    def _wait(self, name: str, held: Mapping[str, tuple[Limit, ...]]) -> int:
        now = self._now()
        waits = [
            seconds - (now - calls[-most])
            for key, limits in held.items()
            for most, seconds in limits
            if len(calls := self._calls[key]) >= most
        ]
        if (wait := max(waits, default=0.0)) > 0:
            self.refused[name] += 1
            return math.ceil(wait)
        for key in held:
            self._calls[key].append(now)
        return 0
