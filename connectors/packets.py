"""Packets on this computer: the versions that made them, and the file they are put into."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from bot.answer import diagnose
from bot.errors import BadRequest
from bot.packet import Case, Turn, knowledge_version, packed
from bot.timeline import Outline, outline
from connectors.clock import now
from connectors.surveying import Surveyed
from knowledge.library import Library

_OUTLINE: Final = TypeAdapter(Outline)
_TOLD: Final = 0.5
"""Confidence from which an entry is told as the answer."""


def versions(library: Library) -> Mapping[str, str]:
    """Of ndesbot, its knowledge and Python."""
    try:
        ndesbot = version("ndesbot")
    except PackageNotFoundError:
        ndesbot = "unknown"
    return {"ndesbot": ndesbot, "knowledge": knowledge_version(library), "Python": platform.python_version()}


def case_of(told: Surveyed | Sequence[str], library: Library, files: Sequence[str] = ()) -> Case:
    """What logs told as a case, or pasted texts, each with the entry that it shows best. Of `files`, as they were
    given, the folders are left out: a packet goes to others, and folders tell who works here."""
    at = now()
    if isinstance(told, Surveyed):
        folders = tuple(sorted({file[: -len(Path(file).name)] for file in files} - {""}, key=len, reverse=True))
        shown = _OUTLINE.validate_python(_without(folders, _OUTLINE.dump_python(outline(told.story, told.notes))))
        return Case(at, shown, versions=versions(library))
    return Case(at, questions=tuple(_turn(at, text, library) for text in told), versions=versions(library))


def _without(folders: tuple[str, ...], said: Any) -> Any:
    """The same with no text that begins with one of the folders."""
    match said:
        case str():
            return said.removeprefix(next((folder for folder in folders if said.startswith(folder)), ""))
        case dict():
            return {name: _without(folders, value) for name, value in said.items()}
        case list() | tuple():
            return [_without(folders, value) for value in said]
    return said


def _turn(at: datetime, text: str, library: Library) -> Turn:
    sure = [one.entry for one in diagnose(text, library=library).matches if one.confidence >= _TOLD]
    entry = sure[0] if sure else None
    return Turn(at, "person 1", text, entry.id if entry else None, entry.title if entry else None)


def write(path: Path, case: Case) -> None:
    """Put the packet of a case into a new file that only this user may read. Raises `BadRequest`, also where
    there is one."""
    packet = packed(case)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError:
        raise BadRequest(f"{path} is there already, and no packet takes the place of a file.") from None
    except OSError as error:
        raise BadRequest(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(packet)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise BadRequest(f"{path} cannot be written: {error.strerror}.") from None
