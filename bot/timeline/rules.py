"""Is a line good news, bad news or neither? The knowledge decides, and then who wrote the line, and how."""

from typing import Literal, NamedTuple

from bot.timeline.lines import Line
from bot.timeline.marks import DEVICE, depth
from bot.timeline.verdicts import KNOWN, SPECIFIC, Verdict
from knowledge.events import PROVIDERS
from knowledge.library import Library, Match
from knowledge.observations import FOREIGN, Exchange
from knowledge.patterns import pattern
from knowledge.reading import Reading, read
from knowledge.schema import Kind, Path, Source

_GOOD = 0.8
"""The same for a step that went well."""
_BAD_OF_TLS = 0.55
_FAINT = 0.45
"""The same for problems that scanners leave on every server."""
_OF_SCANNERS = frozenset({"tls-no-common-protocol"})
_UNKNOWN = 0.5
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
_OUR_LOGS = (Source.NDES, Source.CONNECTOR_NEW, Source.CONNECTOR_OLD)
_OLD_TRACES = ("ndesconnector", "certificateregistrationpoint")
_OURS = pattern("|".join([*(PROVIDERS[source] for source in _OUR_LOGS), *_OLD_TRACES, "validat", "connector test"]))
"""Who speaks of enrolment only, so that whatever it calls an error is one."""
_LOGGED_BY = frozenset(
    {*_OUR_LOGS, Source.MDM, Source.CERTENROLL, Source.CA, Source.CAPI2, Source.WAS, Source.APP_PROXY, Source.APPLE}
)
"""Whose events may be failures of ours: others name the server, which is often called after NDES."""
_UNLESS_ANSWERED = frozenset(
    {
        "ndesplugin-stops-at-sending-request",
        "iis-401-mscep-admin",
        "android-pin-required",
        "android-da-root-cannot-install",
    }
)
"""Problems whose line stands in every good run too: bad only where no answer follows."""
_OF_STATES = frozenset({"android-pin-required", "android-da-root-cannot-install"})
_STATE = pattern(r"\bstate changed (?:from|to)\b")
"""Problems of which the state that hangs is only a sign, and how a line tells of one; others say it outright."""
_IF_GRAVE = frozenset({"connector-service-stopped-or-outdated", "reporting-files-stuck-processing"})
"""Problems whose words, such as a version or a folder, stand in good lines too: bad only where the log marks the line
as such."""
_BY_HAND = frozenset({"iis-403-14-directory-listing", "ndes-event-17-test-payload"})
"""What a look or a test by hand leaves in the logs: a device names an operation and sends what can be read."""
_SETTINGS = frozenset({"winhttp-proxy-system-context", "ndes-cisco-enforcepassword-off"})
"""What a command shows of a setting: it stops nothing by itself."""
_SHOWN = pattern(
    r"\bHKEY_LOCAL_MACHINE\\|\bREG_(?:SZ|DWORD|QWORD|BINARY|MULTI_SZ|EXPAND_SZ)\b|<(?:requestLimits|security|binding)\b"
)
"""How registry and configuration are shown."""
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


def judged(line: Line, library: Library, make: int) -> Verdict | None:
    """The verdict on a line; None where it tells nothing. `make` tells lines of one shape from others."""
    reading = read(line.text)
    if not (reading.topic or line.grave or reading.codes or reading.exchanges) or _NOT_OURS.search(reading.bytes):
        return None
    best = next(iter(library.match_reading(line.text, reading, typed=False)), None)
    web = next((seen for seen in reading.exchanges if seen.logged and seen.path), None)
    seen = _Seen(line, reading, best, web, _first_told(line, reading, best, make), make)
    said = next(said for rule in _RULES if (said := rule(seen)) is not None)
    return said or None


class _Seen(NamedTuple):
    """A line as it was read: the entry that fits it best, the request that it logs, and what these two tell of it."""

    line: Line
    reading: Reading
    best: Match | None
    web: Exchange | None
    told: Verdict | None
    make: int

    @property
    def entry(self) -> str:
        """The entry that fits best."""
        return self.best.entry.id if self.best else ""

    def failure(self, step: int | None, confidence: float = _UNKNOWN) -> Verdict:
        """That it is a failure which no entry tells."""
        return Verdict("bad", step, "", confidence, None, self.make)


_Said = Verdict | Literal[False] | None
"""What a rule says of a line; False: that it tells nothing; None: that others shall say."""


def _first_told(line: Line, reading: Reading, best: Match | None, make: int) -> Verdict | None:
    """What the best entry tells, at the step that the line says."""
    if best is None:
        return None
    grave = None if line.grave is False and _AUDITS.search(reading.bytes) else line.grave
    return _placed(_of(best, grave, make, _bar(reading)), reading, line.source)


def _of_other_programs(seen: _Seen) -> _Said:
    """Events of programs that have no part in enrolment: they use the same codes."""
    foreign = bool(seen.reading.events) and all(event.source == FOREIGN for event in seen.reading.events)
    return False if foreign and (seen.best is None or seen.best.confidence < SPECIFIC) else None


def _of_a_setting(seen: _Seen) -> _Said:
    """What many sites have set like that."""
    return False if seen.entry in _SETTINGS or _SHOWN.search(seen.reading.bytes) else None


def _of_a_bare_number(seen: _Seen) -> _Said:
    """A status of HTTP is one where the line says what was asked for; else it may be a count, or part of a time."""
    if seen.best is None or seen.web is not None or seen.reading.events or depth(seen.line.source) > DEVICE:
        return None
    words = [evidence.quote for evidence in seen.best.because]
    return False if all(word.isdigit() and len(word) == 3 for word in words) else None


def _looked_at(seen: _Seen) -> _Said:
    """Requests by hand and by scanners, which no device makes."""
    web = seen.web
    if seen.entry in _BY_HAND and not (web and web.operation):
        return False if web else Verdict("odd", None, "", _UNKNOWN, None, seen.make)
    if web is None:
        return None
    if web.path is Path.CRP and web.status < 500:
        return False  # only the policy module has a certificate for it; whoever else looks is refused, rightly
    scanned = seen.entry == _NOT_THERE and web.path is Path.SCEP_FOLDER and not web.operation
    return False if scanned else None


def _requested(seen: _Seen) -> _Said:
    """Requests of which no entry tells enough: by their status, and where they are an open question."""
    web, told = seen.web, seen.told
    if web is None:
        return None
    if told is not None and told.kind == "open":
        return told._replace(kind=_of_sign_in(web))
    if told is None or (told.kind == "bad" and told.confidence < SPECIFIC):
        return _by_status(web, seen.line, told, seen.make) or False
    return None


def _names_its_step(seen: _Seen) -> _Said:
    """Failures that no entry knows and that name their step all the same."""
    if seen.told is not None and seen.told.kind != "open":
        return None
    step = next((step for step, says in _SAYS_STEP.items() if says.search(seen.reading.bytes)), None)
    return seen.failure(step, KNOWN) if step else None


def _in_our_logs(seen: _Seen) -> _Said:
    """Errors of logs that speak of enrolment only."""
    source = seen.line.source.lower()
    if seen.told is not None or not seen.line.grave or not _OURS.search(source.encode("latin-1", "replace")):
        return None
    if _PKCS.search(seen.reading.bytes) and b"scep" not in seen.reading.bytes:
        return False
    return seen.failure(6 if source in _TALKS_TO_INTUNE else None)


def _as_told(seen: _Seen) -> _Said:
    """What its entry tells."""
    return seen.told


def _at_least_odd(seen: _Seen) -> _Said:
    """Lines that no entry explains: whether they look like a failure of ours."""
    line, reading = seen.line, seen.reading
    if line.grave is False or reading.topic < _ABOUT_US or (seen.best and seen.best.confidence >= _EXPLAINED):
        return False
    if reading.events and not any(event.source in _LOGGED_BY for event in reading.events):
        return False
    if not (line.grave or _FAILS.search(reading.bytes)) or not _WITH_CODE.search(reading.bytes):
        return False
    return Verdict("odd", None, "", _UNKNOWN, None, seen.make)


_RULES = (
    _of_other_programs,
    _of_a_setting,
    _of_a_bare_number,
    _looked_at,
    _requested,
    _names_its_step,
    _in_our_logs,
    _as_told,
    _at_least_odd,
)
"""Whoever says something first has the word; the last one always does."""


def _placed(told: Verdict | None, reading: Reading, source: str) -> Verdict | None:
    """A verdict with what the line says beyond its entry: that only the report fails, or not why a request did."""
    if told is not None and told.entry in _OF_STATES and not _STATE.search(reading.bytes):
        told = told._replace(kind="bad")
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
        return told._replace(confidence=_UNKNOWN)
    return told


def _of_sign_in(web: Exchange) -> Literal["bad", "open", "odd"]:
    """How a refused sign-in is to be taken: nobody signs in where devices come; on the page of challenges everybody is
    refused at first, and only who gave a name waits for an answer."""
    if web.path is not Path.ADMIN:
        return "bad"
    return "odd" if web.substatus == 2 else "open"


def _by_status(web: Exchange, line: Line, told: Verdict | None, make: int) -> Verdict | None:
    """A request that no entry tells enough of: its path says the step, its status whether it went well."""
    step = _STEPS.get(web.path, 2) if web.path else 2
    if told and (step == 2 or told.step == step):
        return told
    if web.status >= 500 or (web.status >= 400 and (step > 2 or line.begins or line.ends)):
        return Verdict("bad", step, "", _UNKNOWN, None, make)
    if web.status >= 400 and told is None:
        return Verdict("odd", step, "", _UNKNOWN, None, make)
    return Verdict("good", step, "", 1.0, None, make) if web.status < 300 and (step > 2 or line.ends) else None


def _bar(reading: Reading) -> float:
    """The confidence that shows a problem: less where Windows tells of the TLS of the server whose logs these are,
    which among people could be any server's."""
    of_tls = not reading.topic and any(event.source == Source.HTTP for event in reading.events)
    return _BAD_OF_TLS if of_tls else KNOWN


def _of(best: Match, grave: bool | None, make: int, bar: float) -> Verdict | None:
    entry = best.entry
    if entry.id in _IF_GRAVE and not grave:
        return None
    if entry.kind is Kind.PROBLEM and best.confidence >= bar and grave is not False:
        kind: Literal["bad", "open"] = "open" if entry.id in _UNLESS_ANSWERED else "bad"
        return Verdict(kind, entry.step, entry.id, best.confidence, best, make)
    if entry.id in _OF_SCANNERS and best.confidence >= _FAINT and grave:
        return Verdict("faint", entry.step, entry.id, best.confidence, best, make)
    if entry.kind is Kind.SUCCESS and best.confidence >= _GOOD and not grave:
        return Verdict("good", entry.step, entry.id, best.confidence, best, make)
    return None
