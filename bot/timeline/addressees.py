"""Whom the requests of a log are encrypted to, beside what the servers hand out: NDES answers 200 to what it cannot
open, so no status shows it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.enclosed import HandsOut, Standing, standing_of
from bot.timeline.lines import DATELESS
from bot.timeline.recipients import Recipient
from bot.timeline.story import Story
from bot.times import many
from bot.types import Answer, Block, Caution, Facts, Fold, Text


def judged(story: Story, servers: Sequence[HandsOut], now: datetime) -> list[tuple[Recipient, Standing]]:
    """Whom the requests of a set of logs are encrypted to, and how each of these stands to the servers."""
    return [(one, standing_of(one.name, servers, _then(one, now))) for one in story.recipients]


def beside(answer: Answer, story: Story, servers: Sequence[HandsOut], now: datetime) -> Answer:
    """The answer to a set of logs with whom its requests are encrypted to. A wrong recipient is told first; where
    nothing else is wrong, it is the answer."""
    if not story.recipients:
        return answer
    found = judged(story, servers, now)
    rows = tuple((standing.said, _seen(one, story.at_least)) for one, standing in found)
    fold = Fold("Whom the requests are encrypted to", many(len(rows), "certificate"), (Facts(rows),))
    wrong = next(((one, standing) for one, standing in found if standing.tone == "problem"), None)
    if wrong is None:
        return replace(answer, blocks=(*answer.blocks, fold))
    one, standing = wrong
    title = f"{_count(one, story.at_least)} {'is' if one.requests == 1 else 'are'} {standing.said}"
    if answer.tone == "problem":
        first: Block = Caution(f"{title}. {standing.why}")
        return replace(answer, blocks=(first, *answer.blocks, fold))
    return Answer(title, "problem", (Text(standing.why), *answer.blocks, fold), standing.entry)


def _then(one: Recipient, now: datetime) -> datetime:
    """When it was used last: what has expired since is no reason."""
    return one.until if one.until and one.until.tzinfo and one.until.year > DATELESS else now


def _count(one: Recipient, at_least: bool) -> str:
    return f"{'at least ' * at_least}{many(one.requests, 'request')}"


def _seen(one: Recipient, at_least: bool) -> str:
    span = f", {one.since:%Y-%m-%d %H:%M:%S} to {one.until:%Y-%m-%d %H:%M:%S}" if one.since and one.until else ""
    serial = f"serial {one.name.serial}" if one.name.serial else "named by its key"
    return f"{_count(one, at_least)}{span}, first in {one.first.file}, line {one.first.line:,} ({serial})"
