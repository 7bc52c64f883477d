"""Small working fakes of what the bot needs from the outside."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.cases import Cases
from bot.diary import Asked, Expiry, Health, Quiet, Run, Subscription, Votes
from bot.findings import Finding, Past, Report, Server
from bot.ports import Clock, Filed, Heard, Offer, Question, Use, Waiting, Wire
from bot.types import Message, Place
from connectors.assembly import causes
from knowledge.library import Library

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


class FakeClock:
    """A clock that goes when it is told to."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class FakeStore:
    """A store that forgets everything when it goes; the contract test judges it like the real ones."""

    def __init__(self) -> None:
        self._servers: dict[str, Server] = {}
        self._past: dict[str, Past] = {}
        self._last: dict[str, tuple[datetime, tuple[Finding, ...]]] = {}
        self._seen: set[str] = set()
        self.noted: list[Use] = []

    async def servers(self) -> list[Server]:
        return [self._servers[name] for name in sorted(self._servers)]

    async def server(self, name: str) -> Server | None:
        return self._servers.get(name)

    async def register(self, server: Server) -> None:
        self._servers[server.name] = server

    async def remove(self, name: str) -> bool:
        self._past.pop(name, None)
        self._last.pop(name, None)
        return self._servers.pop(name, None) is not None

    async def past(self, name: str) -> Past:
        return self._past.get(name, Past())

    async def keep(self, report: Report, good: Past | None) -> None:
        self._last[report.server.name] = report.at, report.findings
        if good is not None:
            self._past[report.server.name] = good

    async def last(self, name: str) -> tuple[datetime, tuple[Finding, ...]] | None:
        return self._last.get(name)

    async def first_time(self, message_id: str, at: datetime) -> bool:
        new = message_id not in self._seen
        self._seen.add(message_id)
        return new

    async def note(self, use: Use) -> None:
        self.noted.append(use)


class FakeMail:
    """Mail that forgets everything when it goes; the contract test judges it like the real one."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], datetime] = {}
        self._inbox: dict[tuple[str, str], Waiting] = {}
        self._offers: dict[str, tuple[Offer, datetime]] = {}
        self._questions: list[Question] = []
        self._answers: dict[Question, str] = {}
        self.stories: dict[str, Filed] = {}
        self._references: dict[tuple[str, str], Mapping[str, Any]] = {}

    async def receive(self, message: Message, holder: str, at: datetime) -> bool:
        key = message.place.surface, message.id
        if key in self._seen:
            return False
        self._seen[key] = at
        self._inbox[key] = Waiting(message, None, holder, at)
        return True

    async def hold(self, messages: Sequence[Message], holder: str, at: datetime) -> list[Message]:
        held = []
        for message in messages:
            if (kept := self._inbox.get(key := (message.place.surface, message.id))) and kept.holder == holder:
                self._inbox[key] = replace(kept, held=at)
                held.append(message)
        return held

    async def posted(self, message: Message, sent: str) -> None:
        if kept := self._inbox.get(key := (message.place.surface, message.id)):
            self._inbox[key] = replace(kept, sent=sent)

    async def answered(self, message: Message, at: datetime, about: str | None) -> None:
        self._inbox.pop((message.place.surface, message.id), None)
        question = Question(at, message.place, message.sender, message.text, about)
        self._questions.append(question)
        self._answers[question] = f"{message.place.surface} {message.id}"

    async def done(self, message: Message) -> None:
        self._inbox.pop((message.place.surface, message.id), None)

    async def waiting(self) -> list[Waiting]:
        return list(self._inbox.values())

    async def take(self, left: Waiting, holder: str, at: datetime) -> bool:
        key = left.message.place.surface, left.message.id
        kept = self._inbox.get(key)
        if kept is None or (kept.holder, kept.held) != (left.holder, left.held):
            return False
        self._inbox[key] = replace(kept, holder=holder, held=at, taken=left.taken + 1)
        return True

    async def offer(self, token: str, offer: Offer, at: datetime) -> None:
        self._offers[token] = offer, at

    async def offered(self, token: str) -> Offer | None:
        return self._offers[token][0] if token in self._offers else None

    async def questions(self, sender: str | None = None, most: int = 20) -> list[Question]:
        return [q for q in self._questions[::-1] if sender in (None, q.sender)][:most]

    async def refer(self, surface: str, conversation: str, reference: Mapping[str, Any]) -> None:
        self._references[surface, conversation] = reference

    async def reference(self, surface: str, conversation: str) -> Mapping[str, Any] | None:
        return self._references.get((surface, conversation))

    async def sweep(self, now: datetime) -> None:
        old = {key for key, at in self._seen.items() if at < now - timedelta(hours=24)}
        self._seen = {key: at for key, at in self._seen.items() if key not in old}
        self._inbox = {key: kept for key, kept in self._inbox.items() if key not in old}
        self._offers = {token: kept for token, kept in self._offers.items() if kept[1] >= now - timedelta(days=7)}
        self.stories = {key: kept for key, kept in self.stories.items() if kept.at >= now - timedelta(days=7)}


class FakeDiary:
    """A diary that forgets everything when it goes; its questions are those of a `FakeMail`. The contract test
    judges it like the real one."""

    def __init__(self, mail: FakeMail | None = None) -> None:
        self._mail = mail or FakeMail()
        self._runs: list[Run] = []
        self._expiries: dict[str, list[Expiry]] = {}
        self._health: dict[str, Health] = {}
        self._subscriptions: dict[Place, Subscription] = {}
        self._quiets: list[Quiet] = []
        self._votes: dict[tuple[str, str], tuple[bool, datetime]] = {}

    async def remember(self, run: Run, expiries: Sequence[Expiry]) -> None:
        self._expiries[run.server] = list(expiries)
        earlier = [kept for kept in self._runs if kept.server == run.server and kept.at <= run.at]
        last = max(earlier, key=lambda kept: kept.at, default=None)
        day = run.at.astimezone(UTC).date()
        if last and (last.verdict, last.checks, last.at.astimezone(UTC).date()) == (run.verdict, run.checks, day):
            return
        self._runs.append(run)

    async def runs(self, since: datetime, until: datetime) -> list[Run]:
        return sorted((run for run in self._runs if since < run.at <= until), key=lambda run: (run.at, run.server))

    async def expiries(self, until: datetime, server: str | None = None) -> list[Expiry]:
        asked = [kept for name, kept in self._expiries.items() if server in (None, name)]
        ending = (expiry for kept in asked for expiry in kept if expiry.ends <= until)
        return sorted(ending, key=lambda expiry: (expiry.ends, expiry.server, expiry.name))

    async def health(self, server: str | None = None) -> dict[str, Health]:
        return {name: health for name, health in self._health.items() if server in (None, name)}

    async def stand(self, health: Health, before: Health | None) -> bool:
        if self._health.get(health.server) != before:
            return False
        self._health[health.server] = health
        return True

    async def subscribe(self, subscription: Subscription) -> None:
        self._subscriptions[subscription.place] = subscription

    async def told(self, place: Place, slot: datetime) -> None:
        kept = self._subscriptions.get(place)
        if kept and (kept.since is None or kept.since < slot):
            self._subscriptions[place] = replace(kept, since=slot)

    async def unsubscribe(self, place: Place) -> bool:
        return self._subscriptions.pop(place, None) is not None

    async def subscription(self, place: Place) -> Subscription | None:
        return self._subscriptions.get(place)

    async def subscriptions(self) -> list[Subscription]:
        return list(self._subscriptions.values())

    async def hush(self, quiet: Quiet) -> None:
        self._quiets.append(quiet)

    async def unhush(self, scope: str, at: datetime) -> int:
        ended = [quiet for quiet in await self.quiets(at) if quiet.scope == scope]
        self._quiets = [replace(quiet, ends=at) if quiet in ended else quiet for quiet in self._quiets]
        return len(ended)

    async def quiets(self, at: datetime) -> list[Quiet]:
        return [quiet for quiet in self._quiets if quiet.begins <= at < quiet.ends]

    async def vote(self, answer: str, who: str, *, helped: bool, at: datetime) -> None:
        self._votes[answer, who] = helped, at

    async def votes(self, since: datetime, until: datetime) -> Votes:
        said = [helped for helped, at in self._votes.values() if since < at <= until]
        return Votes(said.count(True), said.count(False))

    async def asked(self, since: datetime, until: datetime) -> list[Asked]:
        kept = sorted(self._mail._questions, key=lambda question: question.at)
        return [
            Asked(q.at, q.sender, q.text, q.about, f"{q.place.surface} {q.place.conversation}")
            for q in kept
            if since < q.at <= until
        ]

    async def forget(self, who: str) -> int:
        if not who:
            return 0
        mail, before = self._mail, self._lines()
        mail._questions = [question for question in mail._questions if question.sender != who]
        mail._inbox = {key: kept for key, kept in mail._inbox.items() if kept.message.sender != who}
        self._votes = {key: vote for key, vote in self._votes.items() if key[1] != who}
        mail.stories = {key: kept for key, kept in mail.stories.items() if kept.sender != who}
        hushed = sum(quiet.who == who for quiet in self._quiets)
        self._quiets = [replace(quiet, who="", why="") if quiet.who == who else quiet for quiet in self._quiets]
        return before - self._lines() + hushed

    def _lines(self) -> int:
        mail = self._mail
        return len(mail._questions) + len(mail._inbox) + len(self._votes) + len(mail.stories)

    async def sweep(self, now: datetime, *, questions: timedelta, findings: timedelta) -> None:
        mail = self._mail
        mail._questions = [question for question in mail._questions if question.at >= now - questions]
        self._votes = {key: vote for key, vote in self._votes.items() if vote[1] >= now - questions}
        self._quiets = [quiet for quiet in self._quiets if quiet.ends >= now - questions]
        self._runs = [run for run in self._runs if run.at >= now - findings]


class FakeCasebook:
    """A casebook over the other fakes; the contract test judges it like the real one."""

    def __init__(self, mail: FakeMail, diary: FakeDiary, store: FakeStore) -> None:
        self._mail, self._diary, self._store = mail, diary, store

    async def file(self, key: str, filed: Filed) -> None:
        self._mail.stories[key] = filed

    async def filed(self, key: str) -> Filed | None:
        return self._mail.stories.get(key)

    async def heard(self, place: Place, since: datetime, most: int = 30) -> list[Heard]:
        here = [q for q in self._mail._questions if q.place == place and q.at >= since]
        return [self._heard(question) for question in here[-most:]] if most else []

    def _heard(self, question: Question) -> Heard:
        answer = self._mail._answers[question]
        said = [helped for (key, _), (helped, _) in self._diary._votes.items() if key == answer]
        return Heard(question.at, question.sender, question.text, question.about, said.count(True), said.count(False))

    async def uses(self, place: Place, since: datetime, most: int = 50) -> list[Use]:
        here = f"{place.surface}/{place.conversation}"
        found = [u for u in self._store.noted if u.place == here and u.at >= since and u.allowed and u.server]
        return found[-most:] if most else []


def cases_of(store: FakeStore, library: Library, mail: FakeMail | None = None, clock: Clock | None = None) -> Cases:
    """The use case of cases over fakes."""
    mail = mail or FakeMail()
    diary = FakeDiary(mail)
    return Cases(
        book=FakeCasebook(mail, diary, store),
        store=store,
        diary=diary,
        library=library,
        causes=causes(),
        clock=clock or FakeClock(),
        versions={"ndesbot": "1.0"},
    )


def wires_of(wire: Wire | Mapping[str, Wire]) -> Callable[[Server], object]:
    """Hands out the same wire for every run, or the one of a server's name."""

    @asynccontextmanager
    async def open_wire(server: Server) -> AsyncIterator[Wire]:
        yield wire[server.name] if isinstance(wire, Mapping) else wire

    return open_wire
