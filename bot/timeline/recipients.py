"""Whom the requests of a log are encrypted to: counted as its lines go by."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.timeline.lines import Line, Where
from knowledge.scep_messages import CertificateName, recipient_of

_ALL: Final = 2_000
"""Messages of which each is looked into; of those behind, every twentieth: a look takes a tenth of a millisecond."""
_SOME: Final = 20
_MOST: Final = 20  # recipients that are told apart


@dataclass(slots=True)
class Recipient:
    """A certificate that requests are encrypted to, how many were seen, and the first of them."""

    name: CertificateName
    first: Where
    requests: int = 0
    since: datetime | None = None
    until: datetime | None = None


class Recipients:
    """Counts as lines go by. `sampled`: some messages were not looked into, so that all counts are least numbers."""

    def __init__(self) -> None:
        self._found: dict[CertificateName, Recipient] = {}
        self._seen = 0

    def take(self, file: str, line: Line) -> None:
        """Look into the message of a line, if it has one."""
        if not line.message:
            return
        self._seen += 1
        if self._seen > _ALL and self._seen % _SOME:
            return
        name = recipient_of(line.message)
        if name is None or (name not in self._found and len(self._found) >= _MOST):
            return
        found = self._found.setdefault(name, Recipient(name, Where(file, line.number), since=line.at))
        found.requests += 1
        found.until = line.at or found.until

    @property
    def sampled(self) -> bool:
        """Whether there were too many messages to look into each."""
        return self._seen > _ALL

    def told(self) -> tuple[Recipient, ...]:
        """All of them, as they came."""
        return tuple(self._found.values())
