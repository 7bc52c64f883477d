"""Every block must survive as HTML, and no word of a paste may become markup."""

import re
from html.parser import HTMLParser

import pytest

from bot.types import (
    STEP_NAMES,
    Answer,
    Block,
    Caution,
    Choices,
    Document,
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
from connectors.render.html import render
from connectors.render.text import TONES
from knowledge.library import Library

HOSTILE = "<img src=x onerror=alert(1)>\"'&</pre></div><script>alert(2)</script>"

EVERY_KIND_HOSTILE: tuple[Block, ...] = (
    Text(HOSTILE),
    Text(f"`{HOSTILE}`"),
    Caution(HOSTILE),
    StepBar(None, HOSTILE),
    StepBar(1, HOSTILE),
    Quote((Piece(HOSTILE, False), Piece(HOSTILE, True))),
    Steps((HOSTILE, f"`{HOSTILE}`")),
    Facts(((HOSTILE, HOSTILE),)),
    Fold(HOSTILE, HOSTILE, (Text(HOSTILE),)),
    Choices(HOSTILE, ((HOSTILE, HOSTILE),)),
    Sources((("https://x.example/" + HOSTILE, HOSTILE), (HOSTILE, HOSTILE), ("javascript:alert(1)", ""))),
    Heading(HOSTILE, "problem"),
    Picture(HOSTILE.encode(), HOSTILE),
    Document(HOSTILE, HOSTILE.encode(), HOSTILE),
)


class _Seen(HTMLParser):
    """What a parser finds in a fragment: tags with attributes, the words, and whether every tag is closed in turn."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.open: list[str] = []
        self.feed(fragment)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "img":  # which has no end
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def _seen(*blocks: Block, title: str = "A title", tone: Tone = "info") -> _Seen:
    seen = _Seen(render(Answer(title, tone, blocks)))
    assert seen.open == []
    return seen


def test_no_hostile_word_becomes_markup_in_any_block() -> None:
    seen = _seen(*EVERY_KIND_HOSTILE, title=HOSTILE)
    assert "script" not in {tag for tag, _ in seen.tags}
    (picture,) = seen.all("img")
    assert (set(picture), picture["alt"]) == ({"src", "alt"}, HOSTILE)
    assert re.fullmatch(r"data:image/png;base64,[A-Za-z0-9+/]+=*", picture["src"] or "")
    assert not [name for _, attributes in seen.tags for name in attributes if name.startswith("on")]
    (document,) = [link for link in seen.all("a") if "download" in link]
    assert re.fullmatch(r"data:application/octet-stream;base64,[A-Za-z0-9+/]+=*", document["href"] or "")
    assert all((link["href"] or "").startswith("https://") for link in seen.all("a") if link != document)


def test_every_block_kind_is_among_the_hostile_ones() -> None:
    assert {type(block) for block in EVERY_KIND_HOSTILE} == set(Block.__args__)


def test_a_hostile_paste_is_shown_letter_by_letter() -> None:
    assert HOSTILE in _seen(Quote((Piece(HOSTILE, True),))).words


@pytest.mark.parametrize("tone", ["problem", "success", "info", "unsure", "unknown"])
def test_the_tone_is_said_in_words(tone: Tone) -> None:
    assert TONES[tone] in _seen(tone=tone).words


def test_the_title_is_a_heading_and_a_further_problem_is_one_too() -> None:
    fragment = render(Answer("First", "problem", (Heading("Second", "success"),)))
    assert "<h2>First</h2>" in fragment
    assert "<h2>Second</h2>" in fragment
    assert "All is well" in fragment


def test_backticks_become_code() -> None:
    assert "run <code>iisreset</code> now" in render(Answer("t", "info", (Text("run `iisreset` now"),)))


def test_a_lonely_backtick_stays_a_backtick() -> None:
    assert "a ` b" in render(Answer("t", "info", (Text("a ` b"),)))


@pytest.mark.parametrize("words", ["ping <ndes-fqdn>", "`ping <ndes-fqdn>`", "<thumbprint>"])
def test_a_placeholder_is_marked(words: str) -> None:
    assert len([a for a in _seen(Text(words)).all("span") if a.get("class") == "placeholder"]) == 1


@pytest.mark.parametrize("words", ["<null>", "<LocURI>", "<Add>", "a < b-c > d"])
def test_words_in_brackets_that_are_no_placeholder_stay_plain(words: str) -> None:
    seen = _seen(Text(words))
    assert not seen.all("span")
    assert words in seen.words


def test_the_step_bar_names_every_step_and_marks_the_current_one() -> None:
    seen = _seen(StepBar(3, "Enrolment"))
    (bar,) = seen.all("ol")
    assert bar["aria-label"] == f"Step 3 of 6: {STEP_NAMES[2]}"
    assert [item.get("aria-current") for item in seen.all("li")] == [None, None, "step", None, None, None]
    assert all(name in seen.words for name in STEP_NAMES)


def test_a_step_bar_without_a_step_names_the_area() -> None:
    seen = _seen(StepBar(None, "PKI"))
    assert "PKI" in seen.words
    assert not seen.all("ol")


def test_the_words_that_decided_are_marked_inside_the_quote() -> None:
    fragment = render(Answer("t", "info", (Quote((Piece("\nGET ", False), Piece("403 16", True))),)))
    # A parser drops the first newline after <pre>; the second one is the paste's own.
    assert "<blockquote><pre>\n\nGET <mark>403 16</mark></pre></blockquote>" in fragment


COMMANDS = {
    "`Restart-Service CertSvc`": "Restart-Service CertSvc",
    "Run `iisreset`": "iisreset",
    "Run `net stop <domain>` on the CA; it takes a minute": "net stop <domain>",
    "`gpupdate /force`, then restart the server": "gpupdate /force",
    "`Restart-Service CertSvc` on the CA after that": "Restart-Service CertSvc",
    "`icacls C:\\Windows` as administrator": "icacls C:\\Windows",
}
SENTENCES = {
    "Each password counts once; `iisreset` makes all invalid": "Each password counts once; iisreset makes all invalid",
    "Do not point the values at `IPSECIntermediateOffline`": "Do not point the values at IPSECIntermediateOffline",
    "Run `net stop x` and `iisreset`": "Run net stop x and iisreset",
    "`certlm.msc` > Personal: renew that certificate": "certlm.msc > Personal: renew that certificate",
    "`Dalvik/2.1.0` and so on: Android": "Dalvik/2.1.0 and so on: Android",
    "Open https://`<ndes-fqdn>`/certsrv": "Open https://<ndes-fqdn>/certsrv",
    "Wait for Anna's answer": "Wait for Anna's answer",
}


@pytest.mark.parametrize(("step", "copied"), [*COMMANDS.items(), *SENTENCES.items()])
def test_a_step_copies_its_command_where_it_is_one_and_else_its_sentence(step: str, copied: str) -> None:
    (button,) = _seen(Steps((step,))).all("button")
    assert button["data-copy"] == copied


def test_the_copy_buttons_are_told_apart_by_their_names() -> None:
    seen = _seen(Steps(("one", "two")))
    assert [button["aria-label"] for button in seen.all("button")] == ["Copy step 1", "Copy step 2"]


def test_no_step_of_the_knowledge_copies_less_than_it_says_but_a_command(library: Library) -> None:
    """A second command, or the words that make of a name something not to do, must never be cut off."""
    causes = [cause for entry in library.entries.values() for cause in entry.causes]
    steps = {step for cause in causes for step in cause.fix.steps}
    for step in steps:
        (button,) = _seen(Steps((step,))).all("button")
        shown = step.replace("`", "")
        if button["data-copy"] != shown:
            assert step.count("`") == 2, step
            assert step.removeprefix("Run ").startswith(f"`{button['data-copy']}`"), step


# Control characters, and those that turn the direction of writing (what is written as gnp.exe reads as exe.png).
OBEYED = ["\x00", "\x07", "\x1b[31m", "\x7f", "\x9b31m", "\r", "\u202e", "\u202a", "\u2066", "\u2069", "\u200f"]


@pytest.mark.parametrize("obeyed", OBEYED, ids=ascii)
def test_what_a_screen_would_obey_reaches_no_block(obeyed: str) -> None:
    foreign = f"before{obeyed}after"
    blocks: tuple[Block, ...] = (
        Text(foreign),
        Caution(f"`{foreign}`"),
        StepBar(None, foreign),
        Quote((Piece(foreign, False), Piece(foreign, True))),
        Steps((foreign,)),
        Facts(((foreign, foreign),)),
        Fold(foreign, foreign, (Text(foreign),)),
        Choices(foreign, ((foreign, foreign),)),
        Sources((("https://x.example/" + foreign, foreign), (foreign, foreign))),
        Heading(foreign, "problem"),
    )
    fragment = render(Answer(foreign, "info", blocks))
    assert obeyed[0] not in fragment
    assert fragment.count("before") == fragment.count("after") > 20


def test_facts_are_a_list_of_names_and_values() -> None:
    assert "<dt>Risk</dt><dd><code>low</code></dd>" in render(Answer("t", "info", (Facts((("Risk", "`low`"),)),)))


@pytest.mark.parametrize(("opened", "expected"), [(True, {"class": "fold", "open": None}), (False, {"class": "fold"})])
def test_a_fold_is_open_only_where_it_says_so(opened: bool, expected: dict[str, str | None]) -> None:
    assert _seen(Fold("Cause", "risk low", (Text("x"),), open=opened)).all("details") == [expected]


def test_headings_of_nested_folds_go_down_step_by_step_and_end_at_six() -> None:
    fold = Fold("innermost", "", ())
    for depth in range(5):
        fold = Fold(str(depth), "", (fold,))
    tags = [tag for tag, _ in _seen(fold).tags if tag[0] == "h" and tag[1:].isdigit()]
    assert tags == ["h2", "h3", "h4", "h5", "h6", "h6", "h6"]


def test_choices_are_a_group_of_buttons_that_know_what_to_say() -> None:
    seen = _seen(Choices("Which?", (("This", "explain this-one"), ("That", "explain that-one"))))
    assert len(seen.all("fieldset")) == len(seen.all("legend")) == 1
    assert [button["data-say"] for button in seen.all("button")] == ["explain this-one", "explain that-one"]
    assert all(button["type"] == "button" for button in seen.all("button"))


def test_a_source_is_a_link_only_with_https() -> None:
    seen = _seen(
        Sources((("https://a.example/b/c", "2026-01-02"), ("http://a.example", "x"), ("field experience", "")))
    )
    (link,) = seen.all("a")
    assert link["href"] == "https://a.example/b/c"
    assert (link["rel"], link["target"]) == ("noreferrer noopener", "_blank")
    assert "field experience" in seen.words
    assert "http://a.example" in seen.words


def test_no_style_and_no_script_comes_with_an_answer() -> None:
    fragment = render(Answer("t", "info", EVERY_KIND_HOSTILE))
    assert not [a for _, attributes in _Seen(fragment).tags for a in attributes if a == "style"]
