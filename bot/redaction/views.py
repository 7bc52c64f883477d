"""A text as it is looked at: as it stands, and as a chat would show it, with its escapes undone.

One character is one byte (Latin-1) for the rules; each view knows the way back into the text.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import re2

from bot.redaction.types import Span
from knowledge.cleaning import Cleaned, clean

_NOTE = re.compile(rb"\[(?:(?:secret|PEM|SCEP message|base64|token|hex|address|SID|account|name|text) )?removed\]")
_SEEN = r"\t\n\r -~\x85\xa0-\xff"
_FOREIGN = re.compile(f"[^{_SEEN}]")
_ESCAPE = re.compile(
    rf"(?:[%\\&]|[^{_SEEN}])(?:(?<=%)(?:25){{0,3}}(?P<percent>[2-7][0-9A-Fa-f])|(?<=\\)(?:u00|x)(?P<code>[2-7][0-9A-Fa-f])"
    rf"|(?<=&)(?P<entity>[A-Za-z]{{2,12}};)|(?<=\x1b)\[[0-9;]{{0,20}}[A-Za-z]|(?<=(?P<other>[^{_SEEN}])))"
)
"""Percent signs, escapes of JSON, entities, colours of a terminal, characters that are not seen, letters of other shapes."""
_HIDDEN = re2.compile(rb"(?i)%[2-7][0-9A-F]|\\u00|\\x|&[A-Z]{2,12};")
"""What there is to undo in the bytes of a text, beside characters that are no bytes."""
_GAP = re.compile(r"[ .-](?<=\b[A-Za-z][ .-])(?=[A-Za-z]\b)")
_SPACED = re2.compile(rb"(?i)(?:\b[A-Z][ .-]){3}[A-Z]\b")
"""Letters written a p a r t."""
_ALIKE = str.maketrans("аеорсухіјѕԁАВЕКМНОРСТХІ", "aeopcyxijsdABEKMHOPCTXI")
"""Cyrillic letters that look like Latin ones."""
_INVISIBLE = ("Cc", "Cf", "Mn", "Me", "Cn", "Co")


class View(NamedTuple):
    """`data` is what the rules see; `original` says where a part of it stands in the text."""

    data: bytes
    original: Callable[[int, int], Span]


def views(text: str) -> Iterator[View]:
    """Every way to look at the text; a secret that is seen in one of them goes."""
    raw = _masked(text)
    yield View(raw, lambda start, end: (start, end))
    escaped = bool(_HIDDEN.search(raw) or _FOREIGN.search(text))
    if escaped:
        yield _unescaped(text, _ESCAPE)
    elif (shown := clean(text)).text != text:
        yield View(_masked(shown.text), shown.original)
    if _SPACED.search(raw):
        yield _unescaped(text, _GAP)


def _unescaped(text: str, pattern: re.Pattern[str]) -> View:
    plain = _without_escapes(text, pattern)
    shown = clean(plain.text)
    return View(_masked(shown.text), lambda start, end: plain.original(*shown.original(start, end)))


def _masked(text: str) -> bytes:
    """One byte a character; what was removed before is nothing to a rule."""
    data = text if text.isascii() and text.isprintable() else _FOREIGN.sub(lambda found: _near(found[0]), text)
    masked = data.encode("latin-1")
    return _NOTE.sub(lambda found: b"\0" * len(found[0]), masked) if b"removed]" in masked else masked


@lru_cache(4096)
def _near(character: str) -> str:
    """The nearest Latin-1 character: a letter for a letter."""
    if character < "\xa0":
        return "\x7f"
    if len(plain := _plain(character)) == 1 and plain < "\u0100":
        return plain
    return "\xff" if character.isalpha() else " " if character.isspace() else "?"


def _without_escapes(text: str, pattern: re.Pattern[str]) -> Cleaned:
    parts: list[str] = []
    starts: list[int] = []
    origins: list[Span] = []
    verbatim: list[bool] = []
    length = at = 0
    for found in chain(pattern.finditer(text), (None,)):
        first, end = found.span() if found else (len(text), len(text))
        for piece, place, same in ((text[at:first], (at, first), True), (_meant(found), (first, end), False)):
            if piece:
                parts.append(piece)
                starts.append(length)
                origins.append(place)
                verbatim.append(same)
                length += len(piece)
        at = end
    if not starts:
        return Cleaned("", [0], [(0, len(text))], [False])
    return Cleaned("".join(parts), starts, origins, verbatim)


def _meant(found: re.Match[str] | None) -> str:
    """What an escape stands for; nothing for what nobody sees."""
    if found is None or found.re is _GAP:
        return ""
    if code := found["percent"] or found["code"]:
        return "+" if code == "20" else chr(int(code, 16))  # a blank would cut a value in two
    if found["entity"]:
        return html.unescape("&" + found["entity"])
    return _plain(found["other"]) if found["other"] else ""


@lru_cache(4096)
def _plain(character: str) -> str:
    """The Latin-1 letter that a character is or looks like, nothing for what is not seen, else itself."""
    if unicodedata.category(character) in _INVISIBLE:
        return ""
    plain = unicodedata.normalize("NFKC", character).translate(_ALIKE)
    return plain if len(plain) == 1 and plain < "\u0100" else character
