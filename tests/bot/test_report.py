"""The title of a report says how much is left open, in the right number."""

import pytest

from bot.findings import Finding, Report, Server, Suspect
from bot.report import changes, told
from knowledge.library import Library
from tests.fakes import NOON

NDES = Server("ndes01", "https://ndes.example.org/certsrv/mscep/mscep.dll")
SUSPECTS = (
    Suspect("app-pool-stopped", "scep-app-pool-stopped-503", "likely", "http.sys wrote the 503."),
    Suspect("ra-certificates-expired", "ndes-500-ra-certificates-expired", "likely", ""),
    Suspect("crl-expired", "crl-offline", "likely", ""),
)


@pytest.mark.parametrize(("suspects", "more"), [(1, ""), (2, " (or 1 other)"), (3, " (or 2 others)")])
def test_a_title_says_how_many_other_causes_are_left(library: Library, suspects: int, more: str) -> None:
    found = (Finding("scep-base", "fail", "503"),)
    title = told(Report(NDES, NOON, "fail", found, SUSPECTS[:suspects], 1, 1.0), library).title
    assert title.partition(" (or")[0].startswith("ndes01: likely ")
    assert title.removeprefix(title.partition(" (or")[0]) == more


def test_a_title_says_how_many_checks_differ() -> None:
    now, good = (
        tuple(Finding(check, verdict, verdict) for check in ("tcp", "tls"))  # type: ignore[arg-type]
        for verdict in ("fail", "ok")
    )
    assert changes(Report(NDES, NOON, "fail", now, (), 1, 1.0), good[:1]).title.endswith(
        "1 difference from the last good run"
    )
    assert changes(Report(NDES, NOON, "fail", now, (), 1, 1.0), good).title.endswith(
        "2 differences from the last good run"
    )
