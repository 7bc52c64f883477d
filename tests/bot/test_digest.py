"""A digest says what changed, what will break and what people asked; it names no person and is silent on request."""

import os
import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.diary import Health, Pages, Period
from bot.digest import compose
from bot.types import Answer, Fold
from connectors.render import text
from tests.bot.digests import (
    BAD_WEEK,
    DAY,
    DUE,
    HOUR,
    PEOPLE,
    SERVERS,
    SITUATIONS,
    WEEKLY,
    ends,
    pages,
    question,
    run,
    steady,
)

GOLDEN = Path(__file__).with_name("golden")


def composed(given: Pages) -> Answer:
    answer = compose(given)
    assert answer
    return answer


def rows(answer: Answer, title: str) -> dict[str, str]:
    """What stands under a title; nothing where it is missing."""
    fold = next((block for block in answer.blocks if isinstance(block, Fold) and block.title == title), None)
    return dict(fold.blocks[0].rows) if fold else {}  # type: ignore[union-attr]


@pytest.mark.parametrize("name", SITUATIONS)
def test_each_situation_reads_as_it_was_last_looked_at(name: str) -> None:
    told = text.render(composed(SITUATIONS[name]))
    path = GOLDEN / f"digest-{name}.txt"
    if os.environ.get("RENEW_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(told, encoding="utf-8")
    assert path.exists(), "RENEW_GOLDEN=1 writes it; look at it before you commit it"
    assert told == path.read_text(encoding="utf-8")


def test_the_order_in_which_things_were_kept_does_not_matter() -> None:
    first = composed(BAD_WEEK)
    chance = random.Random(5)
    for _ in range(20):
        shuffled = {
            name: tuple(chance.sample(getattr(BAD_WEEK, name), len(getattr(BAD_WEEK, name))))
            for name in ("servers", "runs", "expiries", "asked")
        }
        health = dict(chance.sample(list(BAD_WEEK.health.items()), len(BAD_WEEK.health)))
        assert composed(replace(BAD_WEEK, health=health, **shuffled)) == first


# --- silence ---------------------------------------------------------------------------------


def test_a_channel_may_rather_hear_nothing_than_that_all_is_quiet() -> None:
    silent = replace(WEEKLY, all_quiet=False)
    assert compose(pages(silent)) is None
    assert composed(pages()).title == "All quiet: 5 servers well since Mon 16 Nov"
    assert compose(pages(silent, asked=(question(0, "503"),)))
    assert compose(pages(silent, servers=(*SERVERS, "new"), health=SITUATIONS["quiet"].health))


@pytest.mark.parametrize(("days", "breaks_silence"), [(29.9, False), (26, True), (12, True), (40, False), (91, False)])
def test_what_comes_nearer_breaks_the_silence_only_at_its_marks(days: float, breaks_silence: bool) -> None:
    given = pages(replace(WEEKLY, all_quiet=False), expiries=(ends("ndes01", "tls", "x", days),))
    daily = replace(given, period=Period(DUE - DAY, DUE))
    assert (compose(given) is not None) is (breaks_silence or days == 29.9)
    assert (compose(daily) is not None) is (days == 29.9)


def test_an_empty_house_is_quiet() -> None:
    assert composed(pages(servers=())).title == "All quiet: nothing since Mon 16 Nov"


# --- what changed ----------------------------------------------------------------------------


def test_a_fault_that_began_before_the_period_is_an_old_one_even_if_it_got_worse() -> None:
    health = {name: Health(name, "ok", DUE - 60 * DAY) for name in SERVERS}
    health["ndes01"] = Health("ndes01", "fail", DUE - DAY)
    runs = (steady("ndes01"), run("ndes01", DUE - 10 * DAY, "warn"), run("ndes01", DUE - DAY, "fail"))
    answer = composed(pages(health=health, runs=runs))
    assert rows(answer, "Newly broken") == {}
    assert rows(answer, "Still broken")["ndes01"].startswith("broken since Fri 13 Nov, 08:00 CET, for 10 days")


def test_a_server_that_could_not_be_checked_for_a_while_was_not_broken() -> None:
    health = {name: Health(name, "ok", DUE - 60 * DAY) for name in SERVERS}
    health["ndes01"] = Health("ndes01", "ok", DUE - DAY)
    runs = (steady("ndes01"), run("ndes01", DUE - 2 * DAY, "unknown"), run("ndes01", DUE - DAY, "ok"))
    assert composed(pages(health=health, runs=runs)).title.startswith("All quiet")


def test_servers_of_other_channels_are_none_of_its_business() -> None:
    told = text.render(composed(replace(BAD_WEEK, servers=("ndes02",))))
    assert not any(name in told for name in SERVERS if name != "ndes02")


@pytest.mark.parametrize(
    ("late", "words"),
    [
        (timedelta(minutes=14), None),
        (timedelta(minutes=20), "20 minutes late"),
        (timedelta(hours=2), "two hours late"),
        (timedelta(days=3), "three days late"),
    ],
)
def test_a_late_digest_says_so(late: timedelta, words: str | None) -> None:
    for given in (BAD_WEEK, pages()):
        told = text.render(composed(replace(given, now=DUE + late)))
        assert (words in told) if words else ("This digest is" not in told)


def test_a_hundred_broken_servers_are_counted_and_some_of_them_named() -> None:
    names = tuple(f"ndes{number:03}" for number in range(100))
    health = {name: Health(name, "fail", DUE - HOUR) for name in names}
    answer = composed(pages(servers=names, health=health))
    assert answer.title == "NDES digest: 100 newly broken"
    assert rows(answer, "Newly broken")["85 more"] == "not shown here"
    assert len(text.render(answer)) < 3000


# --- questions -------------------------------------------------------------------------------


def test_nothing_identifies_a_person() -> None:
    for given in SITUATIONS.values():
        told = text.render(composed(given))
        assert not any(person in told for person in PEOPLE)
        assert not any(name in told for name in ("Ann", "Smith", "Bob", "Miller"))


def test_questions_alike_are_one_and_people_are_counted_not_messages() -> None:
    unanswered = rows(composed(BAD_WEEK), "Without an answer")
    assert unanswered == {
        "“CertUtil: 0x80090014 invalid provider type”": "3 people",
        "1 other": "in words that nobody else used",
    }
    many_times = pages(asked=tuple(question(0, "0x80090014 again", None, hours) for hours in range(1, 9)))
    assert rows(composed(many_times), "Without an answer") == {"1 question": "in words that nobody else used"}


def test_another_number_is_another_question() -> None:
    asked = (
        question(0, "enrolment fails with 0x80090014 here"),
        question(1, "enrolment fails with 0x80090015 here"),
        question(2, "Enrolment fails with 0x80090014, why?"),
    )
    assert rows(composed(pages(asked=asked)), "Without an answer") == {
        "“Enrolment fails with 0x80090014”": "2 people",
        "1 other": "in words that nobody else used",
    }


def test_the_periods_before_are_told_beside() -> None:
    compared = rows(composed(BAD_WEEK), "Compared with before")
    assert compared == {
        "Time broken": "1 day (before: none, 12 h)",
        "Questions": "8 by 5 people (before: 9 by 5 people, 5 by 3 people)",
        "Answers that helped": "80 % of 15 votes (before: 70 % of 10 votes, no votes)",
    }
