"""The proof of the knowledge: every sample finds its entry first, every near miss does not find it."""

from collections.abc import Sequence

from knowledge.library import Library
from knowledge.schema import Entry

FOUND = 0.5
"""Confidence from which a near miss counts as found."""


def prove(entries: Sequence[Entry]) -> list[str]:
    """One line a fault: a sample that is missed or claimed by another entry, a near miss that hits."""
    library = Library(entries)
    return [fault for entry in entries if entry.status != "retired" for fault in faults_of(entry, library)]


def faults_of(entry: Entry, library: Library) -> list[str]:
    """The same for one entry among all others."""
    faults = []
    for i, sample in enumerate(entry.samples.hit, 1):
        matches = library.match(sample)
        if not matches:
            faults.append(f"{entry.id}: sample {i} finds nothing")
        elif matches[0].entry.id != entry.id:
            faults.append(f"{entry.id}: sample {i} finds {matches[0].entry.id} first")
    for i, sample in enumerate(entry.samples.miss, 1):
        hit = next((match for match in library.match(sample) if match.entry.id == entry.id), None)
        if hit and hit.confidence >= FOUND:
            faults.append(f"{entry.id}: near miss {i} finds it, with {hit.confidence}")
    return faults
