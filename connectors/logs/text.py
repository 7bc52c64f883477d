"""Any text that no other reader knows: the lines in it that could matter, each for itself."""

import re
from collections.abc import Iterator

from bot.timeline.lines import Line
from connectors.logs import Reader
from connectors.streams import Stream
from connectors.texts import decoded
from connectors.times import stamped
from knowledge.sieve import of_interest, passages

_LONGEST = 8_000  # characters of one line that are looked at
_WHOLE = 4_000_000  # characters at the beginning of which each line is followed; behind them a few of each make
_NOVEL = 250_000  # of them, characters of lines unlike all before: a look at one costs a hundred times that at others
_GRAVE = re.compile(r"\W{0,4}(?:ERROR|FATAL|SEVERE|CRITICAL)\b")
"""How logs of many programs begin a line that is an error."""
_DIGITS = dict.fromkeys(map(ord, "0123456789"))  # left out of a line, what remains is its make


def _lines(stream: Stream) -> Iterator[Line]:
    """Lines of interest, with the time that stands at their beginning if one does."""
    beginning = _Beginning()
    for first, block in stream.blocks():
        text = decoded(block)
        end = beginning.end_in(text)
        yield from _each(text[:end], first)
        if rest := text[end:]:
            stream.sieved = True
            yield from _some(rest, first + text.count("\n", 0, end))


class _Beginning:
    """How much of a text there is room to follow line by line."""

    def __init__(self) -> None:
        self._room, self._novel = _WHOLE, _NOVEL
        self._makes: set[int] = set()

    def end_in(self, text: str) -> int:
        """Where in the next piece of it that room ends."""
        end = 0
        for line in text.split("\n") if self._room > 0 else ():
            make, size = hash(line.translate(_DIGITS)), len(line) + 1
            self._room -= size
            self._novel -= size if make not in self._makes else 0
            self._makes.add(make)
            if self._room < 0 or self._novel < 0:
                self._room = 0
                return end
            end += size
        return min(end, len(text))


def _each(text: str, first: int) -> Iterator[Line]:
    for number, line in enumerate(text.split("\n"), first):
        if of_interest(line[:_LONGEST]):
            at, said = stamped(line[:_LONGEST])
            yield Line(number, at, "text", said.strip(), True if _GRAVE.match(said) else None)


def _some(text: str, first: int) -> Iterator[Line]:
    number, counted = first, 0
    for start, end in passages(text, lambda _: []):
        number += text.count("\n", counted, start)
        counted = start
        yield from _each(text[start:end], number)


READER = Reader("text", "text", lambda head: 0.0, _lines)
