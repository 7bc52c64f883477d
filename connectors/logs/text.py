"""Any text that no other reader knows: the lines in it that could matter, each for itself."""

from collections.abc import Iterator

from bot.timeline.lines import Line
from connectors.logs import Reader
from connectors.streams import Stream, decoded
from connectors.times import stamp_in
from knowledge.sieve import passages

_LONGEST = 8_000  # characters of one line that are looked at


def _lines(stream: Stream) -> Iterator[Line]:
    """Lines of interest, with the time that stands at their beginning if one does."""
    for first, block in stream.blocks():
        text = decoded(block)
        number, counted = first, 0
        for start, end in passages(text, lambda _: []):
            number += text.count("\n", counted, start)
            counted = start
            for i, line in enumerate(text[start:end].split("\n")):
                if line.strip():
                    yield Line(number + i, stamp_in(line), "text", line[:_LONGEST].strip())


READER = Reader("text", "text", lambda head: 0.0, _lines)
