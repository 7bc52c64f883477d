"""Random answers as Adaptive Cards: never too large for Teams, never of a shape it does not know, never markup."""

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.types import (
    STEP_NAMES,
    Answer,
    Block,
    Caution,
    Choices,
    Facts,
    Fold,
    Heading,
    Piece,
    Quote,
    Sources,
    StepBar,
    Steps,
    Text,
)
from connectors.render import teams
from connectors.render.forms import MISSING, REGISTER
from connectors.render.teams import LARGEST_CARD, LARGEST_MESSAGE, render
from connectors.render.text import TONES
from tests.render.test_teams import GOLDEN, MARKUP, ids, walk

EXAMPLES = int(os.environ.get("EXAMPLES", "300"))
"""Random answers that are rendered; EXAMPLES=100000 for the long run."""

# --- what a card may be ----------------------------------------------------------------------

TEXT, FLAG, ANY = str, bool, object
NAMES = {
    "size": {"Small", "Default", "Medium", "Large", "ExtraLarge"},
    "weight": {"Lighter", "Default", "Bolder"},
    "color": {"Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"},
    "spacing": {"None", "Small", "Default", "Medium", "Large", "ExtraLarge", "Padding"},
    "ground": {"default", "emphasis", "good", "attention", "warning", "accent"},
    "side": {"Left", "Center", "Right"},
}
ELEMENT = {"id": TEXT, "isVisible": FLAG, "spacing": NAMES["spacing"], "separator": FLAG}
WORDS = {"text": TEXT, "size": NAMES["size"], "weight": NAMES["weight"], "color": NAMES["color"], "isSubtle": FLAG}
INPUT = {**ELEMENT, "label": TEXT, "isRequired": FLAG, "errorMessage": TEXT, "value": TEXT, "placeholder": TEXT}
SENT = {
    "title": TEXT,
    "data": dict,
    "mode": {"primary", "secondary"},
    "associatedInputs": {"auto", "none"},
    "style": {"default", "positive", "destructive"},
}
SHAPES: dict[str, dict[str, Any]] = {
    "TextBlock": {
        **ELEMENT,
        **WORDS,
        "wrap": FLAG,
        "style": {"heading"},
        "horizontalAlignment": NAMES["side"],
    },
    "RichTextBlock": {**ELEMENT, "inlines": list},
    "TextRun": {
        **WORDS,
        "fontType": {"Monospace"},
        "italic": FLAG,
        "underline": FLAG,
        "highlight": FLAG,
    },
    "Container": {**ELEMENT, "items": list, "style": NAMES["ground"], "bleed": FLAG, "selectAction": dict},
    "ColumnSet": {**ELEMENT, "columns": list, "selectAction": dict},
    "Column": {**ELEMENT, "items": list, "width": {"auto", "stretch"}},
    "ActionSet": {**ELEMENT, "actions": list},
    "Input.Text": {**INPUT, "isMultiline": FLAG, "maxLength": int},
    "Input.ChoiceSet": {**INPUT, "choices": list, "wrap": FLAG},
    "Input.Toggle": {**INPUT, "title": TEXT, "valueOn": TEXT, "valueOff": TEXT, "wrap": FLAG},
    "Action.Execute": {**SENT, "verb": TEXT, "fallback": dict},
    "Action.Submit": SENT,
    "Action.OpenUrl": {"title": TEXT, "url": TEXT},
    "Action.ToggleVisibility": {"title": TEXT, "targetElements": list},
    "AdaptiveCard": {
        "$schema": TEXT,
        "version": {"1.5"},
        "lang": {"en"},
        "speak": TEXT,
        "fallbackText": TEXT,
        "msteams": dict,
        "body": list,
        "refresh": dict,
    },
}
"""What is used of the schema 1.5, by type of element: each property with its type or the words it may be."""
NEEDED = {
    "TextBlock": {"text", "wrap"},
    "RichTextBlock": {"inlines"},
    "TextRun": {"text"},
    "Container": {"items"},
    "Column": {"items", "width"},
    "ColumnSet": {"columns"},
    "ActionSet": {"actions"},
    "Input.Text": {"id", "label"},
    "Input.ChoiceSet": {"id", "label", "choices"},
    "Input.Toggle": {"id", "label", "title"},
    "Action.Execute": {"title", "verb", "data", "fallback"},
    "Action.Submit": {"title", "data"},
    "Action.OpenUrl": {"title", "url"},
    "Action.ToggleVisibility": {"title", "targetElements"},
    "AdaptiveCard": {"$schema", "version", "lang", "speak", "fallbackText", "body"},
}
ELEMENTS = {"TextBlock", "RichTextBlock", "Container", "ColumnSet", "ActionSet", "Input.Text", "Input.ChoiceSet"}
INSIDE = {
    "inlines": {"TextRun"},
    "columns": {"Column"},
    "items": ELEMENTS | {"Input.Toggle"},
    "body": ELEMENTS | {"Input.Toggle"},
    "actions": {"Action.Execute"},
    "fallback": {"Action.Submit"},
    "selectAction": {"Action.OpenUrl", "Action.ToggleVisibility"},
}
"""What may stand in what."""
MARKS = re.compile(r"[\[\]*<>`#{}&~!|\\]|//|www\.|(?<![^\W_])_|_(?![^\W_])|^\s*(?:[-+]|\d+[.)](?: |$))")
"""What any client could take for Markdown, HTML, a mention or a function."""


def faults(card: dict[str, Any]) -> list[str]:
    """All that is wrong with a card, in words."""
    return [*_shape(card), *_whole(card)]


def _shape(part: dict[str, Any]) -> Iterator[str]:
    kind = part.get("type", "")
    known = SHAPES.get(kind)
    if known is None:
        yield f"unknown type {kind!r}"
        return
    yield from (f"{kind} lacks {name}" for name in NEEDED[kind] - part.keys())
    for name, value in part.items():
        if name == "type":
            continue
        wanted = known.get(name)
        if wanted is None:
            yield f"{kind} has no {name}"
        elif not (value in wanted if isinstance(wanted, set) else isinstance(value, wanted)):
            yield f"{kind}.{name} is {value!r}"
        if name in INSIDE:
            for inner in value if isinstance(value, list) else [value]:
                if inner.get("type") not in INSIDE[name]:
                    yield f"{inner.get('type')} in {kind}.{name}"
                yield from _shape(inner)
    yield from _words(kind, part)


def _words(kind: str, part: dict[str, Any]) -> Iterator[str]:
    if kind == "TextBlock" and (not part.get("wrap") or MARKS.search(part["text"])):
        yield f"not plain: {part['text']!r}"
    if kind == "TextRun" and (not part["text"] or "\n" in part["text"] or "{{" in part["text"]):
        yield f"a run with {part['text']!r}"
    if kind.startswith(("Action.", "Input.")):
        told = [part.get(name, "") for name in ("title", "label", "placeholder")]
        told += [choice["title"] for choice in part.get("choices", [])]
        yield from (f"words of {kind}: {words!r}" for words in told if "{{" in words or "\n" in words)
    if kind == "Action.OpenUrl" and not re.match(r"https://[A-Za-z0-9]", part["url"]):
        yield f"a link to {part['url']!r}"
    if part.get("inlines") == [] or part.get("actions") == [] or part.get("columns") == []:
        yield f"an empty {kind}"


def _whole(card: dict[str, Any]) -> Iterator[str]:
    if len(json.dumps(card)) * 2 > LARGEST_CARD:
        yield "too large"
    parts = list(walk(card))
    if any("entities" in part for part in parts):
        yield "a mention"
    yield from (f"not plain: {card[name]!r}" for name in ("speak", "fallbackText") if MARKS.search(card[name]))
    names = [part["id"] for part in parts if "id" in part]
    if len(names) != len(set(names)):
        yield "two elements of one id"
    asked = {name for part in parts for name in part.get("targetElements", [])}
    yield from (f"nothing to toggle: {name}" for name in asked - set(names))
    buttons = [part for part in parts if part.get("type") == "Action.Execute"]
    if len([button for button in buttons if button["mode"] == "primary"]) > 6:
        yield "too many buttons"
    for button in buttons:
        if button["fallback"]["data"] != button["data"] or button["fallback"]["title"] != button["title"]:
            yield "a fallback that does something else"


# --- random answers --------------------------------------------------------------------------

_letters = st.text(max_size=40) | st.text("ab `<>*_[](){}#\n\t\r😀Ж\u202e-.1:/&\"'\\~|", max_size=30)
words = st.one_of(
    _letters,
    st.sampled_from([*MARKUP, "{{{DATE(", "<ndes-fqdn>", "`<device>`", "http://a", "https://a.example/b c", "1.", "-"]),
    st.lists(_letters | st.sampled_from(MARKUP), max_size=4).map("".join),
    st.builds(lambda word, times: word * times, _letters, st.integers(1, 500)),
)
few = st.lists(words, max_size=5).map(tuple)
pairs = st.lists(st.tuples(words, words), max_size=5).map(tuple)
tones = st.sampled_from(list(TONES))
plain_blocks: st.SearchStrategy[Block] = st.one_of(
    st.builds(Text, words),
    st.builds(Caution, words),
    st.builds(StepBar, st.none() | st.integers(1, len(STEP_NAMES)), words),
    st.builds(Quote, st.lists(st.builds(Piece, words, st.booleans()), max_size=5).map(tuple)),
    st.builds(Steps, few),
    st.builds(Facts, pairs),
    st.builds(Choices, words, st.lists(st.tuples(words, words), max_size=12).map(tuple)),
    st.builds(
        Sources, st.lists(st.tuples(words | words.map("https://x.example/{}".format), words), max_size=4).map(tuple)
    ),
    st.builds(Heading, words, tones),
)
blocks = st.recursive(
    plain_blocks,
    lambda inner: st.builds(Fold, words, words, st.lists(inner, max_size=4).map(tuple), st.booleans()),
    max_leaves=8,
)
answers = st.builds(Answer, words, tones, st.lists(blocks, max_size=8).map(tuple))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(answers)
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


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("teams-*.json")), ids=lambda file: file.stem)
def test_nothing_is_wrong_with_a_golden_card(file: Any) -> None:
    cards = json.loads(file.read_text(encoding="utf-8"))["cards"]
    assert [fault for card in cards for fault in faults(card)] == []


@given(words, words)
@settings(max_examples=min(EXAMPLES, 2_000), deadline=None, database=None)
def test_nothing_is_wrong_with_forms_and_hits(one: str, other: str) -> None:
    for form in (REGISTER, MISSING):
        said = {field.name: one for field in form.fields}
        assert faults(teams.form(form, "id-1", said, other)) == []
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
