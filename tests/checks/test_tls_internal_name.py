"""The certificate of NDES must also name it as its policy module calls it."""

from dataclasses import replace
from typing import Any

from bot.findings import Finding
from connectors.checks.tls_internal_name import CHECK
from tests.checks.asking import HOST, found
from tests.checks.certificates import certificate
from tests.checks.fake_wire import HEALTHY_TLS, FakeWire

INSIDE = "ndes01.corp.local"


async def looked(public: list[str], within: list[str] | None = None, **more: Any) -> Finding:
    services = {HOST: replace(HEALTHY_TLS, chain=(certificate(public),))}
    if within is not None:
        services[INSIDE] = replace(HEALTHY_TLS, chain=(certificate(within),))
    return await found(CHECK, FakeWire(services={**services}), internal_name=INSIDE, **more)


async def test_a_certificate_with_both_names_is_well() -> None:
    finding = await looked([HOST, INSIDE.upper()])
    assert (finding.verdict, finding.outcomes) == ("ok", (("tls_cert", "internal_name_present"),))
    assert finding.evidence["missing"] == []


async def test_a_wildcard_counts() -> None:
    assert (await looked([HOST, "*.corp.local"])).verdict == "ok"


async def test_a_certificate_without_the_internal_name_fails() -> None:
    finding = await looked([HOST])
    assert (finding.verdict, finding.outcomes) == ("fail", (("tls_cert", "internal_name_missing"),))
    assert finding.evidence["missing"] == [INSIDE]


async def test_behind_an_application_proxy_only_a_bot_inside_can_look() -> None:
    assert (await looked([HOST], front="app-proxy")).verdict == "skipped"
    assert (await looked([HOST], [INSIDE], front="app-proxy", inside=True)).verdict == "ok"
    assert (await looked([HOST], ["other.local"], front="app-proxy", inside=True)).verdict == "fail"


async def test_without_an_internal_name_there_is_nothing_to_look_for() -> None:
    wire = FakeWire()
    assert (await found(CHECK, wire)).verdict == "skipped"
    assert wire.requests == 0


async def test_what_is_no_certificate_leaves_it_unknown() -> None:
    for chain in ((), (b"\x30\x82",)):
        wire = FakeWire(services={HOST: replace(HEALTHY_TLS, chain=chain)})
        assert (await found(CHECK, wire, internal_name=INSIDE)).verdict == "unknown"


async def test_plain_http_has_no_certificate() -> None:
    finding = await found(CHECK, FakeWire(), internal_name=INSIDE, url=f"http://{HOST}/x/mscep.dll")
    assert finding.verdict == "skipped"
