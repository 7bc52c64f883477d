"""What Teams wants beside answers: results of a search, dialogs, and files by consent."""

from collections.abc import Sequence
from typing import Any

from bot.ports import Press
from connectors.render.teams.blocks import button
from connectors.render.teams.card import card
from connectors.render.teams.words import Element, heading, short, tame, text
from connectors.render.text import one_line

ADAPTIVE = "application/vnd.microsoft.card.adaptive"
"""Content type of an attachment that is an Adaptive Card."""

_MOST_HITS = 25
_LONGEST_NAME = 250
_LONGEST_SAYS = 600


def attachment(content: Element) -> Element:
    """A card as a message carries it."""
    return {"contentType": ADAPTIVE, "content": content}


# --- search ----------------------------------------------------------------------------------


def hit(name: str, says: str, more: str, press: Press) -> Element:
    """One result of a search: the card that a person may post (under 28 KB, the limit for results), and the
    line in the list. `more` is what the card's button says to the bot."""
    words, _ = heading(short(one_line(name), _LONGEST_NAME), size="Medium")
    told = text(short(one_line(says), _LONGEST_SAYS))
    shown = {"type": "ActionSet", "actions": [button("Show all of it", {"press": press(more)})]}
    content = card([*words, *told, shown], tame(name))
    preview = {"title": short(tame(name), 120), "text": tame(says, 200)}
    return {
        **attachment(content),
        "preview": {"contentType": "application/vnd.microsoft.card.thumbnail", "content": preview},
    }


def found(hits: Sequence[Element]) -> Element:
    """The answer to a search of the message extension; where nothing was found, it says so."""
    if not hits:
        return {
            "composeExtension": {
                "type": "message",
                "text": "Nothing is known of that. Try a number or a log's own words.",
            }
        }
    shown = list(hits[:_MOST_HITS])
    return {"composeExtension": {"type": "result", "attachmentLayout": "list", "attachments": shown}}


# --- dialogs ---------------------------------------------------------------------------------


def dialog(name: str, content: Element) -> Element:
    """A card in a dialog of its own. There buttons come back with `Action.Submit` alone, so each becomes its
    own fallback."""
    value = {
        "title": short(tame(name), 64),
        "height": "large",
        "width": "large",
        "card": attachment(_submitting(content)),
    }
    return {"task": {"type": "continue", "value": value}}


def _submitting(part: Any) -> Any:
    if isinstance(part, list):
        return [_submitting(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    if part.get("type") == "Action.Execute":
        return part["fallback"]
    return {name: _submitting(inner) for name, inner in part.items()}


# --- files -----------------------------------------------------------------------------------


def file_consent(name: str, size: int, press_id: str) -> Element:
    """The attachment that asks a person whether a file of `size` bytes may go into their OneDrive. Personal
    chats only; `press_id` comes back with a yes as with a no."""
    context = {"press": press_id}
    return {
        "contentType": "application/vnd.microsoft.teams.card.file.consent",
        "name": name,
        "content": {
            "description": "From ndesbot, for you to keep or to send on",
            "sizeInBytes": size,
            "acceptContext": context,
            "declineContext": context,
        },
    }


def file_sent(name: str, unique_id: str, address: str) -> Element:
    """The attachment that shows a file which was put where the consent allowed; the last two are Teams' own words."""
    return {
        "contentType": "application/vnd.microsoft.teams.card.file.info",
        "contentUrl": address,
        "name": name,
        "content": {"uniqueId": unique_id, "fileType": name.rpartition(".")[2]},
    }
