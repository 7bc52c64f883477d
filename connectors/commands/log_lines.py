"""How the log of a running program looks on stderr: one line a record, and nothing of what people pasted."""

import logging
from typing import Final

from connectors.render.text import one_line

_OURS: Final = ("bot", "connectors", "knowledge")
_TOLD: Final = {
    **{"message_id": "id", "error": "kind", "check": "check", "surface": "surface", "server": "server"},
    **{"key": "key", "at": "at", "reason": "reason", "executors": "executors"},
}
"""What else a record of ours may tell, all of it our own words or ids, and its short name."""


def log_to_stderr() -> None:
    """Show warnings and errors of the house in full, and of any other library that there was one."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


class OneLine(logging.Formatter):
    """A record as `LEVEL what happened id=... kind=...`: no traceback, no text of an exception.

    Our own messages are fixed words. Those of a library may quote anything, so its name stands for them.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        ours = record.name.partition(".")[0] in _OURS
        words = [record.levelname, record.getMessage() if ours else f"{record.name} had trouble"]
        told = {"error": _kind(record)} | {name: getattr(record, name) for name in _TOLD if hasattr(record, name)}
        words += [f"{short}={told[name]}" for name, short in _TOLD.items() if told.get(name)]
        return one_line(" ".join(words))


def _kind(record: logging.LogRecord) -> str | None:
    return record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
