"""Random answers as Adaptive Cards: never too large for Teams, never of a shape it does not know, never markup."""

import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.types import Answer, Block, Caution, Choices, Fold, Heading, Text
from connectors.render import teams
from connectors.render.teams import LARGEST_CARD, LARGEST_MESSAGE, render
from tests.render.answers import ANY_ANSWER, HOSTILE
from tests.render.goldens import FOLDER
from tests.render.teams_limits import MARKS, faults
from tests.render.test_teams import ids

MANY = int(os.environ.get("ANSWERS", "300"))
"""Random answers that are rendered; ANSWERS=100000 for the long run."""
WORDS = st.text("ab `<>*_[](){}#\n\t\r😀Ж\u202e-.1:/&\"'\\~|", max_size=60) | st.sampled_from(HOSTILE)
MANY_WORDS = st.builds(lambda word, times: word * times, WORDS, st.integers(1, 100))


@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(ANY_ANSWER)
def test_no_random_answer_breaks_a_limit_or_a_shape_or_becomes_markup(answer: Answer) -> None:
    message = render(answer, ids())
    assert [fault for card in message.cards for fault in faults(card)] == []
    assert not MARKS.search(message.text)
    assert message.cards


@pytest.mark.parametrize("depth", [1, 4, 30])
@pytest.mark.parametrize(
    "word", ["😀" * 400, "`a`" * 200, "{" * 500, "<ndes-fqdn>" * 60, "Ж" * 400, '"' * 500, "\\" * 500]
)
def test_the_worst_titles_in_the_deepest_folds_leave_room_for_what_is_inside(word: str, depth: int) -> None:
    inside: tuple[Block, ...] = (Text(word * 20), Choices(word, tuple((word, word) for _ in range(60))))
    for _ in range(depth):
        inside = (Fold(word, word, (*inside, Caution(word * 5))),)
    message = render(Answer(word, "problem", (Heading(word, "problem"), *inside)), ids())
    assert [fault for card in message.cards for fault in faults(card)] == []


def test_the_largest_card_leaves_room_for_its_people_and_for_the_message_around_it() -> None:
    people = ["29:" + "y" * 110] * 100
    (card,) = render(Answer("t", "info"), ids()).cards
    refresh = len(json.dumps(teams.refreshed(card, "x" * 200, people))) - len(json.dumps(card))
    assert LARGEST_CARD + refresh * 2 < LARGEST_MESSAGE - 2_048


# --- the rest is judged alike ----------------------------------------------------------------


@pytest.mark.parametrize("file", sorted(FOLDER.glob("teams-*.json")), ids=lambda file: file.stem)
def test_nothing_is_wrong_with_a_golden_card(file: Any) -> None:
    cards = json.loads(file.read_text(encoding="utf-8"))["cards"]
    assert [fault for card in cards for fault in faults(card)] == []


@given(MANY_WORDS, MANY_WORDS)
@settings(max_examples=min(MANY, 2_000), deadline=None, database=None)
def test_nothing_is_wrong_with_hits(one: str, other: str) -> None:
    hit = teams.hit(one, other, other, ids())
    assert faults(hit["content"]) == []
    assert not [told for told in hit["preview"]["content"].values() if MARKS.search(told)]
    assert len(json.dumps(hit)) * 2 < 28 * 1024


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        ({"type": "FactSet", "facts": []}, "unknown type 'FactSet'"),
        ({"type": "TextBlock", "text": "a [b](c)", "wrap": True}, "not plain: 'a [b](c)'"),
        ({"type": "TextBlock", "text": "a"}, "TextBlock lacks wrap"),
        ({"type": "Container", "items": [], "style": "red"}, "Container.style is 'red'"),
        ({"type": "Container", "items": [], "colour": 1}, "Container has no colour"),
        ({"type": "Container", "items": [{"type": "TextRun", "text": "x"}]}, "TextRun in Container.items"),
    ],
)
def test_the_judge_finds_what_is_wrong(broken: dict[str, Any], fault: str) -> None:
    (card,) = render(Answer("t", "info"), ids()).cards
    assert faults(card) == []
    assert fault in faults({**card, "body": [broken]})
