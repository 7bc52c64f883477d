"""Slack's payloads: valid, within every limit, and nothing of foreign text that Slack would obey.

`ANSWERS=100000 .venv/bin/pytest tests/render/test_slack.py -k any_answer` tries that many random answers."""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block as SdkBlock
from slack_sdk.models.views import View

from bot.answer import explain
from bot.diary import Expiry
from bot.findings import Server, Verdict
from bot.servers import server_from
from bot.types import (
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
    Tone,
)
from connectors.render.forms import MISSING, REGISTER, Field, Form, server_fields
from connectors.render.slack import (
    Asked,
    SlackMessage,
    Standing,
    filled_in,
    home,
    modal,
    refused,
    render,
    unfurl,
)
from connectors.render.slack.fallback import fallback
from connectors.render.text import TONES
from knowledge.codes import Codes
from knowledge.library import Library
from tests.fakes import NOON
from tests.render.answers import ANY_ANSWER, HOSTILE, real
from tests.render.goldens import assert_golden
from tests.render.slack_limits import breaches_of_message, breaches_of_unfurl, breaches_of_view
from tests.render.surfaces import as_json, press

MANY = int(os.environ.get("ANSWERS", "300"))
OURS = {"x", "white_check_mark", "information_source", "large_yellow_circle", "grey_question", "warning"} | {
    "page_facing_up"
}
patient = settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))


def said(*blocks: Block, title: str = "A title", tone: Tone = "info") -> SlackMessage:
    return render(Answer(title, tone, blocks), press)


def elements(value: Any) -> Iterator[dict[str, Any]]:
    """Everything with a type in a payload."""
    if isinstance(value, dict):
        if "type" in value:
            yield value
        for inner in value.values():
            yield from elements(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from elements(inner)


def words(message: SlackMessage) -> str:
    return "".join(element["text"] for element in elements(message.blocks) if isinstance(element.get("text"), str))


def assert_taken_by_the_sdk(blocks: Any) -> None:
    """Slack's own models take every block, and know every word in it."""
    for block in blocks:
        parsed = SdkBlock.parse(block)
        assert parsed is not None
        parsed.validate_json()
        assert parsed.to_dict() == block


# --- any answer ------------------------------------------------------------------------------


@patient
@given(answer=ANY_ANSWER)
def test_any_answer_keeps_every_limit_obeys_no_foreign_word_and_says_where_it_was_cut(answer: Answer) -> None:
    message = render(answer, press)
    assert breaches_of_message(message.text, list(message.blocks)) == []
    assert_taken_by_the_sdk(message.blocks)
    addresses = {where for where, _ in _sources(answer.blocks)}
    for element in elements(message.blocks):
        assert element["type"] not in (
            "mrkdwn",
            "user",
            "usergroup",
            "broadcast",
            "channel",
            "date",
            "image",
            "markdown",
        )
        assert element["type"] != "emoji" or element["name"] in OURS
        assert element["type"] != "link" or element["url"] in addresses
    assert ("whole answer is in the text file" in words(message)) == (message.rest is not None)


def _sources(blocks: tuple[Block, ...]) -> Iterator[tuple[str, str]]:
    for block in blocks:
        if isinstance(block, Sources):
            yield from block.items
        elif isinstance(block, Fold):
            yield from _sources(block.blocks)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_words_are_shown_letter_by_letter(hostile: str) -> None:
    shown = words(said(Quote((Piece(f"a{hostile}b", True),))))
    assert (
        hostile.replace("\r\n", "\n").replace("\x1b", " ").replace("\x07\x00", "  ").replace("\u202e", "[U+202E]")
        in shown
    )


def test_real_answers_are_valid_and_within_every_limit(library: Library, codes: Codes) -> None:
    answers = {
        **real(library, codes),
        **{name: explain(name, library=library, codes=codes) for name in library.entries},
    }
    for name, answer in answers.items():
        assert answer is not None
        message = render(answer, press)
        assert breaches_of_message(message.text, list(message.blocks)) == [], name
        assert_taken_by_the_sdk(message.blocks)


def test_hardly_any_entry_has_to_be_cut_and_none_in_what_comes_first(library: Library, codes: Codes) -> None:
    pages = [explain(name, library=library, codes=codes) for name in library.entries]
    cut = [message for page in pages if page and (message := render(page, press)).rest]
    assert len(cut) <= len(pages) * 0.04
    assert not [message for message in cut if "some " in words(message).partition("Left out here:")[2]]


# --- how it reads ----------------------------------------------------------------------------


def test_the_title_is_large_and_the_tone_is_a_word() -> None:
    for tone, word in TONES.items():
        first, second = said(title="It `broke`", tone=tone).blocks  # type: ignore[arg-type]
        assert first["elements"][0]["elements"][1] == {"type": "text", "text": f" {word}", "style": {"bold": True}}
        assert second == {"type": "header", "text": {"type": "plain_text", "text": "It broke", "emoji": False}}


def test_a_title_too_long_for_large_words_stands_whole_in_bold_ones() -> None:
    title = "word " * 40 + "end"
    (first,) = said(title=title).blocks
    assert first["elements"][1]["elements"] == [{"type": "text", "text": title, "style": {"bold": True}}]


def test_an_answer_without_a_title_is_called_by_its_tone() -> None:
    assert said(title=" \n", tone="unknown").blocks[1]["text"]["text"] == "Unknown"


def test_code_and_placeholders_are_code() -> None:
    (line,) = said(Text("run `iisreset` on <ndes-fqdn>, not <null>")).blocks[2]["elements"]
    code = {"code": True}
    assert [(part["text"], part.get("style")) for part in line["elements"]] == [
        ("run ", None),
        ("iisreset", code),
        (" on ", None),
        ("<ndes-fqdn>", code),
        (", not <null>", None),
    ]


def test_the_words_that_decided_are_bold_in_the_quote() -> None:
    _, quote = said(Quote((Piece("GET ", False), Piece("403 16", True)))).blocks[2]["elements"]
    assert quote == {
        "type": "rich_text_quote",
        "elements": [
            {"type": "text", "text": "GET "},
            {"type": "text", "text": "403 16", "style": {"bold": True}},
        ],
    }


def test_the_step_is_told_in_text() -> None:
    assert "○●○○○○  Step 2 of 6 · The device reaches NDES · Enrolment" in words(said(StepBar(2, "Enrolment")))
    assert words(said(StepBar(None, "PKI"))).endswith("PKI")


def test_a_long_command_stands_alone_and_the_numbers_go_on() -> None:
    command = "certutil -verify -urlfetch client.cer"
    lines = said(Steps(("Export it", f"Run `{command}` on the CA", "Run `iisreset`"))).blocks[2]["elements"]
    assert [line["type"] for line in lines] == ["rich_text_list", "rich_text_preformatted", "rich_text_list"]
    assert lines[0]["elements"][1]["elements"] == [{"type": "text", "text": "Run this command on the CA"}]
    assert lines[1]["elements"] == [{"type": "text", "text": command}]
    assert lines[2]["offset"] == 2


def test_a_single_command_is_nothing_but_itself() -> None:
    (line,) = said(Steps(("`Get-WebAppPoolState SCEP`",))).blocks[2]["elements"]
    assert line["type"] == "rich_text_preformatted"


@pytest.mark.parametrize(
    "value",
    ["`Get-ChildItem Cert:\\LocalMachine\\Root` lists one", "Put it back: `Get-ChildItem Cert:\\LocalMachine\\Root`"],
)
def test_a_long_command_of_a_fact_stands_alone_too(value: str) -> None:
    lines = said(Facts((("To undo", value), ("Risk", "low")))).blocks[2]["elements"]
    assert [line["type"] for line in lines] == ["rich_text_section", "rich_text_preformatted", "rich_text_section"]


@pytest.mark.parametrize(
    "value", ["`Trying to enroll certificate request` is the call", "The page `Application Pools`"]
)
def test_code_that_is_no_command_stays_in_its_sentence(value: str) -> None:
    assert [line["type"] for line in said(Text(value), Facts((("a", value),))).blocks[3]["elements"]] == [
        "rich_text_section"
    ]


def test_a_fold_is_shown_as_one_block() -> None:
    fold = Fold("Cause", "Cause 1 of 2 · risk low", (Caution("Careful"), Steps(("Do it",)), Facts((("Risk", "low"),))))
    message = said(fold)
    assert len(message.blocks) == 3
    assert "Cause\nCause 1 of 2 · risk low" in words(message)


def test_a_further_problem_begins_after_a_line() -> None:
    assert [block["type"] for block in said(Heading("Second", "problem")).blocks[2:]] == ["divider", "rich_text"]
    assert " Problem: Second" in words(said(Heading("Second", "problem")))


def test_only_sources_are_links() -> None:
    message = said(
        Text("https://evil.example"), Sources((("https://learn.microsoft.com/a/b/c", "2026-01-02"), ("a book", "")))
    )
    links = [element for element in elements(message.blocks) if element["type"] == "link"]
    assert [(link["url"], link["text"]) for link in links] == [
        ("https://learn.microsoft.com/a/b/c", "learn.microsoft.com/…/c")
    ]
    assert " · read 2026-01-02\na book" in words(message)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://a b", "https://u@evil.example", "https://a/<b>"])
def test_a_strange_address_is_no_link(address: str) -> None:
    assert not [element for element in elements(said(Sources(((address, ""),))).blocks) if element["type"] == "link"]


# --- choices ---------------------------------------------------------------------------------


def test_few_choices_are_buttons_with_opaque_ids() -> None:
    message = said(Choices("Which?", (("One", "explain one"), ("Two", "explain two"))))
    buttons = message.blocks[-1]["elements"]
    assert [(button["text"]["text"], button["value"]) for button in buttons] == [
        ("One", press("explain one")),
        ("Two", press("explain two")),
    ]
    assert "explain" not in str(message.blocks)


def test_many_choices_are_a_menu() -> None:
    (menu,) = said(Choices("Which?", tuple((f"Server {i}", f"check {i}") for i in range(6)))).blocks[-1]["elements"]
    assert menu["type"] == "static_select"
    assert menu["placeholder"]["text"] == "Which?"
    assert len(menu["options"]) == 6


def test_more_choices_than_a_menu_takes_are_told_in_the_file() -> None:
    message = said(Choices("Which?", tuple((f"Server {i}", f"check {i}") for i in range(130))))
    (menu,) = message.blocks[2 + 1]["elements"]
    assert len(menu["options"]) == 100
    assert "Server 129" in (message.rest or "")


def test_labels_too_long_for_a_phone_stand_above_the_buttons() -> None:
    long = "The NDES account may not enrol for the SCEP template"
    message = said(Choices("Which?", ((long, "a"), ("Short", "b"))))
    assert long in words(message)
    first, second = message.blocks[-1]["elements"]
    assert (first["text"]["text"], second["text"]["text"]) == ("1. The NDES account may not …", "2. Short")


def test_a_lone_label_too_long_for_a_button_stands_above_it_without_a_number() -> None:
    long = "word " * 20 + "end"
    lines, row = said(Choices("The whole page", ((long, "a"),))).blocks[2:]
    assert [line["elements"][0]["text"] for line in lines["elements"]] == ["The whole page", long]
    assert row["elements"][0]["text"]["text"] == "word " * 13 + "word …"


def test_a_question_without_choices_is_just_asked() -> None:
    assert words(said(Choices("Which?", ()))).endswith("Which?")


# --- what does not fit -----------------------------------------------------------------------


def test_what_matters_less_is_left_out_first_and_named() -> None:
    filler = tuple(Text("word " * 300) for _ in range(6))
    message = said(
        *filler, Fold("Closed", "1", (Text("word " * 550),)), Text("At the end"), Choices("Next?", (("Go", "go"),))
    )
    assert "At the end" in words(message)
    assert "Left out here: Closed." in words(message)
    assert message.rest is not None
    assert "word" in message.rest
    assert message.blocks[-2]["type"] == "actions"


def test_one_endless_text_is_cut_where_it_stands() -> None:
    message = said(Text("ä" * 100_000), Text("And this"))
    assert "ä …" in words(message)
    assert "And this" in words(message)
    assert "ä" * 100_000 in (message.rest or "")


def test_many_small_blocks_keep_to_fifty_in_all() -> None:
    message = said(*(Text(f"line {i}") for i in range(80)))
    assert len(message.blocks) == 50
    assert "line 79" in (message.rest or "")


@pytest.mark.parametrize(("length", "runs"), [(10, 1), (2000, 2)])
def test_neighbours_of_one_style_are_one_run_of_at_most_3000_characters(length: int, runs: int) -> None:
    quote = Quote((Piece("a" * length, False), Piece("b" * length, False)))
    assert len(said(quote).blocks[2]["elements"][1]["elements"]) == runs


def test_a_short_answer_needs_no_file() -> None:
    assert said(Text("Short")).rest is None


# --- the text beside the blocks --------------------------------------------------------------


def test_the_text_tells_the_whole_answer_for_those_who_listen() -> None:
    assert said(Text("Run `iisreset`"), tone="problem").text == "[Problem] A title\nRun iisreset"


def test_the_text_names_nobody_and_links_nothing() -> None:
    text = said(Text(" ".join(HOSTILE))).text
    assert breaches_of_message(text, [{"type": "divider"}]) == []
    assert "&lt;!channel&gt;" in text


def test_a_long_text_is_cut_in_bytes_and_says_so() -> None:
    text = said(Text("漢" * 5000)).text
    assert len(text.encode()) <= 4000
    assert text.endswith(" …")
    assert len(text.encode()) > 3500


# --- forms -----------------------------------------------------------------------------------


def assert_taken_as_view(view: dict[str, Any]) -> None:
    assert breaches_of_view(view) == []
    parsed = View(**view)
    parsed.validate_json()
    assert parsed.to_dict() == view
    assert_taken_by_the_sdk(view["blocks"])


@pytest.mark.parametrize("form", [REGISTER, MISSING], ids=lambda form: form.id)
def test_a_form_is_a_modal(form: Form) -> None:
    view = modal(form, carries="opaque")
    assert_taken_as_view(view)
    assert [block["block_id"] for block in view["blocks"][1:]] == [field.name for field in form.fields]
    assert_golden(f"view-slack-{form.id}.json", as_json(view))


def test_a_form_may_be_filled_in_before() -> None:
    view = modal(REGISTER, filled={"name": "ndes01", "front": "app-proxy", "module": "nonsense"})
    assert_taken_as_view(view)
    elements = {block["block_id"]: block["element"] for block in view["blocks"][1:]}
    assert elements["name"]["initial_value"] == "ndes01"
    assert elements["front"]["initial_option"]["value"] == "app-proxy"
    assert "initial_option" not in elements["module"]


def test_a_box_may_be_ticked() -> None:
    form = Form("f", "A form", "Send", (Field("inside", "Ask it from inside too", "yes", start="yes"),))
    view = modal(form)
    assert_taken_as_view(view)
    assert view["blocks"][0]["element"]["initial_options"] == view["blocks"][0]["element"]["options"]


def test_what_must_come_back_whole_is_not_cut() -> None:
    with pytest.raises(ValueError, match="at most 3000"):
        modal(MISSING, carries="x" * 3001)


def _submitted(**values: Any) -> dict[str, Any]:
    return {"state": {"values": {name: {"said": value} for name, value in values.items()}}}


def test_what_was_filled_in_becomes_a_server() -> None:
    option = {"text": {"type": "plain_text", "text": "Application proxy"}, "value": "app-proxy"}
    view = _submitted(
        name={"type": "plain_text_input", "value": "ndes01"},
        url={"type": "plain_text_input", "value": " https://ndes.example.org/certsrv/mscep/mscep.dll "},
        internal_name={"type": "plain_text_input", "value": None},
        front={"type": "static_select", "selected_option": option},
        connector={"type": "static_select", "selected_option": None},
        tags={"type": "plain_text_input", "value": "prod, emea,"},
    )
    server = server_from(server_fields(filled_in(view)))
    assert (server.name, server.front, server.tags, server.connector) == ("ndes01", "app-proxy", ("prod", "emea"), None)


def test_a_ticked_box_says_yes_and_an_empty_one_nothing() -> None:
    ticked = {"type": "checkboxes", "selected_options": [{"value": "yes"}]}
    assert filled_in(_submitted(a=ticked, b={"type": "checkboxes", "selected_options": []})) == {"a": "yes"}


def test_every_field_of_the_form_is_one_of_a_server() -> None:
    assert {field.name for field in REGISTER.fields} <= set(Server.__dataclass_fields__)


@pytest.mark.parametrize(
    ("reason", "field", "told"),
    [
        ("url: it must end at mscep.dll", "url", "it must end at mscep.dll"),
        ("A server of that name: it is there", "name", "A server of that name: it is there"),
        ("", "name", "Not understood."),
    ],
)
def test_a_refusal_stands_beneath_its_field(reason: str, field: str, told: str) -> None:
    assert refused(REGISTER, reason) == {"response_action": "errors", "errors": {field: told}}


# --- the home page ---------------------------------------------------------------------------


def _standing(name: str, verdict: Verdict | None = None, *, minutes: int = 5, summary: str = "") -> Standing:
    server = Server(name, f"https://{name}.example.org/certsrv/mscep/mscep.dll")
    return Standing(server, verdict, NOON - timedelta(minutes=minutes) if verdict else None, summary)


def _home(*standings: Standing, **more: Any) -> dict[str, Any]:
    view = home(standings, now=NOON, press=press, **more)
    assert_taken_as_view(view)
    return view


def _page(view: dict[str, Any]) -> str:
    parts = [element.get("text", element.get("fallback", "")) for element in elements(view)]
    return "".join(part for part in parts if isinstance(part, str))


def test_the_home_page_shows_the_worst_first_with_its_age() -> None:
    view = _home(
        _standing("new"),
        _standing("well", "ok", minutes=180),
        _standing("ill", "fail", summary="HTTP.sys answers 503 itself."),
        expiries=[
            Expiry("well", "tls", "well.example.org", NOON + timedelta(days=12), NOON),
            Expiry("ill", "ra", "for signing", NOON - timedelta(days=1), NOON),
        ],
        asked=[Asked("403.16 on VerifyRequest", "explain policy-module-403-16", NOON - timedelta(hours=3))],
        may_check=True,
        may_register=True,
    )
    page = _page(view)
    assert (
        page.index("ill: FAILED · 5 min ago") < page.index("well: well · 3 h ago") < page.index("new · not checked yet")
    )
    assert page.index("expired · ill · RA certificate for signing") < page.index(
        "in 12 days · well · TLS certificate of well.example.org"
    )
    assert "HTTP.sys answers 503 itself." in page
    assert_golden("view-slack-home.json", as_json(view))


def test_one_that_cannot_be_judged_comes_before_one_that_is_only_warned_of() -> None:
    page = _page(_home(_standing("a", "ok"), _standing("b", "warn"), _standing("c", "unknown"), _standing("d", "fail")))
    assert [page.index(f"{name}: ") for name in "dcba"] == sorted(page.index(f"{name}: ") for name in "abcd")


def test_what_many_servers_need_is_told_once_on_the_home_page() -> None:
    root = [Expiry(f"ndes{i:02}", "root-crl", "CRL of the root", NOON + timedelta(days=9), NOON) for i in range(40)]
    page = _page(_home(_standing("ndes01", "ok"), expiries=root))
    assert page.count("CRL of the root") == 1
    assert "ndes00, ndes01, ndes02 and 37 more" in page


def test_the_home_page_offers_only_what_one_may() -> None:
    labels = [
        element["text"]["text"] for element in elements(_home(_standing("a", "fail"))) if element["type"] == "button"
    ]
    assert labels == ["Report a missing answer", "Help"]


def test_the_home_page_without_servers_says_so() -> None:
    assert "No server is registered yet." in _page(_home())


def test_a_large_estate_fits_on_the_home_page() -> None:
    view = _home(
        *(_standing(f"ndes{i:03}", "fail", summary="long " * 200) for i in range(500)),
        expiries=[Expiry("a", "other", "b", NOON + timedelta(days=i), NOON) for i in range(50)],
        asked=[Asked("title " * 50, "say", NOON)] * 50,
        may_check=True,
        may_register=True,
    )
    assert "And 470 more" in _page(view)
    assert "And 40 later ones." in _page(view)


@patient
@given(hostile=st.lists(st.sampled_from(HOSTILE)).map("".join))
def test_hostile_words_do_no_harm_on_the_home_page_and_in_forms(hostile: str) -> None:
    _home(
        _standing("a", "warn", summary=hostile),
        expiries=[Expiry(hostile, "other", hostile, NOON, NOON)],
        asked=[Asked(hostile, "say", NOON)],
        may_check=True,
    )
    assert_taken_as_view(modal(REGISTER, filled=dict.fromkeys(("name", "url", "front", "tags"), hostile)))


# --- the card below a link -------------------------------------------------------------------


def test_an_entry_unfurls_to_a_card(library: Library, codes: Codes) -> None:
    answer = explain("scep-app-pool-stopped-503", library=library, codes=codes)
    assert answer is not None
    card = unfurl(answer)
    assert breaches_of_unfurl(card) == []
    assert_taken_by_the_sdk(card["blocks"])
    assert card["blocks"][-1]["text"]["text"] == "The whole page: explain scep-app-pool-stopped-503"
    assert_golden("view-slack-unfurl.json", as_json(card))


@patient
@given(answer=ANY_ANSWER)
def test_any_answer_unfurls_within_the_limits(answer: Answer) -> None:
    card = unfurl(answer)
    assert breaches_of_unfurl(card) == []
    assert_taken_by_the_sdk(card["blocks"])


def test_a_cut_within_a_word_begins_no_formatting() -> None:
    for shift in range(3):
        text = fallback("x" * shift + "r_s" * 2000)
        assert not text.removesuffix(" …").endswith("_")
