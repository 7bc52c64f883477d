"""The log of a running program on stderr: one line a record, for people or as JSON, and no secret in either."""

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final

from bot.redaction import redact
from connectors import settings
from connectors.render.text import one_line

LONGEST: Final = 500
"""Characters of one text in a record."""
MOST: Final = 20
"""Things told of a list, and of a record."""

AGAIN: Final = 60.0
"""Seconds after which what is still so is said again."""

_OUTAGE: Final = "The database, "  # how every reason begins that `store.database` gives
_REMEMBERED: Final = 1000  # records
_OURS: Final = ("bot", "connectors", "knowledge")
_SHORT: Final = {"message_id": "id", "error": "kind"}  # how some extras are called in the log
_IDS: Final = {"message_id", "key"}
_MINTED: Final = re.compile(r"([a-z]+ ){0,2}[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}")  # uuid4 in hex
_READ: Final = 10 * LONGEST  # a secret that this cuts in two ends behind what is shown: none is so long
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_log = logging.getLogger(__name__)


def log_to_stderr() -> None:
    """Show warnings and errors, as `NDESBOT_LOG` says, whichever way they come: records, Python's own warnings,
    and exceptions that nobody caught, whose words Python would print."""
    handler = logging.StreamHandler()
    handler.addFilter(Repeats())
    handler.setFormatter(OneObject() if settings.log_form() == "json" else OneLine())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.raiseExceptions = False  # a record that cannot be written would be printed with all its arguments
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda told: _uncaught(told.exc_type, told.exc_value, told.exc_traceback)
    sys.unraisablehook = lambda told: _uncaught(told.exc_type, told.exc_value, told.exc_traceback)


class Repeats(logging.Filter):
    """Holds back what was said already within `AGAIN`; when it is said again, `repeated` tells how often it was held
    back. While the database is away every question would say the same several times."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[object, ...], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write it. What is logged under an id of its own, or with an exception, always is."""
        if record.exc_info or (key := _sameness(record)) is None:
            return True
        at, held = self._said.get(key, (-AGAIN, 0))
        if 0 <= record.created - at < AGAIN:
            self._said[key] = at, held + 1
            return False
        if len(self._said) > _REMEMBERED:
            self._said.clear()
        self._said[key] = record.created, 0
        if held:
            record.repeated = held
        return True


def _sameness(record: logging.LogRecord) -> tuple[object, ...] | None:
    """What is alike in records that say the same; None for one that is found by its id."""
    extras = {name: _plain(value) for name, value in vars(record).items() if name not in _OWN}
    if any(value.startswith(_OUTAGE) for value in extras.values()):  # whoever asked was told the same words
        extras = {name: value for name, value in extras.items() if name not in _IDS}
    if _IDS & extras.keys():
        return None
    arguments = record.args if isinstance(record.args, tuple) else (record.args,)
    return record.name, _plain(record.msg), *map(_plain, arguments), *sorted(extras.items())


def _plain(value: object) -> str:
    """A text or number as it is; of anything else what it is, for its own words may raise."""
    return str(value)[:LONGEST] if type(value) in (str, int, float, bool) else type(value).__name__


class OneLine(logging.Formatter):
    """A record as `LEVEL what happened id=... kind=...`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        told = facts(record)
        words = [record.levelname, str(told.pop("message"))]
        words += [f"{name}={value}" for name, value in told.items() if value not in (None, "", [], {})]
        return one_line(" ".join(words))


class OneObject(logging.Formatter):
    """A record as a JSON object in one line: `time` (UTC), `level`, `logger`, `message`, and what else it tells."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = {"time": at, "level": record.levelname, "logger": clean(record.name)}
        return json.dumps({**head, **{name: value for name, value in facts(record).items() if name not in head}})


def facts(record: logging.LogRecord) -> dict[str, object]:
    """What of a record may be told: its `message`, and of an exception its `kind` and where it was raised (`at`).

    The messages of this house are fixed words, so of its records all is told, without secrets. Those of a library
    may quote anything, so its name stands for them.
    """
    if record.name.partition(".")[0] not in _OURS:
        return {"message": f"{clean(record.name)} had trouble", **_exception(record)}
    extras = {name: value for name, value in vars(record).items() if name not in _OWN and name != "message"}
    told = {
        _SHORT.get(name, name): value if _is_minted(name, value) else _told(value)
        for name, value in list(extras.items())[:MOST]
    }
    return {"message": _words(record), **_exception(record), **told}


def clean(text: str) -> str:
    """A text as the log may hold it: one line, bounded, no secret."""
    return one_line(redact(text[:_READ]))[:LONGEST]


def _words(record: logging.LogRecord) -> str:
    try:
        return clean(record.getMessage())
    except Exception as error:  # its words could quote the arguments
        return f"a message could not be written ({type(error).__name__})"


def _is_minted(name: str, value: object) -> bool:
    """Whether it is an id that this program made, which looks like a challenge but must be found in the log."""
    return name in _IDS and isinstance(value, str) and _MINTED.fullmatch(value) is not None


def _told(value: object) -> object:
    """A value of a record: numbers as they are, texts clean, of anything else what it is. Its own words are not
    asked for: those of an exception may quote what people pasted."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if abs(value) < float("inf") else str(value)
        case str():
            return clean(value)
        case Mapping():
            return {clean(str(name)): _told(each) for name, each in list(value.items())[:MOST]}
        case list() | tuple() | set() | frozenset():
            return [_told(each) for each in list(value)[:MOST]]
        case _:
            return type(value).__name__


def _exception(record: logging.LogRecord) -> dict[str, object]:
    """Of an exception its kind and the line that raised it, never its words or those of the line."""
    kind, _, trail = record.exc_info or (None, None, None)
    if kind is None:
        return {}
    told: dict[str, object] = {"kind": kind.__name__}
    if trail:
        told["at"] = raised_at(trail)
    return told


def raised_at(trail: TracebackType | None) -> str:
    """File and line of the code that raised an exception; nothing of what it worked at. Empty for no trail."""
    places = [f"{Path(frame.f_code.co_filename).name}:{line}" for frame, line in traceback.walk_tb(trail)]
    return places[-1] if places else ""


def _uncaught(kind: type[BaseException], error: BaseException | None, trail: TracebackType | None) -> None:
    _log.critical("nobody caught an exception", exc_info=(kind, error or kind(), trail))
