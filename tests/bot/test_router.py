"""One message in, one answer out: commands, pastes and failures."""

import logging

import pytest

from bot.router import COMMANDS, Router
from bot.types import Answer, Facts, Message, Place, Text
from knowledge.codes import Codes
from knowledge.library import Library

PLACE = Place("test", "room")
PROBLEM = "POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - NDES_Plugin - 403 16 2148204809 31"


def said(text: str, *, addressed: bool = True) -> Message:
    return Message("m-17", PLACE, "someone", text, addressed)


@pytest.fixture(scope="module")
def router(library: Library, codes: Codes) -> Router:
    return Router(library, codes)


def words_of(answer: Answer) -> str:
    return repr(answer)


@pytest.mark.parametrize("command", ["help", "/help", "ndes-help", "/ndes-help", "HELP", "  help  ", "/NDES-Help"])
def test_help_is_understood_with_and_without_slash_and_prefix(router: Router, command: str) -> None:
    answer = router.handle(said(command))
    assert answer is not None
    assert answer.title == "What I can do"


def test_help_lists_every_command_with_what_it_does(router: Router) -> None:
    answer = router.handle(said("help"))
    assert answer is not None
    rows = [row for block in answer.blocks if isinstance(block, Facts) for row in block.rows]
    assert rows == [(f"{command.name} {command.takes}".strip(), command.does) for command in COMMANDS]


@pytest.mark.parametrize("command", ["explain", "/explain", "ndes-explain", "/ndes-explain", "EXPLAIN"])
@pytest.mark.parametrize("what", ["policy-module-403-16", "0x80094012", " 12175 "])
def test_explain_is_understood_with_and_without_slash_and_prefix(router: Router, command: str, what: str) -> None:
    answer = router.handle(said(f"{command} {what}"))
    assert answer is not None
    assert answer.tone in ("info", "problem")
    assert not answer.title.startswith("I ")


def test_every_command_of_the_table_is_run_and_not_taken_for_a_paste(router: Router) -> None:
    for command in COMMANDS:
        answer = router.handle(said(f"/ndes-{command.name}" + (" 12175" if command.takes else "")))
        assert answer is not None
        assert answer.tone == "info"


def test_explaining_what_nobody_knows_says_so_and_how_to_ask(router: Router) -> None:
    answer = router.handle(said("explain nonsense"))
    assert answer is not None
    assert answer.tone == "unknown"
    assert "nonsense" in words_of(answer)
    assert "0x80094012" in words_of(answer)


def test_explaining_a_secret_does_not_repeat_it(router: Router) -> None:
    answer = router.handle(said("explain challenge=3F2A91C7D4E0B856"))
    assert answer is not None
    assert "3F2A91C7D4E0B856" not in words_of(answer)


@pytest.mark.parametrize(
    "text",
    [
        f"help\n{PROBLEM}",
        f"Help! Since this morning no device enrols.\n{PROBLEM}",
        f"help please, since the renewal of the certificate on the server we see this all the time: {PROBLEM}",
        "help us: VerifyRequest gives 403.16",
        f"explain this please, it stands in our log since the renewal of the certificate on the server: {PROBLEM}",
        "explain why VerifyRequest gives 403.16",
        f"explain\n{PROBLEM}",
    ],
)
def test_a_paste_that_begins_like_a_command_is_diagnosed(router: Router, text: str) -> None:
    answer = router.handle(said(text))
    assert answer is not None
    assert "403.16" in answer.title


def test_a_paste_is_diagnosed(router: Router) -> None:
    answer = router.handle(said(PROBLEM))
    assert answer is not None
    assert answer.tone == "problem"


@pytest.mark.parametrize("text", ["help", "/help", "ndes-help", "explain 12175", "/ndes-explain policy-module-403-16"])
def test_an_overheard_message_never_runs_a_command(router: Router, text: str) -> None:
    assert router.handle(said(text, addressed=False)) is None


def test_an_overheard_certain_problem_is_answered(router: Router) -> None:
    answer = router.handle(said(PROBLEM, addressed=False))
    assert answer is not None
    assert "403.16" in answer.title


def test_small_talk_is_left_alone(router: Router) -> None:
    assert router.handle(said("who wants coffee?", addressed=False)) is None


class BrokenLibrary(Library):
    """A library with a bug that quotes the paste in its error, as bugs do."""

    def match(self, text: str) -> list:
        raise RuntimeError(f"cannot match {text}")

    def match_reading(self, text: str, reading: object) -> list:
        raise RuntimeError(f"cannot match {text}")


@pytest.mark.parametrize("text", ["the very secret words 403.16 of a paste", "explain 12175", "words " * 30_000])
def test_a_bug_becomes_an_apology_and_neither_it_nor_the_log_holds_the_paste(
    codes: Codes, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = Router(BrokenLibrary(()), codes).handle(said(text))
    assert answer == Answer("Something broke on my side", "unknown", (Text("It is logged under m-17."),))
    assert len(caplog.records) == 1
    record = caplog.records[0]
    assert record.levelno == logging.ERROR
    assert record.__dict__["message_id"] == "m-17"
    assert record.__dict__["error"] == "RuntimeError"
    assert record.exc_info is None
    told = repr(record.__dict__) + caplog.text
    for word in ("very secret", "12175", "words words"):
        assert word not in told


def test_the_answer_does_not_depend_on_who_asks_or_where(router: Router) -> None:
    elsewhere = Message("other", Place("slack", "C1", "t1"), "somebody else", PROBLEM, True)
    assert router.handle(elsewhere) == router.handle(said(PROBLEM))
