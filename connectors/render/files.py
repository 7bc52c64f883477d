"""The files that go with an answer, wherever in it they stand: platforms send them beside the words."""

from collections.abc import Iterator, Sequence

from bot.types import Block, Document, Fold, Picture


def files_in(blocks: Sequence[Block]) -> Iterator[Picture | Document]:
    """Pictures and documents, in their order."""
    for block in blocks:
        if isinstance(block, Picture | Document):
            yield block
        elif isinstance(block, Fold):
            yield from files_in(block.blocks)
