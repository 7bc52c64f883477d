"""What of an answer fits into one message, and what is said of the rest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import assert_never

from bot.types import (
    Block,
    Caution,
    Choices,
    Document,
    Facts,
    Fold,
    Heading,
    Picture,
    Quote,
    Sources,
    StepBar,
    Steps,
    Text,
)
from connectors.render.prose import without_marks
from connectors.render.slack import elements as slack
from connectors.render.slack.blocks import Writer
from connectors.render.slack.elements import Element
from connectors.render.text import one_line

NOTICE = 900
"""Characters kept for the notice that something was cut, as `elements.size` counts them."""

_NAMED = 4  # parts left out that are named
_LINES = {"rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"}


@dataclass(frozen=True, slots=True)
class Part:
    """One block of the answer in Slack's blocks; those of a higher `rank` go first where there is no room."""

    name: str
    rank: int
    blocks: tuple[Element, ...]


def part_of(block: Block, writer: Writer) -> Part:
    """A block of the answer as it would be shown."""
    name, rank = _name_and_rank(block)
    return Part(name, rank, tuple(_joined(writer.atoms(block))))


def _name_and_rank(block: Block) -> tuple[str, int]:
    match block:
        case Choices():
            return block.question, 0
        case Text() | Caution() | StepBar() | Quote():
            return "some words", 1
        case Heading():
            return block.text, 1
        case Facts():
            return "some facts", 2
        case Steps():
            return "some steps", 2
        case Fold():  # one that leads on is worth more than one that only tells more
            leads_on = block.open or any(isinstance(inner, Choices) for inner in block.blocks)
            return block.title, 2 if leads_on else 3
        case Document():
            return "the name of a file", 2
        case Picture():
            return "the words of the picture", 3
        case Sources():
            return "the sources", 4
    assert_never(block)


def _joined(atoms: Iterator[Element]) -> Iterator[Element]:
    """Lines that follow each other become one block."""
    for is_line, group in groupby(atoms, lambda atom: atom["type"] in _LINES):
        if is_line:
            yield slack.rich(group)
        else:
            yield from group


def fitting(parts: Sequence[Part], room: int, blocks: int) -> tuple[list[Part], list[str]]:
    """The parts for which there is room, in their order, and the names of the others."""
    kept: set[int] = set()
    for i, part in sorted(enumerate(parts), key=lambda numbered: numbered[1].rank):
        size = slack.size(part.blocks)
        if size <= room and len(part.blocks) <= blocks:
            kept.add(i)
            room, blocks = room - size, blocks - len(part.blocks)
    left_out = dict.fromkeys(part.name for i, part in enumerate(parts) if i not in kept)
    return [part for i, part in enumerate(parts) if i in kept], list(left_out)


def notice(left_out: Sequence[str]) -> Element:
    """What the reader is told of a cut, in at most `NOTICE` characters."""
    names = [slack.shortened(one_line(without_marks(name)), 60) for name in left_out[:_NAMED]]
    if len(left_out) > _NAMED:
        names.append(f"{len(left_out) - _NAMED} more")
    named = f" Left out here: {'; '.join(names)}." if names else ""
    if slack.weight(named) > NOTICE // 2:  # letters far from ASCII weigh much
        named = ""
    said = slack.words(f"{named} The whole answer is in the text file in this thread.")
    return slack.rich([slack.line([slack.emoji("page_facing_up"), slack.words(" Shortened.", bold=True), said])])
