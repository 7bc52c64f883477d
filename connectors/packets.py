"""Packets on this computer: the versions that made them, and the file they are put into."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from bot.answer import diagnose
from bot.errors import BadRequest
from bot.packet import Case, Turn, knowledge_version, packed
from bot.timeline import outline
from connectors.assembly import now
from connectors.surveying import Surveyed
from knowledge.library import Library

_TOLD: Final = 0.5
"""Confidence from which an entry is told as the answer."""


def versions(library: Library) -> Mapping[str, str]:
    """Of ndesbot, its knowledge and Python."""
    try:
        ndesbot = version("ndesbot")
    except PackageNotFoundError:
        ndesbot = "unknown"
    return {"ndesbot": ndesbot, "knowledge": knowledge_version(library), "Python": platform.python_version()}


def case_of(told: Surveyed | Sequence[str], library: Library) -> Case:
    """What logs told as a case, or pasted texts, each with the entry that it shows best."""
    at = now()
    if isinstance(told, Surveyed):
        return Case(at, outline(told.story, told.notes), versions=versions(library))
    return Case(at, questions=tuple(_turn(at, text, library) for text in told), versions=versions(library))


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
