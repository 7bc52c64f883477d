"""Makes what a server said fit to be kept and told: without secrets and names, but with the marks of certificates."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Final

from bot.findings import Finding, Value
from bot.redaction import is_clean, redact

_MARK: Final = re.compile(r"\b[0-9A-Fa-f]{38,64}\b")
"""A thumbprint or a serial number. The challenges of NDES have 16 or 32 digits, so none looks like it."""
_STANDS_FOR: Final = re.compile(r"\bcertificate(\d+)mark\b")

_REMEMBERED: Final = 4096
_known: Final[set[str]] = set()
"""Texts that were found to be clean, joined with others of their run."""


def kept(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings with every text of theirs redacted; thumbprints and serial numbers stay."""
    # Nearly always there is nothing to remove and most texts are those of the last run; one look at all the
    # others costs a fiftieth of one at each.
    new = [text for finding in findings for text in _texts(finding) if text not in _known]
    if not new or is_clean(_MARK.sub("certificate0mark", "\n".join(new))):
        if len(_known) > _REMEMBERED:
            _known.clear()
        _known.update(new)
        return tuple(findings)
    return tuple(
        replace(
            finding,
            summary=_redacted(finding.summary),
            evidence={name: _value(value, _redacted) for name, value in finding.evidence.items()},
        )
        for finding in findings
    )


def _redacted(text: str) -> str:
    """Words stand for the marks meanwhile: one behind `password:` goes all the same."""
    marks: list[str] = _MARK.findall(text)
    numbers = count()
    removed = redact(_MARK.sub(lambda _: f"certificate{next(numbers)}mark", text))
    return _STANDS_FOR.sub(lambda found: _nth(marks, int(found[1])) or found[0], removed)


def _nth(marks: Sequence[str], number: int) -> str | None:
    return marks[number] if number < len(marks) else None


def _texts(finding: Finding) -> Iterator[str]:
    yield finding.summary
    for value in finding.evidence.values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from value


def _value(value: Value, removed: Callable[[str], str]) -> Value:
    if isinstance(value, list):
        return [removed(text) for text in value]
    return removed(value) if isinstance(value, str) else value
