"""The rules at work on a text: what goes, and where it stands.

Runs on RE2: a paste is hostile, so this must stay linear in its length. A filter over the whole text
names the rules that may find something; most texts meet few of them.
"""

from collections.abc import Iterator
from typing import Any

import re2

from bot.redaction.rules import RULES
from bot.redaction.types import Hit, Rule, Span
from bot.redaction.views import views

_MEMORY = 8 << 20  # bytes that one rule may take for its automaton; it uses what it meets
_BEFORE = 60  # characters before a find that its judge is shown
_QUOTES = b"\"'`\\"


def hits(text: str) -> list[Hit]:
    """What goes, by its place in the text, in order; what overlaps is one."""
    found = [Hit(*view.original(start, end), note) for view in views(text) for start, end, note in _hits(view.data)]
    apart: list[Hit] = []
    for hit in sorted(found, key=lambda hit: (hit.start, -hit.end)):
        if apart and hit.start < apart[-1].end:
            apart[-1] = apart[-1]._replace(end=max(hit.end, apart[-1].end))
        else:
            apart.append(hit)
    return apart


def _compiled() -> tuple[Any, tuple[tuple[Rule, Any, int], ...]]:
    """The filter that names the rules which may find something; each rule with its pattern and the group that goes."""
    options = re2.Options()
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = _MEMORY
    likely = re2.Filter()
    for rule in RULES:
        likely.Add(rule.pattern.encode("latin-1"), options)
    likely.Compile()
    patterns = [likely.re(number) for number in range(len(RULES))]
    return likely, tuple((rule, pattern, min(1, pattern.groups)) for rule, pattern in zip(RULES, patterns, strict=True))


LIKELY, PATTERNS = _compiled()


def _hits(data: bytes) -> Iterator[Hit]:
    for number in LIKELY.Match(data, True) or ():
        rule, pattern, group = PATTERNS[number]
        at = 0
        while found := pattern.search(data, at):
            start, end = found.span(group)
            goes = start >= 0 and not _stays(rule, data, start, end)
            if goes:
                yield Hit(*_unquoted(data, start, end), rule.note)
            # What was spared may hold a name behind the first one; what is one word with its name does not.
            at = found.end() if goes or start <= found.start() else found.start() + 1


def _stays(rule: Rule, data: bytes, start: int, end: int) -> bool:
    if rule.stays is None:
        return False
    before = data[max(0, start - _BEFORE) : start]
    return rule.stays(data[start:end].decode("latin-1"), before.decode("latin-1"))


def _unquoted(data: bytes, start: int, end: int) -> Span:
    while end - start > 1 and data[start] in _QUOTES:
        start += 1
    while end - start > 1 and data[end - 1] in _QUOTES:
        end -= 1
    return start, end
