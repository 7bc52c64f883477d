"""An answer as plain text: nothing is lost, nothing foreign is obeyed."""

import re
from html import unescape
from io import StringIO

import pytest
from rich.console import Console

from bot.answer import answer_paste, explain
from bot.types import (
    STEP_NAMES,
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
)
from connectors.render import html, terminal
from connectors.render.text import TONES, one_line, printable, render
from knowledge.codes import Codes
from knowledge.library import Library

EVERY_KIND = Answer(
    "The title",
    "problem",
    (
        StepBar(3, "Enrolment"),
        StepBar(None, "Application proxy"),
        Quote((Piece("before ", False), Piece("decided", True), Piece(" after", False))),
        Text("Some prose with `code` in it"),
        Caution("Mind the gap"),
        Facts((("Name", "value"), ("Other", "second"))),
        Fold(
            "Outer fold",
            "outer hint",
            (Steps(("first thing", "second thing")), Fold("Inner fold", "inner hint", (Text("deep words"),))),
        ),
        Choices("Which one?", (("This label", "explain this-one"), ("That label", "explain that-one"))),
        Heading("A further problem", "success"),
        Picture(b"png", "One bar, half of it red"),
        Sources((("https://example.com/a/b/page", "2026-11-20"), ("field experience", "2026-11-21"))),
    ),
)
PASTES = [
    "POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - NDES_Plugin - 403 16 2148204809 31",
    "NDESPlugin.log: Error 12175, WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID "
    "/CertificateRegistrationSvc/ VerifyRequest",
    "Source: Microsoft-Windows-NetworkDeviceEnrollmentService\nEvent ID: 31\nThe Network Device Enrollment Service "
    "cannot submit the certificate request (0x800706ba). The RPC server is unavailable.",
    "Denied by Policy Module 0x80094012 <b>&amp; [red]markup[/red]",
    "GET /certsrv/mscep/mscep.dll - 443 - 10.0.0.4 Mozilla - 403 0 0 15",
    "12175",
    "0x800B0109",
    "1000",
    "nothing works since monday",
    "",
    "HTTP Error 404.11 on /certsrv/mscep/mscep.dll",
    "HTTP Error 503. The service is unavailable. /certsrv/mscep/mscep.dll",
    "POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - NDES_Plugin - 403 16 2148204809 31\n\n"
    "and on the CA: Denied by Policy Module 0x80094012",
]
EXPLAINED = ["12175", "policy-module-403-16", "scep-flow-overview"]


def strings(block: Block | Answer) -> list[str]:
    """Every word a block shows; a step also by its name, a choice also by what it says."""
    match block:
        case Answer(title, tone, blocks):
            return [title, TONES[tone], *(word for inner in blocks for word in strings(inner))]
        case Text(text) | Caution(text):
            return [text]
        case Heading(text, tone):
            return [text, TONES[tone]]
        case StepBar(step, area):
            return [area] + ([f"Step {step} of 6", STEP_NAMES[step - 1]] if step else [])
        case Quote(pieces):
            return [piece.text for piece in pieces]
        case Steps(items):
            return list(items)
        case Facts(rows) | Sources(rows):
            return [word for row in rows for word in row]
        case Picture(_, alt):
            return [alt]
        case Fold(title, hint, blocks):
            return [title, hint, *(word for inner in blocks for word in strings(inner))]
        case Choices(question, options):
            return [question, *(word for option in options for word in option)]


def squeezed(text: str) -> str:
    """Without what surfaces may change: white space, backticks, borders, marks around decisive words."""
    return re.sub(r"[\s`|│>‎<]+", "", text)


def in_terminal(answer: Answer) -> str:
    console = Console(file=StringIO(), record=True, width=6000)
    terminal.show(answer, console)
    return console.export_text(clear=False)


def in_html(answer: Answer) -> str:
    """What a page holds: its words and, for addresses and commands, its attributes."""
    fragment = html.render(answer)
    attributes = " ".join(re.findall(r'(?:href|data-say|title|alt|aria-label)="([^"]*)"', fragment))
    return unescape(re.sub(r"<[^>]*>", "", fragment)) + unescape(attributes)


SURFACES = {"text": render, "terminal": in_terminal, "html": in_html}


@pytest.fixture(scope="module")
def answers(library: Library, codes: Codes) -> list[Answer]:
    found = [answer_paste(paste, library=library, codes=codes) for paste in PASTES]
    found += [explain(word, library=library, codes=codes) for word in EXPLAINED]
    return [answer for answer in found if answer]


@pytest.mark.parametrize("surface", SURFACES)
def test_every_fact_of_an_answer_is_on_every_surface(answers: list[Answer], surface: str) -> None:
    assert len(answers) >= 15
    for answer in answers:
        shown = squeezed(SURFACES[surface](answer))
        assert [word for word in strings(answer) if squeezed(word) not in shown] == [], answer.title


@pytest.mark.parametrize("surface", SURFACES)
def test_every_kind_of_block_is_shown_on_every_surface(surface: str) -> None:
    shown = squeezed(SURFACES[surface](EVERY_KIND))
    assert [word for word in strings(EVERY_KIND) if squeezed(word) not in shown] == []


def test_decisive_words_are_marked() -> None:
    assert "| before >>decided<< after" in render(EVERY_KIND).splitlines()


def test_things_to_do_are_numbered_and_deeper_blocks_stand_further_in() -> None:
    lines = render(EVERY_KIND).splitlines()
    assert "  1. first thing" in lines
    assert "  2. second thing" in lines
    assert "    deep words" in lines


def test_every_tone_is_a_word() -> None:
    for tone, word in TONES.items():
        assert render(Answer("t", tone)) == f"[{word}] t\n"


CONTROLS = "".join(chr(i) for i in [*range(9), *range(11, 32), *range(0x7F, 0xA0)])


def test_control_and_escape_characters_of_foreign_text_are_neutralised() -> None:
    foreign = f"\x1b[31mred\x1b]0;title\x07 {CONTROLS} end"
    answer = Answer(foreign, "info", (Quote((Piece(foreign, True),)), Text(foreign), Facts(((foreign, foreign),))))
    shown = render(answer)
    assert not set(shown) & set(CONTROLS)
    assert "end" in shown


def test_what_turns_the_direction_of_writing_is_shown_by_its_number() -> None:
    assert printable("photo\u202egnp.exe") == "photo[U+202E]gnp.exe"
    assert printable("".join(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))).isascii()


def test_the_marks_that_windows_puts_around_a_date_are_left_out() -> None:
    assert printable("\u200e11/\u200e20/\u200e2026") == "11/20/2026"


def test_foreign_text_stays_one_line_where_one_is_promised() -> None:
    assert one_line("bad\x1b[31m\nfile\u2028name\t\u202e") == "bad [31m file name [U+202E]"


def test_an_option_is_told_as_a_person_types_it() -> None:
    options = (("One", "explain one"), ("Again", "check ndes01"), ("I fixed it", "fixed ndes01"))
    shown = render(Answer("t", "info", (Choices("Which?", options),)))
    assert "- One  ->  ndesbot explain one\n" in shown
    assert "- Again  ->  ndesbot check ndes01\n" in shown
    assert "- I fixed it  ->  fixed ndes01\n" in shown


def test_printable_keeps_what_is_no_control_character() -> None:
    text = "Straße\t→ \U0001f600 日本\nnext"
    assert printable(text) == text


def test_a_carriage_return_cannot_overwrite_a_line() -> None:
    assert "\r" not in render(Answer("t", "info", (Quote((Piece("bad\rgood", False),)),)))


def test_a_quote_of_several_lines_keeps_them_behind_the_bar() -> None:
    shown = render(Answer("t", "info", (Quote((Piece("one\ntwo\n[Problem] three", False),)),)))
    assert shown.splitlines()[1:] == ["| one", "| two", "| [Problem] three"]
