"""Is a line good news, bad news or neither? The knowledge decides; lines of the same make are asked about once."""

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal, NamedTuple

from bot.timeline.lines import Line
from knowledge.events import PROVIDERS
from knowledge.library import Library, Match
from knowledge.observations import FOREIGN, Exchange
from knowledge.patterns import pattern
from knowledge.reading import Reading, read
from knowledge.schema import Kind, Path, Source

BAD = 0.7
"""Confidence from which a line is taken to show a problem."""
GOOD = 0.8
"""The same for a step that went well."""
SPECIFIC = 0.9
"""Confidence from which a line tells the cause, and not only that something failed."""

_BAD_OF_TLS = 0.55
UNKNOWN = 0.5
"""Confidence of a failure that the knowledge has no entry for."""

_EXPLAINED = 0.5
"""Confidence from which an entry explains a line, so that it is not unknown."""
_FAILS = pattern(
    r"error|fail|exception|denied|refused|reject|cannot|could not|unable|invalid|timed? ?out|fehler|fehlgeschlagen|"
    r"verweigert|erreur|chec\b|refus|denegad|fall[o\xf3]\b|rechazad"
)
_WITH_CODE = pattern(
    r"\b0x0*[1-9a-f][0-9a-f]{0,7}\b|-\d{9,10}\b|\b[89][0-9a-f]{7}\b|\w\wexception\b|"
    r"\b(?:error|err|code|status|result|hresult|win32|domain|exit|fehler|erreur|failed|failure)\W{1,4}"
    r"(?:(?:code|nr|no|number|with|is)\W{1,4}){0,2}-?[1-9]\d{0,9}\b"
)
"""How a line says that something failed, and with what: only both together look like a failure where its log says
nothing about it."""
_ABOUT_US = 0.9
"""How much a line must speak of enrolment so that its failure is ours (see `Reading.topic`)."""
_STEPS = {Path.VERIFY: 3, Path.CRP: 3, Path.NOTIFY: 6}
_MAKES = 20_000  # verdicts that are remembered
_VARYING = re.compile(
    r"\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{12,}\b|"
    r"(?<![\w/])(?!/)[A-Za-z0-9+/=_%-]{40,}|\b\d{1,2}:\d\d(?::\d\d(?:[.,:]\d+)?)?\b|(?<=request )\d{1,7}\b|"
    r"(?<=cn=)[\w.-]+",
    re.IGNORECASE,
)
"""What differs from line to line without making it another: ids, addresses, times, encoded data (which a path is not),
names."""
_OUR_LOGS = (Source.NDES, Source.CONNECTOR_NEW, Source.CONNECTOR_OLD)
_OLD_TRACES = ("ndesconnector", "certificateregistrationpoint")
_OURS = pattern("|".join([*(PROVIDERS[source] for source in _OUR_LOGS), *_OLD_TRACES, "validat", "connector test"]))
"""Who speaks of enrolment only, so that whatever it calls an error is one."""
_LOGGED_BY = frozenset(
    {*_OUR_LOGS, Source.MDM, Source.CERTENROLL, Source.CA, Source.CAPI2, Source.WAS, Source.APP_PROXY, Source.APPLE}
)
"""Whose events may be failures of ours: others name the server, which is often called after NDES."""
UNLESS_ANSWERED = frozenset(
    {
        "ndesplugin-stops-at-sending-request",
        "iis-401-mscep-admin",
        "android-pin-required",
        "android-da-root-cannot-install",
    }
)
"""Problems whose line stands in every good run too: bad only where no answer follows."""
_IF_GRAVE = frozenset({"connector-service-stopped-or-outdated"})
"""Problems whose words, such as a version, stand in good lines too: bad only where the log marks the line as such."""
_BY_HAND = frozenset({"iis-403-14-directory-listing", "ndes-event-17-test-payload"})
"""What a look or a test by hand leaves in the logs: a device names an operation and sends what can be read."""
_NOT_THERE = "iis-404-0-mscep-missing"
"""A problem of what devices call; other pages of the folder are asked for by scanners, which name no operation."""
_NOT_OURS = pattern(r"\bmicrosoftaik\.azure\.net\b|\bnode \.?/[^\s]{1,300} not found")
"""Where Windows gets the certificate of its TPM by SCEP too, in which no server of ours has a part; and what a device
says of each setting that it does not have."""
_RESULT_ONLY = pattern(r"event id: 4001\b|\bsceprequestissuedfailure\b")
"""The connector's last word on a request, which is the same wherever it failed; the events of the steps tell where."""
_ATTEMPT = pattern(r"event id: 4009\b|\bscepnotifyattemptfailed\b")
"""One failed attempt of the connector to report, which it makes again: the next may go well."""
_RECEIVED = pattern(r"\bprocessresponsemessage\b")
"""What a Windows device does with an answer to its request: that came as far as the device."""
_TRIED_AGAIN = frozenset({"windows-mdm-session-failed"})
"""Problems of what begins anew by itself: that another part of it goes well undoes them."""
_REPORTS = pattern(r"/certificate/notify\b")
"""The call that tells of a result: what goes wrong in it stops the report, whatever the same would mean elsewhere."""
_SAYS_STEP = {
    3: pattern(r"verify challenge returns\s{0,2}<"),  # the policy module was answered with a page of an error
    6: pattern(r"\bnotify failed\b|\bnotify finished with status false\b"),  # what became of a request is not told
    4: pattern(r"event id: 4007\b|\bscepissuedfailure\b"),  # the connector got no certificate for a request
}
"""Failures that no entry knows, or one takes for a question, and that name their step all the same."""
_AUDITS = pattern(r"event id: 488[89]\b")
"""What the audit of a CA always calls information: requests that it refused or set aside."""
_TALKS_TO_INTUNE = ("ndesconnector", "intune connector", "microsoft intune connector")
"""What the old connector tells of its own talk with Intune: it hands on what became of requests, and checks none."""
_PKCS = pattern(r"\b(?:pkcs|pfx)\b")
"""What the connector does beside SCEP."""
_OF_THE_SERVICE = frozenset(
    {
        "ndes-started-successfully",
        "connector-setup-success",
        "scep-url-403-expected",
        "mscep-admin-challenge-page",
        "android-root-installed",
    }
)
"""Good news that no enrolment is behind."""


class Verdict(NamedTuple):
    """What the knowledge says of a line. `match` is None for a failure that it does not know; `odd` is one that only
    looks like a failure: no enrolment is said to stop there."""

    kind: Literal["good", "bad", "open", "odd"]
    step: int | None
    entry: str
    confidence: float
    match: Match | None
    make: int
    retried: bool = False
    """Whether what failed is tried again by itself, so that a later success of the same step undoes it."""

    @property
    def is_unknown(self) -> bool:
        """Whether it is a failure, or looks like one, that no entry knows."""
        return self.match is None and self.kind in ("bad", "odd")

    @property
    def of_service(self) -> bool:
        """Whether it is good news of the service as a whole: no enrolment is behind it."""
        return self.entry in _OF_THE_SERVICE

    @property
    def of_request(self) -> bool:
        """Whether a failure is that of one enrolment: one of a device, or one past the door of the service."""
        return self.step not in (None, 2) or (self.match is not None and "server" not in self.match.entry.platforms)


_Make = tuple[bytes, bool | None]


def _make_of(text: str, grave: bool | None) -> _Make:
    """What is remembered of a text: a hostile one is long, and there are many."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest(), grave


class Judge:
    """Asks the knowledge about lines."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._exact: dict[_Make, Verdict | None] = {}
        self._known: dict[_Make, Verdict | None] = {}

    def __call__(self, line: Line) -> Verdict | None:
        """The verdict on a line; None where it tells nothing."""
        same = _make_of(line.text, line.grave)
        if same not in self._exact:
            if len(self._exact) >= _MAKES:
                self._exact.clear()
            self._exact[same] = self._of_make(line)
        return self._exact[same]

    def _of_make(self, line: Line) -> Verdict | None:
        key = _make_of(_VARYING.sub("~", line.text), line.grave)
        if key not in self._known:
            if len(self._known) >= _MAKES:
                self._known.clear()
            self._known[key] = self._judged(line, hash(key))
        return self._known[key]

    def _judged(self, line: Line, make: int) -> Verdict | None:
        reading = read(line.text)
        if not (reading.topic or line.grave or reading.codes or reading.exchanges) or _NOT_OURS.search(reading.bytes):
            return None
        matches = self._library.match_reading(line.text, reading, typed=False)
        if _of_others(reading) and (not matches or matches[0].confidence < SPECIFIC):
            return None
        grave = None if line.grave is False and _AUDITS.search(reading.bytes) else line.grave
        told = _placed(_of(matches[0], grave, make, _bar(reading)), reading, line.source) if matches else None
        web = next((seen for seen in reading.exchanges if seen.logged and seen.path), None)
        if matches and matches[0].entry.id in _BY_HAND and not (web and web.operation):
            return None if web else Verdict("odd", None, "", UNKNOWN, None, make)
        if web and web.path is Path.CRP and web.status < 500:
            return None  # only the policy module has a certificate for it; whoever else looks is refused, rightly
        if matches and matches[0].entry.id == _NOT_THERE and web and web.path is Path.SCEP_FOLDER and not web.operation:
            return None
        if web is not None and told is not None and told.kind == "open":
            told = told._replace(kind=_of_sign_in(web))
        if web is not None and (told is None or (told.kind == "bad" and told.confidence < SPECIFIC)):
            return _by_status(web, line, told, make)
        unclear = told is None or told.kind == "open"
        if unclear and (step := next((of for of, says in _SAYS_STEP.items() if says.search(reading.bytes)), 0)):
            return Verdict("bad", step, "", BAD, None, make)
        source = line.source.lower()
        if told is None and line.grave and _OURS.search(source.encode("latin-1", "replace")):
            if _PKCS.search(reading.bytes) and b"scep" not in reading.bytes:
                return None
            return Verdict("bad", 6 if source in _TALKS_TO_INTUNE else None, "", UNKNOWN, None, make)
        return told or _odd(line, reading, matches, make)


def _of_others(reading: Reading) -> bool:
    """Whether a line is an event of programs that have no part in enrolment: they use the same codes."""
    return bool(reading.events) and all(event.source == FOREIGN for event in reading.events)


def _placed(told: Verdict | None, reading: Reading, source: str) -> Verdict | None:
    """A verdict with what the line says beyond its entry: that only the report fails, or not why a request did."""
    if told is None or told.kind != "bad":
        return told
    if told.step == 3 and _REPORTS.search(reading.bytes):
        return told._replace(step=6)
    if told.step == 2 and _RECEIVED.search(reading.bytes):
        return told._replace(step=5)
    if told.match and told.match.entry.area == "connector" and source.lower() in _TALKS_TO_INTUNE:
        return told._replace(step=6)
    if told.entry in _TRIED_AGAIN or _ATTEMPT.search(reading.bytes):
        return told._replace(retried=True)
    if told.confidence >= SPECIFIC and _RESULT_ONLY.search(reading.bytes):
        return told._replace(confidence=UNKNOWN)
    return told


def _of_sign_in(web: Exchange) -> Literal["bad", "open", "odd"]:
    """How a refused sign-in is to be taken: nobody signs in where devices come; on the page of challenges everybody is
    refused at first, and only who gave a name waits for an answer."""
    if web.path is not Path.ADMIN:
        return "bad"
    return "odd" if web.substatus == 2 else "open"


def _odd(line: Line, reading: Reading, matches: Sequence[Match], make: int) -> Verdict | None:
    """Of a line that no entry explains: whether it looks like a failure of ours."""
    if line.grave is False or reading.topic < _ABOUT_US or (matches and matches[0].confidence >= _EXPLAINED):
        return None
    if reading.events and not any(event.source in _LOGGED_BY for event in reading.events):
        return None
    if not (line.grave or _FAILS.search(reading.bytes)) or not _WITH_CODE.search(reading.bytes):
        return None
    return Verdict("odd", None, "", UNKNOWN, None, make)


def _by_status(web: Exchange, line: Line, told: Verdict | None, make: int) -> Verdict | None:
    """A request that no entry tells enough of: its path says the step, its status whether it went well."""
    step = _STEPS.get(web.path, 2) if web.path else 2
    if told and (step == 2 or told.step == step):
        return told
    if web.status >= 500 or (web.status >= 400 and (step > 2 or line.begins or line.ends)):
        return Verdict("bad", step, "", UNKNOWN, None, make)
    if web.status >= 400 and told is None:
        return Verdict("odd", step, "", UNKNOWN, None, make)
    return Verdict("good", step, "", 1.0, None, make) if web.status < 300 and (step > 2 or line.ends) else None


def _bar(reading: Reading) -> float:
    """The confidence that shows a problem: less where Windows tells of the TLS of the server whose logs these are,
    which among people could be any server's."""
    of_tls = not reading.topic and any(event.source == Source.HTTP for event in reading.events)
    return _BAD_OF_TLS if of_tls else BAD


def _of(best: Match, grave: bool | None, make: int, bar: float) -> Verdict | None:
    entry = best.entry
    if entry.id in _IF_GRAVE and not grave:
        return None
    if entry.kind is Kind.PROBLEM and best.confidence >= bar and grave is not False:
        kind: Literal["bad", "open"] = "open" if entry.id in UNLESS_ANSWERED else "bad"
        return Verdict(kind, entry.step, entry.id, best.confidence, best, make)
    if entry.kind is Kind.SUCCESS and best.confidence >= GOOD and not grave:
        return Verdict("good", entry.step, entry.id, best.confidence, best, make)
    return None
