"""The digest of a channel: what changed, what will break and when, what people asked, and nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from bot import forecast
from bot.diary import Asked, Health, Pages, Period, Run, Votes
from bot.findings import Verdict
from bot.forecast import Coming
from bot.health import down, is_broken, stretches
from bot.slots import zone_of
from bot.times import ahead, clock, lasted, many, roughly, weekday
from bot.types import Answer, Block, Choices, Facts, Fold, Text, Tone
from bot.unanswered import Cluster, clustered

LATE: Final = timedelta(minutes=15)
"""From when on a digest says that it is late."""

_ROWS = 15  # of a list; a channel is no place for more
_TOP = 5  # questions
_SOON = 14  # days in which something ends that the first line names
_BUTTONS = 3
_BAD: tuple[Verdict, ...] = ("fail", "warn")


@dataclass(frozen=True, slots=True)
class _Standing:
    """A server and since when it is as it is; `was` is how long it was broken, where it is well again."""

    server: str
    health: Health
    since: datetime
    was: timedelta | None = None


class _News:
    """What the pages come to: every server in one list, all lists by name."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.zone: tzinfo = zone_of(pages.subscription)
        self.names = tuple(sorted(set(pages.servers)))
        self.runs: dict[str, list[Run]] = {name: [] for name in self.names}
        for run in sorted(pages.runs, key=lambda run: run.at):
            if run.server in self.runs:
                self.runs[run.server].append(run)
        known = [self._standing(pages.health[name]) for name in self.names if name in pages.health]
        begins = pages.period.begins
        self.unsteady = [one for one in known if one.health.flapping]
        steady = [one for one in known if not one.health.flapping]
        broken = [one for one in steady if is_broken(one.health)]
        self.new = [one for one in broken if one.since > begins]
        self.still = [one for one in broken if one.since <= begins]
        self.mended = [one for one in steady if one.was is not None and one.since > begins]
        self.lost = [one for one in steady if one.health.verdict not in ("ok", *_BAD)]
        self.never = [name for name in self.names if name not in pages.health]
        self.well = [one for one in steady if one.health.verdict == "ok"]
        expiries = [one for one in pages.expiries if one.server in self.runs]
        self.coming = forecast.coming(expiries, pages.now)
        self.asked = within(pages.asked, pages.period)
        self.unanswered = clustered(self.asked)

    @property
    def quiet(self) -> bool:
        """Whether nobody would miss this digest."""
        changed = self.new or self.still or self.mended or self.unsteady or self.lost or self.never or self.asked
        return not changed and not any(forecast.newly_near(one, self.pages.period) for one in self.coming)

    def _standing(self, health: Health) -> _Standing:
        """When what was believed last really began: a fault that got worse or better is still the same fault."""
        begun = health.since
        for run in reversed(self.runs[health.server]):
            if run.at < health.since and run.verdict in _BAD:
                begun = run.at
            elif run.at < health.since and run.verdict == "ok":
                break
        if is_broken(health):
            return _Standing(health.server, health, begun)
        was = health.since - begun if health.verdict == "ok" and begun < health.since else None
        return _Standing(health.server, health, health.since, was)


def compose(pages: Pages) -> Answer | None:
    """The digest; None where there is nothing to say and the channel would rather hear nothing."""
    news = _News(pages)
    if news.quiet:
        return _all_quiet(news) if pages.subscription.all_quiet else None
    blocks: list[Block] = [
        Text(_opening(news)),
        *_standings("Newly broken", news.new, news),
        *_standings("Still broken", news.still, news),
        *_standings("Going up and down", news.unsteady, news),
        *_mended(news),
        *_not_known(news),
        *_coming(news),
        *_questions(news),
        *_compared(news),
        *_next(news),
    ]
    return Answer(_summary(news), _tone(news), tuple(blocks))


def within(asked: Iterable[Asked], period: Period) -> list[Asked]:
    """The questions of a period, the oldest first."""
    return sorted(
        (one for one in asked if period.begins < one.at <= period.ends), key=lambda one: (one.at, one.sender, one.text)
    )


# --- the first lines -------------------------------------------------------------------------


def _summary(news: _News) -> str:
    """The digest in one line, which is also what a phone shows."""
    counted = (
        (len(news.new), "newly broken"),
        (len(news.still), "still broken"),
        (len(news.unsteady), "going up and down"),
        (len(news.mended), "mended"),
        (len(news.lost) + len(news.never), "not known"),
    )
    parts = [f"{count} {words}" for count, words in counted if count]
    if not parts and news.names:
        parts = [f"{many(len(news.names), 'server')} well"]
    if first := next((one for one in news.coming if _is_soon(one, news)), None):
        parts.append(f"{first.what} {_when(first, news)}")
    if sum(cluster.people for cluster in news.unanswered):
        parts.append(f"{many(len(news.unanswered), 'question')} without an answer")
    elif not parts:
        parts = [f"{many(len(news.asked), 'question')} asked"]
    return f"NDES digest: {', '.join(parts)}"


def _is_soon(one: Coming, news: _News) -> bool:
    return timedelta(0) < one.ends - news.pages.now <= timedelta(days=_SOON)


def _when(one: Coming, news: _News) -> str:
    verb = "end" if one.what.startswith("both ") else "ends"
    return f"{verb} {ahead(one.ends, news.pages.now, news.zone)}"


def _opening(news: _News) -> str:
    pages = news.pages
    counted = (
        (len(news.well), "well"),
        (len([one for one in (*news.new, *news.still) if one.health.verdict == "fail"]), "broken"),
        (len([one for one in (*news.new, *news.still) if one.health.verdict == "warn"]), "to be looked at"),
        (len(news.unsteady), "going up and down"),
        (len(news.lost) + len(news.never), "not known"),
    )
    told = ", ".join(f"{count} {words}" for count, words in counted if count)
    tagged = f" tagged {', '.join(sorted(pages.subscription.tags))}" if pages.subscription.tags else ""
    servers = (
        f" {many(len(news.names), 'server')}{tagged}: {told}." if news.names else f" No server{tagged} is watched."
    )
    return f"{_late(pages)}{_period(news)}{servers}"


def _period(news: _News) -> str:
    period, zone = news.pages.period, news.zone
    ends = f"{weekday(period.ends, zone)}, {clock(period.ends, period.ends, zone)}"
    return f"{weekday(period.begins, zone)} to {ends}."


def _late(pages: Pages) -> str:
    late = pages.now - pages.due
    return f"This digest is {roughly(late)} late. " if late >= LATE else ""


def _tone(news: _News) -> Tone:
    bad = (*news.new, *news.still)
    if any(one.health.verdict == "fail" for one in bad):
        return "problem"
    if bad or news.unsteady or news.lost or news.never or any(_is_soon(one, news) for one in news.coming):
        return "unsure"
    return "info"


def _all_quiet(news: _News) -> Answer:
    begins = weekday(news.pages.period.begins, news.zone)
    servers = f"{many(len(news.names), 'server')} well since {begins}" if news.names else f"nothing since {begins}"
    blocks: list[Block] = [Text(f"{_late(news.pages)}{_period(news)} Nothing broke, nobody asked.")]
    if news.coming:
        when, what = forecast.told(news.coming[0], news.pages.now, news.zone)
        blocks.append(Facts((("Next to run out", f"{when}: {what}"),)))
    return Answer(f"All quiet: {servers}", "success", tuple(blocks))


# --- servers ---------------------------------------------------------------------------------


def _standings(title: str, standings: Sequence[_Standing], news: _News) -> list[Block]:
    worst_first = sorted(standings, key=lambda one: (one.health.verdict == "warn", one.since, one.server))
    return _fold(title, [(one.server, _broken(one, news)) for one in worst_first], shown=True)


def _broken(one: _Standing, news: _News) -> str:
    since = clock(one.since, news.pages.now, news.zone)
    passed = lasted(news.pages.now - one.since)
    if one.health.flapping:
        turns = many(len(one.health.turns), "change")
        return f"{turns} between well and not well lately{_failed(one.server, news)}"
    words = "broken" if one.health.verdict == "fail" else "needs a look"
    return f"{words} since {since}, for {passed}{_failed(one.server, news)}"


def _failed(server: str, news: _News) -> str:
    """Which checks say so, of the last run that had any."""
    bad = next((run for run in reversed(news.runs[server]) if run.verdict in _BAD), None)
    if bad is None:
        return ""
    names = sorted((check for check, verdict in bad.checks.items() if verdict in _BAD), key=lambda c: bad.checks[c])
    return f" ({forecast.some(tuple(names))})" if names else ""


def _mended(news: _News) -> list[Block]:
    rows = [
        (one.server, f"well since {clock(one.since, news.pages.now, news.zone)}, after {lasted(one.was)}")
        for one in news.mended
        if one.was is not None
    ]
    return _fold("Mended", rows, shown=True)


def _not_known(news: _News) -> list[Block]:
    rows = [(name, "never checked") for name in news.never]
    rows += [
        (one.server, f"could not be checked since {clock(one.since, news.pages.now, news.zone)}") for one in news.lost
    ]
    return _fold("Not known", sorted(rows), shown=True)


def _coming(news: _News) -> list[Block]:
    rows = [forecast.told(one, news.pages.now, news.zone) for one in news.coming]
    return _fold(f"The next {forecast.OUTLOOK} days", rows, shown=any(_is_soon(one, news) for one in news.coming))


# --- questions -------------------------------------------------------------------------------


def _questions(news: _News) -> list[Block]:
    answered: dict[str, list[Asked]] = {}
    for one in news.asked:
        if one.about is not None:
            answered.setdefault(one.about, []).append(one)
    counted = [(_people(group), len(group), news.pages.titles.get(about, about)) for about, group in answered.items()]
    top = sorted(counted, key=lambda row: (-row[0], -row[1], row[2]))[:_TOP]
    rows = [(title, _counted(people, times)) for people, times, title in top]
    return [*_fold("Asked most", rows), *_without_answer(news.unanswered)]


def _without_answer(clusters: Sequence[Cluster]) -> list[Block]:
    """Words are shown only where several people wrote them; of single questions there is a number."""
    shared = [one for one in clusters if one.words][:_TOP]
    rows = [(f"“{one.words}”", _counted(one.people, one.times)) for one in shared]
    if rest := len(clusters) - len(shared):
        rows.append((many(rest, "other" if shared else "question"), "in words that nobody else used"))
    return _fold("Without an answer", rows, count=len(clusters))


def _counted(people: int, times: int) -> str:
    who = "1 person" if people == 1 else f"{people} people"
    return who if people == times else f"{who}, {times} times"


def _people(asked: Iterable[Asked]) -> int:
    return len({one.sender for one in asked})


# --- looking back ----------------------------------------------------------------------------


def _compared(news: _News) -> list[Block]:
    periods = (news.pages.period, *news.pages.earlier)
    asked = [within(news.pages.asked, period) for period in periods]
    rows = (
        ("Time broken", [_time_broken(news, period) for period in periods]),
        ("Questions", [f"{len(some)} by {_counted(_people(some), _people(some))}" if some else "0" for some in asked]),
        ("Answers that helped", [_helped(votes) for votes in news.pages.votes]),
    )
    told = [(name, _then(values)) for name, values in rows if any(value not in _NOTHING for value in values)]
    return _fold("Compared with before", told)


_NOTHING = ("0", "no votes", "none", "not known")


def _then(values: Sequence[str]) -> str:
    now, *before = values
    return f"{now} (before: {', '.join(before)})" if before else now


def _time_broken(news: _News, period: Period) -> str:
    told = [stretches(runs, period) for runs in news.runs.values() if runs]
    if all(one.verdict == "unknown" for stretched in told for one in stretched):
        return "not known"
    total = sum((down(stretched) for stretched in told), timedelta())
    return lasted(total) if total else "none"


def _helped(votes: Votes) -> str:
    total = votes.helped + votes.not_helped
    return f"{round(100 * votes.helped / total)} % of {many(total, 'vote')}" if total else "no votes"


# --- putting it together ---------------------------------------------------------------------


def _fold(title: str, rows: Sequence[tuple[str, str]], *, shown: bool = False, count: int | None = None) -> list[Block]:
    """A part with its rows, or nothing where there are none; what is too much is counted."""
    if not rows:
        return []
    more = len(rows) - _ROWS
    kept = [*rows[:_ROWS], (f"{more} more", "not shown here")] if more > 0 else rows
    return [Fold(title, str(count or len(rows)), (Facts(tuple(kept)),), open=shown)]


def _next(news: _News) -> list[Block]:
    servers = [one.server for one in (*news.new, *news.unsteady, *news.still)][:_BUTTONS]
    options = tuple((f"Check {server} again", f"check {server}") for server in servers)
    return [Choices("Next", options)] if options else []
