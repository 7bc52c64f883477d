"""Finds entries by words, for people who look and do not paste."""

from collections.abc import Sequence
from typing import Final

from rapidfuzz import fuzz, process, utils

from knowledge.library import Library
from knowledge.schema import Entry

MOST: Final = 10
"""Entries that a search gives."""
_LEAST: Final = 60  # of 100: how alike words and title must be
_LONGEST: Final = 200  # characters of a question that are looked at
_TO_BEGIN_WITH: Final = (
    "scep-url-403-expected",
    "windows-event-36-request-generated",
    "ndes-500-ra-certificates-expired",
)


def search(words: str, library: Library) -> Sequence[Entry]:
    """The entries that some words find, the best first: what they say as a paste, then titles that are like them.
    For no words, entries to begin with."""
    asked = words.strip()[:_LONGEST]
    if not asked:
        first = [library.entries[name] for name in _TO_BEGIN_WITH if name in library.entries]
        return [*first, *(entry for entry in library.entries.values() if entry not in first)][:MOST]
    found = {match.entry.id: match.entry for match in library.match(asked)}
    if entry := library.entries.get(asked.lower()):
        found = {entry.id: entry, **found}
    titles = {entry.id: entry.title for entry in library.entries.values()}
    alike = process.extract(
        asked, titles, scorer=fuzz.WRatio, processor=utils.default_process, score_cutoff=_LEAST, limit=MOST
    )
    for _, _, name in alike:
        found.setdefault(name, library.entries[name])
    return list(found.values())[:MOST]
