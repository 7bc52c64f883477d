"""How a test puts one check to the fake wire: a server, a time, and the finding that comes back."""

from datetime import UTC, datetime
from typing import Any

from bot.findings import Finding, Past, Server
from bot.ports import Check
from tests.checks.fake_wire import FakeWire

SITE = "https://ndes.corp.example"
URL = f"{SITE}/certsrv/mscep/mscep.dll"
CAPS_URL = f"{URL}?operation=GetCACaps&message=ca"
HOST = "ndes.corp.example"
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def server(**more: Any) -> Server:
    """A registered server, Intune and direct unless said otherwise."""
    return Server(**{"name": "ndes01", "url": URL, **more})


async def found(check: Check, wire: FakeWire, past: Past | None = None, **more: Any) -> Finding:
    """What the check finds; its id and its words must be in order."""
    finding = await check.run(server(**more), wire, NOW, past or Past())
    assert finding.check == check.id
    assert finding.summary.endswith(".")
    assert finding.summary.isprintable()
    return finding


def outcome(finding: Finding) -> str:
    """The one outcome word."""
    ((_, word),) = finding.outcomes
    return word
