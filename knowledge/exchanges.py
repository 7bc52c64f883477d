"""HTTP exchanges in a text: lines of IIS and HTTPERR, status lines, and a status that people only speak of."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from knowledge.observations import Exchange, is_labelled
from knowledge.patterns import Span, pattern
from knowledge.schema import Path

_LENGTH = 12_000  # characters an exchange may span from its verb to its status: a CSR in the URL is long
_URI = 4_000  # characters of a URI in which its path is looked for
_NEAREST = 1_200  # characters between a spoken status and the path it goes with, at most

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
_FIELDS = pattern(r"#Fields:([^\n]*)")
_COLUMNS = {"cs-method", "cs-uri-stem", "sc-status", "sc-substatus", "sc-win32-status"}
_LINE = pattern(r"[^\n]+")
_FIELD = pattern(r"\S+")

_PLACE = pattern(
    r"(?:certsrv/)?(mscep_admin)|((?:(?:cm)?certificateregistration(?:svc)?/certificate/)?verify ?request|ndes_plugin)"
    r"|(certificateregistration(?:svc)?/certificate/notify)|(certificateregistration|\bcrp\b)"
    r"|(?:certsrv/)?(mscep/(?:msecp|mcsep|mscp|msep|mscpe|mspec|mcep|scep|msscep|msceep)\.dll)"
    r"|(?:certsrv/)?(?:mscep/)?(mscep\.dll|pkiclient\.exe|getcacaps|getcacert|pki ?operation|"
    r"(?:ndes|scep)[- ](?:server )?(?:url|endpoint|page|uri|adresse?)|url scep)"
    r"|(certsrv/mscep)"
)
_GROUP_PATHS = (Path.ADMIN, Path.VERIFY, Path.NOTIFY, Path.CRP, Path.SCEP_MISSPELT, Path.SCEP, Path.SCEP_FOLDER)
"""The path of each group of `_PLACE`, in order."""
_OPERATIONS = {"getcacaps": "GetCACaps", "getcacert": "GetCACert", "pkioperation": "PKIOperation"}
_TOO_LONG = (b" ...", b"?...")
"""What IIS writes for a query of more than 4,096 characters: of SCEP, only a message is so long."""
_OPERATION = pattern(r"getcacaps|getcacert|pkioperation")


class _Place(NamedTuple):
    """A path of the enrolment web named anywhere in the text."""

    span: Span
    path: Path
    operation: str | None


class _Spoken(NamedTuple):
    """A status that somebody speaks of."""

    span: Span
    status: int
    substatus: int | None
    win32: int | None


def exchanges(data: bytes) -> Iterator[Exchange]:
    """Every HTTP exchange in a lower-case text, logged ones first.

    A number that a logged line covers is not read a second time.
    """
    taken: list[Span] = []
    for logged in (_by_header, _by_shape, _httperr):
        taken.sort()
        found = [exchange for exchange in logged(data) if not covered(line_of(exchange, data).start, taken)]
        taken += [line_of(exchange, data) for exchange in found]
        yield from found
    taken.sort()
    places = list(_places(data))
    seen: set[int] = set()
    for span, status, substatus, win32 in _spoken(data):
        if span.start not in seen and not covered(span.start, taken) and not is_labelled(data, span.start):
            seen.add(span.start)
            path, operation = _nearest(span.start, places)
            yield Exchange(span, status, substatus, win32, None, path, operation)


def line_of(exchange: Exchange, data: bytes) -> Span:
    """All of a logged line from its verb (or its status) on, the numbers behind included."""
    start = min(exchange.head.start, exchange.span.start) if exchange.head else exchange.span.start
    end = data.find(b"\n", max(exchange.span.end, exchange.head.end if exchange.head else 0))
    return Span(start, end if end >= 0 else len(data))


def covered(at: int, spans: list[Span]) -> bool:
    """Whether a place lies in one of the spans, which are in order."""
    i = bisect_left(spans, Span(at + 1, 0)) - 1
    return i >= 0 and spans[i].start <= at < spans[i].end


def _by_header(data: bytes) -> Iterator[Exchange]:
    """Whole lines under a `#Fields` header of IIS, read by its columns in whatever order they are."""
    headers = list(_FIELDS.finditer(data))
    for header, following in zip_longest(headers, headers[1:]):
        names = header[1].decode("latin-1").split()
        if not set(names) >= _COLUMNS:
            continue
        for line in _LINE.finditer(data, header.end(), following.start() if following else len(data)):
            fields = list(_FIELD.finditer(data, *line.span()))
            if len(fields) == len(names) and (exchange := _row(dict(zip(names, fields, strict=True)))):
                yield exchange


def _row(fields: dict[str, Any]) -> Exchange | None:
    numbers = [fields[name] for name in ("sc-status", "sc-substatus", "sc-win32-status")]
    if not all(number[0].isdigit() for number in numbers):
        return None
    status, substatus, win32 = (int(number[0]) for number in numbers)
    verb, stem, query = fields["cs-method"], fields["cs-uri-stem"], fields.get("cs-uri-query")
    path, operation = _path_of(stem[0] + b"?" + query[0] if query else stem[0])
    span = Span(min(number.start() for number in numbers), max(number.end() for number in numbers))
    head = Span(verb.start() if verb.end() + 1 == stem.start() else stem.start(), stem.end())
    return Exchange(span, status, substatus, win32, verb[0].decode("latin-1").upper(), path, operation, True, head)


def _by_shape(data: bytes) -> Iterator[Exchange]:
    """A verb with its path, then status, sub-status and win32 status before 0 to 3 more numbers (bytes,
    time taken) at the end of the line; one wrapped by a chat is joined: the next verb ends it."""
    heads = list(_HEAD.finditer(data))
    tails = list(_TAIL.finditer(data))
    ends = [tail.start() for tail in tails]
    for head, following in zip_longest(heads, heads[1:]):
        limit = min(following.start() if following else len(data), head.end() + _LENGTH)
        at = bisect_left(ends, head.end() - 1)
        if at == len(tails) or tails[at].start() >= limit:
            continue
        tail = tails[at]
        path, operation = _path_of(head.group())
        status, substatus, win32 = (int(tail[n]) for n in (1, 2, 3))
        shown = Span(head.start(), head.start(2) + len(head[2].split(b"?")[0]))
        yield Exchange(
            Span(tail.start(1), tail.end(3)),
            status,
            substatus,
            win32,
            head[1].decode().upper(),
            path,
            operation,
            True,
            shown,
        )


def _httperr(data: bytes) -> Iterator[Exchange]:
    for found in _HTTPERR.finditer(data):
        path, operation = _path_of(found[2])
        method = None if found[1] == b"-" else found[1].decode().upper()
        shown = Span(found.start(1), found.start(2) + len(found[2].split(b"?")[0]))
        span = Span(found.start(3), found.end())
        yield Exchange(span, int(found[3]), None, None, method, path, operation, True, shown)


def _spoken(data: bytes) -> Iterator[_Spoken]:
    stated = _SUBSTATUS_WORD.search(data)
    extra = int(stated[1]) if stated else None
    for shape in (_STATUS_LINE, _SUBSTATUS, _SPOKEN, _NUMBER_FIRST, _LONE_STATUS):
        for found in shape.finditer(data):
            status, substatus, win32 = (*found.groups(), None, None)[:3]
            span = Span(found.start(1), found.end(3 if win32 else 2 if substatus else 1))
            yield _Spoken(span, int(status), int(substatus) if substatus else extra, int(win32) if win32 else None)


def _places(data: bytes) -> Iterator[_Place]:
    for found in _PLACE.finditer(data):
        word = found.group().replace(b" ", b"").decode("latin-1")
        yield _Place(Span(*found.span()), _path_in(found), _OPERATIONS.get(word))


def _path_of(uri: bytes) -> tuple[Path | None, str | None]:
    found = _PLACE.search(uri[:_URI])
    path = _path_in(found) if found else None
    if path is Path.SCEP and uri.endswith(_TOO_LONG):
        return path, "PKIOperation"
    operation = _OPERATION.search(uri[:_URI])
    return path, _OPERATIONS[operation.group().decode()] if operation else None


def _path_in(place: Any) -> Path:
    return next(path for group, path in enumerate(_GROUP_PATHS, 1) if place.start(group) >= 0)


def _nearest(at: int, places: list[_Place]) -> tuple[Path | None, str | None]:
    """The path a spoken status goes with: the nearest one named, before or after it."""
    after = bisect_left(places, at, key=lambda place: place.span.start)
    beside = places[max(0, after - 1) : after + 1]
    best = min(beside, key=lambda place: abs(place.span.start - at), default=None)
    if best is None or abs(best.span.start - at) > _NEAREST:
        return None, None
    return best.path, best.operation
