"""CertPoll is sent only where it is allowed; a refusal shows that both RA keys work, and nothing else does."""

from dataclasses import dataclass
from typing import Any

import pytest
from cryptography import x509

from bot.errors import ProbeError, Trouble
from bot.findings import Finding, Past
from bot.ports import Reply
from connectors.checks.scep_poll import CHECK
from connectors.lab.enrolment import refuse
from connectors.lab.pki import Pki
from knowledge.scep_requests import SUBJECT
from tests.checks import pages
from tests.checks.asking import CAPS_URL, HOST, NOW, found
from tests.checks.fake_wire import FakeWire, Page, reply
from tests.checks.issued import BROKEN, OPERATION_URL, ndes
from tests.knowledge import pki

LAB = Pki(f"http://{HOST}/pki/", HOST)
PAIR = LAB.ra()


@dataclass
class Refusing(FakeWire):
    """A wire to an NDES that opens each SCEP message with its RA keys and refuses what is asked."""

    pair: tuple[x509.Certificate, ...] = PAIR
    sent: tuple[bytes, str] = (b"", "")

    async def post(self, url: str, body: bytes, *, content_type: str, deadline: float = 10.0) -> Reply:
        self.sent = body, content_type
        self.posts[url] = reply(200, refuse(body, self.pair), {"Content-Type": "application/x-pki-message"})
        return await super().post(url, body, content_type=content_type, deadline=deadline)


def healthy() -> Refusing:
    return Refusing(pages=ndes(LAB.bundle()).pages)


async def polled(answer: Page, **more: Any) -> Finding:
    wire = ndes(LAB.bundle(), posts={OPERATION_URL: answer})
    return await found(CHECK, wire, **{"may_poll": True, **more})


def signed_message(**what: Any) -> Page:
    """An answer to somebody else's question."""

    return reply(200, pki.certrep(pki.Pki.make().signature, **what))


async def test_a_refusal_shows_that_both_keys_work() -> None:
    wire = healthy()
    finding = await found(CHECK, wire, may_poll=True)
    assert (finding.verdict, finding.outcomes) == ("ok", (("poll", "certrep_FAILURE_badCertId"),))
    assert finding.evidence["pki_status"] == 2
    assert finding.evidence["fail_info"] == "badCertId"
    assert finding.evidence["signer_in_bundle"] is True
    assert finding.evidence["genuine"] is True
    assert finding.evidence["digest"] == "sha256"


async def test_what_is_sent_is_a_scep_message_by_name_and_the_only_one() -> None:
    wire = healthy()
    await found(CHECK, wire, may_poll=True)
    body, kind = wire.sent
    assert kind == "application/x-pki-message"
    assert SUBJECT.encode() in body
    assert [what for verb, what in wire.asked if verb == "POST"] == [OPERATION_URL]


async def test_without_permission_nothing_is_asked() -> None:
    wire = healthy()
    finding = await found(CHECK, wire)
    assert (finding.verdict, wire.requests) == ("skipped", 0)
    assert not CHECK.usual


@pytest.mark.parametrize("page", [BROKEN, reply(200, b"<html>"), reply(200, b"")])
async def test_a_server_without_certificates_or_caps_is_not_polled(page: Page) -> None:
    for wire in (ndes(page), FakeWire(pages={**ndes(LAB.bundle()).pages, CAPS_URL: page})):
        finding = await found(CHECK, wire, Past(at=NOW, bundle=LAB.bundle()), may_poll=True)
        assert (finding.verdict, finding.outcomes) == ("skipped", ())
        assert all(verb != "POST" for verb, _ in wire.asked)


@pytest.mark.parametrize("trouble", ["dropped", "reset"])
async def test_a_lost_connection_is_an_outcome(trouble: Trouble) -> None:
    finding = await polled(trouble)
    assert (finding.verdict, finding.outcomes) == ("fail", (("poll", trouble),))


async def test_http_500_to_a_message_alone_is_an_outcome() -> None:
    finding = await polled(BROKEN)
    assert (finding.verdict, finding.outcomes) == ("fail", (("poll", "500_iis"),))


@pytest.mark.parametrize(
    ("page", "verdict"),
    [
        (reply(404, pages.iis(404), pages.IIS), "unknown"),
        (reply(200, b""), "unknown"),
        (reply(200, LAB.bundle()), "unknown"),
        (reply(503, pages.httpsys(), pages.HTTPSYS), "fail"),
        (signed_message(), "warn"),
        (signed_message(status="0", reason=None), "warn"),
        (signed_message(status=None, reason=None), "warn"),
    ],
)
async def test_everything_else_proves_nothing(page: Page, verdict: str) -> None:
    finding = await polled(page)
    assert (finding.verdict, finding.outcomes) == (verdict, ())


async def test_other_troubles_are_told_as_they_are() -> None:
    with pytest.raises(ProbeError):
        await polled("timeout")


async def test_a_bundle_that_nobody_can_encrypt_to_is_told() -> None:
    wire = ndes(LAB.bundle("no-encryption"))
    finding = await found(CHECK, wire, may_poll=True)
    assert (finding.verdict, finding.outcomes) == ("unknown", ())
