"""Old versions are only offered where the current ones fail."""

from dataclasses import replace

import pytest

from bot.errors import ProbeError, Trouble
from connectors.checks.tls_legacy import CHECK
from tests.checks.asking import HOST, found
from tests.checks.fake_wire import HEALTHY_TLS, FakeWire

OLD = replace(HEALTHY_TLS, version="TLSv1", cipher="AES128-SHA")


async def test_where_current_tls_works_old_tls_is_not_offered() -> None:
    wire = FakeWire(services={HOST: HEALTHY_TLS}, legacy={HOST: OLD})
    finding = await found(CHECK, wire)
    assert (finding.verdict, finding.outcomes) == ("skipped", ())
    assert wire.asked == [("TLS", f"{HOST}:443")]


@pytest.mark.parametrize("trouble", ["tls", "reset", "dropped"])
async def test_a_server_of_old_tls_only_is_found(trouble: Trouble) -> None:
    finding = await found(CHECK, FakeWire(services={HOST: trouble}, legacy={HOST: OLD}))
    assert (finding.verdict, finding.outcomes) == ("fail", (("tls", "legacy_only"),))
    assert finding.evidence == {"version": "TLSv1"}


async def test_a_server_that_fails_with_every_version_is_not_blamed_for_old_ones() -> None:
    finding = await found(CHECK, FakeWire(services={HOST: "tls"}, legacy={HOST: "tls"}))
    assert (finding.verdict, finding.outcomes) == ("fail", ())


@pytest.mark.parametrize("trouble", ["refused", "timeout", "guarded"])
async def test_a_server_that_cannot_be_reached_is_not_asked_twice(trouble: Trouble) -> None:
    wire = FakeWire(services={HOST: trouble}, legacy={HOST: OLD})
    with pytest.raises(ProbeError):
        await found(CHECK, wire)
    assert wire.requests == 1


async def test_plain_http_has_no_handshake() -> None:
    assert (await found(CHECK, FakeWire(), url=f"http://{HOST}/x/mscep.dll")).verdict == "skipped"
