"""Words on a card: text runs, in which no Markdown, mention or function is ever read.

A TextBlock reads Markdown, and the clients of Teams do not agree on how to escape it: those for phones take
`\\[a](b)` for a link. A TextRun is shown letter by letter, by all of them. So everything goes into runs, but for
words in which no client can find markup (`plain`).
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from connectors.render.prose import cut
from connectors.render.text import one_line, printable

Element = dict[str, Any]
"""One element of a card, as JSON."""

LARGEST_LEAF = 6_000
"""Characters of JSON of one element of words."""
LARGEST_LINE = 1_500
"""The same of a line that is told again in the next message, such as a title."""

_KINDS: dict[str, Element] = {
    "words": {},
    "code": {"fontType": "Monospace"},
    "placeholder": {"italic": True, "color": "Accent"},
}
_LONGEST_RUN = 400  # characters; twelve of JSON each, at worst
# {{DATE(…)}} and {{TIME(…)}} are functions where both braces stand in one run.
_FUNCTION = re.compile(r"(?<=\{)(?=\{)")
_SIGNS = " .,:;()'\"%/=?→·–—…-"  # what may stand beside letters and digits where Markdown might be read
_NOT_PLAIN = re.compile(rf"[^\w{_SIGNS}]|(?<![^\W_])_|_(?![^\W_])|/(?=/)|(?<=www)\.", re.IGNORECASE)
_LIST = re.compile(r"\d+[.)](?= |$)")
_LONGEST_HEADING = 300


def size(element: Any) -> int:
    """Characters of the JSON of an element, as long as any writer of JSON may make it."""
    return len(json.dumps(element))


def plain(text: str) -> bool:
    """Whether no client can find markup in these words."""
    return text[:1].isalnum() and not _LIST.match(text) and not _NOT_PLAIN.search(text)


def tame(text: str, most: int = 250) -> str:
    """Words for where markup may be read and nothing can be escaped: what could be markup is left out.

    At most `most` characters, in one line.
    """
    words = " ".join(_NOT_PLAIN.sub(" ", one_line(text).replace("`", "")).split()).lstrip(f"{_SIGNS}_")
    while listed := _LIST.match(words):
        words = words[listed.end() :].lstrip(f"{_SIGNS}_")
    return short(words, most)


def short(text: str, most: int) -> str:
    """A line of at most `most` characters, and of twice as many in JSON, cut visibly between words where it can be."""
    if len(text) <= most and size(text) <= 2 * most:
        return text
    kept = text[: most - 1]
    while size(kept) > 2 * most:  # emoji and the like, of which JSON makes twelve characters each
        kept = kept[: len(kept) // 2]
    between = kept.rfind(" ", most // 2)
    return (kept[:between] if between > 0 else kept).rstrip(" _") + "…"


def label(text: str) -> str:
    """One line for a button, where no client reads markup but some might read a function."""
    return _FUNCTION.sub(" ", one_line(text))


# --- runs ------------------------------------------------------------------------------------


def verbatim(text: str, **looks: Any) -> list[Element]:
    """Runs that show a text letter by letter."""
    pieces = _FUNCTION.split(printable(text))
    short_ones = (piece[at : at + _LONGEST_RUN] for piece in pieces for at in range(0, len(piece), _LONGEST_RUN))
    return [{"type": "TextRun", "text": piece, **looks} for piece in short_ones if piece]


def prose(text: str, **looks: Any) -> list[Element]:
    """Runs of prose: `backticks` are code, <ndes-fqdn> and its like stand out as what a person must replace."""
    return [run for part in cut(text) for run in verbatim(part.text, **looks, **_KINDS[part.kind])]


# --- elements --------------------------------------------------------------------------------


def lines(runs: Iterable[Element], most: int = LARGEST_LEAF, **looks: Any) -> list[Element]:
    """One RichTextBlock for each line, or several where a line is too long for one; none for nothing.

    Line breaks never stand in a run: at its ends not every client shows them.
    """
    return [
        {"type": "RichTextBlock", "inlines": part, **looks, **({"spacing": "None"} if number else {})}
        for number, part in enumerate(part for line in _split_lines(runs) for part in _parts(line, most))
    ]


def _split_lines(runs: Iterable[Element]) -> Iterator[list[Element]]:
    line: list[Element] = []
    for run in runs:
        first, *others = run["text"].split("\n")
        line.append({**run, "text": first})
        for words in others:
            yield line
            line = [{**run, "text": words}]
    yield line


def _parts(line: list[Element], most: int) -> Iterator[list[Element]]:
    """A line in parts that fit an element each."""
    runs = [run for run in line if run["text"]]
    if not any(run["text"].strip() for run in runs):
        return
    part: list[Element] = []
    length = 0
    for run in runs:
        longer = size(run) + 2
        if part and length + longer > most:
            yield part
            part, length = [], 0
        part.append(run)
        length += longer
    yield part


def text(words: str, **looks: Any) -> list[Element]:
    """Prose as elements; `looks` are those of the runs."""
    return lines(prose(words, **looks))


def fixed(words: str, **looks: Any) -> Element:
    """Words of our own that hold no markup."""
    return {"type": "TextBlock", "text": words, "wrap": True, **looks}


def heading(words: str, **looks: Any) -> tuple[list[Element], list[Element]]:
    """A heading, and what did not fit into it: the whole, where it had to be cut.

    It is announced as a heading where its words are plain; `looks` are those of a TextBlock.
    """
    line = one_line(words)
    if len(line) <= _LONGEST_HEADING and plain(line):
        return [fixed(line, style="heading", weight="Bolder", **looks)], []
    kept = short(line, _LONGEST_HEADING)
    runs = {"size": looks["size"]} if "size" in looks else {}
    around = {name: value for name, value in looks.items() if name != "size"}
    titled = lines(prose(kept, weight="Bolder", **runs), LARGEST_LINE, **around)
    return titled[:1], text(words) if kept != line or len(titled) > 1 else []
