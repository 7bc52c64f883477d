"""The time line of a set of logs as one small picture with the same in words.

What went through stands above the line and what stopped below it, so it reads without colours; it has its own light
ground, so it reads in dark chats too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.timeline import Story, moment
from bot.times import many
from bot.types import STEP_NAMES, Picture
from connectors.render.pens import BAD, FAINT, GOOD, GROUND, INK, SIZE, WIDTH, fitted, font, length, png
from connectors.render.text import one_line

if TYPE_CHECKING:  # as in `pens`
    from PIL.ImageDraw import ImageDraw as Pen

_EDGE, _HEAD, _ROW = 20, 44, 32
_HALF: Final = 70  # points above and below the line, at most
_BARS: Final = 60
_PLAIN_LENGTHS: Final = tuple(timedelta(seconds=s) for s in (1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 86400, 7 * 86400))


@dataclass(frozen=True, slots=True)
class _Bar:
    begins: datetime
    through: int
    stopped: int


def storyline(story: Story) -> Picture | None:
    """The enrolments of a set of logs in time; None where there are none with a time."""
    bars, each = _bars(story)
    if not bars:
        return None
    return Picture(_Drawing(story, bars, each).png(), _alt(story, bars, each))


def _bars(story: Story) -> tuple[list[_Bar], timedelta]:
    """Enrolments by the moment they began, in at most `_BARS` stretches of a plain length."""
    began = [(one.marks[0].at, one.failure is not None) for one in story.enrolments if one.marks]
    known = sorted((at, stopped) for at, stopped in began if at is not None)
    if not known:
        return [], timedelta()
    first, whole = known[0][0], known[-1][0] - known[0][0]
    each = next((length for length in _PLAIN_LENGTHS if whole < length * _BARS), whole / (_BARS - 1))
    counts = [[0, 0] for _ in range(whole // each + 1)]
    for at, stopped in known:
        counts[(at - first) // each][stopped] += 1
    return [_Bar(first + n * each, through, stopped) for n, (through, stopped) in enumerate(counts)], each


# --- in words --------------------------------------------------------------------------------


def _alt(story: Story, bars: Sequence[_Bar], each: timedelta) -> str:
    through, stopped = sum(bar.through for bar in bars), sum(bar.stopped for bar in bars)
    span = f"From {moment(bars[0].begins)} to {moment(bars[-1].begins + each)} UTC"
    steps = "; ".join(f"step {step} {count:,} times" for step, count in sorted(story.reached.items()))
    since = _since(story)
    told = [
        f"{span}: {many(through + stopped, 'enrolment')} began, {through:,} without a failure, {stopped:,} stopped.",
        f"The first stops at {moment(since)}." if since else "",
        f"Proven to have gone well: {steps}." if steps else "",
    ]
    return one_line(" ".join(part for part in told if part))


def _since(story: Story) -> datetime | None:
    return story.stops[0].since if story.stops and story.stops[0].enrolments else None


# --- drawing ---------------------------------------------------------------------------------


class _Drawing:
    """One picture: the bars around their line, then the steps."""

    def __init__(self, story: Story, bars: Sequence[_Bar], each: timedelta) -> None:
        from PIL import Image, ImageDraw

        self._bars, self._each = bars, each
        self._image = Image.new("RGB", (WIDTH, 2 * _EDGE + 2 * _HEAD + 2 * _ROW + 2 * _HALF + 72), GROUND)
        self._pen: Pen = ImageDraw.Draw(self._image)
        self._middle = _EDGE + _HEAD + _ROW + _HALF
        self._title(_EDGE, f"Enrolments; a bar is {_length(each)}")
        self._legend()
        self._draw_bars()
        self._draw_times(_since(story))
        self._draw_steps(story, self._middle + _HALF + _ROW + 12)
        self._pen.rectangle((0, 0, WIDTH - 1, self._image.height - 1), outline=FAINT)

    def png(self) -> bytes:
        """The picture, small."""
        return png(self._image)

    def _title(self, y: int, words: str) -> None:
        self._pen.text((_EDGE, y), words, fill=INK, font=font(SIZE + 4))

    def _legend(self) -> None:
        y = _EDGE + _HEAD
        highest = max(max(bar.through, bar.stopped) for bar in self._bars)
        self._words(_EDGE, y, "above: no failure", GOOD)
        self._words(_EDGE + length("above: no failure") + 30, y, "below: stopped", BAD)
        most = f"highest bar: {highest:,}"
        self._words(WIDTH - _EDGE - length(most), y, most)

    def _draw_bars(self) -> None:
        highest = max(max(bar.through, bar.stopped) for bar in self._bars)
        wide = (WIDTH - 2 * _EDGE) / len(self._bars)
        for number, bar in enumerate(self._bars):
            left = round(_EDGE + number * wide)
            right = max(left + 1, round(_EDGE + (number + 1) * wide) - 2)
            self._bar(left, right, -_high(bar.through, highest), GOOD)
            self._bar(left, right, _high(bar.stopped, highest), BAD)
        self._pen.line((_EDGE, self._middle, WIDTH - _EDGE, self._middle), fill=INK)

    def _bar(self, left: int, right: int, high: int, colour: str) -> None:
        if high:
            top, bottom = sorted((self._middle + high, self._middle))
            self._pen.rectangle((left, top, right, bottom), fill=colour)

    def _draw_times(self, since: datetime | None) -> None:
        y = self._middle + _HALF + 4
        begins, ends = self._bars[0].begins, self._bars[-1].begins + self._each
        last = f"{ends:%H:%M:%S}"
        self._words(_EDGE, y, f"{begins:%H:%M:%S}")
        self._words(WIDTH - _EDGE - length(last), y, last)
        if since is None:
            return
        share = (since - begins) / (ends - begins)
        x = round(_EDGE + (WIDTH - 2 * _EDGE) * min(max(share, 0.0), 1.0))
        for top in range(self._middle - _HALF, y, 8):
            self._pen.line((x, top, x, top + 4), fill=INK, width=2)
        told = f"first stop {since:%H:%M:%S}"
        room_left, room_right = _EDGE + length(last) + 12, WIDTH - _EDGE - length(last) - 12
        self._words(min(max(x - length(told) // 2, room_left), room_right - length(told)), y, told)

    def _draw_steps(self, story: Story, y: int) -> None:
        """Six boxes: how many enrolments are proven to have passed each; where they stop has a thick frame."""
        self._title(y, "Steps proven")
        wide = (WIDTH - 2 * _EDGE) // len(STEP_NAMES)
        first = story.stops[0] if story.stops else None
        for step in range(1, len(STEP_NAMES) + 1):
            left, top = _EDGE + (step - 1) * wide, y + _HEAD - 8
            stopped = first.enrolments if first and first.step == step else 0
            colour, width = (BAD, 4) if stopped else (INK, 1)
            self._pen.rectangle((left, top, left + wide - 8, top + 60), outline=colour, width=width)
            self._words(left + 12, top + 2, f"Step {step}", colour)
            count = story.reached.get(step, 0)
            told = f"{stopped:,} stop" if stopped else f"{count:,}" if count else "-"
            self._words(left + 12, top + 28, told, colour)

    def _words(self, x: int, y: int, words: str, colour: str = INK) -> None:
        self._pen.text((x, y + _ROW // 2), fitted(words, WIDTH - x), fill=colour, font=font(), anchor="lm")


def _high(count: int, highest: int) -> int:
    return max(2, round(_HALF * count / highest)) if count else 0


def _length(each: timedelta) -> str:
    seconds = each.total_seconds()
    for unit, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit:
            return many(round(seconds / unit), word)
    return many(max(1, round(seconds)), "second")
