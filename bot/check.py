"""Run the checks against one server and say which causes they confirm or rule out."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from pydantic import TypeAdapter

from bot.errors import BadRequest
from bot.findings import Past, Report, Server
from bot.insisting import insist
from bot.judging import CHECKS_OF, judged
from bot.looking import SLOW_RUN, Progress, Seen, Wires, see, silent
from bot.ports import Check, Clock, Engine, Said, Store
from knowledge.causes import Causes

FRESH = timedelta(seconds=30)
"""How long a result answers the same question again."""
QUOTA = 6
"""Runs per person and server in `QUOTA_TIME`; an answer from the cache is free."""
QUOTA_TIME = timedelta(minutes=5)

PROBE = "scep-request"
"""The one check that leaves more than a line in the IIS log: it asks for a certificate that nobody can use."""
TRACES = (
    "NDES logs a refused password (event 29) or the policy module and the connector log a failed request "
    "(events 4005, 20502)",
    "the CA may list a failed request of CN=ndes-check-probe-do-not-issue",
    "whatever watches those logs may raise an alarm",
)
"""What the probe leaves behind; a person is told before it is sent."""

CHECK: Final = "check"
"""The kind of a durable run of checks."""

_SERVER: Final = TypeAdapter(Server)
_REPORT: Final = TypeAdapter(Report)
Elsewhere = Callable[[Server, Sequence[Check], Past, datetime], Awaitable[Seen | None]]
_Question = tuple[Server, frozenset[str]]


class Checker:
    """Runs checks: one run a server at a time, the same question asked twice at once runs once."""

    def __init__(
        self,
        *,
        store: Store,
        checks: Sequence[Check],
        wires: Wires,
        clock: Clock,
        causes: Causes,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """`elsewhere` has a server looked at by the worker of its site; None for one that is looked at from here."""
        self._elsewhere = elsewhere
        self._store = store
        self._checks = {check.id: check for check in checks}
        self._wires = wires
        self._clock = clock
        self._causes = causes
        self._engine: Engine | None = None
        self._busy: dict[str, asyncio.Lock] = {}
        self._running: dict[_Question, asyncio.Task[Report]] = {}
        self._done: dict[_Question, Report] = {}
        self._asked: dict[tuple[str, str], list[datetime]] = {}
        self._looks: dict[str, set[asyncio.Task[Report]]] = {}
        self._told: dict[str, Progress] = {}

    def rely_on(self, engine: Engine) -> None:
        """From now on a run survives the process: `engine` does `carry_out` for the kind `CHECK`."""
        self._engine = engine

    def for_entry(self, entry: str) -> frozenset[str]:
        """The usual checks that bear on the causes of an entry; empty if the network shows none of them."""
        columns = self._causes.columns_of(entry)
        wanted = {name for column in columns for name in CHECKS_OF.get(column, ())}
        return frozenset(check.id for check in self._checks.values() if check.usual and check.id in wanted)

    async def run(
        self,
        server: Server,
        *,
        who: str,
        only: Collection[str] = (),
        progress: Progress = silent,
        fresh: bool = False,
        consent: bool = False,
        key: str | None = None,
    ) -> Report:
        """Check a server. A run under way answers the same question, and so does one of the last
        30 s unless it must be `fresh`. `consent`: somebody was told what traces a probe leaves, and wants it.
        Asked again with the same `key`, it is the same run, even if the process died in between.

        Raises `BadRequest` where the person asked too often, names a check that does not exist, or
        where somebody cancelled the run.
        """
        checks = chosen(self._checks.values(), server, only, consent=consent)
        question = server, frozenset(check.id for check in checks)
        done = self._done.get(question)
        if done and not fresh and _within(FRESH, done.at, self._clock()):
            return done
        if question not in self._running:
            self._count(who, server.name)
            run = self._begun(key or uuid4().hex, server, checks, progress)
            self._running[question] = asyncio.create_task(run)
            self._running[question].add_done_callback(lambda task: self._finished(question, task))
        return await asyncio.shield(self._running[question])

    async def look_unasked(self, server: Server) -> Report:
        """The usual checks in their turn: nobody's quota, and no run of its own in the engine."""
        return await self._looked(server, chosen(self._checks.values(), server), silent)

    def cancel(self, name: str) -> bool:
        """Stop every run of this process against a server; whether there was one.

        Raises `BadRequest` where there was none but another replica may have begun one: that cannot be reached.
        """
        cancelled = any([look.cancel() for look in self._looks.get(name, ())])
        if not cancelled and self._engine:
            raise BadRequest(
                f"No check of {name} is under way here. One that another replica began ends by itself, within"
                f" {SLOW_RUN:.0f} s at most."
            )
        return cancelled

    def _finished(self, question: _Question, task: "asyncio.Task[Report]") -> None:
        del self._running[question]
        now = self._clock()
        self._done = {asked: report for asked, report in self._done.items() if _within(FRESH, report.at, now)}
        if not task.cancelled() and task.exception() is None:
            self._done[question] = task.result()

    def _count(self, who: str, server: str) -> None:
        """Hold everybody to the quota."""
        now = self._clock()
        self._asked = {by: times for by, times in self._asked.items() if _within(QUOTA_TIME, times[-1], now)}
        recent = [at for at in self._asked.get((who, server), []) if _within(QUOTA_TIME, at, now)]
        if len(recent) >= QUOTA:
            wait = int((QUOTA_TIME - (now - recent[0])).total_seconds()) + 1
            raise BadRequest(f"You had {server} checked {QUOTA} times in five minutes; ask again in {wait} s.")
        self._asked[who, server] = [*recent, now]

    # --- a run -------------------------------------------------------------------------------

    async def _begun(self, key: str, server: Server, checks: Sequence[Check], progress: Progress) -> Report:
        if self._engine is None:
            return await self._looked(server, checks, progress)
        said = {"run": key, "server": _SERVER.dump_python(server, mode="json"), "checks": [c.id for c in checks]}
        self._told[key] = progress
        try:
            return _REPORT.validate_python(await self._engine.run(CHECK, f"{CHECK} {key}", said))
        finally:
            del self._told[key]

    async def carry_out(self, said: Said) -> Said:
        """A run as the engine knows it: what was asked and what came of it in JSON, without secrets."""
        key, names = said["run"], said["checks"]
        if PROBE in names and not await insist(lambda: self._first_time(key), "a probe cannot be noted"):
            raise BadRequest("A restart broke the probe off. It may have left its traces; it is not sent again.")
        checks = [self._checks[name] for name in names if name in self._checks]
        report = await self._looked(_SERVER.validate_python(said["server"]), checks, self._told.get(key, silent))
        result: Said = _REPORT.dump_python(report, mode="json")
        return result

    async def _first_time(self, key: str) -> bool:
        return await self._store.first_time(f"{CHECK} {key}", self._clock())

    async def _looked(self, server: Server, checks: Sequence[Check], progress: Progress) -> Report:
        """Look, unless somebody cancels it. Its own task: only the look is cancelled, not who waits for it."""
        task = asyncio.create_task(self._one_at_a_time(server, checks, progress))
        looks = self._looks.setdefault(server.name, set())
        looks.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            if (this := asyncio.current_task()) and this.cancelling():
                task.cancel()
                raise
            raise BadRequest(f"The check of {server.name} was cancelled.") from None
        finally:
            looks.discard(task)

    async def _one_at_a_time(self, server: Server, checks: Sequence[Check], progress: Progress) -> Report:
        async with self._busy.setdefault(server.name, asyncio.Lock()):
            past, known = await insist(lambda: self._remembered(server.name), "a server's past cannot be read")
            now = self._clock()
            if self._elsewhere:
                await progress([], len(checks))  # a worker says nothing in between
            seen = await self._elsewhere(server, checks, past, now) if self._elsewhere else None
            if seen is None:
                seen = await see(server, checks, self._wires, past=past, now=now, progress=progress)
            report = judged(server, now, seen, self._causes)
            await insist(lambda: self._keep(report, seen.good, known), "a report cannot be kept")
            return report

    async def _remembered(self, name: str) -> tuple[Past, bool]:
        """The past of a server, and whether it is registered."""
        return await self._store.past(name), await self._store.server(name) is not None

    async def _keep(self, report: Report, good: Past | None, known: bool) -> None:
        name = report.server.name
        await self._store.keep(report, good)
        if known and await self._store.server(name) is None:  # removed meanwhile: nothing is to stay
            await self._store.remove(name)


def _within(length: timedelta, at: datetime, now: datetime) -> bool:
    """Whether that was so short a time ago; what lies ahead was before the clock was set back."""
    return timedelta() <= now - at < length


def chosen(
    checks: Iterable[Check], server: Server, only: Collection[str] = (), *, consent: bool = False
) -> tuple[Check, ...]:
    """The checks named, or the usual ones and those that an administrator enabled for this server.

    Raises `BadRequest` for a name that no check has, and for a probe that leaves traces without consent.
    """
    known = {check.id: check for check in checks}
    if unknown := sorted(set(only) - known.keys()):
        raise BadRequest(f"There is no check {unknown[0]!r}. There are: {', '.join(known)}.")
    if PROBE in only and not consent:
        raise BadRequest(f"{PROBE} leaves traces on the server: it has a command of its own, `probe`.")
    enabled = {"scep-poll"} if server.may_poll else set[str]()
    return tuple(c for c in known.values() if (c.id in only if only else c.usual or c.id in enabled))


async def look(
    server: Server,
    checks: Sequence[Check],
    wires: Wires,
    *,
    past: Past,
    now: datetime,
    causes: Causes,
    progress: Progress = silent,
) -> tuple[Report, Past | None]:
    """One run from here: what was seen, judged, and what to remember where the server was well.

    Never raises for what a server does.
    """
    seen = await see(server, checks, wires, past=past, now=now, progress=progress)
    return judged(server, now, seen, causes), seen.good
