"""The draft of an entry is an entry once its TODOs are filled in, and finds its own samples."""

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from bot.timeline.templates import Templates
from connectors import shelf
from knowledge.drafts import draft
from knowledge.entry_files import BadEntry, read_entry
from knowledge.library import Library
from knowledge.proof import faults_of
from tests.logs.reading import lines_of
from tests.logs.test_readers import IIS

TODAY = date(2026, 11, 21)
FILLED = {"id: TODO": "id: a-new-one", "step: TODO": "step: 3", "risk: TODO": "risk: low"}
"""What a person must choose; every other TODO is prose."""
OMADM = (
    "2024-05-14T08:01:14.3020000  ERROR  Event  org.jscep.client.Client  20114  12  "
    "Enrolment gave up: java.io.IOException: error 22099 in slot {} for {}\n"
)
EVENT = (
    "TimeCreated : 14.05.2024 10:01:12\nProviderName : Microsoft-Intune-CertificateConnectors\nId : 4098\n"
    "LevelDisplayName : Error\nMessage : The request of {} was lost: 0x80131509\n\n"
)
LINES = {
    "a request": IIS.replace("200 0 0 15", "505 0 13 15"),
    "a device": "".join(OMADM.format(i, "dev-é") for i in range(3)),
    "an event": "".join(EVENT.format(f"device {i}") for i in range(4)),
    "control characters": OMADM.format('a\x7f"\\\x85', "\u2028: {x} # \U0001f600"),
}


def drafted(text: str) -> str:
    """The draft of the first failing shape of a log."""
    templates = Templates()
    for i, line in enumerate(line for line in lines_of(text.encode()) if re.search(r"505|22099|4098", line.text)):
        templates.take(line, 0, i)
    (one,) = templates.told(["a.log"], [lambda at: at])
    return draft(one.template, one.examples, TODAY, ("seen 3 times\nhere",))


def filled(page: str, but: str = "") -> str:
    for todo, said in FILLED.items():
        page = page if todo == but else page.replace(todo, said)
    return re.sub(r"TODO(: the same, as somebody else would paste it)?", "a fact", page)


@pytest.mark.parametrize("text", LINES.values(), ids=list(LINES))
def test_with_its_todos_filled_in_it_is_an_entry_that_finds_its_samples(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a-new-one.yaml"
    path.write_text(filled(drafted(text)), encoding="utf-8")
    entry = read_entry(path)
    assert entry.status == "draft"
    real = [sample for sample in entry.samples.hit if sample != "a fact"]
    assert real
    among = Library([*shelf.entries(None), entry])
    faults = faults_of(entry.model_copy(update={"samples": entry.samples.model_copy(update={"hit": real})}), among)
    assert faults == []


@pytest.mark.parametrize("todo", FILLED)
def test_with_a_choice_left_open_it_is_refused(todo: str, tmp_path: Path) -> None:
    path = tmp_path / "a-new-one.yaml"
    path.write_text(filled(drafted(LINES["a request"]), but=todo), encoding="utf-8")
    with pytest.raises(BadEntry):
        read_entry(path)


def test_it_begins_with_where_it_comes_from() -> None:
    first, second, third, *_ = drafted(LINES["a request"]).splitlines()
    assert first == "# seen 3 times here"
    assert second.startswith("# Shape: GET /certsrv/mscep/mscep.dll")
    assert third.startswith("# Fill in every TODO")


def test_nothing_in_a_line_becomes_a_key() -> None:
    hostile = '"}\nstatus: stable\n- {x: !!python/object:os.system ls} org.jscep error 22099 failed'
    page = draft(hostile, (hostile,), TODAY)
    assert yaml.safe_load(page)["status"] == "draft"
    assert yaml.safe_load(page)["samples"]["hit"][0].startswith('"} status: stable')


def test_lines_with_nothing_to_know_them_by_get_a_todo_for_it() -> None:
    assert "words that stand in every such line" in draft("<*> <*>", (), TODAY)
