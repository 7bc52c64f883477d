"""An answer in a terminal: colours are ours alone, foreign text is only text."""

import re
from io import StringIO

import pytest
from rich.console import Console

from bot.types import (
    Answer,
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
from connectors.render.terminal import show


def shown(answer: Answer, *, width: int = 400, styles: bool = False) -> str:
    console = Console(
        file=StringIO(), record=True, width=width, force_terminal=True, color_system="standard", legacy_windows=False
    )
    show(answer, console)
    return console.export_text(styles=styles)


BLOCKS = [
    (Text("prose"), ["prose"]),
    (Caution("careful"), ["careful"]),
    (StepBar(4, "Enrolment"), ["Step 4 of 6", "Enrolment"]),
    (StepBar(None, "PKI"), ["PKI"]),
    (Quote((Piece("left", False), Piece("right", True))), ["leftright"]),
    (Steps(("do this", "then that")), ["1.", "do this", "2.", "then that"]),
    (Facts((("Risk", "low"),)), ["Risk", "low"]),
    (Fold("outside", "hint", (Text("inside"),)), ["outside", "hint", "inside"]),
    (Choices("Which?", (("label", "explain it"),)), ["Which?", "label", "explain it"]),
    (Sources((("https://example.com/x", "2026-01-02"),)), ["https://example.com/x", "2026-01-02"]),
    (Heading("more", "success"), ["more", "All is well"]),
]


@pytest.mark.parametrize(("block", "words"), BLOCKS, ids=lambda part: type(part).__name__)
def test_every_kind_of_block_is_shown(block: object, words: list[str]) -> None:
    text = shown(Answer("title", "problem", (block,)))  # type: ignore[arg-type]
    assert "Problem" in text
    assert "title" in text
    assert [word for word in words if word not in text] == []


MARKUP = ["[red]not red[/red]", "[bold]x", "[/nothing]", "[link=https://example.com]y[/link]", ":warning:", "\\[x]"]


@pytest.mark.parametrize("foreign", MARKUP)
def test_markup_in_foreign_text_is_shown_as_it_is(foreign: str) -> None:
    blocks = (
        Text(foreign),
        Caution(foreign),
        Quote((Piece(foreign, True), Piece(foreign, False))),
        Steps((foreign,)),
        Facts(((foreign, foreign),)),
        Fold(foreign, foreign, (Text(foreign),)),
        Choices(foreign, ((foreign, foreign),)),
        Sources(((foreign, foreign),)),
        Heading(foreign, "info"),
        StepBar(None, foreign),
    )
    text = shown(Answer(foreign, "info", blocks))
    assert text.count(foreign) == 1 + 2 + 2 + 1 + 2 + 3 + 3 + 2 + 1 + 1


def test_a_row_name_with_markup_does_not_break_a_table() -> None:
    assert "[/bad] name" in shown(Answer("t", "info", (Facts((("[/bad] name", "[/worse] value"),)),)))


CONTROLS = [
    "\x1b[31m",
    "\x1b]0;owned\x07",
    "\x07",
    "\x9b31m",
    "\x00",
    "\x08",
    "\x7f",
    "\r",
    "\u202e",
    "\u2067",
    "\u200e",
]


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_control_characters_of_foreign_text_never_reach_the_terminal(control: str) -> None:
    foreign = f"a{control}b"
    blocks = (
        Text(foreign),
        Quote((Piece(foreign, True),)),
        Facts(((foreign, foreign),)),
        Fold(foreign, foreign, (Steps((foreign,)),)),
        Choices(foreign, ((foreign, foreign),)),
        Sources(((foreign, foreign),)),
        Heading(foreign, "info"),
        StepBar(None, foreign),
    )
    raw = StringIO()
    show(Answer(foreign, "info", blocks), Console(file=raw, width=200, color_system=None, force_terminal=False))
    assert control[0] not in raw.getvalue()


def test_decisive_words_stand_out_by_colour() -> None:
    text = shown(Answer("t", "info", (Quote((Piece("plain ", False), Piece("decided", True))),)), styles=True)
    before = text[: text.index("decided")]
    assert before.endswith("m")
    assert "43" in before[-12:]


def test_the_current_step_stands_out_by_colour() -> None:
    assert re.search(r"\x1b\[[0-9;]*47m 3 ", shown(Answer("t", "info", (StepBar(3, "Enrolment"),)), styles=True))


def test_nothing_is_lost_in_a_narrow_terminal() -> None:
    words = [f"word{i}" for i in range(60)]
    text = shown(Answer("t", "info", (Text(" ".join(words)), Steps((" ".join(words),)))), width=30)
    assert all(text.count(word) >= 2 for word in words)


def test_a_long_command_is_not_cut_off_in_a_terminal_of_80_columns() -> None:
    say = "explain policy-module-thumbprint-stale-after-renewal"
    label = "The thumbprint in the registry is of the certificate before the renewal"
    text = shown(Answer("t", "info", (Choices("Which?", ((label, say),)),)), width=80)
    squeezed = "".join(text.split())
    assert "".join(say.split()) in squeezed
    assert all(word in text for word in label.split())


def test_an_option_is_told_as_a_command_that_the_command_line_knows() -> None:
    options = (("One", "explain one"), ("Again", "check ndes01"), ("I fixed it", "fixed ndes01"))
    text = shown(Answer("t", "info", (Choices("Which?", options),)))
    assert "ndesbot explain one" in text
    assert "ndesbot check ndes01" in text
    assert "ndesbot fixed" not in text
