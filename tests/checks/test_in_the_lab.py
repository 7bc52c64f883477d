"""The checks over real sockets: all is well on a healthy server, and each fault has its word."""

import asyncio
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from bot.errors import ProbeError
from bot.findings import Finding
from bot.ports import Check
from connectors.checks import (
    admin,
    clock,
    crp,
    front,
    http80,
    names,
    post_size,
    root_page,
    scep_base,
    scep_next,
    scep_pkiclient,
    tcp,
    tls,
    tls_changed,
    tls_internal_name,
    tls_legacy,
    tls_verify,
    url_length,
)
from connectors.guard import Guard
from connectors.lab.server import Lab
from connectors.wire import RunWire

HERE = Guard([ip_network("127.0.0.0/8")], any_port=True)
"""Only this computer, on whatever port a lab has."""
ASKED = (
    names, tcp, tls, tls_legacy, tls_verify, tls_changed, tls_internal_name, front, clock,
    scep_base, scep_pkiclient, url_length, post_size, scep_next, admin, crp, root_page, http80,
)  # fmt: skip
NOT_ASKED = {"tls-legacy", "http80"}
"""Those that have nothing to ask on a healthy lab: current TLS works, and its port is not 443."""


async def looked(lab: Lab, *checks: Check) -> dict[str, Finding]:
    """What the checks find in one run; those that got no answer are missing."""
    target = lab.server()
    found: dict[str, Finding] = {}
    resolve = {lab.host: "127.0.0.1"} if not lab.fault.url_host else None

    async with RunWire(target.url, HERE, roots=target.roots, resolve=resolve) as wire:

        async def one(check: Check) -> None:
            try:
                found[check.id] = await check.run(target, wire, datetime.now(UTC), lab.past())
            except ProbeError as error:
                assert error.trouble != "guarded", error

        await asyncio.gather(*(one(check) for check in checks))
    return found


@pytest.mark.parametrize(
    "fault", ["healthy", "healthy-plain", "healthy-new-connector", "healthy-old-caps", "healthy-app-proxy"]
)
async def test_all_is_well_on_a_healthy_server(fault: str) -> None:
    async with Lab(fault) as lab:
        found = await looked(lab, *(module.CHECK for module in ASKED))
        # The certificate that the application proxy shows is not that of NDES.
        proxied = {"tls-internal-name"} if lab.fault.front == "app-proxy" else set()
    assert len(found) == len(ASKED)
    unwell = {one.check: one.summary for one in found.values() if one.verdict != "ok"}
    assert unwell.keys() == NOT_ASKED | proxied


FAULTS: list[tuple[str, Check, tuple[tuple[str, str], ...]]] = [
    ("port-closed", tcp.CHECK, (("tcp", "refused"),)),
    ("port-reset", tls.CHECK, (("tls", "reset"),)),
    ("babble", tls.CHECK, (("tls", "handshake_failed"),)),
    ("client-certificate-403", tls.CHECK, (("tls", "client_cert_asked"),)),
    ("client-certificate-tls-1-2", tls.CHECK, (("tls", "client_cert_asked"),)),
    ("tls-1-0-only", tls.CHECK, (("tls", "reset"),)),
    ("tls-1-0-only", tls_legacy.CHECK, (("tls", "legacy_only"),)),
    ("tls-1-1-only", tls_legacy.CHECK, (("tls", "legacy_only"),)),
    ("tls-name-mismatch", tls_verify.CHECK, (("tls_cert", "name_mismatch"),)),
    ("tls-common-name-only", tls_verify.CHECK, (("tls_cert", "name_mismatch"),)),
    ("tls-expired", tls_verify.CHECK, (("tls_cert", "expired"),)),
    ("tls-not-yet-valid", tls_verify.CHECK, (("tls_cert", "not_yet_valid"),)),
    ("tls-self-signed", tls_verify.CHECK, (("tls_cert", "self_signed"),)),
    ("tls-missing-intermediate", tls_verify.CHECK, (("tls_cert", "missing_intermediate"),)),
    ("tls-ends-soon", tls_verify.CHECK, (("tls_cert", "ok"),)),
    ("app-proxy-own-certificate", tls_verify.CHECK, (("tls_cert", "name_mismatch"), ("tls_cert", "appproxy_name"))),
    ("tls-renewed", tls_changed.CHECK, (("tls_baseline", "renewed"),)),
    ("healthy", tls_changed.CHECK, (("tls_baseline", "same"),)),
    ("internal-name-missing", tls_internal_name.CHECK, (("tls_cert", "internal_name_missing"),)),
    ("app-proxy-504-no-group", front.CHECK, (("ap_error", "EmptyConnectorGroup"),)),
    ("app-proxy-502-backend", front.CHECK, (("ap_error", "BackendServiceUnavailable"),)),
    ("policy-module-absent", scep_base.CHECK, (("base", "200_general"),)),
    ("firewall-403", scep_base.CHECK, (("base", "403_other"),)),
    ("ra-expired-500", scep_base.CHECK, (("base", "500_iis"),)),
    ("pool-stopped", scep_base.CHECK, (("base", "503_httpsys"),)),
    ("pool-stopped-nameless", scep_base.CHECK, (("base", "503_httpsys"),)),
    ("pool-stopped-app-proxy", scep_base.CHECK, (("base", "503_httpsys"),)),
    ("pool-crashing", scep_base.CHECK, (("base", "dropped"),)),
    ("pool-resetting", scep_base.CHECK, (("base", "reset"),)),
    ("answer-truncated", scep_base.CHECK, (("base", "truncated"),)),
    ("app-proxy-502", scep_base.CHECK, (("base", "502_appproxy"),)),
    ("app-proxy-504", scep_base.CHECK, (("base", "504_appproxy"),)),
    ("app-proxy-404-path", scep_base.CHECK, (("base", "404_iis"),)),
    ("app-proxy-login", scep_base.CHECK, (("base", "302_login"),)),
    ("anonymous-off", scep_base.CHECK, (("base", "401_iis"),)),
    ("request-filtering-2048", url_length.CHECK, (("url_2300", "404_iis"),)),
    ("request-filtering-4096", url_length.CHECK, (("url_2300", "ok"), ("url_5000", "404_iis"))),
    (
        "http-sys-400",
        url_length.CHECK,
        (("url_2300", "ok"), ("url_5000", "ok"), ("url_17500", "400_httpsys")),
    ),
    (
        "http-sys-414",
        url_length.CHECK,
        (("url_2300", "ok"), ("url_5000", "ok"), ("url_17500", "414_httpsys")),
    ),
    (
        "http-sys-30000",
        url_length.CHECK,
        (("url_2300", "ok"), ("url_5000", "ok"), ("url_17500", "ok"), ("url_31000", "400_httpsys")),
    ),
    ("payload-413", post_size.CHECK, (("post_64k", "413_iis"),)),
    ("payload-413-proxy", post_size.CHECK, (("post_64k", "413_other"),)),
    ("payload-404", post_size.CHECK, (("post_64k", "404_iis"),)),
    ("healthy", admin.CHECK, (("admin", "401_ntlm"),)),
    ("admin-open", admin.CHECK, (("admin", "200_challenge"),)),
    ("pool-stopped", admin.CHECK, (("admin", "503_httpsys"),)),
    ("crp-windows-sign-in", crp.CHECK, (("crp", "401_iis"),)),
    ("crp-500", crp.CHECK, (("crp", "500_iis"),)),
    ("healthy-new-connector", crp.CHECK, (("crp", "404_iis"),)),
]


@pytest.mark.parametrize(("fault", "check", "words"), FAULTS, ids=[f"{fault}, {one.id}" for fault, one, _ in FAULTS])
async def test_each_fault_has_its_word(fault: str, check: Check, words: tuple[tuple[str, str], ...]) -> None:
    async with Lab(fault) as lab:
        found = await looked(lab, check)
    assert found[check.id].outcomes == words


async def test_a_name_that_does_not_exist_is_told() -> None:
    async with Lab("name-missing-direct") as lab:
        found = await looked(lab, names.CHECK)
    assert found["names"].outcomes[0][0] == "dns"
    assert found["names"].verdict in ("fail", "unknown")  # unknown where this computer has no name server at all


@pytest.mark.parametrize(("fault", "verdict"), [("clock-ahead", "fail"), ("clock-behind", "warn")])
async def test_a_wrong_clock_is_told(fault: str, verdict: str) -> None:
    async with Lab(fault) as lab:
        assert (await looked(lab, clock.CHECK))["clock"].verdict == verdict
