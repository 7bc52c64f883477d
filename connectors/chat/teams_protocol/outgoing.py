"""Answers as activities: each within the size that Teams takes."""

import json
from collections.abc import Sequence
from typing import Any, Final

from bot.ports import Press
from bot.types import Answer
from connectors.chat.teams_protocol.heard import REFRESH
from connectors.render.teams import LARGEST_MESSAGE, attachment, refreshed, render

MOST_PARTS: Final = 12
"""Messages of one answer; what is longer is cut, visibly."""
ENVELOPE: Final = 4 * 1024
"""Bytes that the libraries put around an activity: who, whom, where."""


def activities(answer: Answer, press: Press, asker: str | None) -> list[dict[str, Any]]:
    """One message for each card of the answer. The cards of `asker` (Teams' own id) renew themselves."""
    drawn = render(answer, press)
    cards = [refreshed(card, REFRESH, [asker]) if asker else card for card in drawn.cards[:MOST_PARTS]]
    messages = [message(card, drawn.text) for card in cards]
    if left := len(drawn.cards) - len(cards):
        messages.append(plain(f"{left} further parts of this answer are left out: it is too long for a chat."))
    return messages


def message(card: dict[str, Any], summary: str) -> dict[str, Any]:
    """A card in a message; where it is too large, a word in its place."""
    whole = {"type": "message", "summary": summary, "attachments": [attachment(card)]}
    if weight(whole) + ENVELOPE > LARGEST_MESSAGE:
        return plain("This answer is too large for Teams. Please ask about a smaller part.")
    return whole


def plain(text: str) -> dict[str, Any]:
    """A message of our own words."""
    return {"type": "message", "textFormat": "plain", "text": text}


def with_attachments(attachments: Sequence[Any], summary: str) -> dict[str, Any]:
    """A message of cards that are no Adaptive Cards."""
    return {"type": "message", "summary": summary, "attachments": list(attachments)}


def weight(activity: Any) -> int:
    """Bytes of an activity as Teams counts them: UTF-16."""
    return 2 * len(json.dumps(activity))
