"""Undo what chats do to text (entities, links, smart quotes, fences), remembering where each piece stood."""

import html
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

# One pass over the text; every alternative is linear (no nested repeats), so the standard engine is safe here.
_PIECE = re.compile(
    r"(?P<quote>^[ \t]{0,3}(?:>|&gt;)[ \t]?)"
    r"|(?P<entity>&(?:amp;){0,2}(?:lt|gt|amp|nbsp|quot|apos|#\d{1,5}|#x[0-9a-fA-F]{1,4});)"
    r"|(?P<link><(?P<url>(?:https?://|mailto:)[^|<>\s]{1,2000})(?:\|[^<>\n]{0,2000})?>)"
    r"|(?P<mention><(?:@[A-Z0-9]{2,20}|#[A-Z0-9]{2,20}|!(?:here|channel|everyone|subteam|date)[^<>|\n]{0,40})(?:\|[^<>\n]{0,80})?>)"
    r"|(?P<block></?(?:br|p|div|li|ul|ol|tr|pre|blockquote)(?:\s[^<>\n]{0,300})?/?>)"
    r"|(?P<inline></?(?:b|i|u|em|strong|span|code|font|at|a)(?:\s[^<>\n]{0,600})?/?>)"
    r"|(?P<fence>`{1,3})"
    r"|(?P<nothing>[\u200b-\u200f\u2060\ufeff\u00ad])"
    r"|(?P<space>[\u00a0\u2000-\u200a\u202f\u205f\u3000]|\r\n?)"
    r"|(?P<mojibake>â€[\u0080-\u00ff\u2018-\u203a\u0152-\u0178\u02dc\u20ac\u2122]?|Â[ \u00a0«»·°]?|Ã[\u0080-\u00bf\u0152-\u0178\u201a-\u203a\u02c6\u02dc\u20ac\u2122])"
    r"|(?P<fancy>[\u2018\u2019\u201a\u201b\u2032\u00b4\u201c\u201d\u201e\u00ab\u00bb\u2033\u2010-\u2015\u2212\u2026\u2192])",
    re.MULTILINE | re.IGNORECASE,
)
_ODD = re.compile("[<>&`\r\u0080-\uffff]")
_FANCY = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb\u2033", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    "\u2026": "...",
    "\u2192": "->",
}
_THIRD = {
    **dict.fromkeys("\u02dc\u2122\u0098\u0099\u0161\u009a", "'"),
    **dict.fromkeys("\u201c\u201d\u0093\u0094", "-"),
    "\u00a6": "...",
}
"""What the third byte of such a character, read as Windows-1252, makes of it; a quotation mark else."""


class Cleaned(NamedTuple):
    """`text` holds Latin-1 characters only, so that one character is one byte for the matcher.

    `starts` and `origins` map a place in `text` back: the piece that begins at `starts[i]` stands
    at `origins[i]` (first, end) in the original.
    """

    text: str
    starts: list[int]
    origins: list[tuple[int, int]]
    verbatim: list[bool]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]` stood in the text as it was pasted."""
        return self._place(start)[0], self._place(max(start, end - 1))[1]

    def _place(self, at: int) -> tuple[int, int]:
        i = bisect_right(self.starts, at) - 1
        first, end = self.origins[i]
        if not self.verbatim[i]:
            return first, end
        offset = at - self.starts[i]
        return first + offset, first + offset + 1


def clean(text: str) -> Cleaned:
    """The text as its author saw it. Entities written twice (`&amp;lt;`) are resolved twice."""
    parts: list[str] = []
    starts: list[int] = []
    origins: list[tuple[int, int]] = []
    verbatim: list[bool] = []
    length = 0
    for piece, first, end, same in _pieces(text):
        if not piece:
            continue
        parts.append(piece)
        starts.append(length)
        origins.append((first, end))
        verbatim.append(same)
        length += len(piece)
    if not starts:
        starts, origins, verbatim = [0], [(0, len(text))], [False]
    whole = "".join(parts).encode("latin-1", "replace").decode("latin-1")
    return Cleaned(whole, starts, origins, verbatim)


def _found(text: str) -> Iterator[re.Match[str]]:
    """Every piece to be undone; only characters that could begin one are looked at."""
    at = 0
    while odd := _ODD.search(text, at):
        start = odd.start()
        while start > at and start > odd.start() - 3 and text[start - 1] in " \t":
            start -= 1
        found = _PIECE.match(text, start) or _PIECE.match(text, odd.start())
        if found:
            yield found
        at = found.end() if found else odd.end()


def _pieces(text: str) -> Iterator[tuple[str, int, int, bool]]:
    at = 0
    for found in _found(text):
        if found.start() > at:
            yield text[at : found.start()], at, found.start(), True
        kind = found.lastgroup or ""
        if found["link"]:
            first, end = found.span("url")
            yield text[first:end], first, end, True
        else:
            yield _said(kind, found[0]), found.start(), found.end(), False
        at = found.end()
    if at < len(text):
        yield text[at:], at, len(text), True


def _said(kind: str, piece: str) -> str:
    match kind:
        case "entity":
            meant = html.unescape(html.unescape(html.unescape(piece))).replace("\u00a0", " ")
            return _FANCY.get(meant, meant)
        case "block":
            return "\n"
        case "space":
            return "\n" if piece[0] == "\r" else " "
        case "mention":
            return " "
        case "mojibake":
            return _repaired(piece)
        case "fancy":
            return _FANCY[piece]
        case _:
            return ""


def _repaired(piece: str) -> str:
    if piece.startswith("â€"):
        return _THIRD.get(piece[2:3], '"')
    try:
        return piece.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return piece.removeprefix("Â") or " "
