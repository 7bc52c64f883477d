"""What survives the process, and who tells the time."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

Clock = Callable[[], datetime]
"""An aware time; nobody else asks for it."""
Said = dict[str, Any]
"""What a run is told and what comes of it: whatever JSON can say."""
Work = Callable[[Said], Awaitable[Said]]


class Engine(Protocol):
    """Work that survives the process. A run has a kind (which work), a key and what was said to it.

    One key is one run, however often and from wherever it is asked for.
    """

    async def run(self, kind: str, key: str, said: Said) -> Said:
        """Start the run, or join the one there is, and wait for its result. It goes on if the waiter is cancelled.

        Raises what the work raised if that is `BadRequest` or `Forbidden`, else `ConnectorError`.
        """
        ...

    async def start(self, kind: str, key: str, said: Said) -> None:
        """Start the run if there is none; once this returns, it will end. Raises `ConnectorError`."""
        ...

    def others(self) -> list[str]:
        """The names of the other processes with an engine there, as far as they were seen to live."""
        ...

    async def result(self, key: str) -> Said | None:
        """What a run came to, None as long as it did not, or is not known. Raises as `run` does."""
        ...
