"""The checks over the real wire, against the pretend server: well where it is well, and the right word where not."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest

from bot.errors import ProbeError
from bot.findings import Finding, Past
from bot.ports import Check
from connectors import checks
from connectors.guard import Guard
from connectors.lab.server import Lab
from connectors.wire import RunWire

LAB = Guard([ip_network("127.0.0.0/8"), ip_network("::1/128")], any_port=True)
CATALOGUE = {check.id: check for check in checks.catalogue()}
USUAL = [check for check in CATALOGUE.values() if check.usual]
NOT_ASKED = {"tls-legacy", "http80", "inside-twin", "nodes"}
"""Checks that have nothing to ask of one healthy server on one address and a port of its own."""

WITHOUT_MEMORY = [
    ("ra-expired", "ra-certificates", "fail", "expired"),
    ("ra-encryption-expired", "ra-certificates", "fail", "expired"),
    ("ra-no-encryption", "ra-certificates", "fail", "no_encryption"),
    ("ra-no-signature", "ra-certificates", "fail", "no_signature"),
    ("ra-foreign", "ra-certificates", "fail", "wrong_issuer"),
    ("ra-of-replaced-key", "ra-certificates", "fail", "bad_signature"),
    ("ra-sha1", "ra-certificates", "warn", "weak_or_pss"),
    ("ra-pss", "ra-certificates", "warn", "weak_or_pss"),
    ("ra-revoked", "ra-revoked", "fail", "yes"),
    ("ra-revoked-delta", "ra-revoked", "fail", "yes"),
    ("crl-expired", "crl-base", "fail", "expired"),
    ("delta-crl-expired", "crl-delta", "fail", "expired"),
    ("crl-bad-signature", "crl-base", "fail", "bad_signature"),
    ("crl-missing-after-start", "crl-base", "warn", "unreachable"),
    ("root-crl-expired", "crl-root", "fail", "expired"),
    ("address-rule-403", "scep-caps", "fail", "403_iis"),
    ("firewall-403-operations", "scep-caps", "fail", "403_other"),
    ("ra-deleted-500", "scep-caps", "fail", "500_iis"),
    ("pool-stopped", "scep-caps", "fail", "503_httpsys"),
]
WITH_MEMORY = [
    ("ra-expired-500", "ra-certificates", "fail", "expired"),
    ("ra-revoked-500", "ra-revoked", "fail", "yes"),
    ("crl-expired-500", "crl-base", "fail", "expired"),
    ("crl-missing-500", "crl-base", "warn", "unreachable"),
    ("crl-dropped-500", "crl-base", "warn", "unreachable"),
    ("crl-page-500", "crl-base", "warn", "unreachable"),
    ("delta-crl-expired-500", "crl-delta", "fail", "expired"),
    ("delta-crl-missing-500", "crl-delta", "warn", "unreachable"),
    ("root-crl-expired-500", "crl-root", "fail", "expired"),
    ("crl-missing-503", "crl-base", "warn", "unreachable"),
]


async def looked(lab: Lab, chosen: Collection[Check], past: Past | None = None, **more: Any) -> dict[str, Finding]:
    """What the checks find, side by side over one wire; a check that only tells of trouble is not there."""
    server = replace(lab.server(), **more)
    found: dict[str, Finding] = {}

    async def one(check: Check, wire: RunWire) -> None:
        with suppress(ProbeError):
            async with asyncio.timeout(check.deadline):
                found[check.id] = await check.run(server, wire, datetime.now(UTC), past or Past())

    async with RunWire(server.url, LAB, roots=server.roots) as wire:
        await asyncio.gather(*(one(check, wire) for check in chosen))
    return found


async def just(lab: Lab, check: str, past: Past | None = None, **more: Any) -> Finding:
    return (await looked(lab, [CATALOGUE[check]], past, **more))[check]


async def test_every_usual_check_is_well_on_a_healthy_server() -> None:
    async with Lab("healthy") as lab:
        found = await looked(lab, USUAL, lab.past())
        assert {name: finding.verdict for name, finding in found.items() if finding.verdict != "ok"} == dict.fromkeys(
            NOT_ASKED, "skipped"
        )
        assert {seen.method for seen in lab.requests} == {"GET"}


@pytest.mark.parametrize("fault", ["healthy-plain", "healthy-new-connector", "healthy-app-proxy", "healthy-old-caps"])
async def test_other_healthy_servers_are_well_too(fault: str) -> None:
    mine = [check for check in USUAL if "R12" <= check.catalogue <= "R20"]
    async with Lab(fault) as lab:
        found = await looked(lab, mine)
    assert {name: finding.verdict for name, finding in found.items()} == {check.id: "ok" for check in mine}


async def test_a_crl_in_the_directory_only_is_no_fault() -> None:
    async with Lab("healthy-ldap-crl") as lab:
        found = await looked(lab, USUAL)
    skipped = {name for name, finding in found.items() if finding.verdict == "skipped"}
    assert {"crl-base", "crl-delta", "ra-revoked"} <= skipped
    assert all(finding.verdict in ("ok", "skipped") for finding in found.values())


@pytest.mark.parametrize(("fault", "check", "verdict", "word"), WITHOUT_MEMORY)
async def test_what_the_network_shows_has_its_word(fault: str, check: str, verdict: str, word: str) -> None:
    async with Lab(fault) as lab:
        finding = await just(lab, check)
    assert (finding.verdict, [said for _, said in finding.outcomes]) == (verdict, [word])


@pytest.mark.parametrize(("fault", "check", "verdict", "word"), WITH_MEMORY)
async def test_what_a_failing_server_hides_is_judged_from_memory(
    fault: str, check: str, verdict: str, word: str
) -> None:
    async with Lab(fault) as lab:
        finding = await just(lab, check, lab.past())
        forgetful = await just(lab, check)
    assert (finding.verdict, [said for _, said in finding.outcomes]) == (verdict, [word])
    assert finding.evidence["from_memory"] is True
    assert (forgetful.verdict, forgetful.outcomes) == ("unknown", ())


async def test_a_pool_that_dies_is_asked_nothing_after_the_first_question() -> None:
    async with Lab("pool-crashing") as lab:
        found = await looked(lab, USUAL, lab.past())
        assert sum("/certsrv/" in seen.target.lower() for seen in lab.requests) == 1
    assert found["ra-certificates"].verdict == "ok"
    assert found["ra-certificates"].evidence["from_memory"] is True


# --- the messages ----------------------------------------------------------------------------


async def test_certpoll_is_refused_and_both_keys_are_proven() -> None:
    async with Lab("healthy") as lab:
        finding = await just(lab, "scep-poll", may_poll=True)
        assert [seen.method for seen in lab.requests].count("POST") == 1
    assert finding.outcomes == (("poll", "certrep_FAILURE_badCertId"),)


async def test_a_request_without_a_challenge_is_refused() -> None:
    async with Lab("healthy") as lab:
        finding = await just(lab, "scep-request")
    assert finding.outcomes == (("request", "certrep_FAILURE_badRequest"),)


async def test_a_worker_that_dies_at_the_policy_module_is_seen_by_both() -> None:
    async with Lab("intermediate-in-root-store-crash") as lab:
        poll, request = await just(lab, "scep-poll", may_poll=True), await just(lab, "scep-request")
    assert poll.outcomes == (("poll", "dropped"),)
    assert request.outcomes == (("request", "dropped"),)


async def test_a_plain_server_gets_no_request() -> None:
    async with Lab("healthy-plain") as lab:
        assert (await just(lab, "scep-request")).verdict == "skipped"
        assert (await just(lab, "scep-request", module="intune")).verdict == "skipped"
        assert all(seen.method == "GET" for seen in lab.requests)


# --- more than one answer --------------------------------------------------------------------


async def test_a_node_that_is_down_is_found_by_asking_again() -> None:
    async with Lab("caps-flapping") as lab:
        assert (await just(lab, "repeat")).verdict == "warn"
    async with Lab("healthy") as lab:
        assert (await just(lab, "repeat")).verdict == "ok"


async def test_the_internal_name_is_compared_with_the_public_one() -> None:
    async with Lab("healthy") as lab:
        finding = await just(lab, "inside-twin", inside=True, internal_name="127.0.0.1")
    assert finding.verdict == "ok"
    assert finding.evidence["inside_cacert"] == finding.evidence["outside_cacert"]
