"""Samples are worth something only if they notice the loss of a signal: signals are broken here, and must be missed."""

from collections.abc import Callable, Iterator

import pytest

from knowledge.library import Library
from knowledge.proof import faults_of
from knowledge.schema import Entry, Signal, Weight

SAMPLE = 20
REPLACED = "words that nobody ever pasted anywhere"


def chosen(library: Library) -> list[Entry]:
    """Twenty entries, spread evenly over all ids: always the same while the ids are."""
    ids = sorted(library.entries)
    return [library.entries[ids[i * len(ids) // SAMPLE]] for i in range(SAMPLE)]


def with_signals(entry: Entry, signals: tuple[Signal, ...]) -> Entry:
    return entry.model_copy(update={"signals": signals})


def hitting(entry: Entry, sample: str) -> list[Signal]:
    """The signals of an entry that a sample shows, the best first."""
    found = []
    for signal in entry.signals:
        if matches := Library([with_signals(entry, (signal,))]).match(sample):
            found.append((matches[0].confidence, signal))
    return [signal for _, signal in sorted(found, key=lambda item: -item[0])]


def without(entry: Entry, gone: list[Signal]) -> Entry:
    return with_signals(entry, tuple(signal for signal in entry.signals if signal not in gone))


def notices(library: Library, mutant: Entry) -> bool:
    """Whether the mutant's own samples, or those of the entries it is confused with, find a fault."""
    others = [entry for entry in library.entries.values() if entry.id != mutant.id]
    changed = Library([*others, mutant])
    near = [library.entries[other.entry] for other in mutant.confused_with]
    return any(faults_of(entry, changed) for entry in (mutant, *near))


def no_signal_of_a_sample(entry: Entry) -> Iterator[Entry]:
    for sample in entry.samples.hit:
        yield without(entry, hitting(entry, sample))


def no_top_signal(entry: Entry) -> Iterator[Entry]:
    for sample in entry.samples.hit:
        yield without(entry, hitting(entry, sample)[:1])


def other_words(entry: Entry) -> Iterator[Entry]:
    worded = [signal for signal in entry.signals if signal.text or signal.pattern]
    if worded:
        changed = {id(signal): signal.model_copy(update={"text": (REPLACED,), "pattern": ()}) for signal in worded}
        yield with_signals(entry, tuple(changed.get(id(signal), signal) for signal in entry.signals))


def no_unless(entry: Entry) -> Iterator[Entry]:
    if any(signal.unless for signal in entry.signals):
        yield with_signals(entry, tuple(signal.model_copy(update={"unless": ()}) for signal in entry.signals))


def all_weak(entry: Entry) -> Iterator[Entry]:
    yield with_signals(entry, tuple(signal.model_copy(update={"weight": Weight.WEAK}) for signal in entry.signals))


def test_the_sample_itself_has_no_fault(library: Library) -> None:
    assert [fault for entry in chosen(library) for fault in faults_of(entry, library)] == []


@pytest.mark.parametrize(
    ("mutate", "share"),
    [
        (no_signal_of_a_sample, 0.8),
        (other_words, 0.8),
        # floors for what other signals may make up for, a little below what was measured
        (no_top_signal, 0.4),
        (all_weak, 0.35),
        (no_unless, 0.05),
    ],
)
def test_the_samples_notice_a_broken_signal(
    library: Library, mutate: Callable[[Entry], Iterator[Entry]], share: float
) -> None:
    killed = total = 0
    survivors = []
    for entry in chosen(library):
        for mutant in mutate(entry):
            total += 1
            if notices(library, mutant):
                killed += 1
            else:
                survivors.append(entry.id)
    message = f"{mutate.__name__}: {killed} of {total} mutants killed; not noticed: {sorted(set(survivors))}"
    assert total >= 10, message
    assert killed >= share * total, message
