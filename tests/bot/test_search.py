"""Who looks for an entry by words, a number or its id finds it."""

import pytest

from bot.search import MOST, search
from knowledge.library import Library


@pytest.mark.parametrize(
    ("words", "entry"),
    [
        ("403.16 VerifyRequest", "policy-module-403-16"),
        ("policy-module-403-16", "policy-module-403-16"),
        ("RA certificates expired", "ndes-500-ra-certificates-expired"),
        ("ra certficates expird", "ndes-500-ra-certificates-expired"),
        ("event 36", "windows-event-36-request-generated"),
    ],
)
def test_words_find_their_entry_among_the_first(library: Library, words: str, entry: str) -> None:
    assert entry in [found.id for found in search(words, library)][:3]


@pytest.mark.parametrize("words", ["", " ", "x" * 10**6, "\0\ud800", "zzzz qqqq"])
def test_any_words_give_at_most_a_page(library: Library, words: str) -> None:
    assert len(search(words, library)) <= MOST


def test_no_words_give_something_to_begin_with(library: Library) -> None:
    assert search("", library)[0].id == "scep-url-403-expected"
