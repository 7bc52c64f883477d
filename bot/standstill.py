"""What others move as long as they live, and what has stopped: seen by looking again, so no clocks are compared."""

from collections.abc import Hashable, Mapping
from typing import Final, Generic, TypeVar

LOOKS: Final = 3
"""Looks in a row at which something had not moved, and it counts as left."""

Name = TypeVar("Name", bound=Hashable)
Sign = TypeVar("Sign")


class Standstill(Generic[Name, Sign]):
    """Counts the looks since something moved. Only the pause between looks matters, which is the looker's own."""

    def __init__(self) -> None:
        self._seen: dict[Name, tuple[Sign, int]] = {}

    def look(self, signs: Mapping[Name, Sign]) -> list[Name]:
        """Given all there is, each with the sign that its owner changes: those that stand still, in their order."""
        self._seen = {name: (sign, self._still(name, sign)) for name, sign in signs.items()}
        return [name for name, (_, looks) in self._seen.items() if looks >= LOOKS]

    def lose_sight(self) -> None:
        """A look failed: what kept it from looking may have kept the others from moving, so all get their time anew."""
        self._seen = {}

    def _still(self, name: Name, sign: Sign) -> int:
        known, looks = self._seen.get(name, (None, 0))
        return looks + 1 if known == sign else 0
