"""How the prose of an answer is cut: into words, code and placeholders, and around the command that it tells to run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

RUN = "Run this command:"
"""What is told of a command that stands alone."""

_CODE = re.compile(r"`([^`\n]+)`")
# Two words with a hyphen are always ours; of single words only these, so that XML like <null> stays what it is.
_PLACEHOLDER = re.compile(r"(<(?:[a-z]+(?:-[a-z]+)+|device|domain|proxy|tenant|thumbprint)>)")
# Code at the start of a sentence, told to be run or not, or at its end after a colon.
_TOLD = re.compile(r"Run `(?P<line>[^`\n]+)`(?P<after>.*)", re.DOTALL)
_FIRST = re.compile(r"`(?P<line>[^`\n]+)`(?P<after>.*)", re.DOTALL)
_LAST = re.compile(r"(?P<before>.+:) `(?P<line>[^`\n]+)`\.?", re.DOTALL)
# Code may as well be a name, a message or a page: a command is a Verb-Noun, has an option, or begins like these.
_COMMAND = re.compile(r"[A-Z][a-z]+-[A-Z]\w+|(?:net|netsh|reg|sc) \w|\S+ (?:.* )?[-/]\w")


@dataclass(frozen=True, slots=True)
class Cut:
    """Part of a sentence; a placeholder inside code is code."""

    text: str
    kind: Literal["words", "code", "placeholder"]


@dataclass(frozen=True, slots=True)
class Command:
    """A sentence around one command: what is told of it, and the command itself, to stand below."""

    told: str
    line: str


def cut(text: str) -> Iterator[Cut]:
    """The parts of a sentence in order, none of them empty. Backticks around code are gone."""
    if "`" not in text and "<" not in text:  # most sentences
        if text:
            yield Cut(text, "words")
        return
    for i, outer in enumerate(_CODE.split(text)):  # every second piece stood between backticks
        if i % 2:
            yield Cut(outer, "code")
            continue
        for j, inner in enumerate(_PLACEHOLDER.split(outer)):
            if inner:
                yield Cut(inner, "placeholder" if j % 2 else "words")


def without_marks(text: str) -> str:
    """The same words where code cannot be shown as code."""
    return _CODE.sub(r"\1", text)


def command_of(sentence: str) -> Command | None:
    """The command that a sentence begins or ends with, for where it can stand alone; None where there is none."""
    if found := _TOLD.fullmatch(sentence):
        return Command(f"Run this command{found['after']}" if found["after"] else RUN, found["line"])
    if (found := _FIRST.fullmatch(sentence)) and _COMMAND.match(found["line"]):
        told = f"This command{found['after']}" if found["after"] else RUN
        return Command(told, found["line"])
    if (found := _LAST.fullmatch(sentence)) and _COMMAND.match(found["line"]):
        return Command(found["before"], found["line"])
    return None


def short_address(address: str) -> str:
    """The site and the last words of an address: what a person tells sources apart by."""
    host, *path = address.removeprefix("https://").rstrip("/").split("/")
    return "/".join([host, *path] if len(path) < 2 else [host, "…", path[-1]])
