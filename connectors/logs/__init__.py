"""The logs of the field: one format a file, found by looking into this folder, chosen by content and never by name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from bot.timeline.lines import Line
from connectors.streams import Stream

HERE = Path(__file__).parent
FALLBACK = "text"
"""The kind of what no other reader knows."""


class BadReader(ValueError):
    """A file in the folder of logs is no reader of one."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One format. `fits` says from the beginning of a file (64,000 characters at most) how surely it is this one, from
    0 to 1; `lines` reads it as a stream, skips what nobody could want, and never raises for what is in it."""

    kind: str
    title: str
    fits: Callable[[str], float]
    lines: Callable[[Stream], Iterator[Line]]


@cache
def catalogue() -> tuple[Reader, ...]:
    """Every reader, by kind.

    Raises `BadReader`, naming the file, where one declares no `READER` or its kind is not the file's name.
    """
    return tuple(_declared(name) for name in sorted(found.name for found in iter_modules([str(HERE)])))


def _declared(name: str) -> Reader:
    file = HERE / f"{name}.py"
    reader = getattr(import_module(f"{__name__}.{name}"), "READER", None)
    if not isinstance(reader, Reader):
        raise BadReader(f"{file}: declares no reader. Write READER = Reader(...) there, or move the file elsewhere.")
    if reader.kind != name.replace("_", "-"):
        raise BadReader(f"{file}: the reader is called {reader.kind!r}. Its kind must be {name.replace('_', '-')!r}.")
    return reader


def reader_of(stream: Stream) -> Reader:
    """The reader whose format the stream most looks like; that of plain text where none does."""
    head = stream.head
    best = max(catalogue(), key=lambda reader: reader.fits(head))
    return best if best.fits(head) > 0 else next(reader for reader in catalogue() if reader.kind == FALLBACK)
