"""What is kept of a story once its logs have gone: bounded, without secrets, fit for JSON and for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.redaction import redact
from bot.timeline.lines import iso_of
from bot.timeline.story import LogFile, Stop, Story
from bot.timeline.telling import summary
from bot.timeline.templates import Unknown

_FILES: Final = 40
_STOPS: Final = 12
_UNKNOWN: Final = 20
_SIGNS: Final = 12
_NOTES: Final = 20
_NAME: Final = 200  # characters of a name or a note
_LINE: Final = 800  # characters of a line


@dataclass(frozen=True, slots=True)
class OutlinedLog:
    """One log. `first` and `last` are by its own clock, of which `clock` says how it stands."""

    name: str
    title: str
    lines: int
    first: str
    last: str
    clock: str


@dataclass(frozen=True, slots=True)
class Proof:
    """The first line that proves a step for those that stopped later."""

    step: int
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Sign:
    """What another log calls the same outage, and the first line that does."""

    entry: str
    title: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class OutlinedStop:
    """Enrolments that stop for one reason: at which step, which entry tells why (None: none does), the first bad line
    with its words, the words that tell most, what was proven before, and what other logs call it."""

    step: int | None
    entry: str | None
    title: str
    confidence: float
    enrolments: int
    devices: int
    lines: int
    since: str
    until: str
    file: str
    line: int
    text: str
    telling: str
    proven: tuple[Proof, ...]
    beside: tuple[Sign, ...] = ()


@dataclass(frozen=True, slots=True)
class OutlinedUnknown:
    """Failures of one shape that no entry knows."""

    template: str
    lines: int
    files: int
    file: str
    line: int
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class Outline:
    """A story in some tens of kilobytes. Times are ISO 8601, in UTC but for those of `logs`; only the time of day where
    a log gives no date, empty where it gives none. `at_least`: there may be more enrolments."""

    summary: str
    enrolments: int
    stopped: int
    at_least: bool
    reached: tuple[tuple[int, int], ...]
    """(step, how many enrolments are proven to have passed it)."""
    stops: tuple[OutlinedStop, ...]
    unknown: tuple[OutlinedUnknown, ...]
    logs: tuple[OutlinedLog, ...]
    notes: tuple[str, ...]
    """What was left out, and why."""


def outline(story: Story, notes: Sequence[str] = ()) -> Outline:
    """The outline of a story. `notes` are what could not be read, and why."""
    more = len(story.files) - _FILES
    left_out = [*notes[:_NOTES], *([f"{more:,} more logs were read."] if more > 0 else [])]
    return Outline(
        summary(story),
        len(story.enrolments),
        sum(1 for one in story.enrolments if one.failure),
        story.at_least,
        tuple(sorted(story.reached.items())),
        tuple(_stop(stop) for stop in story.stops[:_STOPS]),
        tuple(_unknown(one) for one in story.unknown[:_UNKNOWN]),
        tuple(_log(file) for file in story.files[:_FILES]),
        tuple(_clean(note, _NAME) for note in left_out),
    )


def _stop(stop: Stop) -> OutlinedStop:
    match = stop.verdict.match
    return OutlinedStop(
        stop.step,
        match.entry.id if match else None,
        match.entry.title if match else "A failure that is not known",
        stop.verdict.confidence,
        stop.enrolments,
        stop.devices,
        stop.lines,
        iso_of(stop.since),
        iso_of(stop.until),
        _clean(stop.first.file, _NAME),
        stop.first.line,
        _clean(stop.text, _LINE),
        _clean(stop.telling, _LINE),
        tuple(Proof(step, _clean(place.file, _NAME), place.line) for step, place in stop.proven),
        tuple(
            Sign(entry.id, entry.title, _clean(place.file, _NAME), place.line) for entry, place in stop.beside[:_SIGNS]
        ),
    )


def _unknown(one: Unknown) -> OutlinedUnknown:
    first = _clean(one.first.file, _NAME), one.first.line
    return OutlinedUnknown(
        _clean(one.template, _LINE), one.lines, one.files, *first, iso_of(one.since), iso_of(one.until)
    )


def _log(file: LogFile) -> OutlinedLog:
    clock = file.clock.words if file.clock else ""
    return OutlinedLog(_clean(file.name, _NAME), file.title, file.lines, iso_of(file.first), iso_of(file.last), clock)


def _clean(text: str, most: int) -> str:
    """Without secrets, bounded. More is looked at than is kept: a secret must not go by because its end is cut off."""
    return redact(text[: 4 * most])[:most]
