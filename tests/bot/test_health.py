"""What is believed of a server from run to run, and what is said about it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.diary import Change, Health, Period, Quiet, Run
from bot.findings import Finding, Verdict
from bot.health import Patience, announced, down, hushed, next_health, stretches, untold
from bot.types import Facts, Place

BEGIN = datetime(2026, 11, 21, 9, 41, tzinfo=UTC)
POST = (Place("slack", "C1"), "171.5")
LETTERS: dict[str, Verdict] = {"o": "ok", "w": "warn", "f": "fail", "u": "unknown", "s": "skipped"}


def after(letters: str, minutes: int = 5, patience: Patience | None = None) -> tuple[Health, list[tuple[int, Change]]]:
    """A server after runs five minutes apart, and what was said after which of them."""
    health: Health | None = None
    said = []
    for number, letter in enumerate(letters):
        run = Run("ndes01", BEGIN + number * timedelta(minutes=minutes), LETTERS[letter], {})
        health, change = next_health(health, run, patience or Patience())
        if change:
            said.append((number, change))
            health = replace(health, post=health.post or POST)
    assert health
    return health, said


@pytest.mark.parametrize(
    ("runs", "verdict", "said"),
    [
        ("o", "ok", []),
        ("of", "ok", []),
        ("ofo", "ok", []),
        ("off", "fail", [(2, "broke")]),
        ("offff", "fail", [(2, "broke")]),
        ("offo", "fail", [(2, "broke")]),
        ("offoo", "ok", [(2, "broke"), (4, "healed")]),
        ("oww", "warn", [(2, "broke")]),
        ("owwff", "fail", [(2, "broke"), (4, "worse")]),
        ("offww", "warn", [(2, "broke"), (4, "healed")]),
        ("offwwoo", "ok", [(2, "broke"), (4, "healed"), (6, "healed")]),
        # at least that bad in all runs of a row
        ("ofw", "warn", [(2, "broke")]),
        ("owf", "warn", [(2, "broke")]),
        ("offow", "warn", [(2, "broke"), (4, "healed")]),
        # the first run of a new server: well at once, broken not
        ("f", "unknown", []),
        ("ff", "fail", [(1, "broke")]),
        ("uuu", "unknown", []),
        # not knowing
        ("ou", "ok", []),
        ("ouu", "unknown", []),
        ("ouuo", "ok", []),
        ("ofuf", "fail", [(3, "broke")]),
        ("offuuuu", "fail", [(2, "broke")]),
        ("offouo", "ok", [(2, "broke"), (5, "healed")]),
        ("offss", "fail", [(2, "broke")]),
        ("of" + "u" * 20, "unknown", []),
    ],
)
def test_a_change_is_believed_after_some_runs_in_a_row(
    runs: str, verdict: Verdict, said: list[tuple[int, Change]]
) -> None:
    health, told = after(runs)
    assert (health.verdict, told) == (verdict, said)


def test_it_is_broken_since_the_first_run_that_failed() -> None:
    assert after("oooff")[0].since == BEGIN + timedelta(minutes=15)
    assert after("offoo")[0].since == BEGIN + timedelta(minutes=15)


def test_one_run_is_enough_where_somebody_wants_it_so() -> None:
    assert after("ofo", patience=Patience(1, 1))[1] == [(1, "broke"), (2, "healed")]


def test_a_server_that_goes_up_and_down_is_told_once_and_again_when_it_kept_still() -> None:
    health, said = after("ofofof" + "o" * 13)
    assert said == [(4, "flapping"), (18, "healed")]
    assert not health.flapping
    health, said = after("ofofof" + "f" * 12)
    assert said == [(4, "flapping"), (17, "broke")]
    assert health.verdict == "fail"


def test_a_server_that_goes_up_and_down_slowly_is_told_each_time() -> None:
    assert after("oooffoooofff", minutes=20)[1] == [(4, "broke"), (6, "healed"), (10, "broke")]


def test_what_breaks_again_gets_a_new_message_and_what_heals_keeps_its_own() -> None:
    health, _ = after("off")
    healed = Run("ndes01", BEGIN + timedelta(hours=1), "ok", {})
    health, _ = next_health(health, healed)
    health, change = next_health(health, replace(healed, at=healed.at + timedelta(hours=1)))
    assert (change, health.post) == ("healed", POST)
    for hours in (3, 4):
        health, change = next_health(health, Run("ndes01", BEGIN + timedelta(hours=hours), "fail", {}))
    assert (change, health.post) == ("broke", None)


def test_what_was_not_said_in_a_quiet_time_is_said_after_it() -> None:
    health, _ = after("off")
    assert untold(health) is None
    assert untold(replace(health, post=None)) == "broke"
    assert untold(replace(after("o")[0], post=None)) is None


@given(st.text("owfus", min_size=1, max_size=40), st.integers(1, 4), st.integers(1, 4))
def test_whatever_happens_the_words_alternate_and_a_repeated_run_changes_nothing(
    letters: str, failures: int, successes: int
) -> None:
    patience = Patience(failures, successes)
    health: Health | None = None
    broken = False
    for number, letter in enumerate(letters):
        run = Run("ndes01", BEGIN + number * timedelta(minutes=5), LETTERS[letter], {})
        before, (health, change) = health, next_health(health, run, patience)
        assert next_health(before, run, patience) == (health, change)
        again, said = next_health(health, run, patience)
        assert again == health
        assert said in (change, None)
        assert len(health.turns) <= 8
        if change == "broke" and not (before and before.flapping):
            assert not broken
        if change == "worse":
            assert broken
        broken = health.verdict in ("warn", "fail")
        if change in ("broke", "worse"):
            assert broken
        if before and before.verdict in ("warn", "fail", "ok") and letter in "us":
            assert health.verdict in (before.verdict, "unknown")
            assert not (before.verdict == "ok" and before.candidate is None and health.verdict == "unknown")


# --- quiet times -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "minutes", "quiet"),
    [
        ("ndes01", 0, True),
        ("ndes01", 59, True),
        ("ndes01", 60, False),
        ("ndes01", -1, False),
        ("tag:prod", 1, True),
        ("tag:test", 1, False),
        ("ndes02", 1, False),
        ("*", 1, True),
        ("prod", 1, False),
    ],
)
def test_a_quiet_time_is_for_a_server_a_tag_or_all(scope: str, minutes: int, quiet: bool) -> None:
    window = Quiet(scope, BEGIN, BEGIN + timedelta(hours=1), "ann")
    found = hushed([window], "ndes01", ("prod", "emea"), BEGIN + timedelta(minutes=minutes))
    assert found == (window if quiet else None)


def test_of_two_quiet_times_the_one_that_ends_last_holds() -> None:
    short, long = (Quiet("*", BEGIN, BEGIN + timedelta(hours=hours), "ann") for hours in (1, 2))
    assert hushed([long, short], "ndes01", (), BEGIN) == long


# --- what is said ----------------------------------------------------------------------------

BROKEN = Health("ndes01", "fail", BEGIN)
WELL = Health("ndes01", "ok", BEGIN + timedelta(minutes=14))
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("change", "health", "before", "title"),
    [
        ("broke", BROKEN, None, "ndes01 is broken since 10:41 CET"),
        ("broke", replace(BROKEN, verdict="warn"), None, "ndes01 needs a look since 10:41 CET"),
        (
            "broke",
            replace(BROKEN, since=BEGIN - timedelta(days=1)),
            None,
            "ndes01 is broken since Fri 20 Nov, 10:41 CET",
        ),
        (
            "worse",
            BROKEN,
            replace(BROKEN, verdict="warn"),
            "ndes01 is broken since 10:41 CET; before, it only needed a look",
        ),
        ("healed", WELL, BROKEN, "ndes01 is well again, broken 14 min"),
        ("healed", WELL, replace(BROKEN, verdict="warn"), "ndes01 is well again, in need of a look 14 min"),
        (
            "healed",
            replace(WELL, verdict="warn"),
            BROKEN,
            "ndes01 works again but needs a look, broken 14 min",
        ),
        (
            "flapping",
            replace(WELL, turns=(BEGIN, BEGIN, BEGIN, BEGIN)),
            BROKEN,
            "ndes01 goes up and down: 4 changes since 10:41 CET",
        ),
        ("healed", WELL, replace(BROKEN, flapping=True), "ndes01 is well again and has kept still for an hour"),
        ("broke", BROKEN, replace(WELL, flapping=True), "ndes01 is broken since 10:41 CET, and stays so"),
    ],
)
def test_a_change_is_told_in_one_line(change: Change, health: Health, before: Health | None, title: str) -> None:
    assert announced(change, health, before, BEGIN + timedelta(hours=1), zone=BERLIN).title == title


def test_the_message_names_what_failed_the_worst_first() -> None:
    findings = [
        Finding("tcp", "ok", "The port is open."),
        Finding("tls-verify", "warn", "It expires in 12 days."),
        Finding("scep-base", "fail", "The pool does not run."),
    ]
    answer = announced("broke", BROKEN, None, BEGIN, findings=findings)
    assert answer.blocks[0] == Facts(
        (("scep-base", "The pool does not run."), ("tls-verify", "It expires in 12 days."))
    )
    assert announced("healed", WELL, BROKEN, BEGIN, findings=findings).tone == "success"


# --- looking back ----------------------------------------------------------------------------


def _told(runs: Sequence[tuple[int, Verdict]]) -> list[tuple[int, int, Verdict]]:
    period = Period(BEGIN, BEGIN + timedelta(minutes=60))
    found = stretches((Run("ndes01", BEGIN + timedelta(minutes=at), verdict, {}) for at, verdict in runs), period)
    minutes = [(round((one.begins - BEGIN).seconds / 60), round((one.ends - BEGIN).seconds / 60)) for one in found]
    return [(*span, one.verdict) for span, one in zip(minutes, found, strict=True)]


def test_a_period_is_told_in_stretches_without_a_gap() -> None:
    assert _told([]) == [(0, 60, "unknown")]
    assert _told([(-5, "ok"), (10, "fail"), (20, "fail"), (30, "ok"), (70, "fail")]) == [
        (0, 10, "ok"),
        (10, 30, "fail"),
        (30, 60, "ok"),
    ]
    assert _told([(10, "skipped"), (20, "ok")]) == [(0, 20, "unknown"), (20, 60, "ok")]


def test_time_broken_is_added_up() -> None:
    runs = [Run("a", BEGIN + timedelta(minutes=at), LETTERS[one], {}) for at, one in ((0, "f"), (10, "o"), (50, "f"))]
    assert down(stretches(runs, Period(BEGIN, BEGIN + timedelta(hours=1)))) == timedelta(minutes=20)
