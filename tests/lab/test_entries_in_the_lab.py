"""Each entry names the fault of the lab that shows it, or says why none can."""

from connectors.lab.faults import all_faults
from knowledge.library import Library

FAULTS = {fault.name: fault for fault in all_faults()}


def test_every_entry_names_its_faults_or_says_why_none_can(library: Library) -> None:
    assert [entry.id for entry in library.entries.values() if not entry.lab] == []


def test_every_named_fault_exists_and_stands_for_a_cause_of_the_entry_or_for_health(library: Library) -> None:
    for entry in library.entries.values():
        causes = {cause.id for cause in entry.causes}
        for name in entry.lab if isinstance(entry.lab, tuple) else ():
            assert name in FAULTS, (entry.id, name)
            if entry.kind == "problem":
                assert FAULTS[name].cause in causes, (entry.id, name)


def test_every_fault_with_a_cause_is_named_by_an_entry(library: Library) -> None:
    named = {name for entry in library.entries.values() if isinstance(entry.lab, tuple) for name in entry.lab}
    causes = {FAULTS[name].cause for name in named}
    assert {fault.cause for fault in FAULTS.values() if fault.cause} - causes == set()


def test_a_reason_is_a_sentence(library: Library) -> None:
    told = {entry.lab for entry in library.entries.values() if isinstance(entry.lab, str)}
    assert all(sentence.endswith(".") for sentence in told)
