"""What can be observed in a text: HTTP exchanges, codes, events and SCEP statuses, each with its place."""

from dataclasses import dataclass

from knowledge.numbers import Number
from knowledge.patterns import Span, pattern
from knowledge.schema import Path

_LABELS = pattern(
    r"(?:-id|\bid=|ticket(?: no\.?)?|invoice|rechnung|facture|auftrag|kostenstelle|printer|extension|"
    r"\b(?:case|job|room|raum|build|version|order|policy|asset|desk|page|seite|pid|ext|tel|phone|kb|line|zeile)\.?)"
    r"[ :=#]{0,3}$"
)


def is_labelled(data: bytes, start: int) -> bool:
    """Whether the number at a place is that of a ticket, a room, a job: no error, whatever it equals."""
    return _LABELS.search(data[max(0, start - 16) : start]) is not None


FOREIGN = "foreign"
"""The source of an event that was logged by something outside certificate enrolment."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP exchange. `logged` is one with a path of its own; a spoken one takes the paste's.

    `span` is that of the status numbers, `head` that of verb and path without the query: a SCEP
    message or a challenge in the query is never part of either.
    """

    span: Span
    status: int
    substatus: int | None = None
    win32: int | None = None
    method: str | None = None
    path: Path | None = None
    operation: str | None = None
    logged: bool = False
    head: Span | None = None

    @property
    def foreign(self) -> bool:
        """A request for something else on the same server."""
        return self.logged and self.path is None and self.head is not None and self.head.end - self.head.start > 6


@dataclass(frozen=True, slots=True)
class Code:
    """A number. `marked` is written as an error code (0x…, negative, after the word error)."""

    span: Span
    number: Number
    marked: bool


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a Windows log; `source` is None where the paste does not name one."""

    span: Span
    id: int
    source: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """A SCEP status (RFC 8894 sections 3.2.1.3 and 3.2.1.4)."""

    span: Span
    status: int | None = None
    failinfo: int | None = None
