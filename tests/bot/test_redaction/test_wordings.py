"""A secret goes however it is written, and what only speaks of one stays."""

import html

import pytest

from bot.redaction import is_clean, redact
from tests.bot.test_redaction.pastes import HOSTILE, INNOCENT
from tests.bot.test_redaction.wordings import HARMLESS, WORDINGS, telling


@pytest.mark.parametrize(("wording", "secret"), WORDINGS)
def test_a_secret_goes_however_it_is_written(wording: str, secret: str) -> None:
    for around in ("{}", "NDES event 29: {} : cannot be verified", "{} mscep.dll 500 0 1346", "mscep.dll 500\n{}\nend"):
        text = around.format(wording.format(secret))
        left = redact(text)
        assert telling(text.replace(secret, ""), secret)
        assert [piece for piece in telling(text.replace(secret, ""), secret) if piece in html.unescape(left)] == []
        assert redact(left) == left
        assert not is_clean(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_speaks_of_secrets_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(("paste", "told"), HOSTILE)
def test_of_a_whole_paste_no_secret_is_left(paste: str, told: tuple[str, ...]) -> None:
    left = redact(paste)
    for secret in told:
        assert secret in paste
        assert [piece for piece in telling(paste.replace(secret, ""), secret) if piece in left] == []
    assert redact(left) == left


@pytest.mark.parametrize("paste", INNOCENT)
def test_an_innocent_paste_stays_readable_to_the_last_character(paste: str) -> None:
    for text in (paste, f"error in mscep.dll:\n{paste}\nthanks"):
        assert redact(text) == text
