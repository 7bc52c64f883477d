"""The home page of the app: how the servers stand, what runs out next, what I asked last."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bot.diary import Expiry
from bot.findings import Server, Verdict
from bot.forecast import Coming, coming, some
from bot.ports import Press
from bot.report import WORDS
from connectors.render.slack import elements as slack
from connectors.render.slack.elements import Element
from connectors.render.text import one_line

_SIGNS: dict[Verdict, str] = {
    "fail": "x",
    "unknown": "grey_question",
    "warn": "large_yellow_circle",
    "ok": "white_check_mark",
    "skipped": "heavy_minus_sign",
}
_WORST_FIRST = tuple(_SIGNS)
SERVERS: Final = 30
"""That are shown: two blocks each, of 100 in all."""
_ROWS = 10  # of the shorter lists
_LONGEST = 200  # characters of a summary
_ACTION = "home"


@dataclass(frozen=True, slots=True)
class Standing:
    """A registered server and how it stood at a time; `verdict` and `at` are None where no run was yet."""

    server: Server
    verdict: Verdict | None = None
    at: datetime | None = None
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the reader: what the answer was called, and what asks it again."""

    title: str
    say: str
    at: datetime


def home(
    standings: Sequence[Standing],
    *,
    now: datetime,
    press: Press,
    expiries: Sequence[Expiry] = (),
    asked: Sequence[Asked] = (),
    may_check: bool = False,
    may_register: bool = False,
) -> dict[str, Any]:
    """The view to publish, the worst first. `press` gives the opaque id of a button; `now` is aware."""
    page = _Page(press, now)
    blocks = [
        *page.servers(standings, may_check=may_check),
        *page.ways(may_register=may_register),
        *page.expiries(expiries),
        *page.asked(asked),
    ]
    return {"type": "home", "blocks": blocks}


class _Page:
    def __init__(self, press: Press, now: datetime) -> None:
        self._press = press
        self._now = now
        self._buttons = 0

    def servers(self, standings: Sequence[Standing], *, may_check: bool) -> Iterator[Element]:
        """Each server with its verdict in a word, its age and a button."""
        yield slack.header("NDES servers")
        if not standings:
            yield _said("No server is registered yet.")
        for standing in worst_first(standings)[:SERVERS]:
            yield slack.rich([slack.line(self._standing(standing))])
            if may_check:
                name = standing.server.name
                yield slack.actions([self._button("Check now", f"check {name}"), *self._after_trouble(standing)])
        if len(standings) > SERVERS:
            yield _said(f"And {len(standings) - SERVERS} more: say servers to see all.")

    def _after_trouble(self, standing: Standing) -> Iterator[Element]:
        if standing.verdict in ("fail", "warn", "unknown"):
            yield self._button("Is it mended?", f"fixed {standing.server.name}")

    def _standing(self, standing: Standing) -> Iterator[Element]:
        verdict = standing.verdict
        yield slack.emoji(_SIGNS[verdict] if verdict else "white_circle")
        yield slack.words(f" {standing.server.name}", bold=True)
        if not verdict or not standing.at:
            yield slack.words(f" · not checked yet\n{_short(standing.server.url)}")
            return
        yield slack.words(f": {WORDS[verdict]}", bold=True)
        yield slack.words(f" · {_age(self._now - standing.at)}, ")
        yield slack.date(standing.at)
        yield slack.words(f"\n{_short(standing.summary or standing.server.url)}")

    def ways(self, *, may_register: bool) -> Iterator[Element]:
        """What can be begun from here."""
        buttons = [self._button("Register a server", "register")] if may_register else []
        yield slack.actions(
            [*buttons, self._button("Report a missing answer", "missing"), self._button("Help", "help")]
        )

    def expiries(self, expiries: Sequence[Expiry]) -> Iterator[Element]:
        """What runs out, the soonest first."""
        soonest = coming(expiries, self._now)
        if not soonest:
            return
        yield slack.divider()
        yield slack.header("Running out")
        yield slack.rich(slack.line(self._coming(one)) for one in soonest[:_ROWS])
        if len(soonest) > _ROWS:
            yield _said(f"And {len(soonest) - _ROWS} later ones.")

    def _coming(self, one: Coming) -> Iterator[Element]:
        yield slack.words(_ahead(one.ends - self._now), bold=True)
        yield slack.words(f" · {_short(some(one.servers))} · {_short(one.what)} · ")
        yield slack.date(one.ends)

    def asked(self, asked: Sequence[Asked]) -> Iterator[Element]:
        """The reader's last questions, each to be asked again."""
        if not asked:
            return
        yield slack.divider()
        yield slack.header("My last questions")
        latest = sorted(asked, key=lambda question: question.at, reverse=True)[:_ROWS]
        yield slack.rich(slack.line(self._question(question)) for question in latest)
        options = [
            slack.option(slack.shortened(_short(question.title), slack.OPTION), self._press(question.say))
            for question in latest
        ]
        menu = {"type": "static_select", "action_id": self._action(), "placeholder": slack.plain("Open one again")}
        yield slack.actions([menu | {"options": options}])

    def _question(self, question: Asked) -> Iterator[Element]:
        yield slack.words(f"{_short(question.title)} · ")
        yield slack.date(question.at)

    def _button(self, label: str, say: str) -> Element:
        return slack.button(self._action(), label, self._press(say))

    def _action(self) -> str:
        self._buttons += 1
        return f"{_ACTION}-{self._buttons}"


def worst_first(standings: Iterable[Standing]) -> list[Standing]:
    """The one order in which servers are told, by name where they stand alike; those never looked at come last."""
    return sorted(standings, key=_urgency)


def _urgency(standing: Standing) -> tuple[int, str]:
    last = len(_WORST_FIRST)
    return _WORST_FIRST.index(standing.verdict) if standing.verdict else last, standing.server.name


def _said(sentence: str) -> Element:
    return slack.rich([slack.line([slack.words(sentence)])])


def _short(text: str) -> str:
    return slack.shortened(one_line(text), _LONGEST) or "…"


def _age(passed: timedelta) -> str:
    return f"{_span(passed)} ago" if passed >= timedelta(minutes=1) else "just now"


def _ahead(left: timedelta) -> str:
    return f"in {_span(left)}" if left > timedelta() else "expired"


def _span(time: timedelta) -> str:
    """The largest unit that is worth saying."""
    minutes = int(time.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
