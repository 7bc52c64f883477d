"""Words as Teams writes them: mentions and HTML taken off, what was meant left over."""

import re
from collections.abc import Collection, Iterator
from html import unescape
from typing import Any, Final

LONGEST: Final = 200_000
"""Characters of a message, before anything is taken off."""

# None of these looks at a character more often than a few times, whatever it is given.
_MENTION = re.compile(r"<at(?:\s[^<>]*)?>([^<>]*)</at>", re.IGNORECASE)
_HIDDEN = re.compile(r"<(script|style|head)\b[^<>]*>[^<]*</\1\s*>", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6]|/pre|/blockquote|/codeblock)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)


def whole(text: str) -> str:
    """Half characters (JSON may carry lone surrogates) become question marks: nothing behind can store them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def said(text: str, names: Collection[str]) -> str:
    """The words of a message without the mentions of the bot, which goes by `names`. Other people keep their names,
    as plain words."""
    spoken = _MENTION.sub(lambda found: "" if found[1].strip() in names else found[1], text[:LONGEST])
    return whole(spoken.replace("&nbsp;", " ").replace("\xa0", " ")).strip()


def without_html(html: str) -> str:
    """The words of a page, its lines kept."""
    text = _HIDDEN.sub("", html[:LONGEST])
    text = _TAG.sub("", _BREAK.sub("\n", text))
    return whole(unescape(text).replace("\xa0", " ")).strip()


def names_of(bot: str, entities: Any) -> frozenset[str]:
    """By which names a message mentions the bot; none where it does not."""
    return frozenset(name for entity in _mentions(entities, bot) for name in _names(entity))


def _mentions(entities: Any, bot: str) -> Iterator[dict[str, Any]]:
    for entity in entities if isinstance(entities, list) else ():
        mentioned = entity.get("mentioned") if isinstance(entity, dict) else None
        if isinstance(mentioned, dict) and bot and mentioned.get("id") == bot:
            yield entity


def _names(entity: dict[str, Any]) -> Iterator[str]:
    text, name = entity.get("text"), entity["mentioned"].get("name")
    if isinstance(text, str) and (found := _MENTION.search(text[:1000])):
        yield found[1].strip()
    yield name.strip() if isinstance(name, str) else ""
