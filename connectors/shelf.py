"""The shipped knowledge, loaded fast: entries that were checked once are kept in the user's cache."""

import gc
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from pydantic import TypeAdapter

import knowledge
from knowledge.codes import Codes
from knowledge.library import Library
from knowledge.schema import TRUSTED, Entry

FOLDER = Path(knowledge.__file__).parent
"""Where the shipped entries and number tables are."""
LARGEST_CACHE: Final = 32 * 1024 * 1024
"""Bytes of a cache file, at most; the shipped entries take about one million."""

_KEPT: Final = 4  # files in the cache: as many versions or checkouts side by side do not evict each other
_OURS = re.compile(r"knowledge-[0-9a-f]{24}\.json")
_ENTRIES = TypeAdapter(list[Entry])
_Built = TypeVar("_Built")


def library(cache: Path | None = None) -> Library:
    """All shipped entries. Raises `BadEntry` with file, line and reason if one is broken.

    With a `cache` folder the checked entries are written there, and read back while no entry's
    file has changed; without, every file is checked anew.
    """
    with _no_collecting():
        return _built(cache, Library)


def codes() -> Codes:
    """All shipped number tables. Raises `BadTable`."""
    with _no_collecting():
        return Codes.load(FOLDER / "codes")


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Nothing that is loaded here is garbage; to look for some among a million objects costs a tenth of the start."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def entries(cache: Path | None) -> list[Entry]:
    """The entries of `library`."""
    return _built(cache, list)


def _built(cache: Path | None, build: Callable[[list[Entry]], _Built]) -> _Built:
    """What `build` makes of the entries. Whatever is wrong with a cache, it costs only time."""
    kept = cache / f"knowledge-{_fingerprint()}.json" if cache else None
    if kept:
        with suppress(Exception):
            return build(_read(kept))
    from knowledge.entry_files import read_entries  # YAML is only imported where a file is really read

    checked = read_entries(FOLDER / "entries")
    if kept:
        _write(kept, _ENTRIES.dump_json(checked))
    return build(checked)


def _fingerprint() -> str:
    """Changes with any entry's file and with the code that checks them."""
    digest = hashlib.sha256()
    for path in sorted([*(FOLDER / "entries").iterdir(), *FOLDER.glob("*.py")]):
        status = path.stat()
        digest.update(f"{path}|{status.st_mtime_ns}|{status.st_size}\n".encode())
    return digest.hexdigest()[:24]


# --- the cache -------------------------------------------------------------------------------


def _read(path: Path) -> list[Entry]:
    """The entries of a cache file. Raises what is wrong with it: `OSError` or `ValueError`."""
    # A link could name any file, and a pipe would keep us waiting for ever. Windows has neither flag.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        _distrust(os.fstat(file.fileno()))
        found = _ENTRIES.validate_json(file.read(LARGEST_CACHE), context=TRUSTED)
    if sorted(entry.id for entry in found) != sorted(file.stem for file in (FOLDER / "entries").glob("[!.]*.yaml")):
        raise ValueError("these are not the shipped entries")
    return found


def _distrust(status: os.stat_result) -> None:
    """Refuse what this program cannot have written, or what others may have changed."""
    if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_CACHE:
        raise ValueError("not a file of the cache")
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        raise ValueError("others may have written it")


def _write(path: Path, data: bytes) -> None:
    """Put the file there whole, or not at all; a folder that cannot be written costs only time."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink()
            raise
        _evict(path.parent)


def _evict(folder: Path) -> None:
    """Remove our oldest files; what merely looks like one of them is somebody else's."""
    ours = [path for path in folder.iterdir() if _OURS.fullmatch(path.name)]
    for old in sorted(ours, key=lambda path: path.lstat().st_mtime_ns, reverse=True)[_KEPT:]:
        old.unlink(missing_ok=True)
