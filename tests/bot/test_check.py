"""A run always ends with a report: whatever a check does, whoever asks, however often."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

import pytest

from bot.check import FRESH, QUOTA, QUOTA_TIME, Checker
from bot.errors import BadRequest, ProbeError
from bot.findings import Finding, Past, Server
from bot.judging import CHECKS_OF, verdict_of
from bot.ports import Check, Wire
from connectors import shelf
from connectors.checks import catalogue
from knowledge.causes import Causes
from tests.checks.fake_wire import HEALTHY_TLS, FakeWire, reply
from tests.fakes import FakeClock, FakeStore, wires_of

NDES = Server("ndes01", "https://ndes.corp.example/certsrv/mscep/mscep.dll")
CAUSES = Causes.load(shelf.FOLDER)
Run = Callable[[Server, Wire, datetime, Past], Awaitable[Finding]]


def check(name: str, run: Run, *, usual: bool = True, deadline: float = 5.0) -> Check:
    return Check(name, "R00", "Is it well?", run, usual, deadline)


def saying(name: str, verdict: str = "ok", *outcomes: tuple[str, str]) -> Check:
    async def run(server: Server, wire: Wire, now: datetime, past: Past) -> Finding:
        return Finding(name, verdict, f"{name} is {verdict}.", {}, outcomes)  # type: ignore[arg-type]

    return check(name, run)


class Held:
    """A check that tells when it has begun, and goes on when it is let."""

    def __init__(self) -> None:
        self.begun, self.goes_on, self.runs = asyncio.Event(), asyncio.Event(), 0

    async def __call__(self, server: Server, wire: Wire, now: datetime, past: Past) -> Finding:
        self.runs += 1
        self.begun.set()
        await self.goes_on.wait()
        return Finding("one", "ok", server.url)


async def turns() -> None:
    """All that can be done now is done: everything around a check is in memory here."""
    for _ in range(100):
        await asyncio.sleep(0)


def checker(*checks: Check, store: FakeStore | None = None, clock: FakeClock | None = None) -> Checker:
    return Checker(
        store=store or FakeStore(),
        checks=checks,
        wires=wires_of(FakeWire()),  # type: ignore[arg-type]
        clock=clock or FakeClock(),
        causes=CAUSES,
    )


async def test_every_check_becomes_a_finding_in_the_order_of_the_catalogue() -> None:
    report = await checker(saying("one"), saying("two", "warn"), saying("three")).run(NDES, who="ann")
    assert [(finding.check, finding.verdict) for finding in report.findings] == [
        ("one", "ok"),
        ("two", "warn"),
        ("three", "ok"),
    ]
    assert report.verdict == "warn"


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (ProbeError("refused", "port 443 is closed"), "unknown"),
        (ProbeError("left-alone", "not asked again"), "skipped"),
        (RuntimeError("a bug with a secret in it"), "unknown"),
        (RecursionError(), "unknown"),
    ],
)
async def test_whatever_a_check_raises_is_a_finding_and_costs_no_other(error: Exception, verdict: str) -> None:
    async def breaks(server: Server, wire: Wire, now: datetime, past: Past) -> Finding:
        raise error

    report = await checker(check("broken", breaks), saying("other")).run(NDES, who="ann")
    assert [finding.verdict for finding in report.findings] == [verdict, "ok"]
    assert "secret" not in repr(report)


async def test_a_check_that_does_not_end_is_unknown_after_its_deadline() -> None:
    async def hangs(server: Server, wire: Wire, now: datetime, past: Past) -> Finding:
        await asyncio.sleep(3600)
        raise AssertionError

    report = await checker(check("slow", hangs, deadline=0.05), saying("other")).run(NDES, who="ann")
    assert [finding.verdict for finding in report.findings] == ["unknown", "ok"]


async def test_the_causes_come_with_what_was_seen() -> None:
    stopped = saying("scep-base", "fail", ("base", "503_httpsys"))
    report = await checker(stopped).run(NDES, who="ann")
    first = report.suspects[0]
    assert (first.cause, first.entry) == ("scep-pool-stopped", "scep-app-pool-stopped-503")
    assert first.standing in ("confirmed", "likely")
    assert first.why == "scep-base is fail."


async def test_the_same_question_at_once_runs_once() -> None:
    held = Held()
    use = checker(check("one", held))
    asking = [asyncio.create_task(use.run(NDES, who=f"person {i}")) for i in range(20)]
    await held.begun.wait()
    await turns()  # all of them have asked
    held.goes_on.set()
    reports = await asyncio.gather(*asking)
    assert held.runs == 1
    assert all(report is reports[0] for report in reports)


async def test_a_clock_that_is_set_back_brings_no_old_result_and_shuts_nobody_out() -> None:
    clock = FakeClock()
    use = checker(saying("one"), clock=clock)
    reports = [await use.run(NDES, who="ann", fresh=True) for _ in range(QUOTA)]
    clock.pass_by(-3600)
    assert await use.run(NDES, who="ann") is not reports[-1]


async def test_what_is_too_old_to_count_is_not_remembered() -> None:
    clock = FakeClock()
    use = checker(saying("one"), clock=clock)
    for number in range(50):
        await use.run(replace(NDES, name=f"ndes{number}"), who=f"person {number}")
        clock.pass_by(QUOTA_TIME.total_seconds())
    assert (len(use._done), len(use._asked)) == (1, 1)


async def test_a_result_answers_again_for_half_a_minute_and_no_longer() -> None:
    clock = FakeClock()
    use = checker(saying("one"), clock=clock)
    first = await use.run(NDES, who="ann")
    clock.pass_by(FRESH.total_seconds() - 1)
    assert await use.run(NDES, who="bob") is first
    assert await use.run(NDES, who="bob", fresh=True) is not first
    clock.pass_by(FRESH.total_seconds())
    assert await use.run(NDES, who="bob") is not first


async def test_a_changed_server_is_asked_anew() -> None:
    use = checker(saying("one"))
    first = await use.run(NDES, who="ann")
    assert await use.run(replace(NDES, module="plain"), who="ann") is not first


async def test_a_server_that_is_registered_anew_while_it_is_checked_is_not_answered_for_by_the_old_one() -> None:
    held = Held()
    use = checker(check("one", held))
    moved = replace(NDES, url="https://ndes-new.corp.example/certsrv/mscep/mscep.dll")
    running = [asyncio.create_task(use.run(server, who="ann")) for server in (NDES, moved)]
    await held.begun.wait()
    await turns()
    held.goes_on.set()
    assert [(await task).findings[0].summary for task in running] == [NDES.url, moved.url]


async def test_one_server_is_asked_by_one_run_at_a_time() -> None:
    under_way: list[str] = []

    def tracked(name: str) -> Check:
        async def run(server: Server, wire: Wire, now: datetime, past: Past) -> Finding:
            under_way.append(name)
            await turns()
            assert under_way == [name]
            under_way.remove(name)
            return Finding(name, "ok", "Well.")

        return check(name, run)

    use = checker(tracked("one"), tracked("two"))
    reports = await asyncio.gather(use.run(NDES, who="ann", only=["one"]), use.run(NDES, who="ann", only=["two"]))
    assert [report.verdict for report in reports] == ["ok", "ok"]


async def test_too_many_questions_are_refused_with_the_time_to_wait() -> None:
    clock = FakeClock()
    use = checker(saying("one"), clock=clock)
    for _ in range(QUOTA):
        await use.run(NDES, who="ann", fresh=True)
    with pytest.raises(BadRequest, match=r"ask again in \d+ s"):
        await use.run(NDES, who="ann", fresh=True)
    await use.run(NDES, who="bob", fresh=True)
    clock.pass_by(QUOTA_TIME.total_seconds())
    await use.run(NDES, who="ann", fresh=True)


async def test_a_cancelled_run_tells_everybody_who_waits() -> None:
    held = Held()
    use = checker(check("slow", held, deadline=3600))
    asking = [asyncio.create_task(use.run(NDES, who=who)) for who in ("ann", "bob")]
    await held.begun.wait()
    await turns()
    assert use.cancel("ndes01")
    told = await asyncio.gather(*asking, return_exceptions=True)
    assert [str(error) for error in told] == ["The check of ndes01 was cancelled."] * 2
    assert not use.cancel("ndes01")


async def test_one_who_goes_away_does_not_stop_the_run_of_the_others() -> None:
    held = Held()
    use = checker(check("one", held))
    gone, stays = (asyncio.create_task(use.run(NDES, who=who)) for who in ("ann", "bob"))
    await held.begun.wait()
    await turns()
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    held.goes_on.set()
    assert (await stays).verdict == "ok"
    assert held.runs == 1


async def test_progress_is_told_after_each_check() -> None:
    seen: list[tuple[int, int]] = []

    async def progress(findings: object, total: int) -> None:
        seen.append((len(findings), total))  # type: ignore[arg-type]

    await checker(saying("one"), saying("two")).run(NDES, who="ann", progress=progress)
    assert seen == [(1, 2), (2, 2)]


async def test_only_a_server_that_hands_out_its_certificates_is_remembered() -> None:
    wire = FakeWire(pages={NDES.asking("GetCACert"): reply(200, b"bundle")})
    wire.services["ndes.corp.example"] = replace(HEALTHY_TLS, chain=(b"certificate",))
    for verdict, kept in (("ok", b"bundle"), ("fail", None)):
        store = FakeStore()
        use = Checker(
            store=store,
            checks=[saying("scep-base"), saying("scep-cacert", verdict)],
            wires=wires_of(wire),  # type: ignore[arg-type]
            clock=FakeClock(),
            causes=CAUSES,
        )
        await use.run(NDES, who="ann")
        assert (await store.past("ndes01")).bundle == kept
        assert await store.last("ndes01") is not None


async def test_a_check_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(BadRequest, match=r"There is no check 'two'\. There are: one"):
        await checker(saying("one")).run(NDES, who="ann", only=["two"])


def test_every_column_of_the_weights_is_filled_by_a_check_of_the_catalogue() -> None:
    known = {one.id for one in catalogue()}
    assert {name for names in CHECKS_OF.values() for name in names} - known == set()


def test_an_entry_is_proved_by_the_checks_that_bear_on_its_causes() -> None:
    use = Checker(
        store=FakeStore(),
        checks=catalogue(),
        wires=wires_of(FakeWire()),
        clock=FakeClock(),
        causes=CAUSES,  # type: ignore[arg-type]
    )
    assert "scep-base" in use.for_entry("scep-app-pool-stopped-503")
    assert "ra-certificates" in use.for_entry("ndes-500-ra-certificates-expired")
    assert use.for_entry("no-such-entry") == frozenset()


def test_the_worst_finding_is_the_verdict() -> None:
    def of(*verdicts: str) -> str:
        return verdict_of(Finding("x", verdict, "") for verdict in verdicts)  # type: ignore[arg-type]

    assert of("ok", "fail", "warn") == "fail"
    assert of("ok", "skipped", "unknown") == "ok"
    assert of("unknown", "skipped") == "unknown"
    assert of() == "unknown"
    assert verdict_of([Finding("scep-base", "unknown", ""), Finding("names", "ok", "")]) == "unknown"
