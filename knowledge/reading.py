"""A text becomes observations: HTTP exchanges, codes, events, SCEP statuses and the kind of log, each with its span.

All patterns run on RE2 over Latin-1 bytes, so that reading is linear in the text and one byte is one character.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from knowledge.cleaning import Cleaned, clean
from knowledge.events import events
from knowledge.exchanges import covered, exchanges, line_of
from knowledge.numbers import Number, canonical
from knowledge.observations import Code, Event, Exchange, Status, is_labelled
from knowledge.patterns import Span, pattern
from knowledge.schema import Log

NEAR = 600
"""Characters within which observations are taken to speak of the same thing."""
FEW = 10
"""Words from which a text is no longer short."""
CORE, NEAR_BY, FAINT = 1.0, 0.92, 0.6
"""What a sign that occurs everywhere is worth beside words of SCEP itself, of PKI and device
management, of certificates at large."""


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
        named = {log for log, found in _LOG_PATTERNS.items() if found.search(self.bytes)}
        return frozenset(named | {Log.IIS} if self._is_iis else named)

    @property
    def log(self) -> Log | None:
        """The kind of log that the text as a whole most looks like."""
        return Log.IIS if self._is_iis else next((log for log in Log if log in self.logs), None)

    @property
    def _is_iis(self) -> bool:
        return any(exchange.logged and exchange.win32 is not None for exchange in self.exchanges)


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
_TIME_STAMP = pattern(
    r"\btsa\b|jarsigner|signtool|time-?stamp(?:ing)? (?:auth|server|token|response)|generating timestamp|rfc ?3161"
)
_NUMBER = r"((?:0x[0-9a-f]{8}|-?\d{2,10}(?:\.\d{1,2})?))"
_ABSENT = pattern(
    rf"\b(?:no|without|kein\w{{0,2}}|ohne|aucune?)(?: more)? (?:new |further )?(?:errors? |events? |fehler |ereignis(?:se)? |http |code )?{_NUMBER}(?:[\s.,;:!?)]|$)"
)
_GONE = pattern(
    rf"{_NUMBER} (?:is|are|was|were|has|did|does|ist|kommt|tritt|a)? ?"
    r"(?:gone|not (?:occur|happen|come|appear|show)|n't (?:occur|happen|come)|disappeared|weg\b|nicht mehr|disparu)"
)
_STATUS_WORDS = pattern(r"pki ?status|fail ?info|bad ?(?:alg|request|time)")
_WORD = pattern(r"[a-z\xdf-\xff][a-z\xdf-\xff'_-]+")

# --- codes -----------------------------------------------------------------------------------

_HEX = pattern(r"(?:^|[^0-9a-z])(0x[0-9a-f]{1,8})(?:$|[^0-9a-z])")
_HEXWORD = pattern(r"(?:^|[^0-9a-z_-])([89][0-9a-f]{7})(?:$|[^0-9a-z_-])")
_SIGNED = pattern(r"(?:^|[^0-9a-z])(-\d{9,10})(?:$|[^0-9a-z])")
_DECIMAL = pattern(r"(?:^|[^0-9a-z.\xdf-\xff_/:@#-])((?:err(?:or)?[ :#-]?)?\d{3,10})(?:$|[^0-9a-z_/@-])")
_MARK = pattern(
    r"(?:err(?:or)?|fehler(?:code)?|erreur|code|win32|winhttp|inet|hresult|status|result|exit|domain|mdm-scep)\W{0,4}(?:code)?\W{0,4}$"
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
    data = _without_denied(_without_time_stamps(cleaned.text.lower().encode("latin-1", "replace")))
    web = tuple(exchanges(data))
    logged = sorted(line_of(exchange, data) for exchange in web if exchange.logged)
    shown = tuple(events(data))
    taken = {event.span.start for event in shown}
    return Reading(
        cleaned=cleaned,
        bytes=_without_foreign(data, web),
        exchanges=web,
        codes=(*_logged_codes(web), *_codes(data, logged, taken)),
        events=shown,
        statuses=tuple(_statuses(data)),
        topic=_topic(data),
        words=sum(1 for _ in islice(_WORD.finditer(data), FEW)),
    )


def _without_time_stamps(data: bytes) -> bytes:
    """The text without the status words of a time-stamp answer (RFC 3161 has the same as SCEP), if it is one."""
    if not _TIME_STAMP.search(data):
        return data
    return bytes(_STATUS_WORDS.sub(lambda found: b" " * len(found.group()), data))


def _without_denied(data: bytes) -> bytes:
    """The text without the numbers that it says are not there: "no 403.16 any more", "12175 is gone"."""
    denied = [found.span(1) for shape in (_ABSENT, _GONE) for found in shape.finditer(data)]
    if not denied:
        return data
    kept = bytearray(data)
    for start, end in denied:
        kept[start:end] = b" " * (end - start)
    return bytes(kept)


def _without_foreign(data: bytes, web: Iterable[Exchange]) -> bytes:
    """The text without the lines of other applications, and without the bytes and times behind the
    status of a logged line: none of those numbers is a sign."""
    kept = bytearray(data)
    for exchange in web:
        if exchange.logged:
            start, end = line_of(exchange, data)
            start = start if exchange.foreign else exchange.span.end
            kept[start:end] = b" " * (end - start)
    return bytes(kept)


def _topic(data: bytes) -> float:
    """How much of certificate enrolment the text speaks: `CORE`, `NEAR`, `FAINT` or 0."""
    if _OTHER_SCEP.search(data):
        return 0.0
    tiers = ((_CORE, CORE), (_NEAR_TOPIC, NEAR_BY), (_FAINT_TOPIC, FAINT))
    return next((worth for words, worth in tiers if words.search(data)), 0.0)


def _logged_codes(web: Iterable[Exchange]) -> Iterator[Code]:
    """The win32 status of a logged exchange, where it is an error code of its own."""
    for exchange in web:
        if not exchange.foreign and exchange.win32 and exchange.win32 >= 1000:
            yield Code(exchange.span, canonical(exchange.win32 & 0xFFFFFFFF), True)


def _codes(data: bytes, logged: list[Span], events: set[int]) -> Iterator[Code]:
    """Every number that may be a code, but those of logged lines and of events."""
    seen: dict[int, Code] = {}
    for shape, marked in ((_HEX, True), (_SIGNED, True), (_HEXWORD, None), (_DECIMAL, None)):
        at = 0
        while found := shape.search(data, at):
            start, at = found.span(1)
            if start in events or covered(start, logged) or is_labelled(data, start):
                continue
            word = found[1] if marked else found[1].lstrip(b"eror :#-")
            start = at - len(word)
            if start not in seen and (number := _number(word)):
                seen[start] = Code(Span(start, at), number, marked or _is_marked(data, start, found[1]))
    yield from seen.values()


def _number(word: bytes) -> Number | None:
    """A hexadecimal word, eight digits that begin with 8 or 9 (an HRESULT without its 0x), or a decimal."""
    text = word.decode("latin-1")
    eight = len(text) == 8
    if eight and text.isdigit() and text[0] not in "89":
        return None
    try:
        return canonical(int(text, 16 if eight or text.startswith("0x") else 10))
    except ValueError:
        return None


def _is_marked(data: bytes, start: int, word: bytes) -> bool:
    """Whether a number stands where an error code would: after the word error, or too large to be a count."""
    digits = word.lstrip(b"eror :#-")
    if len(digits) < len(word) or (digits.isdigit() and len(digits) != 8 and int(digits) > 0x7FFFFFFF):
        return True
    return _MARK.search(data[max(0, start - 24) : start]) is not None


def _statuses(data: bytes) -> Iterator[Status]:
    for found in _PKISTATUS.finditer(data):
        word = (found[1] or found[2]).decode()
        yield Status(Span(*found.span()), status=_STATUS_NUMBERS.get(word) if not word.isdigit() else int(word))
    for found in _FAILINFO.finditer(data):
        word = (found[1] or found[2]).decode().replace(" ", "")
        number = int(word) if word.isdigit() else _FAILINFO_NUMBERS[word]
        if found[1] or " " not in found[2].decode():
            yield Status(Span(*found.span()), failinfo=number)
