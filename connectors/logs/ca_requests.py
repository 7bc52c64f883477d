"""Requests that a CA refused, as `certutil -view` or the console exports them: rows of fields, or a table."""

import re
from collections.abc import Iterator

from bot.timeline.lines import Line
from connectors.cells import cells, mark_of
from connectors.logs import Reader
from connectors.streams import Stream
from connectors.times import is_day_first, local

_ROW = re.compile(r"^\s*(?:Row|Zeile|Ligne|Fila) \d+:\s*$", re.MULTILINE)
_HEADER = re.compile(
    r"^\"?(?:Issued )?Request ?ID\"?[,;\t].*(?:Status|Disposition|Request\.|Requester)|"
    r"^\"?Anforderungs-?(?:ID|kennung)\"?[,;\t]",
    re.IGNORECASE,
)
_MARKED = re.compile(r"Request Status Code|Request Disposition Message|Anforderungsstatuscode", re.IGNORECASE)
_SAYS_HOW = re.compile(r"Status|Disposition|Anforderungsstatus", re.IGNORECASE)
"""Columns of requests that failed; a list of those that were issued has none of them."""
_SCHEMA = re.compile(r"^\s*Schema:\s*$", re.MULTILINE)
_DATE = re.compile(r"(?:Submission|Resolved|bermittlung|Aufl)[^:\n]{0,40}[:=]\s*\"?([^\n\"]+)", re.IGNORECASE)
_REQUESTER = re.compile(r"requester ?name|name des antragstellers|antragstellername|nom du demandeur", re.IGNORECASE)
_REQUESTED_BY = re.compile(rf"(?:{_REQUESTER.pattern})\s{{0,20}}[:=]\s{{0,5}}\"?([^\n\"]{{1,100}})", re.IGNORECASE)
_NUMBER = r"(0x[0-9a-f]{1,8}|[1-9]\d{0,9})\b"
_FIRST = re.compile(_NUMBER, re.IGNORECASE)
_ID = re.compile(rf"(?:request|anforderungs?)[ -]?(?:id|kennung)\s*[:=]\s*\"?{_NUMBER}", re.IGNORECASE)
_LONGEST = 4_000
_NAME = 120  # characters of an account


def _fits(head: str) -> float:
    if _ROW.search(head) and _MARKED.search(head):
        return 1.0
    if _HEADER.match(head):
        return 1.0
    return 0.4 if _MARKED.search(head) and "<Event" not in head else 0.0


def _lines(stream: Stream) -> Iterator[Line]:
    head = stream.head
    day_first = is_day_first(head.splitlines()[1:400])
    if _HEADER.match(head):
        yield from _table(stream, day_first)
        return
    first, parts = 0, list[str]()
    for number, line in stream.numbered():
        if _ROW.match(line) or not line.strip():
            yield from _request(first, parts, day_first)
            first, parts = 0, []
        elif sum(map(len, parts)) < _LONGEST:
            first = first or number
            parts.append(line.strip())
    yield from _request(first, parts, day_first)


def _request(number: int, parts: list[str], day_first: bool) -> Iterator[Line]:
    text = "\n".join(parts)[:_LONGEST]
    if text and _MARKED.search(text) and not _SCHEMA.match(text):
        date = _DATE.search(text)
        who = _REQUESTED_BY.search(text)
        at = local(date[1], day_first) if date else None
        asker = who[1].lower() if who else ""
        yield Line(number, at, "CA", f"CA Failed Requests: {text}", transaction=_numbered(_ID.search(text)), who=asker)


def _numbered(found: re.Match[str] | None) -> str:
    """What marks a request of a CA, from its number, hexadecimal or decimal."""
    return f"CA request {int(found[1], 0)}" if found else ""


def _table(stream: Stream, day_first: bool) -> Iterator[Line]:
    names = stream.head.split("\n", 1)[0]
    mark = mark_of(names)
    about = "CA Failed Requests, Request Status Code" if _SAYS_HOW.search(names) else "Issued"
    requester = next((i for i, name in enumerate(names.split(mark)) if _REQUESTER.search(name.replace(".", " "))), -1)
    for number, line in stream.numbered():
        if number == 1 or not line.strip():
            continue
        if not (words := cells(line, mark)):
            continue
        text = "; ".join(words)[:_LONGEST]
        who = words[requester][:_NAME].lower() if 0 <= requester < len(words) else ""
        request = _numbered(_FIRST.match(text))
        yield Line(number, local(text, day_first), "CA", f"{about}: {text}", transaction=request, who=who)


READER = Reader("ca-requests", "failed requests of the CA", _fits, _lines)
