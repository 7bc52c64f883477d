"""The clock of the server is read from its own answer."""

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest

from bot.errors import ProbeError
from bot.findings import Finding
from connectors.checks.clock import CHECK
from tests.checks import pages
from tests.checks.asking import NOW, URL, found
from tests.checks.fake_wire import FakeWire, reply


async def told(seconds: int) -> Finding:
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    return await found(CHECK, FakeWire(pages={URL: reply(403, pages.iis(403), {**pages.IIS, "Date": date})}))


@pytest.mark.parametrize("seconds", [0, 120, -120])
async def test_a_clock_that_is_nearly_right_is_well(seconds: int) -> None:
    finding = await told(seconds)
    assert (finding.verdict, finding.evidence, finding.outcomes) == ("ok", {"skew_s": seconds}, ())


@pytest.mark.parametrize("seconds", [121, 300, -121, -300])
async def test_two_minutes_are_a_warning(seconds: int) -> None:
    assert (await told(seconds)).verdict == "warn"


@pytest.mark.parametrize(("seconds", "way"), [(301, "ahead of"), (-301, "behind"), (10**8, "ahead of")])
async def test_five_minutes_are_a_failure_that_says_which_way(seconds: int, way: str) -> None:
    finding = await told(seconds)
    assert finding.verdict == "fail"
    assert way in finding.summary


async def test_the_time_that_the_answer_took_is_no_fault_of_the_clock() -> None:
    date = format_datetime(NOW + timedelta(seconds=140), usegmt=True)
    slow = replace(reply(403, pages.iis(403), {**pages.IIS, "Date": date}), took_ms=30_000.0)
    assert (await found(CHECK, FakeWire(pages={URL: slow}))).evidence == {"skew_s": 110}


@pytest.mark.parametrize("date", ["", "soon", "Mon, 99 Foo 2026 00:00:00 GMT"])
async def test_without_a_readable_time_nothing_is_known(date: str) -> None:
    wire = FakeWire(pages={URL: reply(403, pages.iis(403), {**pages.IIS, "Date": date})})
    assert (await found(CHECK, wire)).verdict == "unknown"


async def test_the_clock_of_somebody_else_is_not_that_of_ndes() -> None:
    headers = {**pages.APP_PROXY, "Date": "Sat, 21 Nov 2020 10:00:00 GMT"}
    assert (await found(CHECK, FakeWire(pages={URL: reply(504, b"", headers)}))).verdict == "unknown"


async def test_without_an_answer_nothing_is_known() -> None:
    with pytest.raises(ProbeError):
        await found(CHECK, FakeWire(pages={URL: "timeout"}))
