"""Blocks into cards: what is too much for one message goes on in the next, cut where a reader would cut it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from connectors.render.teams.words import Element, size

LARGEST_MESSAGE = 80 * 1024
"""Bytes of one message, its JSON as UTF-16. Teams refuses from about 100 KB on and asks to stay under 80
(learn.microsoft.com, "Format your bot messages"; read 2026-11-20)."""
LARGEST_CARD = 62 * 1024
"""Bytes of one card, counted likewise. The rest is for the message around it and for a `refresh` of 60 people."""
PEOPLE = 60
"""Users for whom a card may refresh by itself (learn.microsoft.com, "User Specific Views"; read 2026-11-20)."""

_BETWEEN = 2  # the comma and the blank between two elements


@dataclass(frozen=True, slots=True)
class Group:
    """Elements that stand in another one, such as a fold. `around` puts them into it, told whether it goes on
    from the message before."""

    around: Callable[[list[Element], bool], list[Element]]
    parts: tuple["Part", ...]
    continued: bool = False


Part = Element | Group


def cards(parts: Sequence[Part], room: int) -> list[list[Element]]:
    """The bodies of as many cards as it takes; each has at most `room` characters of JSON."""
    bodies: list[list[Element]] = []
    rest = tuple(parts)
    while rest:
        placed, rest = _filled(rest, room)
        if not placed:
            raise ValueError("an element of a card is larger than a card")
        bodies.append(placed)
    return bodies or [[]]


def _filled(parts: tuple[Part, ...], room: int) -> tuple[list[Element], tuple[Part, ...]]:
    """What fits, and what is left for the next card. A group that would fit whole into the next is not cut."""
    placed: list[Element] = []
    fresh = room
    for number, part in enumerate(parts):
        left = _left(part, room)
        if left >= 0:
            placed += _built(part)
            room = left
            continue
        rest = parts[number:]
        if isinstance(part, Group) and not (placed and _left(part, fresh) >= 0):
            inner, kept_back = _filled(part.parts, room - _length(part.around([], part.continued)))
            if inner:
                placed += part.around(inner, part.continued)
                rest = (replace(part, parts=kept_back, continued=True), *rest[1:])
        return placed, rest
    return placed, ()


def _left(part: Part, room: int) -> int:
    """The room after a part; below nothing, and not counted to the end, where it does not fit."""
    if not isinstance(part, Group):
        return room - _length([part])
    room -= _length(part.around([], part.continued))
    for inner in part.parts:
        if room < 0:
            break
        room = _left(inner, room)
    return room


def _built(part: Part) -> list[Element]:
    if isinstance(part, Group):
        return part.around([element for inner in part.parts for element in _built(inner)], part.continued)
    return [part]


def _length(elements: list[Element]) -> int:
    return sum(size(element) + _BETWEEN for element in elements)
