"""Whoever writes an entry is told file, line and reason of a mistake; a broken entry is never shipped in silence."""

import shutil
from pathlib import Path

import pytest

from knowledge.entry_files import BadEntry, read_entries, read_entry
from knowledge.schema import PLACEHOLDERS

BROKEN = Path(__file__).parent / "broken"
GAP = "has an open gap (.* or a repeat of 10 or more): write a list of patterns instead"
KNOWN = ", ".join(sorted(PLACEHOLDERS))

REASONS = {
    "address-not-https": "20: sources.0.url: String should match pattern '^(https://\\S+|field experience)$'",
    "bad-yaml": "6: did not find expected ',' or ']'",
    "cause-not-kebab": "10: causes.0.id: String should match pattern '^[a-z0-9]+(-[a-z0-9]+)*$'",
    "code-no-number": "8: signals.0.code.0: Value error, 'mscep' is not a number in any notation known here",
    "control-character": "6: control characters are not allowed",
    "fix-without-undo": "12: causes.0.fix.undo: Field required",
    "float-code": "8: signals.0.code.0: Value error, a status with a sub-status goes under `http`, not `code`",
    "id-differs": "1: the id is 'another-id', the file name says 'id-differs'",
    "impossible-date": "20: day is out of range for month",
    "info-without-next": "1: the entry: Value error, a success or an info says what comes `next`",
    "invalid-pattern": "8: signals.0.pattern: Value error, 'refused(' is not an RE2 pattern: missing ): refused(",
    "key-is-a-list": "5: found unhashable key",
    "key-written-twice": "5: 'kind' is written twice",
    "key-written-twice-in-a-signal": "8: 'weight' is written twice",
    "long-repeat-pattern": f"8: signals.0.pattern: Value error, 'challenge\\\\W{{1,20}}refused' {GAP}",
    "look-around-pattern": "8: signals.0.pattern: Value error, 'was (?!not )refused' is not an RE2 pattern: "
    "invalid perl operator: (?!",
    "no-near-miss": "23: samples.miss: Tuple should have at least 1 item after validation, not 0",
    "not-a-mapping": "1: the entry: Input should be a valid dictionary or instance of Entry",
    "not-utf-8": "2: this is not UTF-8",
    "nothing-in-it": "1: the entry: Input should be a valid dictionary or instance of Entry",
    "open-gap-pattern": f"8: signals.0.pattern: Value error, 'challenge.*refused' {GAP}",
    "pattern-matches-nothing": "8: signals.0.pattern: Value error, '(refused)?' matches the empty text",
    "problem-without-causes": "1: the entry: Value error, a problem needs at least one cause",
    "samples-missing": "1: samples: Field required",
    "signal-says-nothing": "8: signals.0: Value error, a signal needs one of text, pattern, code, http, event, scep",
    "source-without-event": "8: signals.0: Value error, `source` goes with `event`",
    "too-few-samples": "22: samples.hit: Tuple should have at least 3 items after validation, not 2",
    "two-causes-of-one-id": "1: the entry: Value error, two causes have the same id",
    "unknown-key": "5: severity: Extra inputs are not permitted",
    "unknown-placeholder": f"13: causes.0.fix.steps.0: Value error, <ndes-server> is not a placeholder; known: {KNOWN}",
    "unless-matches-nothing": "8: signals.0.unless: Value error, 'x?' matches the empty text",
}
WELL_ALONE = {"confused-with-unknown"}
"""Broken files whose mistake shows only beside the others."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of one good entry."""
    text = (BROKEN / "confused-with-unknown.yaml").read_text("utf-8")
    text = text.replace("confused-with-unknown", "challenge-refused")
    start, end = text.index("confused_with:"), text.index("sources:")
    (tmp_path / "challenge-refused.yaml").write_text(text[:start] + text[end:], "utf-8")
    return tmp_path


def test_every_broken_file_has_its_reason_here() -> None:
    assert {path.stem for path in BROKEN.iterdir()} == set(REASONS) | WELL_ALONE


@pytest.mark.parametrize("name", REASONS)
def test_a_broken_file_is_refused_with_its_name_line_and_reason(name: str) -> None:
    with pytest.raises(BadEntry) as error:
        read_entry(BROKEN / f"{name}.yaml")
    assert str(error.value) == f"{name}.yaml:{REASONS[name]}"


@pytest.mark.parametrize("name", REASONS)
def test_a_broken_file_stops_the_whole_folder(name: str, folder: Path) -> None:
    shutil.copy(BROKEN / f"{name}.yaml", folder)
    with pytest.raises(BadEntry):
        read_entries(folder)


def test_a_good_entry_is_read(folder: Path) -> None:
    [entry] = read_entries(folder)
    assert entry.id == "challenge-refused"
    assert entry.signals[0].text == ("the challenge was refused",)
    assert entry.sources[0].read.isoformat() == "2026-05-04"


def test_entries_come_in_the_order_of_their_ids(folder: Path) -> None:
    text = (folder / "challenge-refused.yaml").read_text("utf-8")
    for name in ("b-entry", "a-entry"):
        (folder / f"{name}.yaml").write_text(text.replace("challenge-refused", name), "utf-8")
    assert [entry.id for entry in read_entries(folder)] == ["a-entry", "b-entry", "challenge-refused"]


def test_an_entry_that_is_confused_with_none_is_refused(folder: Path) -> None:
    shutil.copy(BROKEN / "confused-with-unknown.yaml", folder)
    with pytest.raises(BadEntry) as error:
        read_entries(folder)
    assert str(error.value) == "confused-with-unknown.yaml:1: confused_with names 'no-such-entry', which does not exist"


@pytest.mark.parametrize("name", ["notes.txt", "entry.yml", "README"])
def test_a_foreign_file_stops_loading(folder: Path, name: str) -> None:
    (folder / name).write_text("x", "utf-8")
    with pytest.raises(BadEntry) as error:
        read_entries(folder)
    assert str(error.value) == f"{name}:1: this folder holds entries (*.yaml) and nothing else"


def test_a_hidden_file_of_an_editor_does_not_matter(folder: Path) -> None:
    (folder / ".challenge-refused.yaml.swp").write_text("x", "utf-8")
    assert len(read_entries(folder)) == 1


def test_an_entry_copied_under_another_name_is_refused(folder: Path) -> None:
    shutil.copy(folder / "challenge-refused.yaml", folder / "copy.yaml")
    with pytest.raises(BadEntry) as error:
        read_entries(folder)
    assert str(error.value) == "copy.yaml:1: the id is 'challenge-refused', the file name says 'copy'"
