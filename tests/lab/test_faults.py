"""The table of faults: complete, named well, and every one of them does over real sockets what it says."""

import asyncio
import re
import ssl
from typing import get_args

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bot.errors import BadRequest
from connectors.lab.faults import ACTS, Fault, Place, all_faults, before, fault_of
from connectors.lab.pages import ANSWERS
from connectors.lab.pki import FILES
from connectors.lab.server import SCEP_PATH, Lab
from tests.lab.asking import ADMIN, CACERT, CAPS, CRP, Heard, ask, enter, trusting

VISIBLE_FROM_OUTSIDE = [
    "app-proxy-name-or-url-wrong",
    "network-path-blocked",
    "app-proxy-connector-stopped",
    "app-proxy-cannot-reach-ndes",
    "app-proxy-preauthentication",
    "app-proxy-domain-certificate",
    "tls-name-mismatch",
    "tls-certificate-expired",
    "tls-chain-untrusted",
    "tls-old-only",
    "front-403-rule",
    "request-filtering-too-small",
    "http-sys-limits-too-small",
    "scep-anonymous-off",
    "scep-pool-stopped",
    "ra-certificates-expired",
    "ra-certificates-revoked",
    "root-crl-expired",
    "crl-expired",
    "policy-module-absent",
]
"""Causes that a look from outside decides."""

SEEN_FROM_OUTSIDE = [
    "payload-too-large",
    "crl-unreachable-after-start",
    "policy-thumbprint-stale",
    "service-account-locked",
    "service-account-password",
    "impersonation-right",
    "account-not-in-iis-iusrs",
    "ra-key-not-readable",
    "logon-right-missing",
    "pool-identity-wrong",
    "load-user-profile-off",
    "ra-certificates-missing-or-foreign",
    "ca-unreachable",
    "crl-not-fetchable",
    "system-proxy-missing",
    "internal-name-missing",
]
"""Causes that a look from outside shows among others."""

HIDDEN = [
    "crp-windows-authentication",
    "intermediate-in-root-store",
    "policy-certificate-expired",
    "crp-client-certificate-refused",
    "signing-certificate-missing",
    "connector-stopped-or-old",
    "connector-cannot-reach-intune",
    "challenge-expired-or-wrong",
    "crp-cannot-write-temp",
    "template-enroll-right",
    "template-not-published",
    "ca-denies",
    "password-cache-full",
    "profile-not-assigned",
    "device-lacks-ca",
    "device-refuses-certificate",
    "connector-does-not-report",
]
"""Causes that nobody sees from outside."""

FAULTS = {fault.name: fault for fault in all_faults()}
OPEN = [fault for fault in FAULTS.values() if fault.manner == "open"]
ASKED: dict[Place, str] = {
    "base": SCEP_PATH,
    "caps": CAPS,
    "cacert": CACERT,
    "admin": ADMIN,
    "crp": CRP,
}
SHORT = 0.3  # seconds after which nothing has come


# --- the table -------------------------------------------------------------------------------


def test_there_are_enough_faults() -> None:
    assert sum(not fault.healthy for fault in FAULTS.values()) >= 45
    assert len(FAULTS) == len(all_faults())


@pytest.mark.parametrize("cause", VISIBLE_FROM_OUTSIDE + SEEN_FROM_OUTSIDE)
def test_every_cause_that_can_be_seen_has_a_fault(cause: str) -> None:
    assert any(fault.cause == cause for fault in FAULTS.values())


def test_no_fault_stands_for_an_unknown_cause() -> None:
    known = {"", *VISIBLE_FROM_OUTSIDE, *SEEN_FROM_OUTSIDE, *HIDDEN}
    assert {fault.cause for fault in FAULTS.values()} <= known


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_a_fault_is_written_well(fault: Fault) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fault.name)
    assert fault.does.endswith(".")
    assert not (fault.healthy and fault.cause)
    assert fault.healthy == fault.name.startswith("healthy")
    answers = {*fault.answers.values(), fault.head_refusal, fault.post_refusal}
    assert answers <= {*ANSWERS, *ACTS}
    assert not fault.other or fault_of(fault.other)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_before_a_fault_all_was_well(fault: Fault) -> None:
    past = before(fault)
    assert past.healthy
    assert past.front == fault.front
    assert past.answer("cacert") == "cacert"


def test_certificates_that_ran_out_are_the_same_as_before() -> None:
    assert before(fault_of("ra-expired-500")).ra == "expired"
    assert before(fault_of("tls-expired")).tls == "expired"
    assert before(fault_of("ra-foreign")).ra == "good"
    assert before(fault_of("tls-renewed")).tls == "good"


def test_only_with_memory_is_what_http_500_hides() -> None:
    for fault in FAULTS.values():
        if fault.needs_memory:
            hidden = fault.answer("cacert") != "cacert"
            assert hidden or fault.tls == "renewed", fault.name


def test_an_unknown_fault_is_refused_in_words() -> None:
    with pytest.raises(BadRequest, match=r"no fault 'unheard-of'.*--list"):
        fault_of("unheard-of")


# --- every one of them, over sockets ---------------------------------------------------------


@pytest.mark.parametrize("fault", OPEN, ids=lambda fault: fault.name)
async def test_a_fault_answers_as_its_table_says(fault: Fault) -> None:
    if fault.client == "required":
        pytest.skip("nobody comes as far as HTTP; the tests of TLS look at these")
    async with Lab(fault.name, pace=0.0) as lab:
        for place, path in ASKED.items():
            await _answers_as(lab, fault.answer(place), path)


async def _answers_as(lab: Lab, named: str, path: str) -> None:
    context = trusting(legacy=lab.fault.versions in ("1.0", "1.1"))
    asking = ask(lab, path, context=context, patience=SHORT if named == "hang" else 10.0)
    match named:
        case "drop" | "reset":
            with pytest.raises((ConnectionError, EOFError, ssl.SSLError)):
                await asking
        case "hang":
            with pytest.raises(TimeoutError):
                await asking
        case "garbage":
            with pytest.raises(ValueError, match="no HTTP"):
                await asking
        case "truncate":
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await asking
        case "cacert":
            heard = await asking
            assert (heard.status, heard.header("Content-Type")) == (200, "application/x-x509-ca-ra-cert")
            assert heard.body == lab.pki.bundle(lab.fault.ra)
        case _:
            heard = await asking
            assert (heard.status, heard.reason, heard.body) == _line_and_body(named)
            _through_front(lab.fault, heard, named)


def _line_and_body(named: str) -> tuple[int, str, bytes]:
    answer = ANSWERS[named]
    return answer.status, answer.reason, answer.body


def _through_front(fault: Fault, heard: Heard, named: str) -> None:
    marked = heard.header("x-ms-proxy-app-id") is not None
    assert marked is (fault.front == "app-proxy")
    connector = heard.header("x-ms-proxy-connector-id") is not None
    assert connector is (marked and ANSWERS[named].connector)


@pytest.mark.parametrize("fault", OPEN, ids=lambda fault: fault.name)
async def test_a_fault_shows_its_certificate_and_its_crls(fault: Fault) -> None:
    async with Lab(fault.name) as lab:
        if fault.client != "required":
            _, writer = await enter(lab, trusting(legacy=fault.versions in ("1.0", "1.1")))
            seen = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            writer.close()
            assert seen == lab.pki.chain(fault.tls)[0].public_bytes(Encoding.DER)
        for which, state in (("base", fault.base_crl), ("delta", fault.delta_crl), ("root", fault.root_crl)):
            asking = ask(lab, f"/CertEnroll/1/{FILES[which]}", plain=True)
            if state == "dropped":
                with pytest.raises((ConnectionError, EOFError)):
                    await asking
                continue
            heard = await asking
            assert heard.status == (404 if state == "missing" else 200)
            assert (heard.body == lab.pki.crl(which, state)) is (state not in ("missing", "page"))


def test_every_place_has_an_answer_when_all_is_well() -> None:
    healthy = fault_of("healthy")
    assert all(healthy.answer(place) in {*ANSWERS, *ACTS} for place in get_args(Place))
