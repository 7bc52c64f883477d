"""Run the checks against one server and say which causes they confirm or rule out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import uuid4

from pydantic import TypeAdapter

from bot.errors import BadRequest, ProbeError
from bot.findings import Finding, Past, Report, Server, Suspect, Verdict
from bot.keeping import kept
from bot.ports import Check, Clock, Engine, Said, Store, Wire
from knowledge.causes import Causes, Ranked

log = logging.getLogger(__name__)

RUN = 15.0
"""Seconds that a whole run may take."""
SLOW_RUN = 95.0
"""The same once, for an application proxy whose server is slow (its backend time-out is 85 s)."""
FRESH = timedelta(seconds=30)
"""How long a result answers the same question again."""
QUOTA = 6
"""Runs per person and server in `QUOTA_TIME`; an answer from the cache is free."""
QUOTA_TIME = timedelta(minutes=5)

CHECKS_OF: dict[str, tuple[str, ...]] = {
    "dns": ("names",),
    "tcp": ("tcp",),
    "tls": ("tls", "tls-legacy"),
    "tls_cert": ("tls-verify", "tls-internal-name"),
    "tls_baseline": ("tls-changed",),
    "base": ("scep-base",),
    "ap_error": ("front",),
    "caps": ("scep-caps",),
    "ra": ("ra-certificates",),
    "ra_revoked": ("ra-revoked",),
    "crl_base": ("crl-base",),
    "crl_delta": ("crl-delta",),
    "crl_root": ("crl-root",),
    "url_2300": ("url-length",),
    "url_5000": ("url-length",),
    "url_17500": ("url-length",),
    "url_31000": ("url-length",),
    "post_64k": ("post-size",),
    "admin": ("admin",),
    "crp": ("crp",),
    "poll": ("scep-poll",),
    "request": ("scep-request",),
}
"""Which checks fill which column of the weights."""
_BASE = "scep-base"
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
_Question = tuple[str, frozenset[str]]
Wires = Callable[[Server], AbstractAsyncContextManager[Wire]]
Progress = Callable[[Sequence[Finding], int], Awaitable[None]]
"""Told after each check: what was found so far, and how many checks there are."""


async def _silent(_: Sequence[Finding], __: int) -> None:
    return None


class Checker:
    """Runs checks: one run a server at a time, the same question asked twice at once runs once."""

    def __init__(self, *, store: Store, checks: Sequence[Check], wires: Wires, clock: Clock, causes: Causes) -> None:
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
        progress: Progress = _silent,
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
        question = server.name, frozenset(check.id for check in checks)
        done = self._done.get(question)
        if done and not fresh and done.server == server and self._clock() - done.at < FRESH:
            return done
        if question not in self._running:
            self._count(who, server.name)
            run = self._begun(key or uuid4().hex, server, checks, progress)
            self._running[question] = asyncio.create_task(run)
            self._running[question].add_done_callback(lambda task: self._finished(question, task))
        return await asyncio.shield(self._running[question])

    def cancel(self, name: str) -> bool:
        """Stop every run against a server; whether there was one."""
        return any([look.cancel() for look in self._looks.get(name, ())])

    def _finished(self, question: _Question, task: "asyncio.Task[Report]") -> None:
        del self._running[question]
        if not task.cancelled() and task.exception() is None:
            self._done[question] = task.result()

    def _count(self, who: str, server: str) -> None:
        """Hold everybody to the quota."""
        now = self._clock()
        recent = [at for at in self._asked.get((who, server), []) if now - at < QUOTA_TIME]
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
        if PROBE in names and not await self._store.first_time(f"{CHECK} {key}", self._clock()):
            raise BadRequest("A restart broke the probe off. It may have left its traces; it is not sent again.")
        checks = [self._checks[name] for name in names if name in self._checks]
        report = await self._looked(_SERVER.validate_python(said["server"]), checks, self._told.get(key, _silent))
        result: Said = _REPORT.dump_python(report, mode="json")
        return result

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
            past = await self._store.past(server.name)
            report, good = await look(
                server, checks, self._wires, past=past, now=self._clock(), causes=self._causes, progress=progress
            )
            await self._store.keep(report, good)
            return report


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


def _time_for(server: Server, checks: Sequence[Check]) -> float:
    """Seconds for a run: an application proxy may be slow, and a check that was asked for may take its time."""
    asked_for = [check.deadline for check in checks if not check.usual]
    return SLOW_RUN if server.front == "app-proxy" else max([RUN, *asked_for])


async def look(
    server: Server,
    checks: Sequence[Check],
    wires: Wires,
    *,
    past: Past,
    now: datetime,
    causes: Causes,
    progress: Progress = _silent,
) -> tuple[Report, Past | None]:
    """One run: all checks side by side, then the causes, and what to remember where the server was well.

    Never raises for what a server does.
    """
    loop = asyncio.get_running_loop()
    start = loop.time()
    found: dict[str, Finding] = {}

    async def one(check: Check, wire: Wire) -> None:
        found[check.id] = await _asked(check, server, wire, now, past)
        await progress([found[c.id] for c in checks if c.id in found], len(checks))

    async with wires(server) as wire:
        tasks = [asyncio.create_task(one(check, wire)) for check in checks]
        try:
            _, unfinished = await asyncio.wait(tasks, timeout=_time_for(server, checks))
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            raise
        findings = kept(
            [found.get(check.id) or _silent_after(check, "No answer within the time of the run.") for check in checks]
        )
        good = await _good_state(server, wire, findings, past, now)
        requests = wire.requests
    ranked = _ranked(findings, server, causes)
    told = {column: finding for finding in findings for column, _ in finding.outcomes}
    suspects = tuple(_suspect(item, told) for item in ranked)
    took = (loop.time() - start) * 1000
    splits = causes.splitting(ranked) if ranked else None
    return Report(server, now, verdict_of(findings), findings, suspects, requests, took, splits), good


async def _good_state(
    server: Server, wire: Wire, findings: Sequence[Finding], past: Past, now: datetime
) -> Past | None:
    """What to remember of a server that handed out its certificates. The looks are those of the run."""
    verdicts = {finding.check: finding.verdict for finding in findings}
    if verdicts.get(_BASE) not in ("ok", "warn") or verdicts.get("scep-cacert") not in ("ok", "warn"):
        return None
    try:
        bundle = await wire.get(server.asking("GetCACert"))
        thumbprint = past.tls
        if server.url.startswith("https:"):
            thumbprint = sha256((await wire.tls(server.host, server.port)).chain[0]).hexdigest()
    except ProbeError:
        return None
    return Past(now, bundle.body, thumbprint, tuple(findings))


async def _asked(check: Check, server: Server, wire: Wire, now: datetime, past: Past) -> Finding:
    """What a check found; whatever goes wrong becomes a finding."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    try:
        async with asyncio.timeout(check.deadline):
            finding = await check.run(server, wire, now, past)
    except ProbeError as error:
        verdict: Verdict = "skipped" if error.trouble == "left-alone" else "unknown"
        finding = Finding(check.id, verdict, str(error), {"trouble": error.trouble})
    except TimeoutError:
        finding = _silent_after(check, f"No answer within {check.deadline:.0f} s.")
    except Exception as error:  # a bug in one check must not cost the others
        log.error("a check broke", extra={"check": check.id, "error": type(error).__name__})
        finding = Finding(check.id, "unknown", "The check itself broke; the log of the bot says more.")
    return replace(finding, took_ms=round((loop.time() - start) * 1000, 1))


def _silent_after(check: Check, told: str) -> Finding:
    """A check that ran out of time. Of the bare SCEP URL that says something: it does not answer."""
    if check.id == _BASE:
        return Finding(check.id, "fail", told, {"trouble": "timeout"}, (("base", "timeout"),))
    return Finding(check.id, "unknown", told, {"trouble": "timeout"})


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """The worst that was found; `unknown` where nothing could be told, or not what the SCEP URL answers."""
    seen = list(findings)
    verdicts = {finding.verdict for finding in seen}
    if "fail" in verdicts:
        return "fail"
    if any(finding.check == _BASE and finding.verdict == "unknown" for finding in seen):
        return "unknown"
    if "warn" in verdicts:
        return "warn"
    return "ok" if "ok" in verdicts else "unknown"


def _ranked(findings: Sequence[Finding], server: Server, causes: Causes) -> tuple[Ranked, ...]:
    """The causes, best first. RA certificates that are only remembered are weighed, but settle nothing:
    they may have been renewed since. A CRL is read anew, wherever its address comes from."""
    outcomes = [outcome for finding in findings for outcome in finding.outcomes]
    remembered = (
        {"ra"} if any(f.check == "ra-certificates" and f.evidence.get("from_memory") for f in findings) else set()
    )
    asked = {column for column, _ in outcomes} - remembered
    return causes.rank(
        outcomes, front=server.front, module=server.module, connector=server.connector, asked_columns=asked
    )


def _suspect(item: Ranked, told: dict[str, Finding]) -> Suspect:
    seen = item.against if item.standing == "ruled_out" else item.why
    reasons = dict.fromkeys(told[column].summary for column, _ in seen if column in told)
    why = " ".join(reasons) if reasons else ("" if item.visible else "Not visible from here.")
    return Suspect(item.cause, item.entry, item.standing, why, item.command, item.visible)
