"""The words of a message as its author saw them: Slack's markup undone once, nobody's mention kept."""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any, Final

LONGEST: Final = 400_000
"""Characters of one message that are read: ten times what Slack lets somebody write."""

_DEEPEST = 8  # blocks within blocks that are looked into
# <target> or <target|label>; what a person types as < comes as &lt;, so every < begins one of these.
_MARK = re.compile(r"<([^<>|\n]{1,3000})(?:\|([^<>\n]{0,3000}))?>")
_ENTITY = re.compile(r"&(?:amp|lt|gt);")


def plain(text: str) -> str:
    """Text as Slack sends it, as it was written: people and the bot are left out, links are what was seen of them."""
    return _ENTITY.sub(lambda found: unescape(found[0]), _MARK.sub(_seen, text[:LONGEST])).strip()


def _seen(found: re.Match[str]) -> str:
    target, label = found[1], found[2]
    match target[0]:
        case "@":
            return ""
        case "#":
            return f"#{label}" if label else ""
        case "!":
            return label or "" if target.startswith("!date") else ""
        case _:
            return label or target.removeprefix("mailto:")


def mentions(text: str, person: str) -> bool:
    """Whether a text, as Slack sends it, names that person."""
    return f"<@{person}>" in text or f"<@{person}|" in text


def mentions_others(text: str, bot: str) -> bool:
    """Whether a text names anybody but the bot: then it is them who are asked."""
    return any(found[1] != f"@{bot}" for found in _MARK.finditer(text[:LONGEST]) if found[1][0] in "@!")


def all_words(message: Mapping[str, Any]) -> str:
    """The words of any message, also of one that another app wrote: its text, else its blocks, and what is attached."""
    said = plain(str(message.get("text") or ""))
    if not said:
        said = "\n".join(_of_blocks(message.get("blocks"), 0))
    attached = [_attached(part) for part in _list(message.get("attachments")) if isinstance(part, Mapping)]
    return "\n".join(part for part in (said, *attached) if part)[:LONGEST]


def _attached(part: Mapping[str, Any]) -> str:
    fields = [field for field in _list(part.get("fields")) if isinstance(field, Mapping)]
    told = [part.get("pretext"), part.get("title"), part.get("text")]
    told += [f"{field.get('title', '')}: {field.get('value', '')}" for field in fields]
    words = [plain(word) for word in told if isinstance(word, str) and word]
    words += _of_blocks(part.get("blocks"), 0)
    return "\n".join(words or [plain(str(part.get("fallback") or ""))])


def _of_blocks(blocks: Any, depth: int) -> Iterator[str]:
    for block in _list(blocks):
        if isinstance(block, Mapping) and depth < _DEEPEST:
            yield from _of_block(block, depth)


def _of_block(block: Mapping[str, Any], depth: int) -> Iterator[str]:
    if str(block.get("type", "")).startswith("rich_text") and block.get("type") not in ("rich_text", "rich_text_list"):
        yield "".join(_of_element(part) for part in _list(block.get("elements")) if isinstance(part, Mapping))
        return
    if isinstance(text := block.get("text"), Mapping):
        yield plain(str(text.get("text") or ""))
    elif isinstance(text, str) and block.get("type") in ("mrkdwn", "plain_text", "markdown"):
        yield plain(text)
    for part in ("fields", "elements"):
        yield from _of_blocks(block.get(part), depth + 1)


def _of_element(part: Mapping[str, Any]) -> str:
    match part.get("type"):
        case "text" | "link":
            return str(part.get("text") or part.get("url") or "")
        case "emoji":
            return f":{part.get('name', '')}:"
        case _:
            return ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
