"""A packet tells a case whole to people and to programs, with no secret in it, bounded, the same bytes every time."""

import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.findings import Finding, Suspect
from bot.packet import EDITION, FORMAT, MOST, Case, Checked, Stood, Tried, Turn, knowledge_version, packed
from bot.timeline.outline import Outline, OutlinedLog, OutlinedStop, OutlinedUnknown, Proof, Sign
from knowledge.library import Library
from tests.fakes import NOON

THUMBPRINT = "7D3B0C55A1E64F28B9D0C7716E0FA4425B81EE90"
STOP = OutlinedStop(
    3, "policy-module-403-16", "403.16 on VerifyRequest", 0.98, 212, 40, 424,
    "2026-05-04T10:41:07+00:00", "2026-05-04T11:00:00+00:00", "u_ex.log", 312,
    "POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 403 16 2148204809",
    "Verify challenge returns false", (Proof(2, "u_ex.log", 300),),
    (Sign("policy-module-12175", "12175 in NDESPlugin.log", "NDESPlugin.log", 17),),
)  # fmt: skip
UNKNOWN = OutlinedUnknown("NDES request <*> failed with 0x80091234", 7, 2, "b.log", 9, "10:41:07", "10:42:00")
STORY = Outline(
    "212 of at least 214 enrolments stop at step 3 since 10:41:07", 214, 212, True, ((2, 214), (3, 2)), (STOP,),
    (UNKNOWN,), (OutlinedLog("u_ex.log", "IIS log", 5_000, "", "2026-05-04T11:00:00+00:00", "UTC"),),
    ("picture.png: this is not a text file.",),
)  # fmt: skip
FINDING = Finding(
    "tls", "fail", "The certificate expired on 2026-05-01.",
    {"thumbprint": THUMBPRINT, "days": -3, "names": ["ndes.contoso.com", "ndes01"], "none": None, "ratio": 0.5},
    (("tls", "expired"),), 12.5,
)  # fmt: skip
SERVER = Checked(
    "ndes01", "https://ndes.contoso.com/certsrv/mscep/mscep.dll", "direct", "intune", "new", NOON, "fail", (FINDING,),
    (Suspect("tls-expired", "tls-certificate-expired", "confirmed", "It expired.", "certutil -store my", False),),
    (Stood(NOON - timedelta(hours=2), "ok"), Stood(NOON - timedelta(hours=1), "fail")),
)  # fmt: skip
CASE = Case(
    NOON, STORY,
    (Turn(NOON, "person 1", "what is 403.16?", "policy-module-403-16", "403.16 on VerifyRequest", 2, 1),),
    (SERVER,), (Tried(NOON, "person 2", "fixed", "ndes01"),),
    {"ndesbot": "1.0", "knowledge": f"193 entries, {THUMBPRINT}"},
)  # fmt: skip


def inside(packet: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(packet)) as whole:
        assert whole.testzip() is None
        return {name: whole.read(name).decode() for name in whole.namelist()}


def page(case: Case) -> str:
    return inside(packed(case))["packet.md"]


def document(case: Case) -> Any:
    return json.loads(inside(packed(case))["packet.json"])


# --- what it tells ---------------------------------------------------------------------------


def test_the_page_tells_everything() -> None:
    told = page(CASE)
    for fact in (
        "# Escalation packet: 212 of at least 214 enrolments stop at step 3 since 10:41:07",
        "| 2026-05-04 10:41:07 | First: 403.16 on VerifyRequest | `u_ex.log`, line 312 |",
        "| 2. The device reaches NDES | 214 of at least 214 |",
        "* First bad line: `u_ex.log`, line 312",
        "* Step 2 proven: `u_ex.log`, line 300",
        "* Also: 12175 in NDESPlugin.log, `NDESPlugin.log`, line 17",
        "POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 403 16 2148204809",
        "| 7 | `b.log`, line 9 | `NDES request <*> failed with 0x80091234` |",
        "2026-05-04 12:00:00 UTC, person 1, answered with `policy-module-403-16`",
        "helped 2, did not help 1",
        "| `tls` | FAILED | The certificate expired on 2026-05-01. | 12 |",
        f"| `tls` | `thumbprint` | `{THUMBPRINT}` |",
        "| `tls` | `names` | `ndes.contoso.com`, `ndes01` |",
        "| `tls-expired` | confirmed | `tls-certificate-expired` | It expired. | `certutil -store my` |",
        "| 2026-05-04 10:00:00 | Checks: well | `ndes01` |",
        "| 2026-05-04 12:00:00 UTC | person 2 | `fixed` | `ndes01` |",
        "picture.png",
        "How this was redacted",
        f"193 entries, {THUMBPRINT}",
    ):
        assert fact in told, fact


def test_the_document_tells_everything_in_the_promised_shape() -> None:
    told = document(CASE)
    assert (told["format"], told["edition"], told["cut"]) == (FORMAT, EDITION, False)
    assert told.keys() == {
        "format", "edition", "cut", "at", "story", "questions", "servers", "tried", "versions"
    }  # fmt: skip
    assert told["story"].keys() == {
        "summary", "enrolments", "stopped", "at_least", "reached", "stops", "unknown", "logs", "notes"
    }  # fmt: skip
    assert told["story"]["stops"][0]["line"] == 312
    assert told["servers"][0]["findings"][0]["evidence"] == dict(FINDING.evidence)
    assert told["servers"][0]["suspects"][0]["standing"] == "confirmed"
    assert told["questions"][0]["person"] == "person 1"
    assert told["tried"] == [
        {"at": "2026-05-04T12:00:00Z", "person": "person 2", "command": "fixed", "server": "ndes01"}
    ]


def test_an_empty_case_is_a_packet_too() -> None:
    assert document(Case(NOON))["story"] is None
    assert "certificate enrolment" in page(Case(NOON))


def test_the_time_line_stands_in_the_order_of_time_and_times_without_a_date_last() -> None:
    rows = [
        line for line in page(CASE).split("## Steps")[0].splitlines() if line.startswith("| 20") or "10:41:07 |" in line
    ]
    assert [row[2:21] for row in rows][:2] == ["2026-05-04 10:00:00", "2026-05-04 10:41:07"]
    assert rows[-1].startswith("| 10:41:07 |")


# --- the file --------------------------------------------------------------------------------


def test_the_same_case_gives_the_same_bytes() -> None:
    assert packed(CASE) == packed(replace(CASE))
    assert packed(CASE) != packed(replace(CASE, at=NOON + timedelta(seconds=1)))


def test_the_page_has_no_parts_of_seconds_and_keeps_the_zone() -> None:
    log = OutlinedLog("a.log", "IIS log", 1, "2026-05-04T11:00:00.119000", "2026-05-04T11:00:01.5+05:30", "")
    told = page(Case(NOON, replace(STORY, logs=(log,))))
    assert "| 2026-05-04 11:00:00 | 2026-05-04 11:00:01+05:30 |" in told


def test_the_names_inside_are_ours_whatever_the_logs_are_called() -> None:
    log = OutlinedLog("../../etc/passwd", "IIS log", 1, "", "", "")
    with zipfile.ZipFile(io.BytesIO(packed(replace(CASE, story=replace(STORY, logs=(log,)))))) as whole:
        assert whole.namelist() == ["packet.md", "packet.json"]
        assert {entry.date_time for entry in whole.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def full(text: str, many: int) -> Case:
    """A case with that text in every place, and as many of everything."""
    finding = Finding("check", "fail", text, {f"{text}{i}": [text] * many for i in range(many)})
    suspects = (Suspect(text, text, "possible", text, text),) * many
    server = Checked(
        text, text, text, text, text, NOON, "fail", (finding,) * many, suspects, (Stood(NOON, "ok"),) * many
    )
    stop = OutlinedStop(
        None,
        text,
        text,
        0.5,
        1,
        1,
        1,
        text,
        text,
        text,
        1,
        text,
        text,
        (Proof(1, text, 1),) * many,
        (Sign(text, text, text, 1),) * many,
    )
    story = Outline(
        text, 1, 1, False, (), (stop,) * many, (OutlinedUnknown(text, 1, 1, text, 1, text, text),) * many,
        (OutlinedLog(text, text, 1, text, text, text),) * many, (text,) * many,
    )  # fmt: skip
    return Case(
        NOON, story, (Turn(NOON, text, text, text, text),) * many, (server,) * min(many, 5),
        (Tried(NOON, text, text, text),) * many, {text: text},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "many"), [("x", 40), ("`|<&" * 5_000, 12), ("\U0001f600" * 9_000, 9), ("ü" * 900, 20)]
)
def test_a_packet_is_bounded_whatever_is_in_it(text: str, many: int) -> None:
    packet = packed(full(text, many))
    assert len(packet) <= MOST
    files = inside(packet)
    cut = json.loads(files["packet.json"])["cut"]
    assert cut == ("parts of it are left out" in files["packet.md"])


def test_numbers_that_json_cannot_say_are_no_crash() -> None:
    odd = replace(FINDING, evidence={"a": float("nan"), "b": 10**6000, "c": float("inf")}, took_ms=float("nan"))
    told = document(replace(CASE, servers=(replace(SERVER, findings=(odd,)),)))
    assert told["servers"][0]["findings"][0]["evidence"]["b"].startswith("a number of ")


# --- what is foreign obeys nothing -----------------------------------------------------------

HOSTILE_MARKDOWN = [
    "![x](https://evil.example/beacon.png)", "[click](https://evil.example)", "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>", "`` ` ``` a", "| a | b |", "# heading", "```\n# out of the fence\n```",
    "a\u202eb\x1b[31m",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE_MARKDOWN)
def test_foreign_words_stand_between_backticks_or_are_escaped(text: str) -> None:
    told = page(full(text, 1))
    assert not set("\u202e\x1b") & set(told)
    outside = _without_code(told)
    assert "](http" not in outside
    assert "<img" not in outside
    assert "<script" not in outside
    assert "\n# heading" not in outside
    assert "\n# out of" not in outside


def _without_code(markdown: str) -> str:
    """What a reader of Markdown would obey: no fences, no code spans, no escaped characters."""
    lines, fence = [], ""
    for line in markdown.splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("```"):
            fence = line.removesuffix("text")
        else:
            lines.append(_without_spans(line))
    assert not fence
    return "\n".join(lines)


def _without_spans(line: str) -> str:
    left, at = "", 0
    while at < len(line):
        if line[at] == "\\":
            at += 2
        elif line[at] == "`":
            run = len(line[at:]) - len(line[at:].lstrip("`"))
            end = line.find("`" * run, at + run)
            assert end > 0, line
            at = end + run
        else:
            left += line[at]
            at += 1
    return left


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_makes_a_packet_that_can_be_read(text: str) -> None:
    told = inside(packed(full(text, 1)))
    assert json.loads(told["packet.json"])["edition"] == EDITION
    _without_code(told["packet.md"])


# --- versions --------------------------------------------------------------------------------


def test_the_knowledge_is_named_by_what_it_says(library: Library) -> None:
    entries = list(library.entries.values())
    same, other = Library(entries[::-1]), Library([entries[0].model_copy(update={"title": "Another"}), *entries[1:]])
    assert knowledge_version(library) == knowledge_version(same)
    assert knowledge_version(library).startswith(f"{len(entries)} entries, SHA-256 ")
    assert knowledge_version(other) != knowledge_version(same)
