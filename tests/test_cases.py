"""The shipped knowledge against labelled pastes it was not written from."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.answer import Diagnosis, diagnose
from connectors import shelf

FOLDER = Path(__file__).parent / "cases"
ANSWER = 0.5  # confidence from which a match is told as an answer


@dataclass(frozen=True)
class Judged:
    """One labelled paste with what the bot said of it, asked and unasked."""

    case: dict[str, Any]
    asked: Diagnosis
    overheard: Diagnosis

    @property
    def right(self) -> frozenset[str]:
        also = self.case["also"] if self.case["kind"] == "positive" else ()
        return frozenset([*self.case["expect"], *also])

    @property
    def told(self) -> list[str]:
        return [] if self.asked.silent else [match.entry.id for match in self.asked.matches]

    @property
    def heard(self) -> list[str]:
        return [] if self.overheard.silent else [match.entry.id for match in self.overheard.matches]

    def __str__(self) -> str:
        return f"{self.case['id']}: {self.told[:1]}"


@cache
def judged() -> tuple[Judged, ...]:
    library = shelf.library(None)
    cases = [
        json.loads(line)
        for path in sorted(FOLDER.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    return tuple(
        Judged(case, diagnose(case["text"], library=library), diagnose(case["text"], library=library, addressed=False))
        for case in cases
    )


def of(kind: str) -> list[Judged]:
    found = [one for one in judged() if one.case["kind"] == kind]
    return found if kind == "negative" else [one for one in found if one.case["expect"]]


def share(good: list[Judged], every: list[Judged]) -> float:
    return len(good) / len(every)


def rest(good: list[Judged], every: list[Judged]) -> str:
    return f"{share(good, every):.4f}, not: " + ", ".join(str(one) for one in every if one not in good)


def test_there_are_cases_of_every_kind() -> None:
    assert all(of(kind) for kind in ("positive", "success", "negative"))
    assert {one.case["kind"] for one in judged()} == {"positive", "success", "negative"}


@pytest.mark.parametrize(("most", "bound"), [(1, 0.95), (3, 0.98)])
def test_the_right_entry_is_found_first_or_among_three(most: int, bound: float) -> None:
    every = of("positive")
    good = [one for one in every if one.right.intersection(one.told[:most])]
    assert share(good, every) >= bound, rest(good, every)


def test_every_success_is_known_as_one() -> None:
    every = of("success")
    good = [one for one in every if one.right.intersection(one.told[:1])]
    assert share(good, every) == 1.0, rest(good, every)


def test_most_problems_are_heard_without_being_asked() -> None:
    every = of("positive")
    good = [one for one in every if one.right.intersection(one.heard[:3])]
    assert share(good, every) >= 0.85, rest(good, every)


def test_no_answer_misleads() -> None:
    bad = [one for one in (*of("positive"), *of("success")) if set(one.told[:1]).intersection(one.case["wrong"])]
    assert [str(one) for one in bad] == []


def test_the_bot_does_not_speak_unasked_where_there_is_nothing_to_say() -> None:
    assert [str(one) for one in of("negative") if not one.overheard.silent] == []


def test_hardly_any_question_without_an_answer_gets_one() -> None:
    every = of("negative")
    bad = [one for one in every if one.told and one.asked.matches[0].confidence >= ANSWER]
    assert share(bad, every) <= 0.02, [str(one) for one in bad]


def test_confidence_is_the_share_of_answers_that_are_right() -> None:
    pairs = [
        (one.asked.matches[0].confidence, bool(one.right.intersection(one.told[:1])))
        for one in (*of("positive"), *of("success"))
        if one.told
    ]
    tenths: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in pairs:
        tenths.setdefault(min(int(confidence * 10), 9), []).append((confidence, right))
    gaps = [abs(sum(stated for stated, _ in group) - sum(right for _, right in group)) for group in tenths.values()]
    assert sum(gaps) / len(pairs) <= 0.08


def test_evidence_is_always_the_words_of_the_paste() -> None:
    for one in judged():
        for match in one.asked.matches:
            assert all(one.case["text"][start:end] == quote for quote, start, end in match.because), str(one)


def test_cases_name_only_entries_that_exist() -> None:
    known = shelf.library(None).entries.keys()
    named = {name for one in judged() for key in ("expect", "also", "wrong") for name in one.case.get(key, ())}
    assert named - known == set()
