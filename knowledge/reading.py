"""A text becomes observations: HTTP exchanges, codes, events, SCEP statuses and the kind of log, each with its span.

All patterns run on RE2 over Latin-1 bytes, so that reading is linear in the text and one byte is one character.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

import re2

from knowledge.cleaning import Cleaned, clean
from knowledge.numbers import Number, canonical
from knowledge.schema import Log, Path, Source

NEAR = 600
"""Characters within which observations are taken to speak of the same thing."""
_EXCHANGE_LENGTH = 12_000
"""Characters an exchange may span from its verb to its status: a CSR in the URL is long."""
FEW = 10
"""Words from which a text is no longer short."""
CORE, NEAR_BY, FAINT = 1.0, 0.92, 0.6
"""What a sign that occurs everywhere is worth beside words of SCEP itself, of PKI and device
management, of certificates at large."""
FOREIGN = "foreign"
"""The source of an event that was logged by something outside certificate enrolment."""


def pattern(text: str) -> Any:
    """A compiled RE2 pattern over Latin-1 bytes, without regard to case."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(text.encode("latin-1", "replace"), options)


class Span(NamedTuple):
    """A piece of the cleaned text, in characters."""

    start: int
    end: int


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


@dataclass(frozen=True)
class Reading:
    """Everything seen in one text. Spans are of `cleaned.text`; `bytes` is the same in lower
    case, lines of other web applications blanked. `words` is counted up to `FEW`.
    """

    cleaned: Cleaned
    bytes: bytes
    exchanges: tuple[Exchange, ...] = ()
    codes: tuple[Code, ...] = ()
    events: tuple[Event, ...] = ()
    statuses: tuple[Status, ...] = ()
    topic: float = 0.0
    words: int = 0

    @cached_property
    def logs(self) -> frozenset[Log]:
        """The kinds of log, page or output that the text looks like."""
        return frozenset(log for log, found in _LOG_PATTERNS.items() if found.search(self.bytes))


# --- the topic -------------------------------------------------------------------------------

_CORE = pattern(
    r"\bm?scep\b|mscep|\bndes|certsrv|pkiclient|getcac(?:aps|ert)|pkioperation|certificateregistration|"
    r"verify ?request|verify challenge|sccm ndes|network device enrollment|registrierungsdienst f|jscep|sscep|scepman|"
    r"msappproxy|cep ?encryption|exchange enrollment agent|\bra cert|ra-zertifikat|crypto_pki|%pki-|trustpoint|"
    r"cert(?:ificate)? connector|intune connector|ndesconnector|policy module|enforcepassword|failinfo|pkistatus|"
    r"pki ?status|zertifikatkonnektor|certificateconnector|omadm|\bcrp\b|registration (?:point|authority)"
)
_NEAR_TOPIC = pattern(
    r"\bintune|certutil|certreq|certsvc|\b(?:sub|issuing|root|intermediate|enterprise|policy|our|the) ?ca\b|zertifizierungsstelle|"
    r"\bcrls?\b|\bcdp\b|sperrliste|capi2|enrol|\bmdm\b|\bjamf\b|app(?:lication)? ?proxy|wapcsvc|certificateservices|certificationauthority|"
    r"\bpkcs|\bcsr\b|profiled\b|autorit. de certification|rootca|\bra\b|\bad ?cs\b|active directory certificate|\bpki\b|svclog|"
    r"corporate app|mcscep|\bpfx\b|failed requests|fehlgeschlagene anforderungen|iis_iu|passwordmax|setupmsi|scr?ep[a-z]+success|writeiis7|"
    r"devicemanagement-enterprise|certenroll|company portal|submission"
)
_FAINT_TOPIC = pattern(
    r"certificat|zertifi|\bcerts?\b|android|ipad|iphone|\bios\b|\bmacos|\bw3wp\b|\biisreset|app ?pool|challenge|template|\bconnector\b|\bhttperr"
)
_OTHER_SCEP = pattern(
    r"endpoint protection|defender|antivirus|scep (?:\(senior|committee|steering|programme|program|survey|board|meeting|minutes|grant|chair)"
)
_WORD = pattern(r"[a-z\xdf-\xff][a-z\xdf-\xff'_-]+")

# --- HTTP ------------------------------------------------------------------------------------

_HEAD = pattern(r"\b(GET|POST|HEAD|OPTIONS|PUT|CCM_POST)[ \t]+(/[^\s\"]*|https?://[^\s\"]*)(?:\s+([^\s]+))?")
_TAIL = pattern(r"[\s-]([1-5]\d\d)\s(\d{1,3})\s(\d{1,10})((?:\s\d{1,10}){0,3})[\s`'\".,;)]*?(?:\n|$)")
_HTTPERR = pattern(
    r"HTTP/\d\.\d[ \t]+(GET|POST|HEAD|-)[ \t]+(\S+)[ \t]+(?:-[ \t]+)?([1-5]\d\d)[ \t]+(?:-|\d+)[ \t]+[a-z_0-9-]+"
)
_STATUS_LINE = pattern(r"\bHTTP/[123](?:\.\d)?\"?[ \t]+([1-5]\d\d)\b(?:[ \t]*[.,-][ \t]*(\d{1,2})\b)?")
_SPOKEN = pattern(
    r"(?:http(?:[- ]?(?:error|fehler|status(?:code)?|code|response))?|erreur http|error|status(?:[- ]?code)?(?: of)?|sc-status|response(?: code)?|"
    r"returns?|returned|gives?|gave|gets?|got|getting|throws?|answers?|says|fehler|erreur|received|a|an|the|with|mit|only)"
    r"[ :=('\"]{1,3}([1-5]\d\d)(?:[. ](\d{1,2}))?(?:[ ](\d{1,10}))?\b"
)
_NUMBER_FIRST = pattern(
    r"\b([1-5]\d\d)(?:[.](\d{1,2}))?[\])]?[ :/'\"-]{1,4}(?:internal server|service unavailable|the service is|forbidden|bad gateway|gateway time|"
    r"gatewaytimeout|request-?uri|uri too|payload|request entity|unauthori[sz]ed|not found|bad request|file or directory|created|ok\b|no content|error|"
    r"on |from |at |for |in |auf |bei |sur |when |while )"
)
_SUBSTATUS = pattern(r"(?:^|[\s(`'\"])([45]\d\d)[. ](\d{1,2})(?:[ ](\d{1,10}))?(?:$|[\s)`'\",;:?!]|\.(?:\s|$))")
_SUBSTATUS_WORD = pattern(r"(?:sub[- ]?status(?:code)?)\W{0,3}(?:is|=|:|of|code)?\s{0,2}(\d{1,2})\b")
_LONE_STATUS = pattern(r"(?:^|[\s(/`'\",])([45]\d\d)(?:$|[\s)/`'\",;:?!.])")
_FIELDS = pattern(r"#Fields:([^\r\n]*)")

_PLACE = pattern(
    r"(?:certsrv/)?(mscep_admin)|(verify ?request|ndes_plugin)"
    r"|(certificateregistration(?:svc)?/certificate/notify)|(certificateregistration|\bcrp\b)"
    r"|(?:certsrv/)?(mscep/(?:msecp|mcsep|mscp|msep|mscpe|mspec|mcep|scep|msscep|msceep)\.dll)"
    r"|(?:certsrv/)?(?:mscep/)?(mscep\.dll|pkiclient\.exe|getcacaps|getcacert|pki ?operation|"
    r"(?:ndes|scep)[- ](?:server )?(?:url|endpoint|page|uri|adresse?)|url scep)"
    r"|(certsrv/mscep)"
)
_GROUP_PATHS = (Path.ADMIN, Path.VERIFY, Path.NOTIFY, Path.CRP, Path.SCEP_MISSPELT, Path.SCEP, Path.SCEP_FOLDER)
"""The path of each group of `_PLACE`, in order."""
_OPERATIONS = {"getcacaps": "GetCACaps", "getcacert": "GetCACert", "pkioperation": "PKIOperation"}
_OPERATION = pattern(r"getcacaps|getcacert|pkioperation")

# --- codes -----------------------------------------------------------------------------------

_HEX = pattern(r"(?:^|[^0-9a-z])(0x[0-9a-f]{1,8})(?:$|[^0-9a-z])")
_HEXWORD = pattern(r"(?:^|[^0-9a-z_-])([89][0-9a-f]{7})(?:$|[^0-9a-z_-])")
_SIGNED = pattern(r"(?:^|[^0-9a-z])(-\d{9,10})(?:$|[^0-9a-z])")
_DECIMAL = pattern(r"(?:^|[^0-9a-z.\xdf-\xff_/:@#-])((?:err(?:or)?[ :#-]?)?\d{3,10})(?:$|[^0-9a-z_/@-])")
_MARK = pattern(
    r"(?:err(?:or)?|fehler(?:code)?|erreur|code|win32|winhttp|inet|hresult|status|result|exit|domain|mdm-scep)\W{0,4}(?:code)?\W{0,4}$"
)

# --- events ----------------------------------------------------------------------------------

_EVENTS = pattern(
    r"(?:\bevents?|\bereignis(?:se)?|[e\xe9]v[e\xe8\xe9]nements?|\beventid|\bevt)(?:[ -]{0,2}ids?|[ -]{0,2}kennung)?(?:\s+qualifiers=['\"]\d+['\"])?"
    r"[\s:=#>\"']{0,4}(\d{1,5}(?:(?:\s*(?:,|/|\+|&|and|und|et|or|then|plus)\s*|\s+)(?:events?\s*|ids?\s*)?\d{1,5}\b){0,8})"
)
_EVENT_ROW = pattern(
    r"(?:^|\n)\s*(\d{1,5})\s+(?:information(?:en)?|warning|warnung|error|fehler|critical|kritisch|avertissement|erreur)\b"
)
_EVENT_SOURCED = pattern(
    r"(?:diagnostics?-provider?|networkdeviceenrollmentservice|certificateconnectors|capi2|certificationauthority|certenroll|\bschannel|\bwas|\bkdc|\bndes)"
    r"(?:/(?:admin|operational))?[ :,#\"'-]{1,4}(?:event(?: id)?[ :]{1,2})?(\d{1,5}(?:\s*(?:,|/|\+|and|und)\s*\d{1,5}\b){0,4})\b"
)
_DIGITS = pattern(r"\d{1,5}")
PROVIDERS: dict[Source, str] = {
    Source.NDES: r"networkdeviceenrollmentservice|network device enrollment|\bm?scep event|\bndes\b",
    Source.MDM: r"devicemanagement-enterprise|diagnostics?-provider?\b|\bmdm (?:admin )?(?:event|log)|scep: c|windows (?:mdm|device|client|10|11)|\bwin1[01]\b",
    Source.CERTENROLL: r"certificateservicesclient|certenroll|scep certificate enrol",
    Source.CA: r"certificationauthority|active directory certificate services|\bon (?:the|our) (?:issuing )?ca\b|\bca (?:event|log)|\bcertsvc",
    Source.CAPI2: r"capi2",
    Source.WAS: r"windows-was\b|\bwas\b[ :]|process activation",
    Source.SCHANNEL: r"schannel",
    Source.HTTP: r"httpevent|httpservice",
    Source.DCOM: r"distributedcom|\bdcom",
    Source.KDC: r"key-distribution-center|key distribution cent|\bkdc\b|kerberos",
    Source.APPLICATION_ERROR: r"application error|faulting application|w3wp",
    Source.ASPNET: r"asp\.net",
    Source.SECURITY: r"security-auditing",
    Source.CONNECTOR_NEW: r"certificateconnectors|certificate connector|\bconnector (?:event )?log",
    Source.CONNECTOR_OLD: r"microsoft intune connector|\bold connector",
    Source.APP_PROXY: r"aadapplicationproxy|application proxy|private network connector|app ?proxy",
    Source.APPLE: r"mcscep|mcmdm|profiled|mdmclient",
}
_PROVIDER_PATTERNS = {source: pattern(text) for source, text in PROVIDERS.items()}
_OTHER_PROVIDER = pattern(
    r"\bwmi\b|kernel-|time-service|w32time|group ?policy|\bgpo event|\badfs\b|\bntfs\b|\bvss\b|\bdhcp|\bdns (?:server|client)|sysmon|spooler|"
    r"print ?service|netlogon|user profile|service control manager|volsnap|hyper-v|\bsql\b|exchange (?:server|transport)|backup exec|veeam|"
    r"smart ?card|tcpip|\be1[a-z]\d+|bugcheck|disk event|security log event|failover"
)
_NAMED_SOURCE = pattern(
    r"(?:\bsource|provider(?: ?name)?|quelle)(?:\s{0,2}[:=]\s{0,2}['\"]?|\s['\"])([a-z][^\s'\"<>,;]{2,60})"
)

# --- SCEP ------------------------------------------------------------------------------------

_PKISTATUS = pattern(r"pki ?status\W{0,4}(success|failure|pending|[023])\b|scepdisposition(success|failure|pending)")
_FAILINFO = pattern(
    r"fail ?info\W{0,8}(?:scepfail)?(badalg|badmessagecheck|badrequest|badtime|badcertid|[0-4])\b|\b(bad ?alg|bad ?message ?check|bad ?request|bad ?time|bad ?cert ?id)\b"
)
_STATUS_NUMBERS = {"success": 0, "failure": 2, "pending": 3}
_FAILINFO_NUMBERS = {"badalg": 0, "badmessagecheck": 1, "badrequest": 2, "badtime": 3, "badcertid": 4}

# --- logs ------------------------------------------------------------------------------------

_LOGS = {
    Log.IIS: r"#software: microsoft internet information|cs-uri-stem|\bu_ex\d*|\biis[ -]?logs?\b|w3svc\d",
    Log.HTTPERR: r"httperr|s-reason|timer_connectionidle|http/1\.[01] (?:get|post) \S+ (?:- )?\d{3} (?:-|\d+) [a-z_]+",
    Log.BROWSER: r"<title>|in (?:my|the) browser|http error \d{3}|server error|you do not have permission|this page can|\bedge\b|\bchrome\b",
    Log.NDESPLUGIN: r"ndes_?plugin|<!\[log\[",
    Log.SVCLOG: r"svclog|e2etraceevent|certificateregistrationpoint|ndesconnector",
    Log.SETUPMSI: r"setupmsi|customaction|ndesconnectorsetup|msi \(s\)|return value 3",
    Log.EVENT: r"event ?id|event[ :]\d|log name:|<event xmlns|ereignis",
    Log.CAPI2: r"capi2|certgetcertificatechain|cryptretrieveobjectbyurlwire|certverifyrevocation",
    Log.OMADM: r"omadm|org\.jscep|com\.microsoft\.omadm",
    Log.IOS: r"\bprofiled\b|mcscep|mcmdm|\bipad|\biphone|\bios\b",
    Log.MACOS: r"mdmclient|mdm-scep|\bmacos\b|com\.apple",
    Log.JAMF: r"\bjamf|\bjss\b",
    Log.CERTUTIL: r"certutil|certreq",
    Log.SSCEP: r"sscep",
    Log.CISCO: r"crypto_pki|%pki-|trustpoint|crypto (?:pki|ca)",
    Log.POWERSHELL: r"\bps [a-z]:\\|get-childitem|validate-ndes|fullyqualifiederrorid|test-intunecertificateconnector",
}
_LOG_PATTERNS = {log: pattern(text) for log, text in _LOGS.items()}


def read(text: str) -> Reading:
    """Observe one text of any kind. Never raises; linear in the length of the text."""
    cleaned = clean(text)
    data = cleaned.text.lower().encode("latin-1", "replace")
    places = tuple(_places(data))
    exchanges = tuple(_exchanges(data, places))
    events = tuple(_events(data))
    codes = tuple(_codes(data, exchanges, events))
    return Reading(
        cleaned=cleaned,
        bytes=_without_foreign(data, exchanges),
        exchanges=exchanges,
        codes=codes,
        events=events,
        statuses=tuple(_statuses(data)),
        topic=_topic(data),
        words=sum(1 for _ in islice(_WORD.finditer(data), FEW)),
    )


def _without_foreign(data: bytes, exchanges: tuple[Exchange, ...]) -> bytes:
    """The text with the lines of other applications blanked: their numbers are no signs."""
    for exchange in exchanges:
        if exchange.foreign:
            start, end = _whole(exchange, data)
            data = data[:start] + b" " * (end - start) + data[end:]
    return data


def _topic(data: bytes) -> float:
    """How much of certificate enrolment the text speaks: `CORE`, `NEAR`, `FAINT` or 0."""
    if _OTHER_SCEP.search(data):
        return 0.0
    tiers = ((_CORE, CORE), (_NEAR_TOPIC, NEAR_BY), (_FAINT_TOPIC, FAINT))
    return next((worth for words, worth in tiers if words.search(data)), 0.0)


def _places(data: bytes) -> Iterator[tuple[Span, Path, str | None]]:
    for found in _PLACE.finditer(data):
        word = found.group().replace(b" ", b"").decode("latin-1")
        yield Span(*found.span()), _path_in(found), _OPERATIONS.get(word)


def _path_of(uri: bytes) -> tuple[Path | None, str | None]:
    found = _PLACE.search(uri)
    operation = _OPERATION.search(uri)
    name = _OPERATIONS[operation.group().decode()] if operation else None
    return _path_in(found) if found else None, name


def _path_in(place: Any) -> Path:
    return next(path for path, group in zip(_GROUP_PATHS, place.groups(), strict=True) if group is not None)


def _exchanges(data: bytes, places: tuple[tuple[Span, Path, str | None], ...]) -> Iterator[Exchange]:
    """Logged lines first; a number they cover is not read a second time."""
    taken: list[Span] = []
    for exchange in (*_logged(data), *_httperr(data)):
        taken.append(_whole(exchange, data))
        yield exchange
    taken.sort()
    seen: dict[int, Exchange] = {}
    for found, status, sub, win32 in _spoken(data):
        start = found[0]
        if start in seen or _covered(start, taken):
            continue
        path, operation = _nearest(start, places)
        seen[start] = Exchange(Span(*found), status, sub, win32, None, path, operation)
    yield from seen.values()


def _whole(exchange: Exchange, data: bytes) -> Span:
    """All of a logged line, the numbers behind its status included."""
    end = data.find(b"\n", exchange.span.end)
    return Span(exchange.head.start if exchange.head else exchange.span.start, end if end >= 0 else len(data))


def _logged(data: bytes) -> Iterator[Exchange]:
    """IIS lines: a verb with its path, then status, sub-status and win32 status at the end of the line.

    Without a `#Fields` header the three numbers are found before 0 to 3 more (bytes, time taken);
    a line wrapped by a chat is joined, for the next verb or 12,000 characters end it.
    """
    heads = list(_HEAD.finditer(data))
    tails = list(_TAIL.finditer(data))
    columns = _columns(data)
    ends = [tail.start() for tail in tails]
    for i, head in enumerate(heads):
        limit = min(heads[i + 1].start() if i + 1 < len(heads) else len(data), head.end() + _EXCHANGE_LENGTH)
        at = bisect_left(ends, head.end() - 1)
        if at == len(tails) or tails[at].start() >= limit:
            continue
        tail = tails[at]
        path, operation = _path_of(head.group()[:4000])
        status, sub, win32 = columns(data, head, tail) or tuple(int(tail[n]) for n in (1, 2, 3))
        shown = Span(head.start(), head.start(2) + len(head[2].split(b"?")[0]))
        yield Exchange(
            Span(tail.start(1), tail.end(3)), status, sub, win32, head[1].decode().upper(), path, operation, True, shown
        )


def _columns(data: bytes) -> Any:
    """A reader of the status columns by the `#Fields` header, where the paste has one."""
    header = _FIELDS.search(data)
    names = header[1].decode("latin-1").split() if header else []
    wanted = ("sc-status", "sc-substatus", "sc-win32-status")

    def take(data: bytes, head: Any, tail: Any) -> tuple[int, ...] | None:
        if not all(name in names for name in wanted):
            return None
        start = data.rfind(b"\n", 0, head.start()) + 1
        fields = data[start : tail.end()].split()
        if len(fields) != len(names):
            return None
        values = [fields[names.index(name)] for name in wanted]
        return tuple(int(value) for value in values) if all(value.isdigit() for value in values) else None

    return take


def _httperr(data: bytes) -> Iterator[Exchange]:
    for found in _HTTPERR.finditer(data):
        path, operation = _path_of(found[2][:4000])
        method = None if found[1] == b"-" else found[1].decode().upper()
        shown = Span(found.start(1), found.start(2) + len(found[2].split(b"?")[0]))
        span = Span(found.start(3), found.end())
        yield Exchange(span, int(found[3]), None, None, method, path, operation, True, shown)


def _spoken(data: bytes) -> Iterator[tuple[tuple[int, int], int, int | None, int | None]]:
    stated = _SUBSTATUS_WORD.search(data)
    extra = int(stated[1]) if stated else None
    for shape in (_STATUS_LINE, _SUBSTATUS, _SPOKEN, _NUMBER_FIRST, _LONE_STATUS):
        for found in shape.finditer(data):
            groups = (*found.groups(), None, None)
            sub = int(groups[1]) if groups[1] else extra
            win32 = int(groups[2]) if groups[2] else None
            last = 3 if groups[2] else 2 if groups[1] else 1
            yield (found.start(1), found.end(last)), int(groups[0]), sub, win32


def _covered(at: int, spans: list[Span]) -> bool:
    i = bisect_left(spans, Span(at + 1, 0)) - 1
    return i >= 0 and spans[i].start <= at < spans[i].end


def _nearest(at: int, places: tuple[tuple[Span, Path, str | None], ...]) -> tuple[Path | None, str | None]:
    """The path a spoken status goes with: the nearest one named, before or after it."""
    best = min(places, key=lambda place: abs(place[0].start - at), default=None)
    if best is None or abs(best[0].start - at) > 2 * NEAR:
        return None, None
    return best[1], best[2]


def _codes(data: bytes, exchanges: tuple[Exchange, ...], events: tuple[Event, ...]) -> Iterator[Code]:
    lines = sorted(_whole(exchange, data) for exchange in exchanges if exchange.logged)
    for exchange in exchanges:
        if not exchange.foreign and exchange.win32 and exchange.win32 >= 1000:
            yield Code(exchange.span, canonical(exchange.win32 & 0xFFFFFFFF), True)
    known = {event.span.start for event in events}
    for shape, marked in ((_HEX, True), (_SIGNED, True), (_HEXWORD, False), (_DECIMAL, None)):
        at = 0
        while found := shape.search(data, at):
            start, end = found.span(1)
            at = end
            if start in known or _covered(start, lines):
                continue
            word = found[1].lstrip(b"eror :#-") if marked is None else found[1]
            start = end - len(word)
            is_marked = _is_marked(data, start, found[1]) if marked is None else marked
            if number := _number(word):
                yield Code(Span(start, end), number, is_marked)


def _number(word: bytes) -> Number | None:
    text = word.decode("latin-1")
    try:
        if text.startswith("0x"):
            return canonical(int(text, 16))
        if len(text) == 8 and not text.isdigit():
            return canonical(int(text, 16))
        if len(text) == 8:  # eight digits beginning with 8 or 9: an HRESULT without its 0x
            return canonical(int(text, 16)) if text[0] in "89" else None
        return canonical(int(text))
    except ValueError:
        return None


def _is_marked(data: bytes, start: int, word: bytes) -> bool:
    if len(word.lstrip(b"eror :#-")) < len(word) or int(word) > 0x7FFFFFFF:
        return True
    return _MARK.search(data[max(0, start - 24) : start]) is not None


def _events(data: bytes) -> Iterator[Event]:
    seen: set[int] = set()
    shown = [found for shape in (_EVENTS, _EVENT_SOURCED, _EVENT_ROW) for found in shape.finditer(data)]
    providers = _providers(data) if shown else []
    for found in shown:
        base = found.start(1)
        for digits in _DIGITS.finditer(found[1]):
            start, end = base + digits.start(), base + digits.end()
            if start not in seen:
                seen.add(start)
                yield Event(Span(start, end), int(digits.group()), _source(data, start, providers))


def _providers(data: bytes) -> list[tuple[int, int, str]]:
    """Every place where a log source is named, sources outside the field among them."""
    named: list[tuple[int, int, str]] = []
    for source, known in _PROVIDER_PATTERNS.items():
        named += [(*found.span(), source.value) for found in known.finditer(data)]
    named += [(*found.span(), FOREIGN) for found in _OTHER_PROVIDER.finditer(data)]
    for found in _NAMED_SOURCE.finditer(data):
        if not any(known.search(found[1]) for known in _PROVIDER_PATTERNS.values()):
            named.append((*found.span(1), FOREIGN))
    return named


def _source(data: bytes, at: int, providers: list[tuple[int, int, str]]) -> str | None:
    """The source named nearest to an event, at most 400 characters away; one named before it, in
    its own line, is preferred."""
    near = []
    for start, end, name in providers:
        before = end <= at
        distance = at - end if before else 2 * (start - at)
        if distance > 400:
            continue
        other_line = data.find(b"\n", min(end, at), max(start, at)) >= 0
        near.append((distance + 150 * other_line, name))
    return min(near)[1] if near else None


def _statuses(data: bytes) -> Iterator[Status]:
    for found in _PKISTATUS.finditer(data):
        word = (found[1] or found[2]).decode()
        yield Status(Span(*found.span()), status=_STATUS_NUMBERS.get(word) if not word.isdigit() else int(word))
    for found in _FAILINFO.finditer(data):
        word = (found[1] or found[2]).decode().replace(" ", "")
        number = int(word) if word.isdigit() else _FAILINFO_NUMBERS[word]
        if found[1] or " " not in found[2].decode():
            yield Status(Span(*found.span()), failinfo=number)
