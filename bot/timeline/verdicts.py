"""Is a line good news, bad news or neither? The knowledge decides; lines of the same make are asked about once."""

import re
from typing import Literal, NamedTuple

from bot.timeline.lines import Line
from knowledge.events import PROVIDERS
from knowledge.library import Library, Match
from knowledge.observations import Exchange
from knowledge.patterns import pattern
from knowledge.reading import read
from knowledge.schema import Kind, Path, Source

BAD = 0.7
"""Confidence from which a line is taken to show a problem."""
GOOD = 0.8
"""The same for a step that went well."""
SPECIFIC = 0.9
"""Confidence from which a line tells the cause, and not only that something failed."""

UNKNOWN = 0.5
"""Confidence of a failure that the knowledge has no entry for."""

_STEPS = {Path.VERIFY: 3, Path.CRP: 3, Path.NOTIFY: 6}
_MAKES = 20_000  # verdicts that are remembered
_VARYING = re.compile(
    r"\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{12,}\b|"
    r"[A-Za-z0-9+/=_%-]{40,}|\b\d{1,2}:\d\d(?::\d\d(?:[.,:]\d+)?)?\b|(?<=request )\d{1,7}\b|(?<=cn=)[\w.-]+",
    re.IGNORECASE,
)
"""What differs from line to line without making it another: ids, addresses, times, encoded data, names."""
_OUR_LOGS = (Source.NDES, Source.CONNECTOR_NEW, Source.CONNECTOR_OLD)
_OURS = pattern("|".join([*(PROVIDERS[source] for source in _OUR_LOGS), "validat", "connector test"]))
"""Who speaks of enrolment only, so that whatever it calls an error is one."""
UNLESS_ANSWERED = frozenset({"ndesplugin-stops-at-sending-request", "iis-401-mscep-admin"})
"""Problems whose line stands in every good run too: bad only where no answer follows."""
_OF_THE_SERVICE = frozenset(
    {"ndes-started-successfully", "connector-setup-success", "scep-url-403-expected", "mscep-admin-challenge-page"}
)
"""Good news that no enrolment is behind."""


class Verdict(NamedTuple):
    """What the knowledge says of a line. `match` is None for a failure that it does not know."""

    kind: Literal["good", "bad", "open"]
    step: int | None
    entry: str
    confidence: float
    match: Match | None
    make: int

    @property
    def of_service(self) -> bool:
        """Whether it is good news of the service as a whole: no enrolment is behind it."""
        return self.entry in _OF_THE_SERVICE

    @property
    def of_request(self) -> bool:
        """Whether a failure is that of one enrolment: one of a device, or one past the door of the service."""
        return self.step not in (None, 2) or (self.match is not None and "server" not in self.match.entry.platforms)


class Judge:
    """Asks the knowledge about lines."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._exact: dict[tuple[str, bool | None], Verdict | None] = {}
        self._known: dict[tuple[str, bool | None], Verdict | None] = {}

    def __call__(self, line: Line) -> Verdict | None:
        """The verdict on a line; None where it tells nothing."""
        same = (line.text, line.grave)
        if same not in self._exact:
            if len(self._exact) >= _MAKES:
                self._exact.clear()
            self._exact[same] = self._of_make(line)
        return self._exact[same]

    def _of_make(self, line: Line) -> Verdict | None:
        key = (_VARYING.sub("~", line.text), line.grave)
        if key not in self._known:
            if len(self._known) >= _MAKES:
                self._known.clear()
            self._known[key] = self._judged(line, hash(key[0]))
        return self._known[key]

    def _judged(self, line: Line, make: int) -> Verdict | None:
        reading = read(line.text)
        if not (reading.topic or line.grave or reading.codes or reading.exchanges):
            return None
        matches = self._library.match_reading(line.text, reading)
        told = _of(matches[0], line.grave, make) if matches else None
        web = next((seen for seen in reading.exchanges if seen.logged and seen.path), None)
        if web is not None and (told is None or (told.kind == "bad" and told.confidence < SPECIFIC)):
            return _by_status(web, line, told, make)
        if told is None and line.grave and _OURS.search(line.source.lower().encode("latin-1", "replace")):
            return Verdict("bad", None, "", UNKNOWN, None, make)
        return told


def _by_status(web: Exchange, line: Line, told: Verdict | None, make: int) -> Verdict | None:
    """A request that no entry tells enough of: its path says the step, its status whether it went well."""
    step = _STEPS.get(web.path, 2) if web.path else 2
    if told and (step == 2 or told.step == step):
        return told
    if web.status >= 500 or (web.status >= 400 and (step > 2 or line.begins or line.ends)):
        return Verdict("bad", step, "", UNKNOWN, None, make)
    return Verdict("good", step, "", 1.0, None, make) if web.status < 300 and (step > 2 or line.ends) else None


def _of(best: Match, grave: bool | None, make: int) -> Verdict | None:
    entry = best.entry
    if entry.kind is Kind.PROBLEM and best.confidence >= BAD and grave is not False:
        kind: Literal["bad", "open"] = "open" if entry.id in UNLESS_ANSWERED else "bad"
        return Verdict(kind, entry.step, entry.id, best.confidence, best, make)
    if entry.kind is Kind.SUCCESS and best.confidence >= GOOD and not grave:
        return Verdict("good", entry.step, entry.id, best.confidence, best, make)
    return None
