"""Chats change what is pasted; the matcher must see what the author saw and still point at what was pasted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.cleaning import clean

PIECES = st.sampled_from(
    [
        "&lt;",
        "&amp;lt;",
        "<https://a.b/c|a>",
        "<@U123>",
        "<br>",
        "<b>",
        "“",
        "…",
        "\u00a0",
        "\u200b",
        "\n> ",
        "```",
        "â€™",
        "Ã¼",
        "Â",
        "\r\n",
        "&#8217;",
        "&#xD800;",
        "&#1;",
        "0x80072f8f",
        "<",
        "&",
        "日本",
        "\ud800",
        "\x00",
    ]
)
TEXTS = st.lists(PIECES | st.text(st.characters(), max_size=8), max_size=20).map("".join)
PLAIN = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789 .,:;/()[]=_+\n", max_size=200)


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("&lt;Result&gt;", "<Result>"),
        ("&amp;lt;Result&amp;gt;", "<Result>"),
        ("&amp;amp;lt;", "<"),
        ("a &amp; b", "a & b"),
        ("&quot;x&quot; &apos;y&#39; &#x27;", "\"x\" 'y' '"),
        ("a&nbsp;b", "a b"),
        ("don&#8217;t", "don't"),
        ("&unknown; &lt", "&unknown; &lt"),
    ],
)
def test_entities_are_resolved_also_when_written_twice(pasted: str, meant: str) -> None:
    assert clean(pasted).text == meant


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("see <https://scep.example.org/certsrv|the page>", "see https://scep.example.org/certsrv"),
        ("see <https://scep.example.org/certsrv>", "see https://scep.example.org/certsrv"),
        ("<mailto:pki@example.org|pki@example.org>", "mailto:pki@example.org"),
    ],
)
def test_slack_links_become_their_address(pasted: str, meant: str) -> None:
    assert clean(pasted).text == meant


@pytest.mark.parametrize("mention", ["<@U02AB3CD4>", "<@U02AB3CD4|bot>", "<#C0123AB|pki>", "<!here>", "<!channel>"])
def test_mentions_are_a_blank(mention: str) -> None:
    assert clean(f"hi{mention}12175").text == "hi 12175"


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("403<br>16", "403\n16"),
        ("403<br/>16", "403\n16"),
        ("<p>a</p><div class='x'>b</div>", "\na\n\nb\n"),
        ("<b>403</b>.<span style='x'>16</span>", "403.16"),
        ("<at>ndesbot</at> 12175", "ndesbot 12175"),
        ('<a href="https://x.example">12175</a>', "12175"),
        ("<Result>5</Result>", "<Result>5</Result>"),
        ("a <b c and a < b", "a <b c and a < b"),
    ],
)
def test_html_of_chats_goes_and_xml_of_logs_stays(pasted: str, meant: str) -> None:
    assert clean(pasted).text == meant


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("“The request” „failed“ «now»", '"The request" "failed" "now"'),
        ("can’t ‘be’", "can't 'be'"),
        ("–2147012721 — and −5", "-2147012721 - and -5"),
        ("wait… → then", "wait... -> then"),
    ],
)
def test_smart_punctuation_becomes_plain(pasted: str, meant: str) -> None:
    assert clean(pasted).text == meant


def test_unusual_blanks_become_blanks_and_invisible_characters_go() -> None:
    assert clean("403\u00a016\u202f2148204809").text == "403 16 2148204809"
    assert clean("0x80\u200b07\u00ad2f\ufeff8f").text == "0x80072f8f"


def test_line_ends_of_windows_and_old_macs_are_line_ends() -> None:
    assert clean("a\r\nb\rc").text == "a\nb\nc"


def test_quote_marks_go_at_the_beginning_of_a_line_only() -> None:
    assert clean("> first\n&gt; second\na > b").text == "first\nsecond\na > b"


def test_fences_go_and_what_they_hold_stays() -> None:
    assert clean("```\n403 16\n```\n`12175`").text == "\n403 16\n\n12175"


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("donâ€™t", "don't"),
        ("a â€“ b", "a - b"),
        ("nothingâ€¦", "nothing..."),
        ("fÃ¼r", "für"),
        ("Ã©vÃ©nement", "événement"),
        ("aÂ b", "a b"),
        ("â€œThe request was deniedâ€\u009d", '"The request was denied"'),
    ],
)
def test_utf8_that_was_read_as_windows_1252_is_repaired(pasted: str, meant: str) -> None:
    assert clean(pasted).text == meant


def test_a_character_outside_latin_1_takes_the_place_of_one() -> None:
    cleaned = clean("日本 12175 \ud800!")
    assert cleaned.text == "?? 12175 ?!"
    assert cleaned.original(3, 8) == (3, 8)


def test_a_span_points_at_what_was_pasted() -> None:
    pasted = "<@U02AB3CD4> &lt;b&gt; can’t <https://x.example/a|a> 403\u00a016"
    cleaned = clean(pasted)
    for shown, original in [("<b>", "&lt;b&gt;"), ("can't", "can’t"), ("https://x.example/a", "https://x.example/a")]:
        at = cleaned.text.index(shown)
        start, end = cleaned.original(at, at + len(shown))
        assert pasted[start:end] == original
    at = cleaned.text.index("403 16")
    assert cleaned.original(at, at + 6) == (len(pasted) - 6, len(pasted))


@pytest.mark.parametrize("text", ["", "\u200b", "<b></b>", "```"])
def test_a_text_of_nothing_is_empty_and_still_has_a_place(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.text == ""
    assert cleaned.original(0, 0) == (0, len(text))


@given(TEXTS, st.data())
def test_every_span_maps_into_the_paste(text: str, data: st.DataObject) -> None:
    cleaned = clean(text)
    start = data.draw(st.integers(0, max(0, len(cleaned.text) - 1)))
    end = data.draw(st.integers(min(start + 1, len(cleaned.text)), len(cleaned.text)))
    first, last = cleaned.original(start, end)
    assert 0 <= first <= last <= len(text)


@given(TEXTS)
def test_every_text_becomes_latin_1(text: str) -> None:
    assert len(clean(text).text.encode("latin-1")) == len(clean(text).text) == len(clean(text).text.lower())


@given(TEXTS)
def test_every_verbatim_character_maps_to_itself(text: str) -> None:
    cleaned = clean(text)
    ends = [*cleaned.starts[1:], len(cleaned.text)]
    for first, end, verbatim in zip(cleaned.starts, ends, cleaned.verbatim, strict=True):
        for at in range(first, end) if verbatim else ():
            start, stop = cleaned.original(at, at + 1)
            assert stop == start + 1
            assert text[start].encode("latin-1", "replace").decode("latin-1") == cleaned.text[at]


@given(PLAIN)
def test_a_plain_text_is_left_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.text == text
    assert cleaned.original(0, len(text)) == (0, len(text))
