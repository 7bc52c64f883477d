"""The shipped knowledge, loaded fast: entries that were checked once are kept in the user's cache."""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

import knowledge
from knowledge.codes import Codes
from knowledge.library import Library
from knowledge.schema import TRUSTED, Entry

FOLDER = Path(knowledge.__file__).parent
"""Where the shipped entries and number tables are."""

_ENTRIES = TypeAdapter(list[Entry])


def library(cache: Path | None = None) -> Library:
    """All shipped entries. Raises `BadEntry` with file, line and reason if one is broken.

    With a `cache` folder the checked entries are written there, and read back while no entry's
    file has changed; without, every file is checked anew.
    """
    return Library(entries(cache))


def codes() -> Codes:
    """All shipped number tables. Raises `BadTable`."""
    return Codes.load(FOLDER / "codes")


def entries(cache: Path | None) -> list[Entry]:
    """The entries of `library`."""
    kept = cache / f"knowledge-{_fingerprint()}.json" if cache else None
    if kept and (found := _read(kept)):
        return found
    from knowledge.entry_files import read_entries  # YAML is only imported where a file is really read

    checked = read_entries(FOLDER / "entries")
    if kept:
        _write(kept, _ENTRIES.dump_json(checked))
    return checked


def _fingerprint() -> str:
    """Changes with any entry's file and with the code that checks them."""
    digest = hashlib.sha256()
    for path in sorted([*(FOLDER / "entries").iterdir(), *FOLDER.glob("*.py")]):
        status = path.stat()
        digest.update(f"{path}|{status.st_mtime_ns}|{status.st_size}\n".encode())
    return digest.hexdigest()[:24]


def _read(path: Path) -> list[Entry] | None:
    try:
        return _ENTRIES.validate_json(path.read_bytes(), context=TRUSTED)
    except (OSError, ValidationError):
        return None


def _write(path: Path, data: bytes) -> None:
    """Put the file there whole, or not at all; a folder that cannot be written costs only time."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in path.parent.glob("knowledge-*.json"):
            old.unlink(missing_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
