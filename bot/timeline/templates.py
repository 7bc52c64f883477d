"""Failures that no entry knows, gathered by the shape of their lines: what varies from line to line becomes `<*>`.

A small miner in the manner of Drain (He and others, 2017): a tree of fixed depth leads a line to the few templates it
could belong to, by the number of its words, its first word and the codes it names; of those the most alike takes it.
Codes are what people search for, so lines that fail with another code never share a template.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.redaction import redact
from bot.timeline.lines import Line, Where

Righted = Callable[[datetime], datetime]
"""Puts a time of a file's clock into UTC."""

MOST_TEMPLATES = 200
"""Templates that are kept; lines that fit none of them any more are only counted."""
MOST_WORDS = 60
"""Words of a line that are compared."""
LONGEST = 600
"""Characters of a line that are looked at."""
MOST_EXAMPLES = 3
"""Lines that are kept of a template, as they stood there but for secrets."""
VARIES = "<*>"

_ALIKE = 0.6  # share of words in place, from which a line is of a template
_BRANCHES = 40  # first words, or codes beside one first word, that are told apart
_MAKES = 20_000  # makes of line whose template is remembered
_NEVER = datetime.max.replace(tzinfo=UTC)
_FILES = 100  # files of a template that are told apart
_TOKEN = re.compile(
    r"(?P<id>\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?)"
    r"|(?P<code>\bevent ?id\W{1,4}\d{1,5}\b|\b0x[0-9a-f]{1,8}\b|(?<![\w-])-\d{9,10}\b|\b[89][0-9a-f]{7}\b"
    r"|\b(?:error|err|code|status|result|domain|exit|fehler|erreur)\W{1,4}(?:code\W{1,4})?-?\d{1,10}\b"
    r"|\b[1-5]\d\d \d{1,3} \d{1,10}$|(?<= - )[1-5]\d\d(?= \d+ [A-Z]))"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b|\b\d{1,4}[-./]\d\d?[-./]\d{1,4}(?:T\S+)?|\b\d{1,2}:\d\d(?::\d\d\S*)?"
    r"|\b[0-9a-f]{12,}\b|(?<![\w/])(?!/)[A-Za-z0-9+/=_%-]{40,}|(?<=cn=)[\w.-]+|(?<![\w.])\d+(?![\w.])",
    re.IGNORECASE,
)
"""What of a line is a code, and what differs from line to line without making it another."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Failures of one shape that no entry knows, without secrets. `lines` in `files` files, `since` and `until` in UTC
    where the logs tell it; `examples` are a few of the lines."""

    template: str
    lines: int
    files: int
    first: Where
    since: datetime | None
    until: datetime | None
    examples: tuple[str, ...]


@dataclass(slots=True)
class _Seen:
    """Where in one file a template stands, by the clock of that file."""

    first: int
    since: datetime | None
    until: datetime | None

    def add(self, at: datetime) -> None:
        """A further line. Times with and without a zone cannot be compared: the first kind is kept."""
        if self.since is None or self.until is None:
            self.since = self.until = at
        elif (at.tzinfo is None) == (self.since.tzinfo is None):
            self.since, self.until = min(self.since, at), max(self.until, at)

    def righted(self, by: Righted) -> "_Seen":
        """The same in UTC."""
        return _Seen(self.first, by(self.since) if self.since else None, by(self.until) if self.until else None)


@dataclass(slots=True)
class _Template:
    """Lines of one shape so far."""

    words: list[str]
    count: int = 0
    files: dict[int, _Seen] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def likeness(self, words: Sequence[str]) -> float:
        """The share of words that stand at the same place; what varies in it is like nothing."""
        same = sum(1 for mine, other in zip(self.words, words, strict=True) if mine == other != VARIES)
        kept = sum(1 for mine in self.words if mine != VARIES)
        return same / kept if kept else 1.0

    def widen(self, words: Sequence[str]) -> None:
        """Let what differs in a further line vary."""
        self.words = [mine if mine == other else VARIES for mine, other in zip(self.words, words, strict=True)]

    def count_in(self, file: int, line: Line) -> None:
        """A line more."""
        self.count += 1
        seen = self.files.get(file)
        if seen is None:
            if len(self.files) < _FILES:
                self.files[file] = _Seen(line.number, line.at, line.at)
        elif line.at is not None:
            seen.add(line.at)


_Leaf = tuple[int, str, str]
"""How many words, the first of them, and the codes."""


class Templates:
    """Takes in lines that look like failures; memory does not grow with them beyond the bounds."""

    def __init__(self) -> None:
        self.beyond = 0
        """Lines that fit no template when there were too many."""
        self._found: list[_Template] = []
        self._leaves: dict[_Leaf, list[_Template]] = {}
        self._branches: dict[tuple[int, str], set[str]] = {}
        self._makes: dict[int, _Template] = {}

    def take(self, line: Line, file: int, make: int) -> None:
        """Count a line in. Lines of the same make are of the same template, so only the first is looked at."""
        template = self._makes.get(make) or self._template(line, make)
        if template is None:
            self.beyond += 1
        else:
            template.count_in(file, line)

    def _template(self, line: Line, make: int) -> _Template | None:
        # More is looked at than is kept: a secret must not go by because its end was cut off.
        said = redact(" ".join(line.text[: 4 * LONGEST].split()))[:LONGEST]
        words, codes = _words(said)
        leaf = self._leaf(words, codes)
        near = self._leaves.get(leaf, [])
        template = max(near, key=lambda one: one.likeness(words), default=None)
        if template is not None and template.likeness(words) >= _ALIKE:
            template.widen(words)
        elif len(self._found) < MOST_TEMPLATES:
            template = self._begin(leaf, words)
        else:
            return None
        if len(template.examples) < MOST_EXAMPLES and said not in template.examples:
            template.examples.append(said)
        if len(self._makes) < _MAKES:
            self._makes[make] = template
        return template

    def _begin(self, leaf: _Leaf, words: list[str]) -> _Template:
        width, first, codes = leaf
        self._branches.setdefault((width, ""), set()).add(first)
        self._branches.setdefault((width, first), set()).add(codes)
        template = _Template(words)
        self._found.append(template)
        self._leaves.setdefault(leaf, []).append(template)
        return template

    def _leaf(self, words: Sequence[str], codes: str) -> _Leaf:
        width = len(words)
        first = self._branch((width, ""), words[0] if words else "")
        return width, first, self._branch((width, first), codes)

    def _branch(self, at: tuple[int, str], word: str) -> str:
        """The branch that a word leads to; where there are too many, one for all others."""
        known = self._branches.get(at, set())
        return word if word in known or len(known) < _BRANCHES else VARIES

    def told(self, names: Sequence[str], righted: Sequence[Righted]) -> Iterator[Unknown]:
        """What was found, most lines first. `names` are those of the files, `righted` put the times of each right."""
        for template in sorted(self._found, key=lambda one: -one.count):
            seen = [one.righted(righted[file]) for file, one in template.files.items()]
            since = [one.since for one in seen if one.since]
            until = [one.until for one in seen if one.until]
            earliest = seen.index(min(seen, key=lambda one: one.since or _NEVER)) if len(since) == len(seen) else 0
            yield Unknown(
                " ".join(template.words),
                template.count,
                len(seen),
                Where(names[list(template.files)[earliest]], seen[earliest].first),
                min(since, default=None),
                max(until, default=None),
                tuple(template.examples),
            )


def _words(said: str) -> tuple[list[str], str]:
    """The words of a line with what varies left open, and the codes in it."""
    codes: list[str] = []

    def meant(found: re.Match[str]) -> str:
        if found["code"]:
            codes.append(found["code"].lower())
            return found[0]
        return VARIES

    words = _TOKEN.sub(meant, said).split()
    return words[:MOST_WORDS], " ".join(codes[:4])
