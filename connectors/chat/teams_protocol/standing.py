"""What stands in the conversations: the parts of each answer, what they show, and for whom they renew themselves."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.types import Place
from connectors.chat.teams_protocol.remembered import Remembered

_ANSWERS: Final = 2_000
_CARDS: Final = 200
_ASKERS: Final = 5_000


class Standing:
    """Known in this process alone: after a restart an answer is its first part, and cards stay as they are."""

    def __init__(self) -> None:
        """Nothing stands yet."""
        self._parts: Remembered[tuple[Place, str], list[str]] = Remembered(_ANSWERS)
        self._begun: Remembered[tuple[Place, str], list[str]] = Remembered(_ANSWERS)
        self._cards: Remembered[tuple[str, str], Mapping[str, Any]] = Remembered(_CARDS)
        self._askers: Remembered[str, str] = Remembered(_ASKERS)

    def asked(self, key: str, person: str) -> None:
        """Remember who asked, by Teams' own id."""
        if person:
            self._askers.keep(key, person)

    def asker(self, key: str) -> str | None:
        """Who asked."""
        return self._askers.get(key)

    def begun(self, place: Place, key: str) -> list[str]:
        """The parts of an answer that were posted so far, to be added to: a refusal may come between two."""
        parts = self._begun.get((place, key))
        if parts is None:
            parts = []
            self._begun.keep((place, key), parts)
        return parts

    def stands(self, place: Place, key: str, parts: list[str]) -> str:
        """All of an answer was posted; the id by which it goes is that of its first part."""
        self._begun.take((place, key))
        self._parts.keep((place, parts[0]), parts)
        return parts[0]

    def parts(self, place: Place, sent: str) -> list[str]:
        """The ids of all parts of an answer, to be changed where it grows or shrinks."""
        parts = self._parts.get((place, sent))
        if parts is None:
            parts = [sent]
            self._parts.keep((place, sent), parts)
        return parts

    def show(self, place: Place, sent: str, activity: Mapping[str, Any]) -> None:
        """Remember what a part shows."""
        attachments: Sequence[Any] = activity.get("attachments", ())
        if attachments:
            self._cards.keep((place.conversation, sent), attachments[0]["content"])

    def card(self, place: Place, sent: str) -> dict[str, Any] | None:
        """What a part shows, as a card."""
        card = self._cards.get((place.conversation, sent))
        return dict(card) if card is not None else None
