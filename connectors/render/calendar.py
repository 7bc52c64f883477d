"""What runs out as a calendar that people subscribe to (iCalendar, RFC 5545; its name and refresh: RFC 7986)."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256

from bot.diary import Expiry
from bot.forecast import words
from connectors.render.text import one_line

_LINE = 75  # octets of a line, its end not counted (RFC 5545 section 3.1)
_LONGEST = 500  # characters of one value


def calendar(expiries: Iterable[Expiry], name: str = "NDES: what runs out") -> bytes:
    """A calendar of these ends, the first first; the same expiries give the same bytes.

    What is renewed moves in the calendars of those who subscribed: its event is known by server, kind and name.
    """
    firsts: dict[str, Expiry] = {}
    for one in sorted(expiries, key=lambda one: (one.ends, one.server, one.kind, one.name)):
        firsts.setdefault(_uid(one), one)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//ndesbot//expiries//EN",
        "METHOD:PUBLISH",
        f"NAME:{_text(name)}",
        f"X-WR-CALNAME:{_text(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
        *(line for uid, one in firsts.items() for line in _event(uid, one)),
        "END:VCALENDAR",
    ]
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line)).encode()


def _event(uid: str, one: Expiry) -> Iterator[str]:
    what, stops = words(one)
    said = f"After it, {stops}." if stops else ""
    yield from (
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{_utc(one.seen)}",
        f"DTSTART:{_utc(one.ends)}",
        f"SUMMARY:{_text(f'{one.server}: {what} ends')}",
        f"DESCRIPTION:{_text(f'{said} Last seen on {one.seen.astimezone(UTC):%Y-%m-%d}.'.strip())}",
        f"CATEGORIES:{one.kind.upper()}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    )


def _uid(one: Expiry) -> str:
    key = "\0".join((one.server, one.kind, one.name))
    return f"{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}@ndesbot"


def _utc(at: datetime) -> str:
    utc = at.astimezone(UTC)
    return f"{utc.year:04}{utc:%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """Foreign text as a TEXT value, in one line: nothing in it begins a property, a parameter or a new event."""
    clean = one_line(value)[:_LONGEST].encode("utf-8", "replace").decode()
    return clean.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> Iterator[str]:
    """A line in pieces of at most 75 octets, all but the first behind a blank; no letter is cut apart."""
    piece, room = "", _LINE
    for letter in line:
        octets = len(letter.encode())
        if octets > room:
            yield piece
            piece, room = " ", _LINE - 1
        piece += letter
        room -= octets
    yield piece
