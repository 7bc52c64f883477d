"""Asks the knowledge about lines; about lines of the same make once."""

import re
from hashlib import blake2b

from bot.timeline.lines import Line
from bot.timeline.rules import judged
from bot.timeline.verdicts import Verdict
from knowledge.library import Library

_MAKES = 20_000  # verdicts that are remembered
_VARYING = re.compile(
    r"\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{12,}\b|"
    r"(?<![\w/])(?!/)[A-Za-z0-9+/=_%-]{40,}|\b\d{1,2}:\d\d(?::\d\d(?:[.,:]\d+)?)?\b|(?<=request )\d{1,7}\b|"
    r"(?<=cn=)[\w.-]+",
    re.IGNORECASE,
)
"""What differs from line to line without making it another: ids, addresses, times, encoded data (which a path is not),
names."""

_Make = tuple[bytes, bool | None, str]


def _make_of(text: str, line: Line) -> _Make:
    """What is remembered of a line: a hostile text is long, and there are many."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest(), line.grave, line.source


class Judge:
    """Asks the knowledge about lines."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._exact: dict[_Make, Verdict | None] = {}
        self._known: dict[_Make, Verdict | None] = {}

    def __call__(self, line: Line) -> Verdict | None:
        """The verdict on a line; None where it tells nothing."""
        same = _make_of(line.text, line)
        if same not in self._exact:
            if len(self._exact) >= _MAKES:
                self._exact.clear()
            self._exact[same] = self._of_make(line)
        return self._exact[same]

    def _of_make(self, line: Line) -> Verdict | None:
        key = _make_of(_VARYING.sub("~", line.text), line)
        if key not in self._known:
            if len(self._known) >= _MAKES:
                self._known.clear()
            self._known[key] = judged(line, self._library, hash(key))
        return self._known[key]
