"""How a server stands from run to run, and what is said of it when that changes.

A single run proves little: a change is believed after some runs in a row. One who cannot look (unknown) has seen
nothing, neither that a broken server is well nor, at once, that a well one is lost.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from bot.diary import Change, Health, Period, Quiet, Run
from bot.findings import Finding, Verdict
from bot.times import clock, lasted
from bot.types import Answer, Block, Choices, Facts, Text, Tone

_RANKS: dict[Verdict, int] = {"ok": 0, "warn": 1, "fail": 2}
_SHOWN = 6  # failed checks named in an announcement


@dataclass(frozen=True, slots=True)
class Patience:
    """How many runs in a row it takes to believe that a server got worse, and that it got better; and how many
    turns between well and not well `within` a time make one that goes up and down."""

    failures: int = 2
    successes: int = 2
    turns: int = 4
    within: timedelta = timedelta(hours=1)


PATIENCE: Final = Patience()


# --- from run to run -------------------------------------------------------------------------


def next_health(old: Health | None, run: Run, patience: Patience = PATIENCE) -> tuple[Health, Change | None]:
    """How a server stands after one more run, and what there is to say about it.

    The same run again gives the same; one from before the last is passed over.
    """
    before = old or Health(run.server, "unknown", run.at)
    if before.seen and run.at <= before.seen:
        return before, before.change if run.at == before.seen else None
    turns = _turns(before, run, patience)
    flapping = len(turns) >= patience.turns or (before.flapping and bool(turns))
    after = replace(_believed(before, run, patience), turns=turns, flapping=flapping)
    if after == before:
        return before, None
    change = _change(before, after)
    post = after.post if _same_story(before, change, run.at, patience) else None
    return replace(after, post=post, seen=run.at, change=change), change


def _believed(before: Health, run: Run, patience: Patience) -> Health:
    """What to hold of the server now: the verdict, and the runs that speak against it."""
    said = run.verdict if run.verdict in _RANKS else "unknown"
    if said == "unknown" and not _may_be_lost(before, run.at, patience):
        return before
    if said == before.verdict:
        return replace(before, candidate=None, against=0, first=None)
    if before.verdict == "unknown" and said == "ok":
        return replace(before, verdict="ok", since=run.at, candidate=None, against=0, first=None)
    candidate: Verdict = said
    if said == "unknown":
        going_on, needed = before.candidate == "unknown", max(2, patience.failures)
    else:
        worse = _rank(said) > _rank(before.verdict)
        going_on = before.candidate in _RANKS and (_rank(before.candidate) > _rank(before.verdict)) == worse
        needed = patience.failures if worse else patience.successes
        candidate = _nearest(before, said) if going_on else said
    against = before.against + 1 if going_on else 1
    first = before.first if going_on else run.at
    if against < needed:
        return replace(before, candidate=candidate, against=against, first=first)
    return replace(before, verdict=candidate, since=first or run.at, candidate=None, against=0, first=None)


def _may_be_lost(before: Health, at: datetime, patience: Patience) -> bool:
    """Whether not knowing counts. It neither mends what is broken nor interrupts a row of failures, unless that
    began so long ago that it went nowhere."""
    if before.verdict != "ok":
        return False
    stale = before.first is not None and at - before.first > patience.within
    return before.candidate not in ("warn", "fail") or stale


def _nearest(before: Health, said: Verdict) -> Verdict:
    """What all runs of a row agree on: that which is nearest to what was held before."""
    held = _rank(before.verdict)
    return min((before.candidate or said, said), key=lambda verdict: abs(_rank(verdict) - held))


def _turns(before: Health, run: Run, patience: Patience) -> tuple[datetime, ...]:
    """When it lately went from well to not well or back, whether that was believed or not."""
    recent = tuple(at for at in before.turns if run.at - at < patience.within)
    seen = before.candidate if before.candidate in _RANKS else before.verdict
    turned = run.verdict in _RANKS and seen in _RANKS and (run.verdict == "ok") != (seen == "ok")
    return (*recent, run.at)[-2 * patience.turns :] if turned else recent


def _change(before: Health, after: Health) -> Change | None:
    if after.flapping:
        return None if before.flapping else "flapping"
    if before.flapping:
        return "broke" if is_broken(after) else "healed"
    was, now = _rank(before.verdict), _rank(after.verdict)
    if now > was:
        return "worse" if was else "broke"
    return "healed" if now < was else None


def _same_story(before: Health, change: Change | None, at: datetime, patience: Patience) -> bool:
    """Whether the message that stands is still about this; if not, there will be a new one, for nobody reads an
    old message again."""
    if change == "broke":
        return before.flapping
    if change == "flapping":
        return is_broken(before) or at - before.since < patience.within
    return True


def _rank(verdict: Verdict | None) -> int:
    return _RANKS.get(verdict, 0) if verdict else 0


def is_broken(health: Health) -> bool:
    """Whether there is something to mend, or at least to look at."""
    return health.verdict in ("warn", "fail")


def untold(health: Health) -> Change | None:
    """What nobody has been told of yet, because it was quiet then, or the process died before it could."""
    if health.post is None:
        return "flapping" if health.flapping else "broke" if is_broken(health) else None
    if health.told in (None, health.verdict):
        return None
    return "healed" if _rank(health.verdict) < _rank(health.told) else "worse"


# --- quiet times -----------------------------------------------------------------------------


def hushed(quiets: Iterable[Quiet], server: str, tags: Collection[str], at: datetime) -> Quiet | None:
    """The quiet time that this server lies in, the one that ends last; None where all may be said."""
    scopes = {"*", server, *(f"tag:{tag}" for tag in tags)}
    return max(
        (quiet for quiet in quiets if quiet.scope in scopes and quiet.begins <= at < quiet.ends),
        key=lambda quiet: quiet.ends,
        default=None,
    )


# --- what is said ----------------------------------------------------------------------------


def announced(
    change: Change,
    health: Health,
    before: Health | None,
    now: datetime,
    *,
    findings: Sequence[Finding] = (),
    zone: tzinfo = UTC,
) -> Answer:
    """The message about a change. It takes the place of the one before, where there is one; `findings` are those of
    the last run."""
    title, tone = _title(change, health, before, now, zone)
    blocks: list[Block] = []
    if change == "flapping":
        blocks.append(Text("I say no more of it until it has kept still for an hour."))
    if before and change == "healed" and is_broken(before):
        blocks.append(Text(f"From {clock(before.since, now, zone)} to {clock(health.since, now, zone)}."))
    bad = [finding for finding in findings if finding.verdict in ("fail", "warn")]
    if bad and health.verdict != "ok":
        bad.sort(key=lambda finding: finding.verdict == "warn")
        blocks.append(Facts(tuple((finding.check, finding.summary) for finding in bad[:_SHOWN])))
    if health.verdict != "ok" or change == "flapping":
        name = health.server
        blocks.append(Choices("Next", (("Check again", f"check {name}"), ("What changed", f"changed {name}"))))
    return Answer(title, tone, tuple(blocks))


def _title(change: Change, health: Health, before: Health | None, now: datetime, zone: tzinfo) -> tuple[str, Tone]:
    name, since = health.server, clock(health.since, now, zone)
    if change == "flapping":
        first = clock(min(health.turns, default=now), now, zone)
        return f"{name} goes up and down: {len(health.turns)} changes since {first}", "unsure"
    if change == "healed":
        return _healed(health, before)
    words, tone = _standing(health)
    if change == "worse":
        return f"{name} {words} since {since}; before, it only needed a look", tone
    after = ", and stays so" if before and before.flapping else ""
    return f"{name} {words} since {since}{after}", tone


def _standing(health: Health) -> tuple[str, Tone]:
    return ("is broken", "problem") if health.verdict == "fail" else ("needs a look", "unsure")


def _healed(health: Health, before: Health | None) -> tuple[str, Tone]:
    name = health.server
    if before and before.flapping:
        return f"{name} is well again and has kept still for an hour", "success"
    passed = f" {lasted(health.since - before.since)}" if before and is_broken(before) else ""
    if health.verdict == "warn":
        return f"{name} works again but needs a look{passed and f', broken{passed}'}", "unsure"
    was = "broken" if before is None or before.verdict == "fail" else "in need of a look"
    return f"{name} is well again{passed and f', {was}{passed}'}", "success"


# --- looking back ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which every run said the same."""

    begins: datetime
    ends: datetime
    verdict: Verdict


def stretches(runs: Iterable[Run], period: Period) -> tuple[Stretch, ...]:
    """A period of one server as its runs tell it, the oldest run first. Each holds until the next; what was before
    all of them is unknown."""
    found: list[Stretch] = []
    verdict: Verdict = "unknown"
    at = period.begins
    for run in runs:
        said = run.verdict if run.verdict in _RANKS else "unknown"
        if run.at >= period.ends:
            break
        if run.at > at and said != verdict:
            found.append(Stretch(at, run.at, verdict))
            at = run.at
        verdict = said
    if period.ends > at:
        found.append(Stretch(at, period.ends, verdict))
    return tuple(found)


def down(stretched: Iterable[Stretch]) -> timedelta:
    """How much of it the server was broken."""
    return sum((one.ends - one.begins for one in stretched if one.verdict == "fail"), timedelta())
