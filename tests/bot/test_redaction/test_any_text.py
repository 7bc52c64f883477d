"""Whatever the text: redacting never fails, settles, takes linear time and knows where it found something."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.redaction import is_clean, redact, secrets, secrets_near
from bot.redaction.search import LIKELY, PATTERNS
from bot.redaction.views import views
from tests.bot.test_redaction.test_kinds import CHALLENGE, JWT, MESSAGE, SLACK, THUMBPRINT
from tests.bot.test_redaction.wordings import CODE, MIXED, WORD, WORDINGS

_BITS = st.sampled_from(
    [
        "challenge", "password", " is: ", "=", ":", " ", "\n", '"', "'", "[", "]", "\\", "-----BEGIN A-----",
        "-----END A-----", "message=", "%2B", CHALLENGE, MESSAGE, JWT, SLACK, "CN=", "CONTOSO", "jdoe", "@", "a.b",
        "removed", "S-1-5-21", "-1", THUMBPRINT, "Authorization: ", "Bearer ", "\x00", "é", "\U0001f600", "\ud800",
    ]
)  # fmt: skip
_PASTES = st.one_of(st.text(max_size=300), st.lists(_BITS, max_size=25).map("".join))


@given(_PASTES)
def test_redacting_never_raises(text: str) -> None:
    assert isinstance(redact(text), str)
    assert isinstance(is_clean(text), bool)


@given(_PASTES)
def test_a_clean_text_is_left_as_it_is(text: str) -> None:
    # Half a character may become a question mark; compared as a bool, for xdist cannot send one in a report.
    if is_clean(text):
        kept = redact(text) in (text, text.encode("utf-8", "replace").decode("utf-8"))
        assert kept


@given(_PASTES)
def test_redacting_twice_is_no_less_clean(text: str) -> None:
    once = redact(text)
    twice = redact(once)
    for secret in (CHALLENGE, MESSAGE, JWT, SLACK, THUMBPRINT):
        assert twice.count(secret) <= once.count(secret) <= text.count(secret)
    if is_clean(once):
        assert twice == once


@pytest.mark.parametrize("line", ["Challenge password = {}", "challenge: {}", "password: {}", "token={}"])
def test_a_removed_secret_leaves_one_note_that_stays_the_same(line: str) -> None:
    once = redact(line.format(CHALLENGE))
    assert once.count("removed]") == 1
    assert redact(once) == once


def test_a_hostile_text_is_redacted_in_linear_time() -> None:
    for bit in ("-----BEGIN A-----", "challenge", "message=", "CN=A ", "a@", "S-1-5-", "MII", "password: "):
        redact(bit * (1_000_000 // len(bit)))


def test_half_a_character_is_not_clean_for_it_cannot_be_kept() -> None:
    assert not is_clean("\ud800")
    assert redact("\ud800") == "?"


def test_a_secret_stands_where_it_is_said_to_stand() -> None:
    text = f"a chal\u200blenge: {CODE} b &lt;pwd&gt;{WORD}&lt;/pwd&gt; c%3D password%3D{MIXED}"
    spans = secrets(text)
    assert [text[start:end] for start, end in spans] == [CODE, WORD, MIXED]


def test_a_long_text_is_looked_at_around_a_place_as_if_it_were_whole() -> None:
    noise = "the healthy line of a log that says nothing at all\n" * 3000
    text = f"{noise}password: {WORD} and here it fails\n{noise}challenge={CODE}\n{noise}"
    place = text.index("here it fails")
    assert [text[start:end] for start, end in secrets_near(text, [(place, place + 13)])] == [WORD]
    assert len(secrets(text)) == 2


def test_a_long_key_is_seen_from_behind_and_from_before() -> None:
    body = "\n".join(base64.b64encode(bytes((i * j) % 251 for j in range(48))).decode() for i in range(1, 1600))
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{body}\nLASTLINE0000==\n-----END RSA PRIVATE KEY-----\n"
    for text in (key + "it fails", "it fails\n" + key):
        place = text.index("it fails")
        hidden = secrets_near(text, [(place, place + 8)])
        assert any(text[start:end].startswith("-----BEGIN") and "LASTLINE" in text[start:end] for start, end in hidden)


@pytest.mark.parametrize(
    "bit",
    ["password: ", "password: the ", "password is ", 'password: "', "<password>the ", "password|", "passwordpassword ",
     "&lt;", "\u200b", "€", "%41", "a b c d ", "Summer2024!x ", "aA0" * 9 + "\n", "user a/", "http://a:1/x@"],
)  # fmt: skip
def test_secrets_are_found_in_linear_time(bit: str) -> None:
    one, four = (_seconds(bit * (length // len(bit))) for length in (100_000, 400_000))
    assert four < 12 * one + 0.5


@pytest.mark.parametrize("blank", ["\n", "\r\n", " \n", "\t", "\u2028"])
def test_blank_lines_before_a_secret_take_linear_time_too(blank: str) -> None:
    one, four = (_seconds(blank * (length // len(blank)) + "\npassword hunter22\n") for length in (10_000, 40_000))
    assert four < 8 * one + 0.5


def _seconds(text: str) -> float:
    start = time.process_time()
    secrets(text)
    return time.process_time() - start


def test_the_filter_of_the_rules_leaves_out_none_that_would_find_something() -> None:
    for wording, secret in WORDINGS:
        for data, _ in views(wording.format(secret)):
            named = set(LIKELY.Match(data, True) or ())
            found = {number for number, (_, pattern, _) in enumerate(PATTERNS) if pattern.search(data)}
            assert found <= named


def test_a_text_that_names_no_secret_meets_few_rules() -> None:
    assert len(LIKELY.Match(b"the healthy line of a log that says nothing", True)) < len(PATTERNS) / 3


_WORDS = st.sampled_from(
    [
        "password", "challenge", "pw", "pin", "token", "account", "is", "was", "the", "of", "set password to", "wrong",
        "hunter22", "hunterhunter", CODE, "5A1C", "80", "0x80070005", "NDES", ":", "=", "|", " ", " ", "\n", "\t",
        '"', "'", "(", ")", "[", "]", "<b>", "<password>", "</password>", "%3D", "&colon;", "\u200b", "\\", "@", "a.b",
        "-----BEGIN PRIVATE KEY-----", "-----END A-----", "[secret removed]", "removed]", "MII", "-p", "==",
    ]
)  # fmt: skip


@given(st.lists(_WORDS, max_size=12).map("".join))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
    assert is_clean(once)


@given(st.lists(_WORDS, max_size=12).map("".join))
def test_secrets_are_told_in_order_and_inside_the_text(text: str) -> None:
    ends = [place for span in secrets(text) for place in span]
    assert ends == sorted(ends)
    assert all(0 <= place <= len(text) for place in ends)
    assert bool(ends) is not is_clean(text)


@given(st.lists(st.lists(_WORDS, max_size=3).map("".join), max_size=3))
def test_what_is_clean_among_others_is_clean_alone(texts: list[str]) -> None:
    if is_clean("\n".join(texts)):
        assert all(map(is_clean, texts))
