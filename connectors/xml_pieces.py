"""XML without a root, without line breaks or without an end: its elements one by one, each read for itself.

Only whole elements of one name are ever given to the parser, so that a broken one costs nothing but itself. No
document type can stand inside one, and no entity but the five of XML is known there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from connectors.streams import Stream
from connectors.texts import decoded

LARGEST = 256 * 1024
"""Bytes of one element, at most; a larger one is left out."""

_DEEPEST = 100  # elements in elements
_LONGEST = 16_000  # characters of text of one element that are kept


@dataclass(slots=True)
class Element:
    """An element as a person would read it: what is in it by name (without namespace), first one wins.

    `values` has texts under `Name` and attributes under `Name.Attribute`; `text` is all of its character data.
    """

    line: int
    raw: str
    values: dict[str, str] = field(default_factory=dict)
    named: list[tuple[str, str]] = field(default_factory=list)
    """(Name attribute, text) of every element that is called Data."""


def elements(stream: Stream, name: str) -> Iterator[Element]:
    """Every whole element of a name, in order, with the line it begins on. What is broken is left out."""
    start_tag = re.compile(rb"<" + name.encode() + rb"(?=[\s>/])")
    end_tag = b"</" + name.encode() + b">"
    kept, line, ends = b"", 1, True
    for block in stream.utf8():
        kept += block
        at = 0
        while (end := kept.find(end_tag, at)) >= 0:
            end += len(end_tag)
            if start := start_tag.search(kept, at, end):
                first = line + kept.count(b"\n", at, start.start())
                yield from _element(kept[start.start() : end], first, start_tag)
            line += kept.count(b"\n", at, end)
            at = end
        begun = max((found.start() for found in start_tag.finditer(kept, at)), default=-1)  # of several the last counts
        held = begun if begun >= max(at, len(kept) - LARGEST) else max(at, len(kept) - len(name) - 2)
        line += kept.count(b"\n", at, held)
        kept = kept[held:]
        ends = block.endswith(b"\n") if block else ends
    stream.lines = line + kept.count(b"\n") - ends


def _element(data: bytes, line: int, start_tag: re.Pattern[bytes]) -> Iterator[Element]:
    last = 0
    for again in start_tag.finditer(data, 1):  # the one before was cut off, this one is whole
        last = again.start()
    line += data.count(b"\n", 0, last)
    data = data[last:]
    if len(data) <= LARGEST and (element := read(decoded(data), line)):
        yield element


def read(text: str, line: int = 1) -> Element | None:
    """One element; None where it is no XML."""
    element = Element(line, text)
    path: list[str] = []
    parts: list[list[str]] = []
    names: list[str] = []
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(path) >= _DEEPEST:
            raise expat.ExpatError("too deep")
        local = name.rpartition(":")[2]
        path.append(local)
        parts.append([])
        names.append(attributes.get("Name", ""))
        for key, value in attributes.items():
            element.values.setdefault(f"{local}.{key.rpartition(':')[2]}", value[:_LONGEST])

    def end(_: str) -> None:
        local, said = path.pop(), "".join(parts.pop()).strip()[:_LONGEST]
        name = names.pop()
        if said:
            element.values.setdefault(local, said)
        if local == "Data" and said:
            element.named.append((name, said))

    def refuse(*_: object) -> None:
        raise expat.ExpatError("a document type is not wanted here")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda data: parts[-1].append(data) if parts else None
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except (expat.ExpatError, ValueError):
        return None
    return element
