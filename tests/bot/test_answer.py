"""What the bot says of a paste, asked of the shipped knowledge."""

import base64
import html
import json
from collections.abc import Iterable, Iterator
from typing import TypeVar

import pytest

from bot.answer import answer_paste, compose, diagnose, explain
from bot.redaction import is_clean
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
from connectors import documents
from connectors.render.text import render
from knowledge.codes import Codes
from knowledge.library import Library
from knowledge.schema import Certainty, Kind
from tests.bot.test_redaction import WORDINGS, telling

T = TypeVar("T")

VERIFY = (
    "2026-03-11 08:22:47 10.20.0.11 POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - 10.20.0.11 "
    "NDES_Plugin - 403 16 2148204809 31"
)
DENIED = "and on the CA: Denied by Policy Module 0x80094012, the requester is the NDES service account"
PLUGIN = (
    "NDESPlugin.log: Failed to send http request /CertificateRegistrationSvc/Certificate/VerifyRequest to "
    "ndes01.corp.contoso.com. Error 12175, WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID"
)
EVENT_31 = (
    "Source: Microsoft-Windows-NetworkDeviceEnrollmentService\nEvent ID: 31\nThe Network Device Enrollment Service "
    "cannot submit the certificate request (0x800706ba). The RPC server is unavailable."
)
PASTES = [VERIFY, PLUGIN, EVENT_31, "Denied by Policy Module 0x80094012", "HTTP Error 404.11 on mscep.dll"]


def walk(blocks: Iterable[Block]) -> Iterator[Block]:
    """Every block, those inside folds too."""
    for block in blocks:
        yield block
        if isinstance(block, Fold):
            yield from walk(block.blocks)


def of(answer: Answer, kind: type[T]) -> list[T]:
    return [block for block in walk(answer.blocks) if isinstance(block, kind)]


def strings(value: object) -> Iterator[str]:
    """Every string in an answer, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from strings(part)
    elif hasattr(value, "__slots__"):
        for name in value.__slots__:
            yield from strings(getattr(value, name))


def whole(answer: Answer) -> str:
    """All words of an answer, quotes as one piece each, so that a secret cut in two is still seen."""
    quotes = ["".join(piece.text for piece in quote.pieces) for quote in of(answer, Quote)]
    return "\n".join([*strings(answer), *quotes])


def answered(text: str, library: Library, codes: Codes) -> Answer:
    answer = answer_paste(text, library=library, codes=codes)
    assert answer is not None
    return answer


# --- what is sure ---------------------------------------------------------------------------


@pytest.mark.parametrize("paste", PASTES)
def test_an_answer_has_step_quote_causes_with_their_cost_and_sources(
    library: Library, codes: Codes, paste: str
) -> None:
    answer = answered(paste, library, codes)
    assert answer.tone == "problem"
    bar = of(answer, StepBar)[0]
    assert bar.step in range(1, len(STEP_NAMES) + 1)
    quote = of(answer, Quote)[0]
    assert any(piece.marked for piece in quote.pieces)
    assert all(piece.text in paste for piece in quote.pieces if piece.marked)
    causes = [block for block in answer.blocks if isinstance(block, Fold) and "risk" in block.hint]
    assert causes
    for cause in causes:
        assert any(isinstance(block, Steps) and block.items for block in cause.blocks)
        facts = {name: value for block in cause.blocks if isinstance(block, Facts) for name, value in block.rows}
        assert {"Risk", "Downtime", "Who can do it", "To undo", "To verify"} <= facts.keys()
        assert all(facts.values())
        assert facts["Risk"] in cause.hint
        assert facts["Downtime"] in cause.hint
    assert of(answer, Sources)[0].items


def test_every_problem_entry_is_told_with_all_its_causes_steps_and_warnings(library: Library, codes: Codes) -> None:
    for entry in library.entries.values():
        answer = explain(entry.id, library=library, codes=codes)
        assert answer is not None
        assert answer.title == entry.title
        told = "\n".join(strings(answer))
        for cause in entry.causes:
            parts = (cause.summary, *cause.fix.steps, cause.fix.warning or "", cause.fix.undo, cause.fix.verify)
            assert [part for part in parts if part not in told] == []
            assert (cause.fix.warning or "") in [*(block.text for block in of(answer, Caution)), ""]
        assert [step for step in (*entry.next, *entry.prevention, entry.note or "") if step not in told] == []
        assert [source.url for source in entry.sources if source.url not in told] == []


def test_only_the_likeliest_cause_is_open_at_first(library: Library, codes: Codes) -> None:
    answer = answered(VERIFY, library, codes)
    causes = [block for block in answer.blocks if isinstance(block, Fold) and "risk" in block.hint]
    assert [cause.open for cause in causes] == [True] + [False] * (len(causes) - 1)


@pytest.mark.parametrize("paste", [f"{VERIFY}\n\n{DENIED}", f"{PLUGIN}\n\n\n{EVENT_31}", f"{EVENT_31}\n\n\n{VERIFY}"])
def test_two_problems_in_one_paste_give_two_answers(library: Library, codes: Codes, paste: str) -> None:
    answer = answered(paste, library, codes)
    second = of(answer, Heading)
    assert len(second) == 1
    titles = {match.entry.title for match in diagnose(paste, library=library).matches[:2]}
    assert {answer.title, second[0].text} == titles
    assert len(of(answer, StepBar)) == len(of(answer, Sources)) == len(of(answer, Quote)) == 2


def test_what_competes_with_the_answer_is_named_below_it_and_can_be_opened(library: Library, codes: Codes) -> None:
    answer = answered(VERIFY, library, codes)
    last = answer.blocks[-1]
    assert isinstance(last, Fold)
    choices = next(block for block in last.blocks if isinstance(block, Choices))
    for label, say in choices.options:
        opened = explain(say.removeprefix("explain "), library=library, codes=codes)
        assert opened is not None
        assert opened.title == label


def test_good_news_is_told_as_good_news(library: Library, codes: Codes) -> None:
    answer = answered("GET /certsrv/mscep/mscep.dll - 443 - 10.0.0.4 Mozilla - 403 0 0 15", library, codes)
    assert answer.tone in ("success", "info")


def test_what_no_document_confirms_is_told_with_a_usually(library: Library, codes: Codes) -> None:
    usual = 0
    for entry in library.entries.values():
        answer = explain(entry.id, library=library, codes=codes)
        assert answer is not None
        meaning = of(answer, Text)[0].text
        assert meaning.startswith("Usually: ") == (entry.certainty is Certainty.USUAL), entry.id
        causes = [block for block in answer.blocks if isinstance(block, Fold) and "risk" in block.hint]
        for cause, block in zip(entry.causes, causes, strict=True):
            assert block.title.startswith("Usually: ") == (cause.certainty is Certainty.USUAL), entry.id
            usual += cause.certainty is Certainty.USUAL
    assert usual


def test_a_paste_gets_the_same_answer_every_time(library: Library, codes: Codes) -> None:
    assert answered(VERIFY, library, codes) == answered(VERIFY, library, codes)


def test_marked_words_and_evidence_are_the_words_of_the_paste(library: Library, codes: Codes) -> None:
    for entry in library.entries.values():
        for sample in entry.samples.hit:
            for match in diagnose(sample, library=library).matches:
                assert all(sample[start:end] == quote for quote, start, end in match.because)


# --- what is not sure -----------------------------------------------------------------------


@pytest.mark.parametrize("number", ["12175", "0x80072F8F", "-2147012721", "1722", "0x800B0109", "`12175`", "12175?"])
def test_a_bare_ambiguous_number_gives_two_meanings_and_a_question_with_buttons(
    library: Library, codes: Codes, number: str
) -> None:
    answer = answered(number, library, codes)
    assert answer.tone == "unsure"
    assert "alone does not decide" in answer.title
    facts = [row for block in of(answer, Facts) for row in block.rows]
    assert len([name for name, _ in facts if name.startswith("Likely")]) == 2
    choices = of(answer, Choices)[0]
    assert choices.question.count("?") == 1
    assert len(choices.options) == len(set(choices.options)) == 2
    assert len({label for label, _ in choices.options}) == 2
    for _, say in choices.options:
        assert explain(say.removeprefix("explain "), library=library, codes=codes) is not None


def test_a_button_writes_names_as_they_are_written(library: Library, codes: Codes) -> None:
    labels = " ".join(label for label, _ in of(answered("12175", library, codes), Choices)[0].options)
    assert "NDES" in labels
    assert "ndes asks" not in labels


@pytest.mark.parametrize("number", ["500", "403", "404"])
def test_a_bare_http_status_asks_which_address_gave_it(library: Library, codes: Codes, number: str) -> None:
    [choices] = of(answered(number, library, codes), Choices)
    assert len(choices.options) == 2


@pytest.mark.parametrize("number", ["36", "31", "1000", "500"])
def test_a_bare_number_of_the_tables_is_never_without_its_meanings(library: Library, codes: Codes, number: str) -> None:
    told = "\n".join(strings(answered(number, library, codes)))
    meanings = codes.explain(number)
    assert meanings
    assert [m.meaning for m in meanings[:2] if m.meaning not in told] == []


@pytest.mark.parametrize(
    "text", ["error 0x80090016 in some program of ours on that one machine", "setup ended with 0x80070643 again"]
)
def test_unknown_text_says_so_with_the_meaning_of_its_numbers(library: Library, codes: Codes, text: str) -> None:
    answer = answered(text, library, codes)
    if answer.tone == "unknown":
        assert answer.title == "I do not know this one"
        assert not of(answer, Steps)


def test_unknown_text_with_a_number_of_the_tables_names_its_meaning(library: Library, codes: Codes) -> None:
    number = next(
        m
        for m in codes.meanings
        if m.family == "hresult" and m.code.startswith("0x8") and not library.match(f"our printer shows {m.code} today")
    )
    answer = answered(f"our printer shows {number.code} today", library, codes)
    assert answer.tone == "unknown"
    assert number.meaning in "\n".join(strings(answer))


@pytest.mark.parametrize(
    ("text", "entry"), [("36", "windows-event-36-request-generated"), ("event 31", "ndes-submit-rpc-unavailable")]
)
def test_a_bare_event_number_offers_the_entry_it_may_be(library: Library, codes: Codes, text: str, entry: str) -> None:
    answer = answered(text, library, codes)
    assert answer.tone == "unsure"
    assert f"explain {entry}" in [say for _, say in of(answer, Choices)[0].options]


def test_near_misses_are_called_so_and_can_be_opened(library: Library, codes: Codes) -> None:
    answer = answered("something odd in the event log, event 31, since the update of the other week", library, codes)
    assert answer.tone == "unknown"
    choices = of(answer, Choices)[0]
    assert "not answers" in choices.question
    assert all(say.removeprefix("explain ") in library.entries for _, say in choices.options)


def test_unknown_text_says_so_and_what_would_help(library: Library, codes: Codes) -> None:
    answer = answered("nothing works since monday", library, codes)
    assert answer.tone == "unknown"
    assert "Helpful next" in "\n".join(strings(answer))
    assert not of(answer, Steps)


@pytest.mark.parametrize("text", ["", " ", "\n\n\t", "\u00a0"])
def test_an_empty_paste_is_told_to_be_empty(library: Library, codes: Codes, text: str) -> None:
    answer = answered(text, library, codes)
    assert answer.tone == "unknown"
    assert "no text" in "\n".join(strings(answer))


@pytest.mark.parametrize(
    "text", ["\x00", "\ud800", "\u200b" * 50, "](" * 500, "%s %d {0}", "\x1b[31m403.16", "9" * 5000]
)
def test_no_text_is_too_odd_for_an_answer(library: Library, codes: Codes, text: str) -> None:
    assert answered(text, library, codes).title


# --- overheard ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["who wants coffee?", "12175", "403.16", "event 31", "the printer says 0x80070005", "help"]
)
def test_the_bot_keeps_silent_where_nobody_asked_and_it_is_not_sure(library: Library, codes: Codes, text: str) -> None:
    assert answer_paste(text, library=library, codes=codes, addressed=False) is None
    assert diagnose(text, library=library, addressed=False).silent
    assert not diagnose(text, library=library, addressed=True).silent


@pytest.mark.parametrize("paste", PASTES[:3])
def test_the_bot_speaks_up_where_it_is_sure(library: Library, codes: Codes, paste: str) -> None:
    assert answer_paste(paste, library=library, codes=codes, addressed=False) == answered(paste, library, codes)


# --- secrets --------------------------------------------------------------------------------

CHALLENGE = "3F2A91C7D4E0B856"
MESSAGE = "MIAGCSqGSIb3DQEHAqCAMIACAQExCzAJBgUrDgMCGgUAMIAGCSqGSIb3DQEHAaCAJIAEggPoMIIC9zCCAd8CAQAwFjEU"
KEY = "c2VjcmV0IGtleSBieXRlcw"

SECRET_PASTES = [
    f"The enrollment challenge password is: {CHALLENGE}\n"
    "This password can be used only once and will expire within 60 minutes.",
    "Network Device Enrollment Service\nNetwork Device Enrollment Service allows you to obtain certificates for "
    f"routers or other network devices using SCEP.\nThe enrollment challenge password is: {CHALLENGE}\nThis password "
    "can be used only once and will expire within 60 minutes.\nhttps://ndes01.contoso.com/certsrv/mscep_admin",
    f"The enrollment challenge password is: <B> {CHALLENGE} </B> <P> This password can be used only once and will "
    "expire within 60 minutes. </P>",
    f"{VERIFY}\nchallenge={CHALLENGE}",
    f"challenge password: {CHALLENGE} {VERIFY}",
    f"event 29 The password in the certificate request cannot be verified. challenge password: {CHALLENGE}",
    f"GET /certsrv/mscep/mscep.dll operation=PKIOperation&message={MESSAGE} 443 - 172.16.1.2 CFNetwork - 500 0 0 12",
    f"GET /certsrv/mscep/mscep.dll operation=PKIOperation&message={MESSAGE[:60]} 443 - 172.16.1.2 - 500 0 64 12",
    f"message={MESSAGE[:50]} 443 - 172.16.1.2 - 403 16 2148204809 31 /CertificateRegistrationSvc/ VerifyRequest",
    f"-----BEGIN CERTIFICATE-----\nMIIDazCCAlOgAwIBAgIUOabc\n{KEY}==\n-----END CERTIFICATE-----\n0x80094012 denied",
    f"0x80094012 denied by the policy module\n-----BEGIN PRIVATE KEY-----\n{KEY}\n" + f"{KEY}\n" * 6,
    f"0x80094012 denied by the policy module {'x ' * 25} Authorization: Bearer {KEY}{KEY}{KEY}{KEY} and more words",
]


@pytest.mark.parametrize("paste", SECRET_PASTES)
def test_a_secret_of_the_paste_never_comes_back(library: Library, codes: Codes, paste: str) -> None:
    told = whole(answered(paste, library, codes))
    because = [evidence.quote for match in diagnose(paste, library=library).matches for evidence in match.because]
    for secret in (CHALLENGE, KEY, *(MESSAGE[i : i + 12] for i in range(len(MESSAGE) - 12))):
        assert secret not in told
        assert not any(secret in quote for quote in because)


@pytest.mark.parametrize("before", range(0, 200, 9))
def test_a_secret_that_the_quote_cuts_in_two_does_not_come_back(library: Library, codes: Codes, before: int) -> None:
    paste = f"operation=PKIOperation&message={MESSAGE[:50]} {'-' * before} {DENIED} challenge password: {CHALLENGE}"
    told = whole(answered(paste, library, codes))
    assert CHALLENGE[:8] not in told
    assert not any(MESSAGE[i : i + 12] in told for i in range(len(MESSAGE) - 12))


def test_personal_names_around_the_words_that_decided_are_taken_out(library: Library, codes: Codes) -> None:
    told = whole(answered(f"jane.doe@contoso.com wrote: {DENIED}, CONTOSO\\jdoe", library, codes))
    assert "jane.doe" not in told
    assert "jdoe" not in told


def shown(text: str, library: Library, codes: Codes) -> str:
    """All that leaves the bot for a paste: the answer as text, and what scripts get."""
    answer = answered(text, library, codes)
    found = diagnose(text, library=library)
    for match in found.matches:
        assert all(text[start:end] == quote and is_clean(quote) for quote, start, end in match.because)
    document = json.dumps([documents.match(match) for match in found.matches], ensure_ascii=False)
    return html.unescape("\n".join((render(answer), whole(answer), document)))


@pytest.mark.parametrize(("wording", "secret"), WORDINGS)
def test_no_wording_brings_a_secret_back(library: Library, codes: Codes, wording: str, secret: str) -> None:
    for around in (
        "{0}",
        "NDES event 29: {0} : The password in the certificate request cannot be verified. mscep.dll 500 0 1346 {0}",
        "{0} mscep.dll 500 0 1346\n{0}\nndes cannot submit the certificate request (0x800706ba).",
    ):
        written = wording.format(secret)
        text = around.format(written)
        told = shown(text, library, codes)
        assert [piece for piece in telling(text.replace(secret, ""), secret) if piece in told] == []


@pytest.mark.parametrize(
    "text",
    [
        "the ndes service account pw {} was locked yesterday",
        "ndes konto {} ist gesperrt",
        "ndes 500, service account svc_ndes (password {}) is disabled",
        "SCEP url in the intune profile is http://admin:{}@ndes/certsrv/mscep/mscep.dll and fails",
    ],
)
def test_evidence_that_spans_a_secret_is_cut_around_it(library: Library, codes: Codes, text: str) -> None:
    text = text.format("Summer2024!x")
    assert "Summer" not in shown(text, library, codes)
    found = diagnose(text, library=library).matches
    assert [match.entry.id for match in found] == [match.entry.id for match in library.match(text)]
    assert any(match.because for match in found)


def test_what_is_left_of_cut_evidence_still_stands_where_it_says(library: Library) -> None:
    text = "ndes konto Summer2024!x ist gesperrt"
    quotes = [evidence.quote for match in diagnose(text, library=library).matches for evidence in match.because]
    assert quotes
    assert all(quote == quote.strip() and quote in text for quote in quotes)
    assert any("gesperrt" in quote for quote in quotes)


@pytest.mark.parametrize("header", ["-----BEGIN RSA PRIVATE KEY-----\n", "----BEGIN PRIVATE KEY----\n", ""])
@pytest.mark.parametrize("footer", ["-----END RSA PRIVATE KEY-----\n", ""])
@pytest.mark.parametrize("lines", [20, 400, 1600])
def test_of_a_key_before_or_behind_the_error_nothing_comes_back(
    library: Library, codes: Codes, header: str, footer: str, lines: int
) -> None:
    body = [base64.b64encode(bytes((i * j + i) % 251 for j in range(48))).decode() for i in range(1, lines)]
    key = header + "\n".join(body) + "\nLASTLINEKEY0000abcd==\n" + footer
    for text in (f"{key}{EVENT_31}", f"{EVENT_31}\n{key}", f"{EVENT_31}\n{key}{VERIFY}"):
        told = shown(text, library, codes)
        assert "LASTLINE" not in told
        assert not any(line[:10] in told for line in body)


def test_a_long_paste_full_of_secrets_shows_none_of_them(library: Library, codes: Codes) -> None:
    line = f"{VERIFY} challenge={CHALLENGE} Authorization: Bearer {KEY}{KEY} password: hunterhunter\n"
    text = line * (1_000_000 // len(line))
    told = shown(text, library, codes)
    for secret in (CHALLENGE, KEY, "hunterhunter"):
        assert secret not in told


# --- explain --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", ["12175", "0x80072F8F", "0x80072f8f", "80072f8f", "2147954575", "-2147012721", " 12175 "]
)
def test_a_number_is_explained_the_same_in_every_notation(library: Library, codes: Codes, number: str) -> None:
    answer = explain(number, library=library, codes=codes)
    assert answer is not None
    told = "\n".join(strings(answer))
    assert "ERROR_WINHTTP_SECURE_FAILURE" in told
    assert "12175 = 0x80072F8F = 2147954575 = -2147012721" in told
    assert any("policy-module-12175-cn-invalid" in say for _, say in of(answer, Choices)[0].options)


@pytest.mark.parametrize(
    ("what", "word"),
    [
        ("403.16", "403.16"),
        ("36", "Certificate request generated successfully"),
        ("WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID", "CERT_CN_INVALID"),
        ("certsrv_e_template_denied", "0x80094012"),
        ("badRequest", "failInfo=2"),
        ("alert 48", "unknown_ca"),
    ],
)
def test_symbols_and_other_codes_are_explained(library: Library, codes: Codes, what: str, word: str) -> None:
    answer = explain(what, library=library, codes=codes)
    assert answer is not None
    assert word in "\n".join(strings(answer))


def test_every_code_of_every_table_can_be_explained(library: Library, codes: Codes) -> None:
    for meaning in codes.meanings:
        answer = explain(meaning.code, library=library, codes=codes)
        assert answer is not None
        assert meaning.meaning in "\n".join(strings(answer))


def test_an_entry_is_explained_by_its_id_however_it_is_written(library: Library, codes: Codes) -> None:
    for name in ("policy-module-403-16", " Policy-Module-403-16 "):
        answer = explain(name, library=library, codes=codes)
        assert answer is not None
        assert answer.title == library.entries["policy-module-403-16"].title
        assert not of(answer, Quote)


@pytest.mark.parametrize("what", ["nonsense", "", "0x1234567890", "99999999999", "--json", "policy-module"])
def test_what_is_no_entry_and_in_no_table_is_not_explained(library: Library, codes: Codes, what: str) -> None:
    assert explain(what, library=library, codes=codes) is None


def test_a_diagnosis_names_the_step_only_where_it_is_worth_saying(library: Library) -> None:
    assert diagnose(VERIFY, library=library).step == 3
    assert diagnose("event 31", library=library).step is None
    assert diagnose("who wants coffee?", library=library).step is None


def test_every_sample_of_the_knowledge_can_be_put_into_words(library: Library, codes: Codes) -> None:
    for entry in library.entries.values():
        for sample in entry.samples.hit:
            answer = compose(diagnose(sample, library=library), library=library, codes=codes)
            assert answer.title
            if entry.kind is Kind.PROBLEM:
                assert answer.tone in ("problem", "unsure", "unknown")


def test_a_piece_of_a_quote_is_never_empty(library: Library, codes: Codes) -> None:
    for paste in PASTES:
        for quote in of(answered(paste, library, codes), Quote):
            assert all(isinstance(piece, Piece) and piece.text for piece in quote.pieces)
