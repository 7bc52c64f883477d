"""The few elements of Block Kit that we use. None of them reads markup: text in them needs no escaping and can
name nobody, link nothing and draw no emoji."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from json.encoder import encode_basestring_ascii
from typing import Any

Element = dict[str, Any]
"""A part of a block, or a block, as it goes into JSON."""

HEADER = 150
BUTTON = 75
OPTION = 75
SELECT = 100
"""Options of one select menu."""
PLACEHOLDER = 150
CUT = " …"
"""The end of what was cut."""

_OWN_ID = 24  # characters of the id that Slack gives to a block without one
_JSON = json.JSONEncoder(separators=(",", ":"))


# --- inside a line ---------------------------------------------------------------------------


def words(text: str, **style: bool) -> Element:
    """Text as it is; `style` is any of bold, italic, strike, code."""
    return {"type": "text", "text": text, "style": style} if style else {"type": "text", "text": text}


def emoji(name: str) -> Element:
    """One of Slack's own pictures, by our choice."""
    return {"type": "emoji", "name": name}


def link(address: str, label: str) -> Element:
    """A link of ours, never of foreign text."""
    return {"type": "link", "url": address, "text": label}


def date(at: datetime) -> Element:
    """A moment in the reader's own time zone; in UTC where the client cannot."""
    return {
        "type": "date",
        "timestamp": int(at.timestamp()),
        "format": "{date_short_pretty} at {time}",
        "fallback": f"{at:%Y-%m-%d %H:%M %Z}".strip(),
    }


# --- lines -----------------------------------------------------------------------------------


def line(parts: Iterable[Element]) -> Element:
    """Words that flow; a line break in them is one."""
    return {"type": "rich_text_section", "elements": list(parts)}


def quoted(parts: Iterable[Element]) -> Element:
    """Somebody else's words."""
    return {"type": "rich_text_quote", "elements": list(parts)}


def copyable(text: str) -> Element:
    """A command, in a box of its own."""
    return {"type": "rich_text_preformatted", "elements": [words(text)]}


def numbered(items: Sequence[Element], after: int = 0) -> Element:
    """Lines with numbers, the first one `after` + 1."""
    listed: Element = {"type": "rich_text_list", "style": "ordered", "elements": list(items)}
    return listed | {"offset": after} if after else listed


# --- blocks ----------------------------------------------------------------------------------


def rich(lines: Iterable[Element]) -> Element:
    """One block of lines."""
    return {"type": "rich_text", "elements": list(lines)}


def plain(text: str) -> Element:
    """Text for where Slack takes no rich text."""
    return {"type": "plain_text", "text": text, "emoji": False}


def header(text: str) -> Element:
    """Large words, at most `HEADER` of them."""
    return {"type": "header", "text": plain(text)}


def divider() -> Element:
    """A thin line."""
    return {"type": "divider"}


def button(action: str, label: str, value: str) -> Element:
    """A button that carries an opaque id."""
    return {"type": "button", "action_id": action, "text": plain(label), "value": value}


def option(label: str, value: str) -> Element:
    """One line of a select menu."""
    return {"text": plain(label), "value": value}


def actions(elements: Iterable[Element]) -> Element:
    """A row of buttons, or a menu."""
    return {"type": "actions", "elements": list(elements)}


# --- sizes -----------------------------------------------------------------------------------


def shortened(text: str, most: int) -> str:
    """At most that many characters, cut after a word where there is one, the cut shown."""
    if len(text) <= most:
        return text
    cut = text[: most - len(CUT)]
    whole = cut.rpartition(" ")[0]
    return (whole if len(whole) > most // 2 else cut).rstrip(" ,;:") + CUT


def size(blocks: Sequence[Element]) -> int:
    """Characters that Slack may count of blocks. What it counts is not documented, so this is the most that
    it can be: JSON with every letter beyond ASCII and every slash escaped, and an id for each block."""
    return weight(blocks) + _OWN_ID * len(blocks)


def weight(value: Any) -> int:
    """Characters of the JSON of anything, escaped as far as JSON can be."""
    told = encode_basestring_ascii(value) if isinstance(value, str) else _JSON.encode(value)
    return len(told) + told.count("/")
