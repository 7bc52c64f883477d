"""Slack's limits, counted by themselves: knows the platform's rules and nothing of the renderer."""

import json
import re
from collections.abc import Iterator
from typing import Any

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
ALL = 13_000
FALLBACK = 4000

_LINES = {"rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"}
_INLINE = {
    "rich_text_section": {"text", "emoji", "link", "date"},
    "rich_text_quote": {"text", "emoji", "link", "date"},
    "rich_text_preformatted": {"text", "link"},
    "rich_text_list": {"rich_text_section"},
}
_STYLES = {"bold", "italic", "strike", "code"}
_MARKUP = re.compile(
    r"[<>]|(?<!\w)@\w|#\w|\w@\w|://|www\.\w|\w\.[a-z]{2}|:[a-z0-9_+'-]+:|[*~`]|(?<![^\W_])_\w|\w_(?![^\W_])|^\s*&gt;",
    re.MULTILINE | re.IGNORECASE,
)


def breaches_of_message(text: str, blocks: list[Any]) -> list[str]:
    """What Slack would refuse, or would show otherwise than meant, of a message; empty for a good one."""
    found = list(_blocks(blocks, MESSAGE_BLOCKS, {"rich_text", "header", "divider", "actions", "section"}))
    if not text.strip() or len(text.encode()) > FALLBACK:
        found.append(f"text of {len(text.encode())} bytes")
    if markup := _MARKUP.search(text):
        found.append(f"the text holds markup: {markup[0]!r}")
    if re.sub(r"&(?:amp|lt|gt);", "", text).count("&"):
        found.append("the text holds an & that is not escaped")
    if (size := len(json.dumps(blocks, separators=(",", ":")))) > ALL:
        found.append(f"blocks of {size} characters")
    return found


def breaches_of_view(view: dict[str, Any]) -> list[str]:
    """The same of a modal or a home page."""
    found = list(_blocks(view["blocks"], VIEW_BLOCKS, {"rich_text", "header", "divider", "actions", "input"}))
    for name in ("title", "submit", "close"):
        if name in view:
            found += _plain(view[name], 24, f"view.{name}")
    if view["type"] == "modal" and not view.get("title"):
        found.append("a modal without title")
    if len(view.get("callback_id", "")) > 255 or len(view.get("private_metadata", "")) > 3000:
        found.append("too much carried along")
    return found


def breaches_of_unfurl(card: dict[str, Any]) -> list[str]:
    """The same of the card below a link."""
    return list(_blocks(card["blocks"], MESSAGE_BLOCKS, {"header", "section"}))


def _blocks(blocks: list[Any], most: int, kinds: set[str]) -> Iterator[str]:
    if not 0 < len(blocks) <= most:
        yield f"{len(blocks)} blocks"
    names = [block["block_id"] for block in blocks if "block_id" in block]
    actions = [element["action_id"] for block in blocks if block["type"] == "actions" for element in block["elements"]]
    for ids in (names, actions):
        if len(set(ids)) != len(ids) or any(not 0 < len(one) <= 255 for one in ids):
            yield f"ids {ids}"
    for block in blocks:
        if block["type"] not in kinds:
            yield f"a block {block['type']}"
        else:
            yield from _BLOCKS[block["type"]](block)


def _rich_text(block: dict[str, Any]) -> Iterator[str]:
    if not block["elements"]:
        yield "rich text of nothing"
    for element in block["elements"]:
        if element["type"] not in _LINES:
            yield f"{element['type']} in rich text"
        yield from _line(element)


def _line(element: dict[str, Any]) -> Iterator[str]:
    if not element["elements"]:
        yield f"an empty {element['type']}"
    for inner in element["elements"]:
        if inner["type"] not in _INLINE[element["type"]]:
            yield f"{inner['type']} in {element['type']}"
        elif inner["type"] == "rich_text_section":
            yield from _line(inner)
        elif inner["type"] == "text":
            if not 0 < len(inner["text"]) <= 3000:
                yield f"a run of {len(inner['text'])} characters"
            if not set(inner.get("style", {})) <= _STYLES or set(inner) - {"type", "text", "style"}:
                yield f"a text with {set(inner)}"
        elif inner["type"] == "link" and not (inner["url"].startswith("https://") and len(inner["url"]) <= 3000):
            yield f"a link to {inner['url']!r}"


def _header(block: dict[str, Any]) -> Iterator[str]:
    yield from _plain(block["text"], 150, "header")


def _section(block: dict[str, Any]) -> Iterator[str]:
    yield from _plain(block["text"], 3000, "section")


def _divider(block: dict[str, Any]) -> Iterator[str]:
    if block != {"type": "divider"}:
        yield "a divider that says something"


def _actions(block: dict[str, Any]) -> Iterator[str]:
    if not 0 < len(block["elements"]) <= 25:
        yield f"{len(block['elements'])} actions"
    for element in block["elements"]:
        if element["type"] == "button":
            yield from _plain(element["text"], 75, "button")
            if not 0 < len(element["value"]) <= 2000:
                yield f"a button's value of {len(element['value'])}"
        else:
            yield from _input_element(element)


def _input(block: dict[str, Any]) -> Iterator[str]:
    yield from _plain(block["label"], 2000, "label")
    if "hint" in block:
        yield from _plain(block["hint"], 2000, "hint")
    yield from _input_element(block["element"])


def _input_element(element: dict[str, Any]) -> Iterator[str]:
    if "placeholder" in element:
        yield from _plain(element["placeholder"], 150, "placeholder")
    if element["type"] == "plain_text_input":
        if not 0 < element["max_length"] <= 3000 or len(element.get("initial_value", "")) > element["max_length"]:
            yield "an input of wrong length"
        return
    if element["type"] not in ("static_select", "checkboxes"):
        yield f"an element {element['type']}"
    options = element["options"]
    if not 0 < len(options) <= (100 if element["type"] == "static_select" else 10):
        yield f"{len(options)} options"
    for option in options:
        yield from _plain(option["text"], 75, "option")
        if not 0 < len(option["value"]) <= 150:
            yield f"an option's value of {len(option['value'])}"
    for chosen in (element.get("initial_option"), *element.get("initial_options", ())):
        if chosen is not None and chosen not in options:
            yield "a choice that is no option"


def _plain(text: dict[str, Any], most: int, where: str) -> Iterator[str]:
    if text["type"] != "plain_text" or text.get("emoji") is not False:
        yield f"{where}: {text['type']} that Slack would read"
    if not (text["text"].strip() and len(text["text"]) <= most):
        yield f"{where}: {len(text['text'])} characters"


_BLOCKS = {
    "rich_text": _rich_text,
    "header": _header,
    "section": _section,
    "divider": _divider,
    "actions": _actions,
    "input": _input,
}
