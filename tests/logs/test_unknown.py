"""Failures that no entry knows are gathered by their shape, without secrets, in bounded memory; good lines never."""

import io
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from bot.timeline import Line, Story, tell
from bot.timeline.judge import Judge
from bot.timeline.templates import LONGEST, MOST_EXAMPLES, MOST_TEMPLATES, Templates, Unknown
from bot.types import Fold
from connectors.surveying import Surveying
from knowledge.codes import Codes
from knowledge.library import Library
from tests.logs.compose import VARIANTS, compose, large_healthy
from tests.logs.test_diagnose_logs import PROGRAM, Shell
from tests.logs.test_readers import IIS

HEADER, GOOD = "\n".join(IIS.splitlines()[:2]) + "\n", IIS.splitlines()[2] + "\n"
ODD = "2024-05-14 08:02:{:02} 10.0.0.21 GET /certsrv/mscep/mscep.dll operation=GetCACert&message=ca 443 - 10.0.0.30 Dalvik/2.1.0 - 505 0 13 453\n"  # noqa: E501
SHAPE = "GET /certsrv/mscep/mscep.dll operation=GetCACert&message=ca <*> - - Dalvik/<*> - 505 0 13"
OMADM = "2024-05-14T08:01:{:02}.3020000  VERB  Event  org.jscep.client.Client  20114  12  {}\n"


def story(library: Library, *logs: str) -> Story:
    surveying = Surveying(library)
    for i, text in enumerate(logs):
        surveying.read(io.BytesIO(text.encode()), f"{i}.log")
    return surveying.done().story


def omadm(library: Library, *texts: str) -> tuple[Unknown, ...]:
    return story(library, "".join(OMADM.format(i % 60, text) for i, text in enumerate(texts))).unknown


def mined(texts: Iterable[str]) -> list[Unknown]:
    """Lines of one file, a second apart, each of a make of its own."""
    templates = Templates()
    for i, text in enumerate(texts):
        templates.take(Line(i + 1, datetime(2026, 5, 4, tzinfo=UTC) + timedelta(seconds=i), "", text), 0, i)
    return list(templates.told(["a.log"], [lambda at: at]))


# --- what is one -----------------------------------------------------------------------------


def test_a_request_that_failed_in_a_way_no_entry_knows(library: Library) -> None:
    told = story(library, HEADER + GOOD * 3 + ODD.format(1) + GOOD + ODD.format(31))
    (one,) = told.unknown
    assert one.template == SHAPE
    assert (one.lines, one.files, tuple(one.first)) == (2, 1, ("0.log", 6))
    assert (one.since, one.until) == (
        datetime(2024, 5, 14, 8, 2, 1, tzinfo=UTC),
        datetime(2024, 5, 14, 8, 2, 31, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "text",
    [
        "Enrolment gave up: java.io.IOException in slot 7",
        "the request was refused, error 22099",
        "cannot store the certificate: 0x80091234",
        "Anforderung fehlgeschlagen, Status -2146869999",
    ],
)
def test_words_of_failure_with_a_code_are_one(library: Library, text: str) -> None:
    assert [one.lines for one in omadm(library, "fine", text, text)] == [2]


@pytest.mark.parametrize(
    "text",
    [
        "fine",
        "There is no error, code 0x0",
        "finished with error code 0",
        "0 requests failed",
        "an error may come",  # of which nothing says what
        "Received '200 OK' when sending GetCACaps(ca)",
        "Error connecting to server: java.security.cert.CertPathValidatorException: Trust anchor for certification "
        "path not found.",  # which an entry knows
    ],
)
def test_what_went_well_what_says_no_code_and_what_is_known_is_none(library: Library, text: str) -> None:
    assert omadm(library, text) == ()


def test_a_failure_of_another_program_is_none(library: Library) -> None:
    events = "TimeCreated : 14.05.2024 10:01:12\nProviderName : {}\nId : 5858\nLevelDisplayName : Error\nMessage : NDES01 failed with ResultCode = 0x80041032\n\n"  # noqa: E501
    assert story(library, events.format("Microsoft-Windows-WMI-Activity") * 3).unknown == ()
    assert story(library, events.format("Microsoft-Intune-CertificateConnectors") * 3).unknown[0].lines == 3


def test_twenty_thousand_good_lines_have_none(library: Library) -> None:
    lines = 0
    for composed in (large_healthy(seed) for seed in range(4)):
        surveying = Surveying(library)
        for name, data in composed.files.items():
            surveying.read(io.BytesIO(data), name)
        lines += composed.lines
        assert surveying.done().story.unknown == (), composed.name
    assert lines >= 20_000


@pytest.mark.parametrize("fault", ["verify-403-16", "ca-unreachable", "crl-offline", "untrusted-by-android"])
def test_a_fault_that_the_knowledge_has_leaves_nothing_unknown(fault: str, library: Library) -> None:
    for variant in range(VARIANTS):
        surveying = Surveying(library)
        for name, data in compose(fault, variant).files.items():
            surveying.read(io.BytesIO(data), name)
        assert surveying.done().story.unknown == ()


def test_two_calls_of_the_registration_point_are_not_one_make(library: Library) -> None:
    """Their paths are long, and once were taken for encoded data: what the first is was said of both."""
    judge = Judge(library)
    call = "POST /CertificateRegistrationSvc/Certificate/{} - 443 - - NDES_Plugin - 500 0 0"
    verdicts = [judge(Line(1, None, "iis", call.format(name))) for name in ("VerifyRequest", "Notify")]
    assert [verdict and verdict.step for verdict in verdicts] == [3, 6]


def test_who_wrote_a_line_counts_even_where_another_wrote_the_same(library: Library) -> None:
    """What one program calls an error is none of ours; the connector's trace speaks of enrolment only."""
    judge = Judge(library)
    verdicts = [
        judge(Line(1, None, source, "The transfer gave up for good", grave=True))
        for source in ("Chat", "NDESConnector")
    ]
    assert [verdict and verdict.step for verdict in verdicts] == [None, 6]


# --- shapes ----------------------------------------------------------------------------------


def test_what_varies_is_left_open_and_the_code_never_is(library: Library) -> None:
    found = mined(
        f"NDES request {i} of host-{i % 3}.contoso.com failed at 10.0.0.{i} with error {2200 + i % 2}" for i in range(8)
    )
    assert [(one.lines, one.template) for one in found] == [
        (4, "NDES request <*> of <*> failed at <*> with error 2200"),
        (4, "NDES request <*> of <*> failed at <*> with error 2201"),
    ]


def test_lines_of_other_words_are_of_other_shapes() -> None:
    found = mined(["the pool stopped with error 5", "the pool is gone away now", "every key was lost, error 5"])
    assert len(found) == 3


def test_the_same_failure_in_two_files_is_one_kind_and_the_first_place_is_the_earlier(library: Library) -> None:
    late, early = (HEADER + GOOD + ODD.format(second) for second in (30, 10))
    (one,) = story(library, late, early).unknown
    assert (one.lines, one.files, one.first.file) == (2, 2, "1.log")


def test_times_of_a_clock_that_is_not_utc_are_put_right(library: Library) -> None:
    """The connector's failure stands in local time, two hours ahead of the IIS log beside it."""
    composed = compose("issue-fails", 6)
    surveying = Surveying(library)
    for name, data in composed.files.items():
        surveying.read(io.BytesIO(data), name)
    told = surveying.done().story
    (one,) = told.unknown
    assert one.since is not None
    assert told.stops[0].since is not None
    assert abs(one.since - told.stops[0].since) < timedelta(minutes=1)


def test_no_secret_is_kept() -> None:
    secrets = ("E3A1F8B2C4D57096", "bob.smith@contoso.com", "Sonnenblume9!")
    (one,) = mined(
        [
            f"NDES failed, error 5: challenge password is {secrets[0]} for {secrets[1]}, password={secrets[2]}",
            "NDES failed, error 5: challenge password is 0123456789ABCDEF for x@contoso.com, password=other7!",
        ]
    )
    assert [secret for secret in secrets if secret in repr(one)] == []
    assert one.lines == 2


def test_a_secret_at_the_end_of_what_is_kept_is_not_cut_open() -> None:
    (one,) = mined(["NDES error 5 " + "x " * (LONGEST // 2 - 20) + "challenge password is E3A1F8B2C4D57096"])
    assert "E3A1" not in repr(one)


# --- bounds ----------------------------------------------------------------------------------


def test_kinds_examples_words_and_characters_are_bounded_and_the_rest_is_counted() -> None:
    templates = Templates()
    for i in range(3 * MOST_TEMPLATES):
        text = f"word{i} " * (1 + i % 90) + f"NDES failed with 0x8009{i:04x}" + "y" * 5_000
        templates.take(Line(i + 1, None, "", text), 0, i)
    found = list(templates.told(["a.log"], [lambda at: at]))
    assert len(found) <= MOST_TEMPLATES
    assert sum(one.lines for one in found) + templates.beyond == 3 * MOST_TEMPLATES
    assert templates.beyond > 0
    assert max(len(one.template) for one in found) <= LONGEST
    assert max(len(one.examples) for one in found) <= MOST_EXAMPLES


def test_a_line_of_one_make_is_looked_at_once() -> None:
    templates = Templates()
    for i in range(50_000):
        templates.take(Line(i + 1, None, "", "NDES failed, error 5"), 0, 7)
    (one,) = templates.told(["a.log"], [lambda at: at])
    assert (one.lines, one.since, one.until) == (50_000, None, None)


def test_times_with_and_without_a_zone_in_one_file_are_no_crash() -> None:
    templates = Templates()
    for i, at in enumerate([None, datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2)]):
        templates.take(Line(i + 1, at, "", "NDES failed, error 5"), 0, 7)
    (one,) = templates.told(["a.log"], [lambda at: at.replace(tzinfo=UTC)])
    assert (one.since, one.until) == (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))


# --- told ------------------------------------------------------------------------------------


def fold(told: Story, library: Library, codes: Codes) -> Fold:
    blocks = tell(told, library=library, codes=codes).blocks
    return next(b for b in blocks if isinstance(b, Fold) and b.title == "Failures that no entry knows")


def test_the_answer_shows_them_beside_what_is_known(library: Library, codes: Codes) -> None:
    known = GOOD.replace("200 0 0", "500 0 1346")
    told = story(library, HEADER + known * 3 + ODD.format(1))
    shown = fold(told, library, codes)
    assert shown.hint == "1 kind in 1 line"
    assert not shown.open
    assert "knowledge draft" in str(shown)
    assert tell(told, library=library, codes=codes).tone == "problem"


def test_where_nothing_else_is_wrong_they_are_what_is_told(library: Library, codes: Codes) -> None:
    told = story(library, OMADM.format(1, "fine") + OMADM.format(2, "the request was refused, error 22099"))
    answer = tell(told, library=library, codes=codes)
    assert (answer.tone, answer.title) == ("unknown", "No failure that is known, but 1 line that may tell of one")
    assert fold(told, library, codes).open


def test_many_kinds_are_shown_in_part(library: Library, codes: Codes) -> None:
    told = story(library, "".join(OMADM.format(i % 60, f"refused, error 71{i:03}") for i in range(30)))
    assert len(told.unknown) == 30
    assert "22 more lines of other kinds" in str(fold(told, library, codes))


# --- how many at least -----------------------------------------------------------------------


@pytest.fixture
def long_log(monkeypatch: pytest.MonkeyPatch) -> str:
    """An IIS log that is too long to be followed, with one failure."""
    monkeypatch.setattr("connectors.logs.iis.FOLLOWED", 100)
    monkeypatch.setattr("connectors.logs.iis._PIECE", 10_000)
    return HEADER + GOOD * 3_000 + GOOD.replace("200 0 0", "500 0 1346") + GOOD * 3_000


def test_where_a_long_log_is_sieved_the_enrolments_are_a_least_number(
    long_log: str, library: Library, codes: Codes
) -> None:
    told = story(library, long_log)
    assert told.at_least
    title = tell(told, library=library, codes=codes).title
    assert title.startswith("1 of at least ")
    assert "at least" in str(
        tell(story(library, long_log.replace("500 0 1346", "200 0 0")), library=library, codes=codes)
    )


def test_where_all_was_followed_nothing_is_said_of_least(library: Library, codes: Codes) -> None:
    told = story(library, HEADER + GOOD * 30 + GOOD.replace("200 0 0", "500 0 1346"))
    assert not told.at_least
    assert "at least" not in str(tell(told, library=library, codes=codes))


# --- the command line ------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "u_ex.log"
    path.write_text(HEADER + GOOD * 5 + ODD.format(1) + ODD.format(2), encoding="utf-8")
    return path


def test_the_json_tells_them(log: Path, tmp_path: Path) -> None:
    diagnose = Shell(tmp_path / "cache")
    told = diagnose.json(log)
    assert told["unknown"] == [
        {
            "template": SHAPE,
            "count": 2,
            "files": 1,
            "first": {"file": str(log), "line": 8},
            "since": "2024-05-14T08:02:01+00:00",
            "until": "2024-05-14T08:02:02+00:00",
        }
    ]
    assert (told["unknown_beyond"], told["at_least"]) == (0, False)


def draft(*arguments: str | Path, words: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [PROGRAM, "knowledge", "draft", *map(str, arguments)],
        input=words,
        capture_output=True,
        timeout=120,
        check=False,
    )


def test_the_draft_begins_an_entry_with_one_of_them(log: Path) -> None:
    for done in (draft(log), draft("-", words=log.read_bytes())):
        page = done.stdout.decode()
        assert done.returncode == 0, done.stderr
        assert yaml.safe_load(page)["signals"][0]["http"] == {
            "status": [505],
            "substatus": [0],
            "win32": [13],
            "path": ["scep"],
        }
        assert page.startswith("# Failure 1 of 1: seen 2 times, first in ")


def test_where_all_is_known_there_is_nothing_to_draft(log: Path, tmp_path: Path) -> None:
    good = tmp_path / "good.log"
    good.write_text(HEADER + GOOD * 5, encoding="utf-8")
    done = draft(good)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"nothing to draft" in done.stderr
    done = draft(log, "--kind", "2")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"1 kind" in done.stderr
