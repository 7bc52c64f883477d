"""Whole messages: the cards of an answer, each with what every card must have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.ports import Press
from bot.types import Answer, Document
from connectors.render.files import files_in
from connectors.render.teams.blocks import VERB, Drawing, title
from connectors.render.teams.packing import LARGEST_CARD, PEOPLE, cards
from connectors.render.teams.words import Element, fixed, size, tame
from connectors.render.text import TONES

VERSION = "1.5"
"""Of the Adaptive Card schema: the first with `Action.Execute` in all clients of Teams, `mode` and headings."""


@dataclass(frozen=True, slots=True)
class TeamsMessage:
    """What goes to Teams. `text` is the plain summary for notifications and screen readers (the activity's
    `summary`); each of `cards` is sent in a message of its own, in their order, the first one first. `documents`
    are offered where Teams lets a bot hand over files."""

    text: str
    cards: tuple[Element, ...]
    documents: tuple[Document, ...] = ()


def render(answer: Answer, press: Press) -> TeamsMessage:
    """The answer as one card, or as few as it takes. `press` is asked once for each option."""
    summary = tame(f"{TONES[answer.tone]}: {answer.title}")
    head, *whole = title(answer.title, answer.tone)
    drawing = Drawing(answer.blocks, press)
    frame = size(card([head, _part(999, 999)], summary))
    bodies = cards([*whole, *drawing.parts], LARGEST_CARD // 2 - frame)
    many = len(bodies)
    return TeamsMessage(
        summary,
        tuple(
            card([head, *([_part(number, many)] if many > 1 else []), *body], summary)
            for number, body in enumerate(bodies, 1)
        ),
        tuple(one for one in files_in(answer.blocks) if isinstance(one, Document)),
    )


def _part(number: int, of: int) -> Element:
    return fixed(f"Part {number} of {of}", weight="Bolder", size="Small")


def card(body: Sequence[Element], summary: str) -> Element:
    """A card around its body. `summary` is plain; it is what those hear or see who cannot see the card."""
    return {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": VERSION,
        "lang": "en",
        "speak": summary,
        "fallbackText": f"{summary} (this client cannot show the whole answer, please open it in a newer Teams)",
        "msteams": {"width": "Full"},
        "body": list(body),
    }


def refreshed(card: Element, press_id: str, user_ids: Sequence[str]) -> Element:
    """The card, renewed by itself when one of these people sees it. They are Teams' own ids, 60 at most: any
    more are left out, for Teams would renew it for nobody."""
    action = {"type": "Action.Execute", "title": "Refresh", "verb": VERB, "data": {"press": press_id}}
    return {**card, "refresh": {"action": action, "userIds": list(user_ids[:PEOPLE])}}


def pressed(data: Mapping[str, Any]) -> str | None:
    """The opaque id in what comes back from a button or a list of choices of ours; None where there is none."""
    source = data.get("from")
    press_id = data.get(source) if isinstance(source, str) else data.get("press")
    return press_id if isinstance(press_id, str) and press_id else None
