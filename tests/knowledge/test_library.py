"""The one question of the bot - which situation is this? - must be answered right and alike, from any text."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.library import CERTAIN, MOST, SHOWN, SURE, Library, Match
from knowledge.patterns import literal, pattern
from knowledge.schema import Entry
from tests.steps import steps

FIX = {"steps": ["Do it"], "risk": "none", "downtime": "none", "role": "anyone", "undo": "Undo it", "verify": "Look"}
BAD = (
    "2026-05-04 09:11:12 10.8.1.20 POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - 10.8.1.20"
    " NDES_Plugin - 403 16 2148204809 15"
)
GOOD = BAD.replace("403 16 2148204809", "201 0 0")


def entry(name: str, *signals: dict[str, Any], kind: str = "problem", status: str = "stable") -> Entry:
    return Entry.model_validate(
        {
            "id": name,
            "title": f"Entry {name}",
            "kind": kind,
            "status": status,
            "step": 1,
            "platforms": ["any"],
            "meaning": "Something",
            "signals": list(signals),
            "causes": [{"id": "cause", "summary": "A cause", "fix": FIX}] if kind == "problem" else [],
            "next": ["Go on"],
            "sources": [{"url": "field experience", "read": "2026-05-04"}],
            "samples": {"hit": ["a", "b", "c"], "miss": ["d"]},
        }
    )


def confidence(signal: dict[str, Any], text: str) -> float:
    """What one signal says about a text; 0 where it is not seen."""
    return next((match.confidence for match in Library([entry("one", signal)]).match(text)), 0.0)


def seen(signal: dict[str, Any], text: str) -> bool:
    return confidence(signal, text) > 0


def ids(matches: list[Match]) -> list[str]:
    return [match.entry.id for match in matches]


# --- words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "the request was denied",
        "The REQUEST was\n denied.",
        "<b>the</b> request&nbsp;was “denied”",
        "> the request was denied",
    ],
)
def test_a_text_is_found_in_any_case_and_with_any_white_space(text: str) -> None:
    assert seen({"text": "request was denied"}, text)


@pytest.mark.parametrize("text", ["the prerequest denied", "request deniedly", "request was denied", ""])
def test_a_text_ends_where_its_words_end(text: str) -> None:
    assert not seen({"text": "request denied"}, text)


def test_the_signs_of_a_text_are_no_pattern() -> None:
    assert seen({"text": "CertGet(x) [1.5]"}, "at CertGet(x)  [1.5] it stops")
    assert not seen({"text": "CertGet(x) [1.5]"}, "at CertGetx 1")


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"], exclude_characters="\u00a0"), min_size=1))
@settings(deadline=None)
def test_any_text_finds_itself(text: str) -> None:
    if text.strip():
        assert pattern(literal(text.strip())).search(text.strip().encode("latin-1"))


def test_of_several_texts_and_patterns_all_are_needed() -> None:
    signal = {"text": ["alpha", "beta"], "pattern": ["gam+a", "delta|omega"]}
    assert seen(signal, "omega gammma beta alpha")
    for missing in ("alpha", "beta", "gamma", "omega"):
        assert not seen(signal, "omega gamma beta alpha".replace(missing, ""))


def test_a_sign_that_bars_a_signal_bars_it() -> None:
    signal = {"text": "request was denied", "unless": ["\\bprinter\\b"]}
    assert seen(signal, "request was denied")
    assert not seen(signal, "request was denied by the printer")
    assert seen(signal, "request was denied by the printers")


def test_a_stronger_word_of_the_author_weighs_more() -> None:
    weights = [confidence({"text": "alpha", "weight": w}, "alpha") for w in ("decisive", "strong", "fair", "weak")]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] >= CERTAIN > weights[1] >= SURE > weights[2] > weights[3] >= SHOWN


# --- codes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["ndes 12175", "ndes 0x2F8F", "ndes 0x80072f8f", "ndes -2147012721", "ndes 2147954575"]
)
def test_a_code_is_found_in_every_notation(text: str) -> None:
    assert seen({"code": 12175}, text)
    assert seen({"code": ["0x80072F8F"]}, text)


def test_of_several_codes_one_is_enough() -> None:
    assert seen({"code": [5, 12175]}, "ndes error 12175")
    assert not seen({"code": [5, 12175]}, "ndes error 12176")


def test_an_error_of_all_of_windows_says_less_where_nothing_speaks_of_certificates() -> None:
    signal = {"code": 12175, "weight": "decisive"}
    assert confidence(signal, "ndes error 12175") > confidence(signal, "the printer has error 12175 and is slow")
    assert confidence(signal, "the printer has error 12175 and is slow") < SURE
    assert confidence(signal, "12175") >= SURE


# --- HTTP ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("http", "found"),
    [
        ({"status": 403}, True),
        ({"status": [500, 403]}, True),
        ({"status": 500}, False),
        ({"status": 403, "substatus": 16}, True),
        ({"status": 403, "substatus": 7}, False),
        ({"status": 403, "substatus": [7, 16]}, True),
        ({"status": 403, "win32": 2148204809}, True),
        ({"status": 403, "win32": 64}, False),
        ({"method": "POST"}, True),
        ({"method": "GET"}, False),
        ({"path": "verifyrequest"}, True),
        ({"path": "crp"}, True),
        ({"path": ["scep", "crp"]}, True),
        ({"path": "notify"}, False),
        ({"path": "scep"}, False),
        ({"operation": "GetCACaps"}, False),
    ],
)
def test_every_condition_on_an_exchange_must_hold(http: dict[str, Any], found: bool) -> None:
    assert seen({"http": http}, BAD) is found


@pytest.mark.parametrize(("operation", "found"), [("GetCACaps", True), ("GetCACert", False), ("PKIOperation", False)])
def test_an_operation_is_told_from_the_others(operation: str, found: bool) -> None:
    line = "GET /certsrv/mscep/mscep.dll/pkiclient.exe operation=GetCACaps&message=x 443 - 10.8.1.9 x - 500 0 0 15"
    assert seen({"http": {"path": "scep", "operation": operation}}, line) is found


def test_conditions_on_an_exchange_hold_for_one_and_the_same_exchange() -> None:
    text = f"{GOOD}\nGET /certsrv/mscep/mscep.dll - 443 - 10.8.1.9 x - 403 0 0 15"
    assert not seen({"http": {"path": "crp", "status": 403}}, text)
    assert seen({"http": {"path": "crp", "status": 201}}, text)


def test_a_status_spoken_of_without_path_says_less_than_a_logged_one() -> None:
    signal = {"http": {"path": "crp", "status": 403}}
    assert 0 < confidence(signal, "the policy module gets a 403") < confidence(signal, BAD)
    assert not seen(signal, "the printer gets a 403")


def test_a_request_of_another_application_is_no_sign() -> None:
    assert not seen({"http": {"status": 500}}, "GET /owa/logon.aspx - 443 - 10.8.1.9 x - 500 0 0 15\nndes is well")


# --- events, SCEP, logs ----------------------------------------------------------------------


def test_an_event_counts_for_its_own_source_less_for_none_and_not_for_another() -> None:
    signal = {"event": 29, "source": "ndes"}
    named, unnamed = confidence(signal, "ndes event 29"), confidence(signal, "event 29 after the certificate renewal")
    assert named > unnamed > 0
    assert not seen(signal, "event 29 Kerberos-Key-Distribution-Center")
    assert not seen(signal, "event 29 from WMI-Activity")


def test_of_several_events_and_sources_one_is_enough() -> None:
    assert seen({"event": [2, 29], "source": ["mdm", "ndes"]}, "ndes event 29")
    assert not seen({"event": [2, 29], "source": ["mdm", "ndes"]}, "ndes event 30")


def test_an_event_without_a_source_in_the_signal_may_come_from_any_but_a_foreign_one() -> None:
    assert seen({"event": 29}, "ndes event 29")
    assert not seen({"event": 29}, "event 29 from WMI-Activity, ndes is well")


def test_a_scep_status_is_asked_for_by_status_and_reason() -> None:
    assert seen({"scep": {"status": 2}}, "pkiStatus: FAILURE")
    assert seen({"scep": {"failinfo": 1}}, "failInfo: badMessageCheck")
    assert not seen({"scep": {"status": 2}}, "pkiStatus: PENDING")
    assert not seen({"scep": {"failinfo": 2}}, "failInfo: badMessageCheck")


def test_a_signal_may_ask_for_a_kind_of_log() -> None:
    signal = {"text": "request was denied", "log": ["ndesplugin", "certutil"]}
    assert seen(signal, "certutil: request was denied")
    assert not seen(signal, "request was denied")


# --- setting ---------------------------------------------------------------------------------


def test_shared_words_say_less_where_nothing_speaks_of_certificates() -> None:
    signal = {"text": "request was denied", "shared": True, "weight": "decisive"}
    with_topic, faint = confidence(signal, "ndes: request was denied"), confidence(signal, "cert: request was denied")
    without = confidence(signal, "at the town hall my building request was denied")
    assert with_topic > faint > without
    assert with_topic >= CERTAIN
    assert without < SURE


def test_in_a_long_text_the_parts_of_a_signal_must_stand_close_together() -> None:
    signal = {"text": ["alpha beta", "gamma delta"]}
    filler = "words that say nothing here " * 80
    assert seen(signal, f"{filler} alpha beta and gamma delta {filler}")
    assert not seen(signal, f"alpha beta {filler} gamma delta")


def test_in_a_long_text_only_what_stands_near_bars_a_signal() -> None:
    signal = {"text": "alpha beta", "unless": ["omega"]}
    filler = "words that say nothing here " * 80
    assert seen(signal, f"alpha beta {filler} omega")
    assert not seen(signal, f"{filler} alpha beta omega")


def test_a_phrase_with_a_typo_is_found_and_says_less() -> None:
    signal = {"text": "the challenge password was refused"}
    misspelt = confidence(signal, "ndes: the chalenge pasword was refused")
    assert 0 < misspelt < confidence(signal, "ndes: the challenge password was refused")


@pytest.mark.parametrize("more", [{"log": "certutil"}, {"scep": {"status": 2}}, {"code": 12175}, {"unless": ["omega"]}])
def test_a_typo_does_not_lift_the_other_conditions_of_a_signal(more: dict[str, Any]) -> None:
    assert not seen({"text": "the challenge password was refused", **more}, "ndes: the chalenge pasword was refused")


def test_a_typo_does_not_turn_a_sentence_into_its_opposite() -> None:
    assert not seen({"text": "Verify challenge returns false"}, "ndes: verify challenge returns true")


# --- ranking ---------------------------------------------------------------------------------


def test_signs_add_up_where_they_rest_on_different_words() -> None:
    both = Library([entry("one", {"text": "alpha"}, {"text": "beta"})])
    [match] = both.match("alpha beta")
    assert confidence({"text": "alpha"}, "alpha beta") < match.confidence < 1
    assert [evidence.quote for evidence in match.because] == ["alpha", "beta"]


def test_the_same_words_are_not_counted_twice() -> None:
    twice = Library([entry("one", {"text": "alpha"}, {"pattern": "alpha"}, {"pattern": "alp"})])
    assert twice.match("alpha")[0].confidence == confidence({"text": "alpha"}, "alpha")


def test_a_problem_is_told_before_a_success() -> None:
    library = Library(
        [entry("good", {"text": "alpha", "weight": "decisive"}, kind="success"), entry("bad", {"text": "beta"})]
    )
    assert ids(library.match("alpha beta")) == ["bad", "good"]
    assert ids(library.match("alpha")) == ["good"]


def test_several_problems_are_all_told_the_surest_first() -> None:
    library = Library(
        [entry("a", {"text": "alpha", "weight": "fair"}), entry("b", {"text": "beta"}), entry("c", {"text": "gamma"})]
    )
    assert ids(library.match("gamma alpha beta")) == ["b", "c", "a"]


def test_no_more_matches_are_told_than_anybody_reads() -> None:
    library = Library([entry(f"e{i:02}", {"text": "alpha"}) for i in range(20)])
    assert ids(library.match("alpha")) == [f"e{i:02}" for i in range(MOST)]


def test_a_retired_entry_is_not_found() -> None:
    assert Library([entry("old", {"text": "alpha"}, status="retired")]).match("alpha") == []


def test_a_library_of_nothing_finds_nothing() -> None:
    assert Library([]).match("ndes error 12175, event 29, pkiStatus 2, HTTP 500") == []
    assert Library([]).match("ndes error 12175\n" * 10_000) == []


def test_the_quote_is_what_was_pasted_not_what_was_read() -> None:
    text = "hi <@U02AB3CD4>, it can&#39;t <b>enrol</b> “now”"
    [match] = Library([entry("one", {"text": "can't enrol"})]).match(text)
    [evidence] = match.because
    assert evidence.quote == text[evidence.start : evidence.end] == "can&#39;t <b>enrol"


# --- the shipped library ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "first", "kind"),
    [
        ("GET /certsrv/mscep/mscep.dll - 443 - 10.8.1.9 Mozilla - 403 0 0 15", "scep-url-403-expected", "success"),
        (BAD, "policy-module-403-16", "problem"),
        (GOOD, "policy-module-verifyrequest-201", "success"),
        ("Verify challenge returns true", "policy-module-challenge-true", "success"),
        ("Verify challenge returns false", None, "problem"),
        ("DeviceManagement-Enterprise-Diagnostics-Provider event 36", "windows-event-36-request-generated", "success"),
        ("event 36: SCEP: Certificate request generated successfully", "windows-event-36-request-generated", "success"),
        ("DeviceManagement-Enterprise-Diagnostics-Provider event 39", "windows-event-39-installed", "success"),
        ("Kerberos-Key-Distribution-Center event 39", "kdc-strong-mapping-39", "problem"),
    ],
)
def test_good_and_bad_news_that_look_alike_are_told_apart(library: Library, text: str, first: str, kind: str) -> None:
    best = library.match(text)[0]
    assert best.entry.kind == kind
    assert best.confidence >= SURE
    if first:
        assert best.entry.id == first


def test_a_healthy_line_is_no_fault(library: Library) -> None:
    for line in ("GET /certsrv/mscep/mscep.dll - 443 - 10.8.1.9 Mozilla - 403 0 0 15", GOOD):
        assert all(match.entry.kind != "problem" or match.confidence < SURE for match in library.match(line))


def test_one_challenge_refused_among_many_accepted_is_the_story(library: Library) -> None:
    accepted = "Verify challenge returns true\n" * 20
    text = f"{accepted}Verify challenge returns false\n{accepted}"
    assert library.match(text)[0].entry.kind == "problem"


def _samples(library: Library) -> list[str]:
    return [sample for one in library.entries.values() for sample in one.samples.hit]


def test_every_quote_of_every_sample_stands_where_it_says(library: Library) -> None:
    for sample in _samples(library):
        for match in library.match(sample):
            assert match.because
            assert SHOWN <= match.confidence <= 1
            for evidence in match.because:
                assert sample[evidence.start : evidence.end] == evidence.quote != ""


def test_two_libraries_give_the_same_answers_whatever_was_asked_before(library: Library) -> None:
    other = Library(library.entries.values())
    samples = _samples(library)[::5]
    answers = [library.match(sample) for sample in samples]
    shuffled = list(enumerate(samples))
    random.Random(7).shuffle(shuffled)
    for i, sample in shuffled:
        assert other.match(sample) == answers[i] == library.match(sample)


_WORDS = ["ndes", "error", "12175", "0x800b0109", "403 16", "mscep.dll", "GET", "VerifyRequest", "event 29", "\n"]


@given(st.lists(st.sampled_from(_WORDS) | st.text(st.characters(), max_size=8), max_size=40).map(" ".join))
@settings(deadline=None, max_examples=60)
def test_any_text_has_an_answer_with_quotes_from_it(text: str) -> None:
    library = Library([entry("a", {"code": 12175}, {"event": 29}), entry("b", {"http": {"status": 403}})])
    for match in library.match(text):
        assert all(text[e.start : e.end] == e.quote for e in match.because)


# --- hostile and huge ------------------------------------------------------------------------


@pytest.mark.parametrize("filler", [GOOD, "the wifi is fine today, nobody complains 1 2 3", "x" * 150])
def test_one_bad_line_in_20_megabytes_is_found_where_it_stands(library: Library, filler: str) -> None:
    half = f"{filler}\n" * (10_000_000 // len(filler))
    text = f"{half}{BAD}\n{half}"
    best = library.match(text)[0]
    assert best.entry.id == "policy-module-403-16"
    assert best.because[0].start == len(half) + BAD.index("403 16")
    assert all(text[e.start : e.end] == e.quote for e in best.because)


def test_a_bad_place_in_one_line_of_5_megabytes_is_found(library: Library) -> None:
    half = "abc def ghi " * 210_000
    text = f"{half}Verify challenge returns false {half}"
    best = library.match(text)[0]
    assert best.entry.kind == "problem"
    assert best.because[0] == ("Verify challenge returns false", len(half), len(half) + 30)


def test_four_times_the_codes_in_one_line_are_about_four_times_the_work(library: Library) -> None:
    few, many = ("".join(f"0x8009{i % 65536:04x} xx " for i in range(count)) for count in (2_000, 8_000))
    assert steps(lambda: library.match(many)) < 8 * steps(lambda: library.match(few))


def test_one_line_of_5_megabytes_full_of_codes_is_answered(library: Library) -> None:
    assert library.match("".join(f"0x8009{i % 65536:04x} xx " for i in range(370_000)))


@pytest.mark.parametrize(
    "piece",
    ["NDES event 1,2,3 ", "mscep.dll 503 ", "GET /owa 200 0 0\n", "0x800b0109 12175 ", "pkiStatus 2 ", "<", "&lt;"],
)
def test_four_times_the_nastiest_message_is_about_four_times_the_work(library: Library, piece: str) -> None:
    few, many = (piece * (length // len(piece)) for length in (10_000, 40_000))
    assert steps(lambda: library.match(many)) < 8 * steps(lambda: library.match(few))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n" * 100_000,
        "\x00" * 100_000,
        "\ud800\udfff" * 100,
        "\ud800" * 100_000,
        bytes(range(256)).decode("latin-1") * 400,
        random.Random(1).randbytes(200_000).decode("latin-1"),
        random.Random(2).randbytes(2_000).decode("utf-16-le", "surrogatepass"),
    ],
    ids=["empty", "blank", "lines", "zeros", "surrogates", "many surrogates", "all bytes", "random", "random words"],
)
def test_what_is_no_text_has_no_answer_and_does_no_harm(library: Library, text: str) -> None:
    assert [match for match in library.match(text) if match.confidence >= SURE] == []


def test_a_sign_beside_invalid_characters_is_found(library: Library) -> None:
    text = f"\ud800\x00\udfff {BAD} \ud800"
    assert library.match(text)[0].entry.id == "policy-module-403-16"
