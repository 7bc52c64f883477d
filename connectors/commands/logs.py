"""Logs given on the command line, read with a progress bar where somebody watches."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

from bot.errors import BadRequest
from connectors.streams import Progress, size_of
from connectors.surveying import Surveyed, Surveying
from connectors.unpacking import spooled
from knowledge.library import Library

_LARGEST_PIPE = 16 << 30  # bytes of standard input that are taken


def opened(name: str) -> BufferedReader:
    """The bytes of a file, or of standard input where it is called -, as they come."""
    if name == "-":
        if sys.stdin is None:
            raise BadRequest("standard input is closed; name a FILE.")
        return os.fdopen(sys.stdin.fileno(), "rb", closefd=False)
    if not name:
        raise BadRequest("a FILE was named with no name at all.")
    return Path(name).open("rb")


@contextmanager
def seekable(name: str) -> Iterator[IO[bytes]]:
    """The same, and one can go back in them: of a pipe a copy is made, and of what is left of standard input."""
    with opened(name) as file:
        if name != "-" and file.seekable():
            yield file
            return
        with spooled(file, _LARGEST_PIPE) as whole:
            yield whole


def survey(given: Sequence[tuple[str, IO[bytes]]], library: Library) -> Surveyed:
    """What the files tell together. Raises `BadRequest` where none of them can be read."""
    with _bar(given) as progress:
        surveying = Surveying(library, progress)
        refused: list[BadRequest] = []
        for name, file in given:
            try:
                surveying.read(file, name)
            except BadRequest as error:
                refused.append(error)
        if len(refused) == len(given):
            raise refused[0]
        return surveying.done(tuple(str(error) for error in refused))


@contextmanager
def _bar(given: Sequence[tuple[str, IO[bytes]]]) -> Iterator[Progress | None]:
    """Bytes read of all bytes, on standard error, while somebody looks at it."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    total = sum(size_of(file) for _, file in given)
    columns: tuple[Any, ...] = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=total)
        yield lambda count: bar.advance(task, count)
