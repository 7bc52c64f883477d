"""Every shipped entry is proven by its own samples, says what its fixes cost, and holds nobody's secrets."""

import csv
import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest

import knowledge
from knowledge.entry_files import read_entry
from knowledge.library import Library
from knowledge.proof import faults_of, prove
from knowledge.schema import Entry, Kind

FOLDER = Path(knowledge.__file__).parent / "entries"
NAMES = sorted(path.stem for path in FOLDER.iterdir())
KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*(?:PRIVATE KEY|CERTIFICATE)"
    r"|eyJ[A-Za-z0-9_-]{20,}\."  # a token
    r"|\b(?:AKIA|ghp_|xox[abp]-)\w{8,}"
    r"|MII[A-Za-z0-9+/]{40,}"  # a certificate or a request in base 64
    r"|(?i:\b(?:password|kennwort|secret|apikey|client_secret)\s*[=:]\s*['\"]?(?![*<x.…])\S{10,})"
)
MAIL = re.compile(r"[\w.+-]+@[\w-]+\.(?!example|test|invalid|local)[a-z]{2,}\b", re.IGNORECASE)
with (Path(__file__).parent / "cause-words.csv").open(encoding="utf-8", newline="") as _file:
    WORDS = [(row["word"], name) for row in csv.DictReader(_file) for name in row["entries"].split()]


@cache
def entry(name: str) -> Entry:
    return read_entry(FOLDER / f"{name}.yaml")


def test_the_knowledge_does_not_shrink() -> None:
    assert len(NAMES) >= 193


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_finds_its_entry_first_and_no_near_miss_finds_it(name: str, library: Library) -> None:
    assert faults_of(entry(name), library) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_fix_of_a_problem_says_what_it_costs(name: str) -> None:
    for cause in entry(name).causes:
        fix = cause.fix
        assert fix.steps
        assert fix.risk in ("none", "low", "medium", "high")
        for cost in (fix.downtime, fix.role, fix.undo, fix.verify):
            assert cost.strip(), f"{name}: {cause.id}"
        if fix.risk == "high":
            assert fix.warning, f"{name}: {cause.id} is of high risk and does not warn"


@pytest.mark.parametrize("name", NAMES)
def test_every_problem_has_a_cause_and_all_else_a_next_step(name: str) -> None:
    found = entry(name)
    assert found.causes if found.kind is Kind.PROBLEM else found.next or found.causes


@pytest.mark.parametrize("name", NAMES)
def test_every_source_is_dated(name: str) -> None:
    for source in entry(name).sources:
        assert isinstance(source.read, date)
        assert source.read.year >= 2024


@pytest.mark.parametrize("name", NAMES)
def test_every_id_is_kebab_case_and_used_once(name: str) -> None:
    ids = [cause.id for cause in entry(name).causes]
    assert all(KEBAB.fullmatch(one) for one in (name, *ids))
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_is_confused_with_others_that_exist(name: str) -> None:
    others = [other.entry for other in entry(name).confused_with]
    assert set(others) <= set(NAMES) - {name}
    assert len(set(others)) == len(others)


@pytest.mark.parametrize("name", NAMES)
def test_no_sample_holds_a_real_secret(name: str) -> None:
    for sample in (*entry(name).samples.hit, *entry(name).samples.miss):
        assert not SECRETS.search(sample), sample
        assert not MAIL.search(sample), sample


@pytest.mark.parametrize("name", NAMES)
def test_the_title_leaves_it_to_the_renderer_to_say_success(name: str) -> None:
    assert "success:" not in entry(name).title.lower()
    assert "\n" not in entry(name).title


@pytest.mark.parametrize("name", NAMES)
def test_samples_differ_from_each_other(name: str) -> None:
    samples = (*entry(name).samples.hit, *entry(name).samples.miss)
    assert len(set(samples)) == len(samples)


def test_no_two_entries_have_the_same_title() -> None:
    titles = [entry(name).title.lower() for name in NAMES]
    assert len(set(titles)) == len(titles)


def test_no_sample_is_claimed_by_two_entries() -> None:
    samples = [sample for name in NAMES for sample in entry(name).samples.hit]
    assert len(set(samples)) == len(samples)


@pytest.mark.parametrize(("word", "name"), WORDS)
def test_a_cause_that_checks_decide_on_is_known_to_its_entry(word: str, name: str) -> None:
    assert word in [cause.id for cause in entry(name).causes]


# --- the proof itself ------------------------------------------------------------------------


def test_the_proof_names_a_sample_that_finds_nothing() -> None:
    one = entry("ndes-timeout")
    broken = one.model_copy(update={"samples": one.samples.model_copy(update={"hit": ("the canteen menu",)})})
    assert prove([broken])[0] == "ndes-timeout: sample 1 finds nothing"


def test_the_proof_names_a_sample_that_finds_another_entry(library: Library) -> None:
    one, other = entry("policy-module-challenge-true"), entry("kdc-strong-mapping-39")
    broken = one.model_copy(update={"samples": one.samples.model_copy(update={"hit": other.samples.hit[:1]})})
    assert faults_of(broken, library)[0] == "policy-module-challenge-true: sample 1 finds kdc-strong-mapping-39 first"


def test_the_proof_names_a_near_miss_that_hits(library: Library) -> None:
    one = entry("policy-module-challenge-true")
    broken = one.model_copy(update={"samples": one.samples.model_copy(update={"miss": one.samples.hit[:1]})})
    [fault] = faults_of(broken, library)
    assert fault.startswith("policy-module-challenge-true: near miss 1 finds it, with 0.")


def test_the_proof_passes_over_a_retired_entry() -> None:
    one = entry("ndes-timeout").model_copy(update={"status": "retired"})
    assert prove([one]) == []
