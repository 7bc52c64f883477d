"""How the servers stood and what runs out, as one small picture with the same in words.

Its own light ground is drawn with it, so it reads in dark chats too; every state has a height and a word of its own and
every kind of expiry a shape, so it reads without colours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot import forecast
from bot.diary import ExpiryKind, Health, Pages, Period, Run
from bot.findings import Verdict
from bot.forecast import Coming
from bot.health import Stretch, down, stretches
from bot.slots import zone_of
from bot.times import ahead, lasted, many, weekday
from bot.types import Picture
from connectors.render.pens import BAD, FAINT, GOOD, GROUND, INK, SIZE, WIDTH, fitted, font, length, png
from connectors.render.text import one_line

if TYPE_CHECKING:  # loading it takes as long as a whole answer, and most answers have no picture
    from PIL.ImageDraw import ImageDraw as Pen

LARGEST: Final = 30 * 1024
"""Bytes of a chart at most."""

COLOURS: dict[Verdict, str] = {"ok": GOOD, "warn": "#955700", "fail": BAD, "unknown": "#6b6f76"}
STATES: dict[Verdict, str] = {"ok": "well", "warn": "needs a look", "fail": "broken", "unknown": "not known"}
HEIGHTS: dict[Verdict, int] = {"ok": 4, "warn": 12, "fail": 22, "unknown": 10}
"""Of a bar: the worse, the higher. What is not known is an empty frame."""

_LEFT, _RIGHT, _EDGE = 170, 134, 20  # where the bars begin, what is kept beside them for words, the margin
_ROW, _HEAD = 32, 44
_SERVERS, _EXPIRIES = 10, 6
_WORST: tuple[Verdict, ...] = ("fail", "warn", "unknown", "ok")
_LONGEST_ALT = 1800  # characters; Slack takes 2000


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    now: Verdict
    word: str
    told: tuple[Stretch, ...]


def chart(pages: Pages) -> Picture | None:
    """The chart of a digest; None where there is neither a server nor anything that runs out."""
    rows = _rows(pages)
    near = [one for one in forecast.coming(pages.expiries, pages.now) if one.ends > pages.now]
    near = [one for one in near if set(one.servers) & set(pages.servers)]
    if not rows and not near:
        return None
    return Picture(_Drawing(pages, rows[:_SERVERS], len(rows), near).png(), _alt(pages, rows, near))


def _rows(pages: Pages) -> list[_Row]:
    """Every server, those first that are worst now, then those that were."""
    runs: dict[str, list[Run]] = {name: [] for name in sorted(set(pages.servers))}
    for run in sorted(pages.runs, key=lambda run: run.at):
        if run.server in runs:
            runs[run.server].append(run)
    rows = [_row(name, pages.health.get(name), stretches(told, pages.period)) for name, told in runs.items()]
    return sorted(rows, key=lambda row: (_WORST.index(row.now), -down(row.told), row.name))


def _row(name: str, health: Health | None, told: tuple[Stretch, ...]) -> _Row:
    now: Verdict = health.verdict if health and health.verdict in COLOURS else "unknown"
    return _Row(name, now, "up and down" if health and health.flapping else STATES[now], told)


# --- in words --------------------------------------------------------------------------------


def _alt(pages: Pages, rows: Sequence[_Row], near: Sequence[Coming]) -> str:
    zone = zone_of(pages.subscription)
    told = [f"{row.name} {_said(row)}" for row in rows[:_SERVERS] if _said(row) != STATES["ok"]]
    rest = len(rows) - len(told)
    if rest:
        told.append(f"{many(rest, 'server')} {'well' if len(rows) <= _SERVERS else 'more'}")
    servers = f"State from {_span(pages)}: {'; '.join(told)}." if rows else ""
    ends = "; ".join(f"{_label(one)} {ahead(one.ends, pages.now, zone)}" for one in near[:_EXPIRIES])
    more = f"; {len(near) - _EXPIRIES} more" if len(near) > _EXPIRIES else ""
    runs_out = f"Runs out within {forecast.OUTLOOK} days: {ends or 'nothing that is known'}{more}."
    return one_line(f"{servers} {runs_out}")[:_LONGEST_ALT]


def _said(row: _Row) -> str:
    broken = down(row.told)
    return f"{row.word}{f' (broken {lasted(broken)})' if broken else ''}"


def _span(pages: Pages) -> str:
    zone = zone_of(pages.subscription)
    return f"{weekday(pages.period.begins, zone)} to {weekday(pages.period.ends, zone)}"


def _label(one: Coming) -> str:
    whose = one.servers[0] if len(one.servers) == 1 else many(len(one.servers), "server")
    return one_line(f"{whose}: {one.what}")


# --- drawing ---------------------------------------------------------------------------------


class _Drawing:
    """One chart from top to bottom; `y` is where the next row begins."""

    def __init__(self, pages: Pages, rows: Sequence[_Row], of: int, near: Sequence[Coming]) -> None:
        from PIL import Image, ImageDraw

        self._pages = pages
        self._zone = zone_of(pages.subscription)
        lines = len(rows) + (of > len(rows)) + min(len(near), _EXPIRIES) + (len(near) > _EXPIRIES)
        heads = bool(rows) * (_HEAD + _ROW + 8) + bool(near) * (_HEAD + _ROW)
        self._image = Image.new("RGB", (WIDTH, 2 * _EDGE + heads + lines * _ROW), GROUND)
        self._pen: Pen = ImageDraw.Draw(self._image)
        self._y = _EDGE
        if rows:
            self._servers(rows, of)
        if near:
            self._expiries(near)
        self._pen.rectangle((0, 0, WIDTH - 1, self._image.height - 1), outline=FAINT)

    def png(self) -> bytes:
        """The picture, small."""
        return png(self._image)

    # --- servers -----------------------------------------------------------------------------

    def _servers(self, rows: Sequence[_Row], of: int) -> None:
        self._title(f"Servers, {_span(self._pages)}")
        self._legend()
        for row in rows:
            self._words(_EDGE, row.name, _LEFT - _EDGE - 12)
            for one in row.told:
                self._bar(self._at(one.begins, self._pages.period), self._at(one.ends, self._pages.period), one.verdict)
            self._words(WIDTH - _RIGHT + 12, row.word, _RIGHT - _EDGE, COLOURS[row.now])
            self._y += _ROW
        if of > len(rows):
            self._words(_EDGE, f"and {of - len(rows)} more", WIDTH)
            self._y += _ROW
        self._y += 8

    def _bar(self, left: int, right: int, verdict: Verdict) -> None:
        """A state for a time, two points wide at least: a short fault is still one."""
        middle, high = self._y + _ROW // 2, HEIGHTS.get(verdict, 10)
        box = (left, middle - high // 2, max(right - 1, left + 2), middle + high // 2)
        colour = COLOURS.get(verdict, INK)
        self._pen.rectangle(box, fill=None if verdict == "unknown" else colour, outline=colour)

    def _legend(self) -> None:
        x = _LEFT
        for verdict, word in STATES.items():
            self._bar(x, x + 30, verdict)
            self._words(x + 38, word, 200)
            x += 54 + length(word)
        self._y += _ROW

    # --- what runs out -----------------------------------------------------------------------

    def _expiries(self, near: Sequence[Coming]) -> None:
        begins = self._pages.now
        outlook = Period(begins, begins + timedelta(days=forecast.OUTLOOK))
        self._title(f"Runs out within {forecast.OUTLOOK} days")
        bottom = self._y + _ROW + _ROW * min(len(near), _EXPIRIES)
        for days in range(0, forecast.OUTLOOK + 1, 30):
            x = self._at(begins + timedelta(days=days), outlook, right=_EDGE + 60)
            self._pen.line((x, self._y + _ROW - 4, x, bottom), fill=FAINT)
            self._words(x - 30, weekday(begins + timedelta(days=days), self._zone)[4:], 100)
        self._y += _ROW
        for one in near[:_EXPIRIES]:
            self._expiry(one, self._at(one.ends, outlook, right=_EDGE + 60))
        if len(near) > _EXPIRIES:
            self._words(_EDGE, f"and {len(near) - _EXPIRIES} more", WIDTH)

    def _expiry(self, one: Coming, x: int) -> None:
        """Its shape at its day, how long until then at the left, and its name on the side where there is room."""
        self._words(_EDGE, ahead(one.ends, self._pages.now, self._zone), _LEFT - _EDGE - 20)
        self._shape(one.kind, x, self._y + _ROW // 2)
        room_left, room_right = x - _LEFT - 20, WIDTH - _EDGE - x - 16
        if room_right >= room_left:
            self._words(x + 16, _label(one), room_right)
        else:
            label = fitted(_label(one), room_left)
            self._words(x - 16 - length(label), label, room_left)
        self._y += _ROW

    def _shape(self, kind: ExpiryKind, x: int, y: int) -> None:
        r = 9
        if kind == "tls":
            self._pen.ellipse((x - r, y - r, x + r, y + r), fill=INK)
        elif kind in ("ra", "ca"):
            self._pen.rectangle((x - r + 1, y - r + 1, x + r - 1, y + r - 1), fill=INK)
        elif kind in ("crl", "root-crl"):
            self._pen.polygon(((x, y - r), (x + r, y + r), (x - r, y + r)), fill=INK)
        else:
            self._pen.polygon(((x, y - r), (x + r, y), (x, y + r), (x - r, y)), fill=INK)

    # --- words and places --------------------------------------------------------------------

    def _title(self, words: str) -> None:
        self._pen.text((_EDGE, self._y), words, fill=INK, font=font(SIZE + 4))
        self._y += _HEAD

    def _words(self, x: int, words: str, room: int, colour: str = INK) -> None:
        self._pen.text((x, self._y + _ROW // 2), fitted(words, room), fill=colour, font=font(), anchor="lm")

    def _at(self, time: datetime, period: Period, right: int = _RIGHT) -> int:
        share = (time - period.begins) / period.length if period.length else 1.0
        return round(_LEFT + (WIDTH - right - _LEFT) * min(max(share, 0.0), 1.0))
