"""What a check is for: the true cause of every fault of the lab stands where it should, and all was only read."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network

import pytest

from bot.check import look
from bot.findings import Past, Report
from bot.looking import RUN
from bot.ports import Check
from connectors.assembly import causes, wires
from connectors.checks import catalogue, repeat
from connectors.clock import now
from connectors.lab.faults import Fault, all_faults
from connectors.lab.server import Lab

CAUSES = causes()
CATALOGUE = {check.id: check for check in catalogue()}
USUAL = [check for check in CATALOGUE.values() if check.usual]
SENDING = ("post-size", "scep-poll", "scep-request")
"""The checks that send a POST: each only where it is asked for."""
WIRES = wires([ip_network("127.0.0.0/8")], any_port=True)
PACE = 0.02
"""Of the 85 s that a slow application proxy takes."""
WAITING = {"port-black-hole", "port-silent", "http-silent", "app-proxy-504-backend", "app-proxy-slow"}
"""Faults at which a run mostly waits, up to 15 s: all of them run side by side, beside the others."""
AT_ONCE = 3
"""Of the others; more would make each other wait on two cores."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A run against one fault, and what of it reached the lab."""

    fault: Fault
    report: Report
    verbs: frozenset[str]

    @property
    def kind(self) -> str:
        """What the network tells of the cause: decides, shows or hidden."""
        return CAUSES.causes[self.fault.cause].remote

    @property
    def place(self) -> int:
        """Where the truth stands in the list, from 1; 0 where it is missing."""
        return next((n for n, one in enumerate(self.report.suspects, 1) if one.cause == self.fault.cause), 0)

    @property
    def is_first(self) -> bool:
        return self.place == 1

    @property
    def group(self) -> int:
        """How many causes stand as the first one does."""
        return sum(one.standing == self.report.suspects[0].standing for one in self.report.suspects)

    @property
    def is_in_first_group(self) -> bool:
        return 0 < self.place <= self.group

    @property
    def line(self) -> str:
        """A row of the table that explains a failure."""
        standing = self.report.suspects[self.place - 1].standing if self.place else "missing"
        place = f"{self.place:2} ({self.group:2} in the first group)"
        return f"{self.fault.name:34} {self.fault.cause:36} {self.kind:8} {place} {standing}"


async def run_against(fault: Fault, *, remembering: bool, checks: Sequence[Check] = USUAL, **said: object) -> Ran:
    async with Lab(fault, pace=PACE) as lab:
        server = replace(lab.server(), **said)
        past = lab.past() if remembering else Past()
        report, _ = await look(server, checks, WIRES, past=past, now=now(), causes=CAUSES)
        return Ran(fault, report, frozenset(seen.method for seen in lab.requests))


async def run_against_all(faults: Iterable[Fault], *, remembering: bool) -> list[Ran]:
    lanes = asyncio.Semaphore(AT_ONCE)

    async def one(fault: Fault) -> Ran:
        if fault.name in WAITING:
            return await run_against(fault, remembering=remembering)
        async with lanes:
            return await run_against(fault, remembering=remembering)

    return await asyncio.gather(*(one(fault) for fault in faults))


def table(ran: Iterable[Ran]) -> str:
    return "\n" + "\n".join(one.line for one in ran)


def share(ran: Sequence[Ran], fits: Sequence[Ran]) -> float:
    return len(fits) / len(ran)


BROKEN = [fault for fault in all_faults() if fault.cause]
HEALTHY = [fault for fault in all_faults() if fault.healthy]


def test_there_is_a_fault_for_every_cause_that_the_network_tells_something_of() -> None:
    assert len(BROKEN) >= 45
    assert {name for name, cause in CAUSES.causes.items() if cause.remote != "hidden"} <= {f.cause for f in BROKEN}


async def test_with_the_memory_of_a_healthy_run_the_true_cause_stands_where_it_should() -> None:
    ran = await run_against_all(BROKEN, remembering=True)
    decided, shown, hidden = ([one for one in ran if one.kind == kind] for kind in ("decides", "shows", "hidden"))

    first = [one for one in decided if one.is_first]
    assert share(decided, first) >= 0.95, table(one for one in decided if one not in first)

    grouped = [one for one in shown if one.is_in_first_group and (one.report.splits or one.group == 1)]
    assert share(shown, grouped) >= 0.90, table(one for one in shown if one not in grouped)

    for one in hidden:
        suspect = one.report.suspects[one.place - 1]
        assert one.place, one.line
        assert not suspect.visible, one.line
        assert suspect.command, one.line

    assert no_truth_is_ruled_out(ran)
    assert max(one.report.took_ms for one in ran) < (RUN + 2) * 1000
    assert {verb for one in ran for verb in one.verbs} == {"GET"}


def no_truth_is_ruled_out(ran: Iterable[Ran]) -> bool:
    out = [one for one in ran if not one.place or one.report.suspects[one.place - 1].standing == "ruled_out"]
    assert not out, table(out)
    return True


@pytest.mark.parametrize("fault", HEALTHY, ids=[fault.name for fault in HEALTHY])
@pytest.mark.parametrize("remembering", [True, False], ids=["remembered", "new"])
async def test_of_a_healthy_server_nothing_is_suspected(fault: Fault, remembering: bool) -> None:
    report = (await run_against(fault, remembering=remembering)).report
    unwell = [f"{one.check}: {one.summary}" for one in report.findings if one.verdict not in ("ok", "skipped")]
    assert report.verdict == "ok", unwell
    assert {one.standing for one in report.suspects} <= {"possible", "ruled_out"}


async def test_without_memory_most_true_causes_still_stand_in_the_first_group() -> None:
    ran = await run_against_all(BROKEN, remembering=False)
    visible = [one for one in ran if one.kind != "hidden"]
    for those in (ran, visible):
        found = [one for one in those if one.is_first or one.is_in_first_group]
        assert share(those, found) >= 0.70, table(one for one in those if one not in found)
    assert no_truth_is_ruled_out(ran)
    assert max(one.report.took_ms for one in ran) < (RUN + 2) * 1000
    assert {verb for one in ran for verb in one.verbs} == {"GET"}


# --- the read-only promise -------------------------------------------------------------------


async def test_whatever_is_not_known_for_sending_only_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeat, "PAUSE", 0.0)  # seconds between its questions
    reading = [check for check in CATALOGUE.values() if check.id not in SENDING]
    assert len(reading) > len(USUAL)
    said = {"inside": True, "internal_name": "127.0.0.1", "ca_host": "127.0.0.1", "may_poll": True}
    for name in ("healthy", "healthy-plain", "ra-expired"):
        fault = next(fault for fault in all_faults() if fault.name == name)
        assert (await run_against(fault, remembering=True, checks=reading, **said)).verbs == {"GET"}


@pytest.mark.parametrize("asked", SENDING)
async def test_a_post_is_sent_only_where_it_was_asked_for(asked: str) -> None:
    ran = await run_against(HEALTHY[0], remembering=True, checks=[CATALOGUE[asked]], may_poll=True)
    assert ran.verbs == {"GET", "POST"}


async def test_a_poll_is_not_sent_where_no_administrator_allowed_it() -> None:
    ran = await run_against(HEALTHY[0], remembering=True, checks=[CATALOGUE["scep-poll"]])
    assert "POST" not in ran.verbs


@pytest.mark.parametrize("fault", HEALTHY, ids=[fault.name for fault in HEALTHY])
async def test_no_certificate_is_ever_issued(fault: Fault) -> None:
    sending = [CATALOGUE[name] for name in SENDING]
    report = (await run_against(fault, remembering=True, checks=sending, may_poll=True)).report
    answered = [one for one in report.findings if "pki_status" in one.evidence]
    assert answered
    assert {one.evidence["pki_status"] for one in answered} == {2}  # FAILURE, RFC 8894 section 3.2.1.3
    assert not any(one.evidence.get("alarm") for one in report.findings)
