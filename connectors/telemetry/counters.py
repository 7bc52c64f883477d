"""Figures of what a bot does, for Prometheus: counted round the ports, so that what decides knows nothing of it.

No label holds a name of a server, a person or a channel: the number of series is bounded by the platforms, the checks
and the causes that are shipped.
"""

import asyncio
import platform
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.registry import Collector

from bot.errors import Busy, Gone
from bot.findings import Past, Report
from bot.ports import ChatSurface, Handler, Press, Receive, Show, Store
from bot.types import Answer, Attached, Message, Place, Role

PATIENCE: Final = 2.0
"""Seconds that a reading may take; after that its gauge is NaN."""
Reading = Callable[[], Awaitable[float | None]]
"""Something that is looked up whenever the figures are asked for; None where there is nothing to tell."""

_ANSWERING: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0)  # seconds


class Counters:
    """The figures of one process, in a registry of their own."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self._messages = Counter(
            "ndesbot_messages",
            "Messages that platforms handed over, repeats included: taken, or failed.",
            ["surface", "outcome"],
            registry=registry,
        )
        self._answers = Counter(
            "ndesbot_answers",
            "Messages that were thought about, by the tone of the answer; silence where there was nothing to say.",
            ["surface", "outcome"],
            registry=registry,
        )
        self._answering = Histogram(
            "ndesbot_answer_seconds",
            "From a message to its answer, checks included, posting not.",
            ["surface"],
            buckets=_ANSWERING,
            registry=registry,
        )
        self._calls = Counter(
            "ndesbot_platform_calls",
            "Posts, edits and look-ups; busy where the platform asked to wait (HTTP 429).",
            ["surface", "call", "outcome"],
            registry=registry,
        )
        self._runs = Counter(
            "ndesbot_runs", "Runs of checks against a server, by verdict.", ["verdict"], registry=registry
        )
        self._running = Histogram(
            "ndesbot_run_seconds", "Looks at a server, in wall time.", buckets=_ANSWERING, registry=registry
        )
        self._checks = Counter(
            "ndesbot_checks", "Findings of runs, by check and verdict.", ["check", "verdict"], registry=registry
        )
        self._causes = Counter("ndesbot_causes_confirmed", "Causes that a run confirmed.", ["cause"], registry=registry)
        build = Gauge("ndesbot_build_info", "Always 1.", ["version", "python"], registry=registry)
        build.labels(_version(), platform.python_version()).set(1)
        Gauge("ndesbot_start_time_seconds", "When this process began.", registry=registry).set_to_current_time()
        self._readings: list[tuple[Gauge, Reading]] = []

    # --- round the ports ---------------------------------------------------------------------

    def handler(self, handle: Handler) -> Handler:
        """Whatever answers, its answers counted and timed."""

        async def counted(message: Message, show: Show) -> Answer | None:
            began, outcome = time.perf_counter(), "failed"
            try:
                answer = await handle(message, show)
                outcome = answer.tone if answer else "silence"
                return answer
            finally:
                self._answers.labels(message.place.surface, outcome).inc()
                self._answering.labels(message.place.surface).observe(time.perf_counter() - began)

        return counted

    def surface(self, surface: ChatSurface) -> ChatSurface:
        """A platform, what it hands over and what it is asked counted."""
        return _CountedSurface(surface, self)

    def store(self, store: Store) -> Store:
        """What keeps the runs of checks, and they counted: whoever asked for one, and wherever the look was taken."""
        return cast(Store, _CountedStore(store, self))

    def reading(self, name: str, told: str, look: Reading) -> None:
        """A gauge `ndesbot_<name>` that is looked up whenever the figures are asked for."""
        self._readings.append((Gauge(f"ndesbot_{name}", told, registry=self._registry), look))

    # --- the page ----------------------------------------------------------------------------

    async def page(self) -> bytes:
        """Everything in Prometheus' text format."""
        await asyncio.gather(*(_look(gauge, look) for gauge, look in self._readings))
        return generate_latest(_Figures(self._registry))

    # --- what is counted ---------------------------------------------------------------------

    def run(self, report: Report) -> None:
        """A run came to its end."""
        self._runs.labels(report.verdict).inc()
        self._running.observe(report.took_ms / 1000)
        for finding in report.findings:
            self._checks.labels(finding.check, finding.verdict).inc()
        for suspect in report.suspects:
            if suspect.standing == "confirmed":
                self._causes.labels(suspect.cause).inc()

    @contextmanager
    def taking(self, surface: str) -> Iterator[None]:
        """A message is being taken over."""
        outcome = "failed"
        try:
            yield
            outcome = "taken"
        finally:
            self._messages.labels(surface, outcome).inc()

    @contextmanager
    def calling(self, surface: str, call: str) -> Iterator[None]:
        """A platform is being asked for something."""
        outcome = "failed"
        try:
            yield
            outcome = "done"
        except Busy:
            outcome = "busy"
            raise
        except Gone:
            outcome = "gone"
            raise
        finally:
            self._calls.labels(surface, call, outcome).inc()


class _CountedSurface:
    """The port again, with a tally."""

    def __init__(self, surface: ChatSurface, counters: Counters) -> None:
        self._surface = surface
        self._counters = counters
        self.name, self.pause, self.looks_up = surface.name, surface.pause, surface.looks_up

    async def serve(self, receive: Receive) -> None:
        async def counted(message: Message) -> None:
            with self._counters.taking(message.place.surface):
                await receive(message)

        await self._surface.serve(counted)

    @property
    def connected(self) -> bool:
        return self._surface.connected

    def role_of(self, message: Message) -> Role:
        return self._surface.role_of(message)

    async def send(self, place: Place, answer: Answer, press: Press, *, key: str, reader: str | None = None) -> str:
        with self._counters.calling(self.name, "send"):
            return await self._surface.send(place, answer, press, key=key, reader=reader)

    async def edit(self, place: Place, sent: str, answer: Answer, press: Press) -> None:
        with self._counters.calling(self.name, "edit"):
            await self._surface.edit(place, sent, answer, press)

    async def find(self, place: Place, key: str) -> str | None:
        with self._counters.calling(self.name, "find"):
            return await self._surface.find(place, key)

    def fetch(self, file: Attached) -> AsyncIterator[bytes]:
        return self._surface.fetch(file)


class _CountedStore:
    """A store that tells of each run it keeps."""

    def __init__(self, store: Store, counters: Counters) -> None:
        self._store = store
        self._counters = counters

    async def keep(self, report: Report, good: Past | None) -> None:
        await self._store.keep(report, good)  # tried again where the database is away
        self._counters.run(report)

    def __getattr__(self, verb: str) -> Any:
        return getattr(self._store, verb)


class _Figures(Collector):
    """A registry without the times at which its series began: half of all lines, and nobody asks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric


async def _look(gauge: Gauge, look: Reading) -> None:
    value: float | None = None
    try:
        async with asyncio.timeout(PATIENCE):
            value = await look()
    except Exception:  # whatever is wrong with one figure, the others are told
        value = None
    gauge.set(float("nan") if value is None else value)


def _version() -> str:
    try:
        return version("ndesbot")
    except PackageNotFoundError:
        return "unknown"
