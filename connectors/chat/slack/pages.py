"""What the home page tells, from what is kept: how servers stand, what runs out, what somebody asked."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.findings import Finding, Server, Verdict
from bot.judging import verdict_of
from bot.ports import Mail, Question, Store
from connectors.chat.slack.home import Page, PageOf
from connectors.render.slack import Asked, Expiry, Standing
from connectors.render.text import one_line

_WORST_FIRST: tuple[Verdict, ...] = ("fail", "warn", "unknown", "ok", "skipped")
_ENDS = "not_after"  # how the name of evidence ends that says until when a certificate is valid
_ASKED = 10  # questions that are shown
_LONGEST = 300  # characters of a question that can be asked again


def pages(store: Store, mail: Mail) -> PageOf:
    """The page of each person over a store and a mail."""

    async def page(person: str) -> Page:
        standings: list[Standing] = []
        expiries: list[Expiry] = []
        for server in await store.servers():
            last = await store.last(server.name)
            standings.append(_standing(server, last))
            if last:
                expiries += [Expiry(server.name, what, end) for what, end in _ends(last[1])]
        questions = await mail.questions(person, most=3 * _ASKED)
        return Page(standings, expiries, tuple(_asked(questions))[:_ASKED])

    return page


def _standing(server: Server, last: tuple[datetime, tuple[Finding, ...]] | None) -> Standing:
    if last is None or not last[1]:
        return Standing(server)
    at, findings = last
    worst = min(findings, key=lambda finding: _WORST_FIRST.index(finding.verdict))
    return Standing(server, verdict_of(findings), at, worst.summary)


def _ends(findings: Sequence[Finding]) -> Iterator[tuple[str, datetime]]:
    for finding in findings:
        for name, value in finding.evidence.items():
            if name.endswith(_ENDS) and isinstance(value, str) and (end := _moment(value)):
                of = name.removesuffix(_ENDS).strip("_")
                yield (f"{finding.check} ({of})" if of else finding.check), end


def _moment(said: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _asked(questions: Sequence[Question]) -> Iterator[Asked]:
    """Each question once, the newest."""
    seen: set[str] = set()
    for question in questions:
        say = f"explain {question.about}" if question.about else question.text
        if say.strip() and len(say) <= _LONGEST and say not in seen:
            seen.add(say)
            yield Asked(question.about or one_line(question.text), say, question.at)
