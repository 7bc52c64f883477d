"""The certificate is compared with the one of the last good run."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from bot.errors import ProbeError
from bot.findings import Finding, Past
from connectors.checks.tls_changed import CHECK
from tests.checks.asking import HOST, NOW, found
from tests.checks.fake_wire import HEALTHY_TLS, FakeWire

KNOWN = sha256(b"old").hexdigest()


async def compared(now: bytes, **more: Any) -> Finding:
    look = replace(HEALTHY_TLS, chain=(now, b"issuer"))
    return await found(CHECK, FakeWire(services={HOST: look}), Past(at=NOW, tls=KNOWN), **more)


async def test_the_same_certificate_is_well() -> None:
    finding = await compared(b"old")
    assert (finding.verdict, finding.outcomes) == ("ok", (("tls_baseline", "same"),))


async def test_a_renewed_certificate_is_a_warning() -> None:
    finding = await compared(b"new")
    assert (finding.verdict, finding.outcomes) == ("warn", (("tls_baseline", "renewed"),))
    assert finding.evidence["old_sha256"] == KNOWN
    assert finding.evidence["new_sha256"] == sha256(b"new").hexdigest()
    assert finding.evidence["since"] == NOW.isoformat()


@pytest.mark.parametrize("now", [b"old", b"new"])
async def test_the_certificate_of_an_application_proxy_says_nothing_about_ndes(now: bytes) -> None:
    finding = await compared(now, front="app-proxy")
    assert (finding.verdict, finding.outcomes) == ("ok", ())


async def test_without_memory_there_is_nothing_to_compare() -> None:
    wire = FakeWire(services={HOST: HEALTHY_TLS})
    finding = await found(CHECK, wire)
    assert (finding.verdict, finding.outcomes) == ("skipped", ())
    assert wire.requests == 0


async def test_without_a_certificate_nothing_is_known() -> None:
    wire = FakeWire(services={HOST: HEALTHY_TLS})
    assert (await found(CHECK, wire, Past(tls=KNOWN))).verdict == "unknown"


async def test_without_a_handshake_nothing_is_known() -> None:
    with pytest.raises(ProbeError):
        await found(CHECK, FakeWire(services={HOST: "tls"}), Past(tls=KNOWN))


async def test_plain_http_has_no_certificate() -> None:
    url = f"http://{HOST}/x/mscep.dll"
    assert (await found(CHECK, FakeWire(), Past(tls=KNOWN), url=url)).verdict == "skipped"
