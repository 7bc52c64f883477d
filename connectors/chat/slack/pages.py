"""What the home page tells, from what is kept: how servers stand, what runs out, what somebody asked."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.diary import Health
from bot.findings import Server
from bot.forecast import OUTLOOK
from bot.judging import verdict_of
from bot.ports import Diary, Mail, Question, Store
from connectors.chat.slack.home import Page, PageOf
from connectors.render.slack import SERVERS, Asked, Standing, worst_first
from connectors.render.text import one_line

_ASKED = 10  # questions that are shown
_LONGEST = 300  # characters of a question that can be asked again


def pages(store: Store, diary: Diary, mail: Mail) -> PageOf:
    """The page of each person over what is kept."""

    async def page(person: str, now: datetime) -> Page:
        health = await diary.health()
        standings = worst_first(_standing(server, health.get(server.name)) for server in await store.servers())
        shown = [await _as_found(standing, store) for standing in standings[:SERVERS]]
        expiries = await diary.expiries(now + timedelta(days=OUTLOOK))
        questions = await mail.questions(person, most=3 * _ASKED)
        return Page([*shown, *standings[SERVERS:]], expiries, tuple(_asked(questions))[:_ASKED])

    return page


def _standing(server: Server, health: Health | None) -> Standing:
    return Standing(server, health.verdict, health.seen or health.since) if health else Standing(server)


async def _as_found(standing: Standing, store: Store) -> Standing:
    """With what the last run found, which may be one that somebody asked for: no other was remembered so far."""
    last = await store.last(standing.server.name)
    if last is None or not last[1]:
        return standing
    at, findings = last
    verdict = verdict_of(findings)
    summary = next((finding.summary for finding in findings if finding.verdict == verdict), "")
    return replace(standing, verdict=verdict, at=at, summary=summary)


def _asked(questions: Sequence[Question]) -> Iterator[Asked]:
    """Each question once, the newest."""
    seen: set[str] = set()
    for question in questions:
        say = f"explain {question.about}" if question.about else question.text
        if say.strip() and len(say) <= _LONGEST and say not in seen:
            seen.add(say)
            yield Asked(question.about or one_line(question.text), say, question.at)
