"""Events of Windows logs in a text, each with the source that logged it."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from knowledge.observations import FOREIGN, Event
from knowledge.patterns import Span, pattern
from knowledge.schema import Source

_NEAR = 400  # characters between an event and its source, at most
_ANOTHER_LINE = 150  # characters that a line break between them counts for

_EVENTS = pattern(
    r"(?:\bevents?|\bereignis(?:se)?|[e\xe9]v[e\xe8\xe9]nements?|\beventid|\bevt)(?:[ -]{0,2}ids?|[ -]{0,2}kennung)?(?:\s+qualifiers=['\"]\d+['\"])?"
    r"[\s:=#>\"']{0,4}(\d{1,5}(?:(?:\s*(?:,|/|\+|&|and|und|et|or|then|plus)\s*|\s+)(?:events?\s*|ids?\s*)?\d{1,5}\b){0,8})"
)
_EVENT_ROW = pattern(
    r"(?:^|\n)\s*(\d{1,5})\s+(?:information(?:en)?|warning|warnung|error|fehler|critical|kritisch|avertissement|erreur)\b"
)
_EVENT_SOURCED = pattern(
    r"(?:diagnostics?-provider?|networkdeviceenrollmentservice|certificateconnectors|capi2|certificationauthority|certenroll|\bschannel)"
    r"(?:/(?:admin|operational))?[ :,#\"'-]{1,4}(?:event(?: id)?[ :]{1,2})?(\d{1,5}(?:\s*(?:,|/|\+|and|und)\s*\d{1,5}\b){0,4})\b"
)
_EVENT_NDES = pattern(
    r"\b(?:kdc|ndes)[ :,#\"'-]{1,4}(?:event(?: id)?[ :]{1,2})?(\d{1,2}(?:\s*(?:,|/|\+|and|und)\s*\d{1,2}\b){0,4})\b"
)
_EVENT_WAS = pattern(r"\bwas[ :,#\"'-]{1,4}(?:event(?: id)?[ :]{1,2})?(5\d{3})\b")
_EVENT_CONNECTOR = pattern(
    r"(?:connector|operational log)[^\n]{0,160}?\b"
    r"(40(?:0\d|10)(?:(?:, (?:then |and )?| then | and (?:in the end |then |finally )?)40(?:0\d|10)){1,6})\b"
)
_SHAPES = (_EVENT_CONNECTOR, _EVENTS, _EVENT_SOURCED, _EVENT_NDES, _EVENT_WAS, _EVENT_ROW)
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


class _Named(NamedTuple):
    """A place where a log source is named."""

    start: int
    end: int
    name: str


def events(data: bytes) -> Iterator[Event]:
    """Every event number in a lower-case text."""
    seen: set[int] = set()
    shown = [found for shape in _SHAPES for found in shape.finditer(data)]
    sources = sorted(_sources(data)) if shown else []
    for found in shown:
        base = found.start(1)
        for digits in _DIGITS.finditer(found[1]):
            start, end = base + digits.start(), base + digits.end()
            if start not in seen:
                seen.add(start)
                yield Event(Span(start, end), int(digits.group()), _source(data, start, sources))


def _sources(data: bytes) -> Iterator[_Named]:
    """Every place where a log source is named, sources outside the field among them."""
    for source, known in _PROVIDER_PATTERNS.items():
        yield from (_Named(found.start(), found.end(), source.value) for found in known.finditer(data))
    yield from (_Named(found.start(), found.end(), FOREIGN) for found in _OTHER_PROVIDER.finditer(data))
    for found in _NAMED_SOURCE.finditer(data):
        if not any(known.search(found[1]) for known in _PROVIDER_PATTERNS.values()):
            yield _Named(found.start(1), found.end(1), FOREIGN)


def _source(data: bytes, at: int, sources: list[_Named]) -> str | None:
    """The source named nearest to an event; one named before it, in its own line, is preferred."""
    near = []
    first = bisect_left(sources, at - 2 * _NEAR, key=lambda named: named.start)
    for start, end, name in sources[first : bisect_left(sources, at + _NEAR, key=lambda named: named.start)]:
        distance = at - end if end <= at else 2 * (start - at)
        if distance > _NEAR:
            continue
        other_line = data.find(b"\n", min(end, at), max(start, at)) >= 0
        near.append((distance + _ANOTHER_LINE * other_line, name))
    return min(near)[1] if near else None
