"""The judge of cards for Teams: what a person sees of one, and all that is wrong with it."""

import json
import re
from collections.abc import Iterator
from typing import Any

from connectors.render.teams import LARGEST_CARD, TeamsMessage


def walk(part: Any) -> Iterator[dict[str, Any]]:
    """Every object in a card, in its order."""
    waiting = [part]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting += [inner for inner in reversed(part.values()) if isinstance(inner, dict | list)]
        elif isinstance(part, list):
            waiting += reversed(part)


def visible(message: TeamsMessage) -> str:
    """All words that a person can see on the cards, folds opened: line by line; of a link also where it leads."""
    return "\n".join(line for card in message.cards for line in lines_of(card["body"]))


def lines_of(part: Any) -> Iterator[str]:
    """The same of a part of a card."""
    if isinstance(part, list):
        for inner in part:
            yield from lines_of(inner)
    elif isinstance(part, dict):
        if part.get("type") == "RichTextBlock":
            yield "".join(run["text"] for run in part["inlines"])
        elif part.get("type") == "Image":
            yield part["altText"]
        else:
            yield from (str(part[name]) for name in ("text", "title", "label", "url") if name in part)
            for name in ("items", "columns", "actions", "choices", "selectAction"):
                yield from lines_of(part.get(name))


# --- what a card may be ----------------------------------------------------------------------

TEXT, FLAG = str, bool
NAMES = {
    "size": {"Small", "Default", "Medium", "Large", "ExtraLarge"},
    "weight": {"Lighter", "Default", "Bolder"},
    "color": {"Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"},
    "spacing": {"None", "Small", "Default", "Medium", "Large", "ExtraLarge", "Padding"},
    "ground": {"default", "emphasis", "good", "attention", "warning", "accent"},
    "side": {"Left", "Center", "Right"},
}
ELEMENT = {"id": TEXT, "isVisible": FLAG, "spacing": NAMES["spacing"], "separator": FLAG}
WORDS = {"text": TEXT, "size": NAMES["size"], "weight": NAMES["weight"], "color": NAMES["color"], "isSubtle": FLAG}
INPUT = {**ELEMENT, "label": TEXT, "isRequired": FLAG, "errorMessage": TEXT, "value": TEXT, "placeholder": TEXT}
SENT = {
    "title": TEXT,
    "data": dict,
    "mode": {"primary", "secondary"},
    "associatedInputs": {"auto", "none"},
    "style": {"default", "positive", "destructive"},
}
SHAPES: dict[str, dict[str, Any]] = {
    "TextBlock": {
        **ELEMENT,
        **WORDS,
        "wrap": FLAG,
        "style": {"heading"},
        "horizontalAlignment": NAMES["side"],
    },
    "RichTextBlock": {**ELEMENT, "inlines": list},
    "TextRun": {
        **WORDS,
        "fontType": {"Monospace"},
        "italic": FLAG,
        "underline": FLAG,
        "highlight": FLAG,
    },
    "Image": {**ELEMENT, "url": TEXT, "altText": TEXT, "size": {"Stretch"}},
    "Container": {**ELEMENT, "items": list, "style": NAMES["ground"], "bleed": FLAG, "selectAction": dict},
    "ColumnSet": {**ELEMENT, "columns": list, "selectAction": dict},
    "Column": {**ELEMENT, "items": list, "width": {"auto", "stretch"}},
    "ActionSet": {**ELEMENT, "actions": list},
    "Input.ChoiceSet": {**INPUT, "choices": list, "wrap": FLAG},
    "Action.Execute": {**SENT, "verb": TEXT, "fallback": dict},
    "Action.Submit": SENT,
    "Action.OpenUrl": {"title": TEXT, "url": TEXT},
    "Action.ToggleVisibility": {"title": TEXT, "targetElements": list},
    "AdaptiveCard": {
        "$schema": TEXT,
        "version": {"1.5"},
        "lang": {"en"},
        "speak": TEXT,
        "fallbackText": TEXT,
        "msteams": dict,
        "body": list,
        "refresh": dict,
    },
}
"""What is used of the schema 1.5, by type of element: each property with its type or the words it may be."""
NEEDED = {
    "TextBlock": {"text", "wrap"},
    "RichTextBlock": {"inlines"},
    "TextRun": {"text"},
    "Image": {"url", "altText"},
    "Container": {"items"},
    "Column": {"items", "width"},
    "ColumnSet": {"columns"},
    "ActionSet": {"actions"},
    "Input.ChoiceSet": {"id", "label", "choices"},
    "Action.Execute": {"title", "verb", "data", "fallback"},
    "Action.Submit": {"title", "data"},
    "Action.OpenUrl": {"title", "url"},
    "Action.ToggleVisibility": {"title", "targetElements"},
    "AdaptiveCard": {"$schema", "version", "lang", "speak", "fallbackText", "body"},
}
ELEMENTS = {
    "TextBlock",
    "RichTextBlock",
    "Image",
    "Container",
    "ColumnSet",
    "ActionSet",
    "Input.ChoiceSet",
}
INSIDE = {
    "inlines": {"TextRun"},
    "columns": {"Column"},
    "items": ELEMENTS,
    "body": ELEMENTS,
    "actions": {"Action.Execute"},
    "fallback": {"Action.Submit"},
    "selectAction": {"Action.OpenUrl", "Action.ToggleVisibility"},
}
"""What may stand in what."""
MARKS = re.compile(r"[\[\]*<>`#{}&~!|\\]|//|www\.|(?<![^\W_])_|_(?![^\W_])|^\s*(?:[-+]|\d+[.)](?: |$))")
"""What any client could take for Markdown, HTML, a mention or a function."""


def faults(card: dict[str, Any]) -> list[str]:
    """All that is wrong with a card, in words."""
    return [*_shape(card), *_whole(card)]


def _shape(part: dict[str, Any]) -> Iterator[str]:
    kind = part.get("type", "")
    known = SHAPES.get(kind)
    if known is None:
        yield f"unknown type {kind!r}"
        return
    yield from (f"{kind} lacks {name}" for name in NEEDED[kind] - part.keys())
    for name, value in part.items():
        if name == "type":
            continue
        wanted = known.get(name)
        if wanted is None:
            yield f"{kind} has no {name}"
        elif not (value in wanted if isinstance(wanted, set) else isinstance(value, wanted)):
            yield f"{kind}.{name} is {value!r}"
        if name in INSIDE:
            for inner in value if isinstance(value, list) else [value]:
                if inner.get("type") not in INSIDE[name]:
                    yield f"{inner.get('type')} in {kind}.{name}"
                yield from _shape(inner)
    yield from _words(kind, part)


def _words(kind: str, part: dict[str, Any]) -> Iterator[str]:
    if kind == "TextBlock" and (not part.get("wrap") or MARKS.search(part["text"])):
        yield f"not plain: {part['text']!r}"
    if kind == "TextRun" and (not part["text"] or "\n" in part["text"] or "{{" in part["text"]):
        yield f"a run with {part['text']!r}"
    if kind.startswith(("Action.", "Input.")):
        told = [part.get(name, "") for name in ("title", "label", "placeholder")]
        told += [choice["title"] for choice in part.get("choices", [])]
        yield from (f"words of {kind}: {words!r}" for words in told if "{{" in words or "\n" in words)
    if kind == "Action.OpenUrl" and not re.match(r"https://[A-Za-z0-9]", part["url"]):
        yield f"a link to {part['url']!r}"
    if part.get("inlines") == [] or part.get("actions") == [] or part.get("columns") == []:
        yield f"an empty {kind}"


def _whole(card: dict[str, Any]) -> Iterator[str]:
    if len(json.dumps(card)) * 2 > LARGEST_CARD:
        yield "too large"
    parts = list(walk(card))
    if any("entities" in part for part in parts):
        yield "a mention"
    yield from (f"not plain: {card[name]!r}" for name in ("speak", "fallbackText") if MARKS.search(card[name]))
    names = [part["id"] for part in parts if "id" in part]
    if len(names) != len(set(names)):
        yield "two elements of one id"
    asked = {name for part in parts for name in part.get("targetElements", [])}
    yield from (f"nothing to toggle: {name}" for name in asked - set(names))
    buttons = [part for part in parts if part.get("type") == "Action.Execute"]
    if len([button for button in buttons if button["mode"] == "primary"]) > 6:
        yield "too many buttons"
    for button in buttons:
        if button["fallback"]["data"] != button["data"] or button["fallback"]["title"] != button["title"]:
            yield "a fallback that does something else"
