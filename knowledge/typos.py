"""A phrase with a typo in it still finds its entry: asked only when nothing else was found, over few candidates."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from knowledge.patterns import Span

LONGEST = 600
"""Characters of a text that is searched for misspelt phrases; more is a log, and logs make no typos."""
_CANDIDATES = 20
_BLANKS = 2  # in a phrase; in a shorter one, or in a name, a typo makes another thing of it
_SHORTEST = 11  # characters of the place found
_DIGIT = re.compile(r"\d")  # a phrase with a number: one code is no misspelling of another
_POLARITY = re.compile(r"\b(?:true|false|not|no|never|fail\w*|denied|invalid|stopped)\b")
_ALIKE = 88.0  # per cent of likeness that counts (rapidfuzz partial ratio)
_COMMON = 0.5  # share of a phrase's letter triples that a candidate must have in the text


class Misspelt(NamedTuple):
    """A phrase of the signal numbered `owner`, found at `span`; `likeness` from 0 to 1."""

    owner: int
    likeness: float
    span: Span


class Typos:
    """Literal phrases, indexed by their letter triples."""

    def __init__(self, phrases: Iterable[tuple[int, str]]) -> None:
        self._phrases = [
            (owner, text.lower()) for owner, text in phrases if text.count(" ") >= _BLANKS and not _DIGIT.search(text)
        ]
        self._by_triple: dict[str, list[int]] = defaultdict(list)
        for number, (_, text) in enumerate(self._phrases):
            for triple in _triples(text):
                self._by_triple[triple].append(number)

    def search(self, text: str) -> Iterator[Misspelt]:
        """Phrases that nearly occur in a lower-case text of at most `LONGEST` characters."""
        from rapidfuzz import fuzz  # rarely needed, so not loaded at every start

        shared: Counter[int] = Counter()
        for triple in _triples(text):
            shared.update(self._by_triple.get(triple, ()))
        likely = [
            number
            for number, count in shared.most_common(_CANDIDATES * 4)
            if count >= _COMMON * len(_triples(self._phrases[number][1]))
        ]
        for number in likely[:_CANDIDATES]:
            owner, phrase = self._phrases[number]
            found = fuzz.partial_ratio_alignment(phrase, text, score_cutoff=_ALIKE)
            if found and found.dest_end - found.dest_start >= _SHORTEST and _same_sense(phrase, text):
                yield Misspelt(owner, found.score / 100, Span(found.dest_start, found.dest_end))


def _same_sense(phrase: str, text: str) -> bool:
    """Whether the words that turn a sentence into its opposite all stand in the text, spelt right."""
    return all(word in text for word in _POLARITY.findall(phrase))


def _triples(text: str) -> set[str]:
    return {text[i : i + 3] for i in range(len(text) - 2)}
