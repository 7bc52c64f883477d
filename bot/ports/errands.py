"""What is handed over to the workers of other sites."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Errand:
    """A look that the worker of a site takes: `said` is the order, `taken` whether a worker has it, `result` what
    one said of it."""

    name: str
    site: str
    said: Mapping[str, Any]
    taken: bool = False
    result: Mapping[str, Any] | None = None


class Errands(Protocol):
    """What is handed over to the sites. Each errand is one worker's at a time."""

    async def put(self, errand: Errand, at: datetime) -> None:
        """Lay an errand out, for ten minutes; one that is there already stays as it is."""
        ...

    async def take(self, site: str, worker: str, at: datetime, until: datetime, most: int = 1) -> list[Errand]:
        """The oldest errands of a site that are nobody's now, this worker's until then. Atomic."""
        ...

    async def give_back(self, errand: str, site: str, result: Mapping[str, Any]) -> bool:
        """The first result counts; whether this is it."""
        ...

    async def errand(self, name: str) -> Errand | None:
        """An errand, with its result once there is one."""
        ...

    async def drop(self, name: str) -> None:
        """Forget an errand."""
        ...

    async def admit(self, site: str, token: str, note: str, at: datetime) -> None:
        """Let who shows this token work for a site; of the token only a digest is kept."""
        ...

    async def dismiss(self, site: str) -> int:
        """Take back every token of a site; how many there were."""
        ...

    async def site_of(self, token: str) -> str | None:
        """The site that a token is good for."""
        ...
