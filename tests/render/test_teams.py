"""An answer as Adaptive Cards: nothing is lost, nothing foreign is obeyed, and real answers look as they did."""

import json
from itertools import count
from typing import Any

import pytest

from bot.ports import Press
from bot.types import (
    Answer,
    Block,
    Caution,
    Choices,
    Facts,
    Fold,
    Heading,
    Picture,
    Piece,
    Quote,
    Sources,
    StepBar,
    Steps,
    Text,
    Tone,
)
from connectors.render import teams
from connectors.render.prose import command_of
from connectors.render.teams import TeamsMessage, pressed, render
from connectors.render.text import TONES
from knowledge.codes import Codes
from knowledge.library import Library
from tests.render.answers import facts_of, real
from tests.render.teams_limits import lines_of, visible, walk
from tests.render.test_text import EVERY_KIND, squeezed


def ids() -> Press:
    """Opaque ids that are the same in every run."""
    numbers = count(1)
    return lambda _: f"id-{next(numbers)}"


def drawn(*blocks: Block, title: str = "A title", tone: Tone = "info") -> dict[str, Any]:
    """The one card of an answer with these blocks."""
    (card,) = render(Answer(title, tone, blocks), ids()).cards
    return card


def all_of(part: Any, kind: str) -> list[dict[str, Any]]:
    return [element for element in walk(part) if element.get("type") == kind]


def words_of(part: Any) -> list[str]:
    """The lines of a part of a card."""
    return list(lines_of(part))


# --- real answers ----------------------------------------------------------------------------


def test_every_fact_of_an_answer_is_on_its_cards(library: Library, codes: Codes) -> None:
    for answer in [*real(library, codes).values(), EVERY_KIND]:
        shown = squeezed(visible(render(answer, ids())))
        assert [fact for fact in facts_of(answer) if squeezed(fact) not in shown and command_of(fact) is None] == []


def test_a_picture_brings_its_words_and_is_fetched_from_nowhere(library: Library, codes: Codes) -> None:
    pictures = [
        image
        for answer in real(library, codes).values()
        for image in all_of(list(render(answer, ids()).cards), "Image")
    ]
    assert pictures
    for image in pictures:
        assert image["altText"]
        assert image["url"].startswith("data:image/png;base64,")


def test_a_picture_too_large_for_a_card_is_told_in_words() -> None:
    cards = list(render(Answer("Digest", "info", (Picture(bytes(20_000), "ndes01 is broken"),)), ids()).cards)
    assert not all_of(cards, "Image")
    assert "ndes01 is broken" in visible(TeamsMessage("", tuple(cards)))


# --- a card around it ------------------------------------------------------------------------


def test_a_card_tells_those_who_cannot_see_it_what_it_is_about() -> None:
    message = render(Answer("The pool is `stopped`", "problem"), ids())
    (card,) = message.cards
    assert message.text == card["speak"] == "Problem: The pool is stopped"
    assert card["fallbackText"].startswith("Problem: The pool is stopped (this client cannot")
    assert (card["type"], card["version"], card["lang"]) == ("AdaptiveCard", "1.5", "en")


@pytest.mark.parametrize("tone", ["problem", "success", "info", "unsure", "unknown"])
def test_the_tone_is_said_in_words_beside_its_colour(tone: Tone) -> None:
    head, *_ = drawn(tone=tone)["body"]
    assert head["items"][0]["text"] == TONES[tone]
    assert len({drawn(tone=other)["body"][0]["style"] for other in TONES}) == len(TONES)


def test_a_title_is_announced_as_a_heading_and_a_further_problem_is_one_too() -> None:
    card = drawn(Heading("A further problem", "success"), title="The first problem")
    headings = [block["text"] for block in all_of(card, "TextBlock") if block.get("style") == "heading"]
    assert headings == ["The first problem", "A further problem"]


@pytest.mark.parametrize("title", ["*b*", "[a](https://b.example)", "1. x", "- x", "`x`", "<at>x</at>", "a_ _b", "#x"])
def test_a_title_that_markdown_could_read_is_shown_letter_by_letter(title: str) -> None:
    card = drawn(title=title)
    assert title.replace("`", "") in words_of(card["body"])
    assert all(title not in block["text"] for block in all_of(card, "TextBlock"))


def test_the_underscores_of_a_constant_keep_a_title_a_heading() -> None:
    title = "NDESPlugin.log error 12175 with CERT_CN_INVALID"
    assert title in [block["text"] for block in all_of(drawn(title=title), "TextBlock")]


def test_a_title_that_is_too_long_is_cut_and_told_whole_below() -> None:
    title = "word " * 100
    shown = words_of(drawn(title=title)["body"])
    assert shown[1].endswith("…")
    assert title.strip() in shown[2]


def test_a_card_is_renewed_for_sixty_people_at_most() -> None:
    card = teams.refreshed(drawn(), "id-7", [f"29:{n}" for n in range(90)])
    assert len(card["refresh"]["userIds"]) == 60
    assert card["refresh"]["action"]["data"] == {"press": "id-7"}
    assert "refresh" not in drawn()


# --- blocks ----------------------------------------------------------------------------------


def test_code_is_monospace_and_a_placeholder_stands_out() -> None:
    (block,) = all_of(drawn(Text("run `iisreset` on <ndes-fqdn> now")), "RichTextBlock")
    looks = {run["text"]: {name: value for name, value in run.items() if name != "text"} for run in block["inlines"]}
    assert looks["iisreset"] == {"type": "TextRun", "fontType": "Monospace"}
    assert looks["<ndes-fqdn>"] == {"type": "TextRun", "italic": True, "color": "Accent"}


def test_the_marked_words_of_a_quote_differ_by_more_than_colour() -> None:
    card = drawn(Quote((Piece("before\nx ", False), Piece("decided", True))))
    marked = [run for run in all_of(card, "TextRun") if run.get("highlight")]
    assert [run["text"] for run in marked] == ["decided"]
    assert marked[0]["weight"] == "Bolder"
    assert all(run["fontType"] == "Monospace" for run in all_of(card, "TextRun"))


def test_no_run_begins_or_ends_with_a_line_break() -> None:
    card = drawn(Text("one\r\ntwo\n\nthree"), Quote((Piece("a\n", True), Piece("\nb", False))))
    assert [run["text"] for run in all_of(card, "TextRun")] == ["one", "two", "three", "a", "b"]


def test_a_long_command_stands_on_a_line_of_its_own() -> None:
    steps = Steps(("Run `certutil -verify -urlfetch client.cer`", "Run `iisreset`"))
    assert words_of(drawn(steps)["body"])[2:] == [
        "1.",
        "Run this command:",
        "certutil -verify -urlfetch client.cer",
        "2.",
        "Run iisreset",
    ]


def test_a_step_of_the_six_is_said_in_words_and_drawn() -> None:
    words = words_of(drawn(StepBar(3, "Enrolment"))["body"])
    assert words[2] == "Step 3 of 6 · Enrolment · NDES asks the policy module  ■■■□□□"


def test_a_fold_is_opened_and_closed_by_its_title_row() -> None:
    card = drawn(Fold("One", "hint", (Text("inside one"),), open=True), Fold("Two", "3", (Text("inside two"),)))
    shown = {element["id"]: element.get("isVisible", True) for element in walk(card) if "id" in element}
    rows = [row for row in all_of(card, "ColumnSet") if "selectAction" in row]
    assert [row["selectAction"]["type"] for row in rows] == ["Action.ToggleVisibility"] * 2
    first, second = (row["selectAction"]["targetElements"] for row in rows)
    assert [shown[name] for name in first] == [True, True, False]
    assert [shown[name] for name in second] == [False, False, True]
    assert set(first) | set(second) == set(shown)


def test_a_source_is_a_link_only_with_https_to_a_host() -> None:
    good = "https://a.example/b/c?d=e"
    bad = ["http://a.example", "https://", "https://a b.example", "https://x@y.example/", "javascript:alert(1)"]
    card = drawn(Sources(((good, "2026-01-02"), *((address, "") for address in bad))))
    assert [link["url"] for link in all_of(card, "Action.OpenUrl")] == [good]
    assert set(bad) <= set(words_of(card["body"]))


# --- choices ---------------------------------------------------------------------------------


def test_a_choice_is_a_button_for_new_clients_and_for_old_ones() -> None:
    (button,) = all_of(drawn(Choices("Which?", (("This", "explain this"),))), "Action.Execute")
    assert (button["title"], button["data"], button["mode"]) == ("This", {"press": "id-1"}, "primary")
    assert button["fallback"]["type"] == "Action.Submit"
    assert button["fallback"]["data"] == button["data"]


def test_what_a_choice_says_never_leaves_the_bot() -> None:
    message = render(Answer("t", "info", (Choices("Which?", (("This", "check secret-server"),)),)), ids())
    assert "secret-server" not in json.dumps(message.cards)


def test_labels_too_long_for_a_button_are_told_above_it_by_number() -> None:
    label = "Step 3, NDES asks the policy module (IIS log, NDESPlugin.log)"
    card = drawn(Choices("Where?", ((label, "a"), ("Elsewhere", "b"))))
    assert [button["title"] for button in all_of(card, "Action.Execute")] == [
        "1: Step 3, NDES asks the policy module…",
        "2: Elsewhere",
    ]
    assert f"1: {label}" in words_of(card["body"])


@pytest.mark.parametrize("many", [[6], [7], [30], [5, 1], [6, 2], [9, 9, 9], [1] * 9])
def test_a_message_has_six_buttons_and_lists_for_the_rest(many: list[int]) -> None:
    blocks = [Choices(f"Q{n}", tuple((f"{n}-{i}", "say") for i in range(options))) for n, options in enumerate(many)]
    card = drawn(*blocks)
    shown = all_of(card, "Action.Execute")
    assert len([button for button in shown if button["mode"] == "primary"]) <= 6
    offered = [button["data"]["press"] for button in shown if "press" in button["data"]]
    offered += [choice["value"] for field in all_of(card, "Input.ChoiceSet") for choice in field["choices"]]
    assert sorted(offered) == sorted(f"id-{n}" for n in range(1, sum(many) + 1))
    if sum(many) <= 6:
        assert not all_of(card, "Input.ChoiceSet")


def test_the_id_is_read_from_a_button_and_from_a_list() -> None:
    assert pressed({"press": "id-1"}) == "id-1"
    assert pressed({"from": "choice-1", "choice-1": "id-9"}) == "id-9"
    for broken in ({}, {"press": 7}, {"from": "choice-1"}, {"from": ["x"], "press": ""}, {"from": "from"} | {"x": 1}):
        assert pressed(broken) in (None, "from")


# --- foreign text ----------------------------------------------------------------------------

MARKUP = [
    "[a](https://evil.example)",
    "![a](https://evil.example/a.png)",
    "**bold** _it_ ~~gone~~",
    "- item\n* item\n1. item\n# head",
    "<at>Everybody</at>",
    "{{DATE(2026-11-21T10:00:00Z, SHORT)}} {{TIME(2026-11-21T10:00:00Z)}}",
    "<b>x</b> &amp; <script>alert(1)</script>",
    "`code` https://evil.example www.evil.example",
]


def everywhere(word: str) -> tuple[Block, ...]:
    """Every kind of block, with the word wherever there are words."""
    return (
        Text(word),
        Caution(word),
        StepBar(None, word),
        StepBar(1, word),
        Quote((Piece(word, False), Piece(word, True))),
        Steps((word, f"`{word}`")),
        Facts(((word, word),)),
        Fold(word, word, (Text(word),)),
        Choices(word, ((word, word),)),
        Sources(((word, word), (f"https://x.example/{word}", word))),
        Heading(word, "problem"),
    )


@pytest.mark.parametrize("word", MARKUP)
def test_foreign_words_stand_where_no_client_reads_markup(word: str) -> None:
    message = render(Answer(word, "info", everywhere(word)), ids())
    for part in walk(list(message.cards)):
        assert part.get("type") not in ("FactSet", "Image", "Media", "Mention")
        assert "entities" not in part
        assert not any("{{" in value for value in part.values() if isinstance(value, str) and "url" not in part)
        if part.get("type") == "TextBlock":
            assert not set(part["text"]) & set("[]*<>`#{}&~!|\\")
        if part.get("type") == "TextRun":
            assert "selectAction" not in part
    for spoken in (message.text, message.cards[0]["speak"], message.cards[0]["fallbackText"]):
        assert not set(spoken) & set("[]*<>`#{}&~!|\\")
        assert "//" not in spoken


@pytest.mark.parametrize("word", MARKUP)
def test_foreign_words_are_shown_letter_by_letter(word: str) -> None:
    shown = "".join(words_of(drawn(Quote((Piece(word, False),)))["body"]))
    assert word.replace("\n", "") in shown


def test_what_turns_the_direction_of_writing_is_shown_by_its_number() -> None:
    assert "photo[U+202E]gnp.exe" in words_of(drawn(Quote((Piece("photo\u202egnp.exe", False),)))["body"])


# --- what does not fit -----------------------------------------------------------------------


def test_what_is_too_much_for_one_message_goes_on_in_the_next_which_names_its_part() -> None:
    inside = tuple(Text(f"sentence {n} " + "x" * 500) for n in range(60))
    message = render(Answer("Much", "problem", (Fold("All of it", "60", inside, open=True), Text("the end"))), ids())
    assert len(message.cards) > 1
    for number, card in enumerate(message.cards, 1):
        words = words_of(card["body"])
        assert words[:3] == ["Problem", "Much", f"Part {number} of {len(message.cards)}"]
        assert ("continued" in words) == (number > 1)
    shown = visible(message)
    places = [shown.index(f"sentence {n} ") for n in range(60)]
    assert places == sorted(places)
    assert shown.endswith("the end")


def test_a_fold_that_fits_into_the_next_message_is_not_cut() -> None:
    folds = tuple(Fold(f"Fold {n}", "", (Text("y" * 9_000),)) for n in range(6))
    message = render(Answer("Much", "problem", folds), ids())
    assert len(message.cards) > 1
    assert "continued" not in words_of([card["body"] for card in message.cards])


def test_a_further_problem_is_told_in_one_message_or_named_in_each() -> None:
    small = (Heading("The second", "problem"), Text("z" * 9_000))
    first, second = render(Answer("The first", "problem", (Text("y" * 22_000), *small)), ids()).cards
    assert "The second" not in words_of(first["body"])
    assert "The second" in words_of(second["body"])
    many = render(Answer("The first", "problem", (Heading("The second", "problem"), Text("z" * 60_000))), ids())
    assert ["The second" in words_of(card["body"]) for card in many.cards] == [True] * len(many.cards)


# --- beside answers --------------------------------------------------------------------------


def test_a_hit_shows_what_the_entry_says_and_asks_for_the_whole() -> None:
    said: list[str] = []
    hit = teams.hit(
        "The pool is `stopped`", "Say <b>what</b> " * 200, "explain pool", lambda say: said.append(say) or "id"
    )
    assert said == ["explain pool"]
    assert hit["preview"]["content"]["title"] == "The pool is stopped"
    assert "<" not in json.dumps(hit["preview"])
    assert len(json.dumps(hit)) * 2 < 28 * 1024
    found = teams.found([hit] * 40)["composeExtension"]
    assert (found["type"], len(found["attachments"])) == ("result", 25)


def test_a_search_that_finds_nothing_says_so() -> None:
    assert teams.found([])["composeExtension"]["type"] == "message"


def test_in_a_dialog_every_button_is_one_that_dialogs_know() -> None:
    said = teams.dialog("Diagnosis <x>", drawn(Choices("Which?", (("This", "a"),))))
    value = said["task"]["value"]
    assert (said["task"]["type"], value["title"]) == ("continue", "Diagnosis x")
    assert [button["data"] for button in all_of(said, "Action.Submit")] == [{"press": "id-1"}]
    assert not all_of(said, "Action.Execute")


def test_a_file_is_offered_and_shown_where_it_was_put() -> None:
    asked = teams.file_consent("answer.txt", 1234, "id-1")
    assert asked["content"]["sizeInBytes"] == 1234
    assert asked["content"]["acceptContext"] == asked["content"]["declineContext"] == {"press": "id-1"}
    shown = teams.file_sent("answer.txt", "u-1", "https://tenant.sharepoint.com/answer.txt")
    assert shown["content"] == {"uniqueId": "u-1", "fileType": "txt"}
