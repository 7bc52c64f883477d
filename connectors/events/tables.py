"""Events as a table: saved by Event Viewer as CSV or text with tabs, or by `Export-Csv`."""

from collections.abc import Iterator

from connectors.cells import cells, mark_of
from connectors.events.fields import field_of
from connectors.events.record import Record, level
from connectors.streams import Stream
from connectors.times import is_day_first, local

_USUAL = ("level", "at", "provider", "id", "task")
_MOST_LINES = 400  # of one record: a quotation mark that is never closed must not swallow the file


def likeness(head: str) -> float:
    """How surely a text is such a table: by the names in its first line, or by a level and a time at its beginning."""
    names = set(_columns(_header(head)).values())
    return 0.9 if "id" in names and len(names & {"level", "provider", "at", "message"}) >= 2 else 0.0


def records(stream: Stream) -> Iterator[Record]:
    """The rows of the table."""
    header = _header(stream.head)
    columns = _columns(header)
    width = max(columns, default=0)
    mark = mark_of(header)
    day_first = is_day_first(stream.head.splitlines()[1:400])
    for number, words in _rows(stream, mark):
        values = {columns[i]: word for i, word in enumerate(words) if i in columns}
        # Event Viewer gives the message no name: it stands behind the last column.
        more = "" if "message" in columns.values() else "\n".join(words[width + 1 :])
        event_id = values.get("id", "").strip()
        if event_id.isdigit():
            yield Record(
                number,
                local(values.get("at", ""), day_first),
                values.get("provider", ""),
                event_id,
                level(values.get("level", "")),
                values.get("message", "") or more,
            )


def _header(head: str) -> str:
    """The first line with words; `Export-Csv` may write its type above."""
    return next((line for line in head.splitlines()[:3] if line.strip() and not line.startswith("#TYPE")), "")


def _columns(header: str) -> dict[int, str]:
    mark = mark_of(header)
    if mark not in header:
        return {}
    found: dict[int, str] = {}
    for i, name in enumerate(header[:4_000].split(mark)):
        field = field_of(name)
        if field and field not in found.values():
            found[i] = field
    return found or _usual(header.split(mark))


def _usual(words: list[str]) -> dict[int, str]:
    """The columns of Event Viewer where the line of their names was cut off."""
    is_event = len(words) >= len(_USUAL) and level(words[0]) and words[3].strip().isdigit()
    return dict(enumerate(_USUAL)) if is_event else {}


def _rows(stream: Stream, mark: str) -> Iterator[tuple[int, list[str]]]:
    """(number of the first line, words) of every row; a message of several lines stands in quotation marks."""
    first, parts = 0, list[str]()
    for number, line in stream.numbered():
        first = first or number
        parts.append(line)
        if len(parts) == 1 or line.count('"'):
            text = "\n".join(parts)
            if text.count('"') % 2 and len(parts) < _MOST_LINES:
                continue
        elif len(parts) < _MOST_LINES:
            continue
        yield first, cells("\n".join(parts), mark)
        first, parts = 0, []
    if parts:
        yield first, cells("\n".join(parts), mark)
