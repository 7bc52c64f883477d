"""Logs that contradict themselves, or have more of something than any site: read to the end, with bounded work."""

# ruff: noqa: E501 - lines of logs are easier to compare unwrapped

import io
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from bot.errors import BadRequest
from bot.timeline import Line, LogFile, Survey, strangers
from bot.timeline import story as stories
from bot.timeline.files import Stopped
from connectors import logs, surveying
from connectors.logs import svclog as svclogs
from connectors.surveying import Surveying
from connectors.times import is_day_first, local
from knowledge.library import Library
from tests.logs.reading import kind_of, lines_of
from tests.logs.test_bad_input import zipped
from tests.logs.test_noise import HEADER, NDES, enrolment, refused
from tests.logs.test_second_looks import events, story
from tests.logs.test_whose_and_when import CONSOLE, audit, connector, svclog
from tests.steps import steps

SENT = "Sending request to certificate registration point."


def plugin(text: str, at: str, thread: object = 7, bias: str = "+000") -> str:
    return f'<![LOG[{text}]LOG]!><time="{at}.000{bias}" date="05-14-2026" component="NDESPlugin" context="" type="1" thread="{thread}" file="x">\n'


# --- times -------------------------------------------------------------------------------------


@pytest.mark.parametrize("biases", [("", "+000"), ("+000", "")])
def test_a_log_put_together_of_lines_with_a_zone_and_without_has_the_kind_of_its_first(
    library: Library, biases: tuple[str, str]
) -> None:
    lines = [plugin(SENT, f"08:0{i}:00", bias=biases[i % 2]) for i in range(6)]
    (stop,) = story(library, plugin="".join(lines), iis=HEADER + enrolment("08:00", 30)).stops
    assert (stop.step, stop.lines) == (3, 6)


def test_days_stand_first_where_one_of_them_cannot_be_a_month_whatever_the_half_of_the_day() -> None:
    australian = ["1/05/2024 9:00:00 AM", "13/05/2024 2:00:00 PM"]
    assert is_day_first(australian)
    read = [local(text, is_day_first(australian)) for text in australian]
    assert [(at.month, at.day, at.hour) for at in read if at] == [(5, 1, 9), (5, 13, 14)]


def test_a_number_that_only_looks_like_one_is_no_duration(library: Library) -> None:
    line = refused("08:00", 30)
    assert line.endswith(" 15\n")
    (stop,) = story(library, iis=HEADER + line.replace(" 15\n", " ²\n")).stops
    assert stop.first.line == 3


def test_the_log_that_others_are_compared_with_is_not_compared_with_itself(library: Library) -> None:
    """Its first line may have no time, so that it is not known by it."""
    failed = "14.05.2026 10:{:02}:{:02} NDES SCEP request failed to verify challenge error 0x80094800\n"
    longest = "ERROR SCEP NDES submit request failed 0x80094800 denied\n"
    longest += "".join(failed.format(minute, second) for minute in range(0, 50, 5) for second in range(3))
    told = story(library, longest=longest, short=failed.format(5, 0) + failed.format(5, 1))
    assert [file.clock.ahead.total_seconds() for file in told.files if file.clock] == [0, 0]
    assert told.files[0].clock
    assert told.files[0].clock.pairs == 0


# --- much of something ---------------------------------------------------------------------------


@pytest.mark.timeout(60)  # quadratic patterns took minutes
@pytest.mark.parametrize(
    "line",
    [
        "x" + " " * 60_000 + "x",
        "x $$<" * 12_000,
        "$$<" + "b" * 60_000 + "><05-14-2026 10:00:00.000+000>",
        "[" + "1 " * 30_000 + "Error:",
        "Error:" + " " * 60_000 + "x",
        "\t" * 60_000 + "Success",
    ],
)
@pytest.mark.parametrize(
    "first",
    [
        plugin("Calling VerifyRequest ...", "08:00:00"),
        "Calling VerifyRequest $$<N><05-14-2026 08:00:00.000+000>\n",
        "Success: all is well\nSuccess: more\n",
    ],
)
def test_long_lines_of_one_character_cost_no_more_than_others(library: Library, first: str, line: str) -> None:
    whole = (first + f"{line}\n" * 12).encode()
    assert kind_of(whole) in ("ndesplugin", "validation")
    assert len(lines_of(whole)) >= 2
    Surveying(library).read(io.BytesIO(whole), "a.log")


def taken_in(library: Library, threads: int) -> None:
    asked, answered = SENT, "Verify challenge returns true"
    text = "".join(plugin(asked, f"08:{i // 60:02}:{i % 60:02}", thread=f"t{i}") for i in range(threads))
    text += "".join(plugin(answered, f"09:{i // 60:02}:{i % 60:02}", thread=f"t{i}") for i in range(threads))
    Survey(library).take(LogFile("a.log", "ndesplugin", ""), lines_of(text.encode()))


def test_questions_of_many_threads_cost_as_much_each_as_those_of_few(library: Library) -> None:
    taken_in(library, 10)  # what is made once
    few, many = (steps(partial(taken_in, library, threads)) for threads in (60, 480))
    assert many < 10 * few


def test_of_very_many_open_questions_the_eldest_count_as_unanswered(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are not answered any more, by whatever comes."""
    monkeypatch.setattr(stories, "_OPEN", 50)
    asked = "".join(plugin(SENT, "08:00:00", thread=f"t{i}") for i in range(60))
    answered = "".join(plugin("Verify challenge returns true", "08:00:01", thread=f"t{i}") for i in range(60))
    survey = Survey(library)
    survey.take(LogFile("a.log", "ndesplugin", ""), lines_of((asked + answered).encode()))
    assert [mark.number for mark in survey._marks[0] if mark.verdict.kind == "bad"] == list(range(1, 11))


def test_threads_that_are_known_stay_known_where_no_more_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svclogs, "_THREADS", 2)
    log = "".join(svclog("08:00:00", "VerifyRequest Started.", thread=i) for i in (1, 2, 3))
    log += svclog("08:00:01", "Request transaction DBD0E81093466E30EE78 subject CN=x", thread=2)
    log += svclog("08:00:02", "VerifyRequest Finished with status False", thread=2)
    assert lines_of(log.encode())[-1].transaction == "DBD0E81093466E30EE78"


def test_accounts_of_a_ca_are_counted_up_to_a_bound(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "_ACCOUNTS", 3)
    survey = Survey(library)
    asked = audit(*["CORP\\svc-ndes"] * 8, *(f"CORP\\WS-{i}$" for i in range(40)), "CORP\\svc-ndes")
    survey.take(LogFile("security.csv", "event", ""), lines_of(asked.encode()))
    assert sorted(survey._askers._rows.values()) == [1, 1, 9]


def test_texts_of_lines_that_wait_for_an_answer_are_kept_up_to_the_same_bound(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stories, "_TEXTS", 5)
    survey = Survey(library)
    lines = lines_of("".join(plugin(SENT, f"08:{i:02}:00", thread=i) for i in range(30)).encode())
    survey.take(LogFile("a.log", "ndesplugin", ""), lines)
    assert len(survey._texts) == 5


# --- what proves nothing -------------------------------------------------------------------------


def test_a_completed_installation_undoes_what_failed_in_it_and_nothing_else(library: Library) -> None:
    before = (
        "Error",
        "8:30:00 AM",
        10,
        "The Network Device Enrollment Service cannot retrieve one of its required certificates (0x80070057).",
    )
    failed = ("Error", "8:50:00 AM", 11708, "Product: Microsoft Intune Connector -- Installation failed.")
    done = (
        "Information",
        "9:00:00 AM",
        11707,
        "Product: Microsoft Intune Connector -- Installation completed successfully.",
    )
    others = "".join(
        events(source, row).split("\n", 1)[1] for source, row in (("MsiInstaller", failed), ("MsiInstaller", done))
    )
    told = story(library, application=events(NDES, before) + others)
    assert [stop.first.line for stop in told.stops] == [2]


def test_good_news_without_a_transaction_shows_that_other_names_are_accepted(library: Library) -> None:
    named = [row for minute in (21, 31) for row in connector("CN=Brandt\\, Lea", minute, ok=False)]
    good = [
        (level, at, number, text.partition("\n")[0] + '"')
        for minute in range(0, 20, 2)
        for level, at, number, text in connector("CN=Anna", minute, ok=True)
    ]
    (stop,) = story(library, connector=events("Microsoft-Intune-CertificateConnectors", *good, *named)).stops
    assert (stop.step, stop.verdict.entry) == (1, "profile-subject-escaped-characters")
    (stop,) = story(library, connector=events("Microsoft-Intune-CertificateConnectors", *named)).stops
    assert stop.step == 3


# --- bugs and stops ------------------------------------------------------------------------------


def test_a_bug_met_in_one_file_costs_neither_the_others_nor_what_stands_before_it(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaking(stream: object) -> Iterator[Line]:
        yield from lines_of(plugin("Verify challenge returns false", "08:00:00").encode())
        yield from lines_of(plugin(SENT, "08:30:00").encode())
        raise KeyError("a secret word")

    reader_of = logs.reader_of
    monkeypatch.setattr(
        surveying,
        "reader_of",
        lambda stream: replace(reader_of(stream), lines=breaking) if "odd.log" in stream.name else reader_of(stream),
    )
    reading = Surveying(library)
    failed = plugin("Verify challenge returns false", "08:10:00").encode()
    with pytest.raises(BadRequest, match=r"odd\.log: reading it failed at line \d+ \(KeyError in .*\.py:\d+\)") as told:
        reading.read(io.BytesIO(failed), "odd.log")
    assert "secret" not in str(told.value)
    reading.read(io.BytesIO(zipped({"odd.log": failed, "good.log": failed})), "logs.zip")
    done = reading.done()
    assert "logs.zip/odd.log" in done.notes[0]
    (stop,) = done.story.stops
    assert (stop.lines, stop.first.file) == (3, "odd.log")  # what was asked last may be answered behind the bug


@pytest.mark.parametrize("error", [Stopped("enough"), OSError("the disk is gone"), MemoryError()])
def test_an_end_that_somebody_wants_and_a_disk_that_is_gone_are_no_bugs(
    library: Library, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def breaking(stream: object) -> Iterator[Line]:
        yield from ()
        raise error

    reader_of = logs.reader_of
    monkeypatch.setattr(surveying, "reader_of", lambda stream: replace(reader_of(stream), lines=breaking))
    with pytest.raises(type(error)):
        Surveying(library).read(io.BytesIO(plugin(SENT, "08:10:00").encode()), "a.log")


def test_a_question_is_not_unanswered_where_the_reading_was_cut_off_behind_it(library: Library) -> None:
    lines = lines_of(plugin(SENT, "08:00:00").encode())

    def cut() -> Iterator[Line]:
        yield from lines
        raise Stopped

    whole, broken = Survey(library), Survey(library)
    whole.take(LogFile("a.log", "ndesplugin", ""), lines)
    with pytest.raises(Stopped):
        broken.take(LogFile("a.log", "ndesplugin", ""), cut())
    assert [len(survey.story().stops) for survey in (whole, broken)] == [1, 0]


def test_the_days_that_a_log_may_be_of_can_be_stopped(library: Library) -> None:
    days = "".join(refused("08:00", 30).replace("2026-05-14", f"2026-05-{day:02}") for day in range(1, 29))
    console = "".join(CONSOLE.format(f"08:00:{second:02}.100000") for second in range(50))
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if joining and ticks > 5:
            raise Stopped

    joining = False
    survey = Survey(library, tick)
    for name, text in (("iis", HEADER + days), ("console", console)):
        survey.take(LogFile(name, kind_of(text.encode()), ""), lines_of(text.encode()))
    joining, ticks = True, 0
    with pytest.raises(Stopped):
        survey.story()
