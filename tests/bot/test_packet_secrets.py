"""No secret of any kind is in a packet, wherever in a case it was planted; what is none stays."""

import html
import json
from dataclasses import replace

import pytest

from bot.findings import Finding, Suspect
from bot.packet import Case, Checked, Tried, Turn, packed
from bot.timeline.outline import Outline, OutlinedLog, OutlinedStop, OutlinedUnknown, Proof, Sign
from tests.bot.test_packet import CASE, FINDING, SERVER, document, inside
from tests.bot.test_redaction.pastes import HOSTILE
from tests.bot.test_redaction.wordings import WORDINGS, telling
from tests.fakes import NOON

SEEDS = [(wording.format(secret), secret) for wording, secret in WORDINGS if not wording.startswith("Thumbprint")]
SEEDS += [(paste, secret) for paste, secrets in HOSTILE for secret in secrets]
"""Every kind of secret that the corpus has; marks of certificates stay in what checks saw, for they are what counts."""
_BATCH = 60


def seeded(texts: list[str]) -> Case:
    """Each text in every place where a text can stand."""
    findings = tuple(Finding("check", "fail", text, {"page": text, text: 1, "names": ["fine", text]}) for text in texts)
    suspects = tuple(Suspect("cause", "entry", "possible", text, text) for text in texts)
    stops = tuple(
        OutlinedStop(
            3,
            "entry",
            text,
            0.9,
            1,
            1,
            1,
            "",
            "",
            text,
            1,
            text,
            text,
            (Proof(2, text, 1),),
            (Sign("entry", "title", text, 1),),
        )
        for text in texts
    )
    story = Outline(
        texts[0], 1, 1, False, (), stops, tuple(OutlinedUnknown(text, 1, 1, text, 1, "", "") for text in texts),
        tuple(OutlinedLog(text, text, 1, "", "", text) for text in texts), tuple(texts),
    )  # fmt: skip
    turns = tuple(Turn(NOON, "person 1", text, text, text) for text in texts)
    tried = tuple(Tried(NOON, "person 1", text, text) for text in texts)
    server = Checked(texts[0], texts[0], "direct", "intune", texts[0], NOON, "fail", findings, suspects)
    return Case(NOON, story, turns, (server,), tried, {text: text for text in texts})


@pytest.mark.parametrize("first", range(0, len(SEEDS), _BATCH))
def test_no_secret_planted_anywhere_is_in_the_packet(first: int) -> None:
    batch = SEEDS[first : first + _BATCH]
    told = "\n".join(inside(packed(seeded([text for text, _ in batch]))).values())
    read = html.unescape(told) + told.replace('\\"', '"').replace("\\\\", "\\")
    around = "\n".join([*(text.replace(secret, "") for text, secret in batch), *inside(packed(Case(NOON))).values()])
    leaks = {
        (text, piece)
        for text, secret in batch
        for piece in telling(around + text.replace(secret, ""), secret)
        if piece in read
    }
    assert leaks == set()


def test_a_value_is_a_secret_where_its_name_says_so() -> None:
    finding = replace(FINDING, evidence={"password": "Sonnenblume", "challenge": ["Apfelkuchen"], "server": "IIS"})
    told = "".join(inside(packed(replace(CASE, servers=(replace(SERVER, findings=(finding,)),)))).values())
    assert "Sonnenblume" not in told
    assert "Apfelkuchen" not in told
    assert "IIS" in told


def test_what_is_no_secret_stays_as_it_is() -> None:
    told = document(CASE)
    assert "removed" not in json.dumps(told)
