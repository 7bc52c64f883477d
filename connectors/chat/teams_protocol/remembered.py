"""What is known for a while, in this process alone: the oldest is forgotten first."""

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """At most so many things."""

    def __init__(self, most: int) -> None:
        """`most` things are remembered."""
        self._most = most
        self._known: dict[K, V] = {}

    def keep(self, key: K, value: V) -> None:
        """Remember something, as the newest."""
        self._known.pop(key, None)
        self._known[key] = value
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]

    def get(self, key: K) -> V | None:
        """What is known, if it is."""
        return self._known.get(key)

    def take(self, key: K) -> V | None:
        """What is known, to be forgotten."""
        return self._known.pop(key, None)
