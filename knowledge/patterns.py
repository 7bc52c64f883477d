"""Patterns on RE2: one alone, and every pattern of every signal in one set that a text passes once."""

from typing import Any, NamedTuple

import re2

from knowledge.schema import Signal

_MEMORY = 256 << 20  # bytes the automaton may take before RE2 falls back; it uses what it meets


class Span(NamedTuple):
    """A piece of the cleaned text, in characters."""

    start: int
    end: int


def pattern(text: str) -> Any:
    """A compiled RE2 pattern over Latin-1 bytes, without regard to case."""
    return re2.compile(text.encode("latin-1", "replace"), _options())


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.encoding = re2.Options.Encoding.LATIN1
    return options


class Patterns:
    """The patterns of many signals; each has a number. `compile` ends the adding."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._texts: list[str] = []
        self._compiled: list[Any] = []
        self._words: dict[int, bytes] = {}
        options = _options()
        options.max_mem = _MEMORY
        self._set = re2.Set.SearchSet(options)

    def add(self, signal: Signal) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Take in a signal: the numbers of the patterns that must be seen, and of those that must not."""
        words = tuple(self._number(literal(text)) for text in signal.text)
        self._words.update(
            (n, text.lower().encode("latin-1", "replace")) for n, text in zip(words, signal.text, strict=True)
        )
        return (*words, *map(self._number, signal.pattern)), tuple(map(self._number, signal.unless))

    def _number(self, text: str) -> int:
        if text not in self._numbers:
            self._numbers[text] = self._set.Add(text.encode("latin-1", "replace"))
        return self._numbers[text]

    def compile(self) -> None:
        """Make the set ready; nothing can be added after that."""
        self._set.Compile()
        self._texts = list(self._numbers)
        self._compiled = [None] * len(self._numbers)

    def marks(self, data: bytes) -> list[int]:
        """The numbers of the patterns that occur in a text."""
        return self._set.Match(data) or [] if self._numbers else []

    def find(self, number: int, data: bytes, start: int, end: int) -> Span | None:
        """The first place of a pattern between `start` and `end` of a lower-case text."""
        if words := self._words.get(number):  # spelt as in the signal, as nearly always: no engine needed
            at = data.find(words, start, end)
            if at >= 0 and _is_whole(data, at, at + len(words)):
                return Span(at, at + len(words))
        if self._compiled[number] is None:
            self._compiled[number] = pattern(self._texts[number])
        found = self._compiled[number].search(data, start, end)
        return Span(*found.span()) if found else None


def _is_whole(data: bytes, start: int, end: int) -> bool:
    """Whether no letter or digit stands right before or behind."""
    return not data[max(0, start - 1) : start].isalnum() and not data[end : end + 1].isalnum()


def literal(text: str) -> str:
    """The pattern of literal words: white space is any run of it, word edges hold where the text has them."""
    body = r"\s+".join(re2.escape(word) for word in text.split())
    first = r"\b" if text[0].isalnum() and text[0].isascii() else ""
    last = r"\b" if text[-1].isalnum() and text[-1].isascii() else ""
    return first + body + last
