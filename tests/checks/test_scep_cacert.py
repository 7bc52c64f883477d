"""GetCACert must give certificates; what it gave once is remembered for the checks that judge them."""

import pytest

from bot.errors import ProbeError, Trouble
from bot.findings import Past
from connectors.checks import scep_cacert
from connectors.checks.scep_cacert import CHECK
from tests.checks import pages
from tests.checks.asking import NOW, found, server
from tests.checks.fake_wire import Page, reply
from tests.checks.issued import BROKEN, ndes
from tests.knowledge.pki import Pki, streamed

PKI = Pki.make()

FAULTS = [
    (BROKEN, "fail"),
    (reply(503, pages.httpsys(), pages.HTTPSYS), "fail"),
    (reply(404, pages.iis(404), pages.IIS), "fail"),
    (reply(504, b"", pages.APP_PROXY), "fail"),
    (reply(200, b"", pages.IIS), "fail"),
    (reply(200, pages.GENERAL, pages.IIS), "fail"),
    (reply(200, b"\x30\x80" + b"\x30" * 3_000, pages.IIS), "fail"),
    (reply(403, pages.iis(403), pages.IIS), "warn"),
    (reply(302, b"", {"Location": "https://login.microsoftonline.com/x"}), "warn"),
]


async def test_a_bundle_is_well() -> None:
    finding = await found(CHECK, ndes(PKI.bundle))
    assert (finding.verdict, finding.outcomes) == ("ok", ())
    assert finding.evidence["certificates"] == 3
    assert finding.evidence["authorities"] == 1
    assert finding.evidence["size"] == len(PKI.bundle)
    assert finding.evidence["content_type"] == "application/x-x509-ca-ra-cert"
    assert "3 certificates, 2 of them of the RA" in finding.summary


@pytest.mark.parametrize("body", [streamed(PKI.bundle), PKI.issuing.der])
async def test_other_forms_are_read_too(body: bytes) -> None:
    assert (await found(CHECK, ndes(body))).verdict == "ok"


@pytest.mark.parametrize(("page", "verdict"), FAULTS)
async def test_everything_else_is_told(page: Page, verdict: str) -> None:
    finding = await found(CHECK, ndes(page))
    assert (finding.verdict, finding.outcomes) == (verdict, ())


@pytest.mark.parametrize("trouble", ["dropped", "reset", "truncated", "timeout", "malformed", "too-large"])
async def test_a_broken_answer_fails(trouble: Trouble) -> None:
    finding = await found(CHECK, ndes(trouble))
    assert (finding.verdict, finding.evidence) == ("fail", {"trouble": trouble})


async def test_other_troubles_are_for_other_checks_to_tell() -> None:
    with pytest.raises(ProbeError):
        await found(CHECK, ndes("left-alone"))


# --- what is remembered ----------------------------------------------------------------------

PAST = Past(at=NOW, bundle=PKI.bundle)


async def test_what_is_handed_out_now_goes_before_memory() -> None:
    other = Pki.make()
    known = await scep_cacert.known(server(), ndes(other.bundle), PAST)
    assert known is not None
    assert known.bundle.ra[0].facts.der == other.encryption.der
    assert known.finding("x", "ok", "All is well").evidence == {"from_memory": False}


@pytest.mark.parametrize("page", [*[page for page, _ in FAULTS], "dropped", "timeout", "left-alone", "nxdomain", "tls"])
async def test_memory_stands_in_for_whatever_is_no_bundle(page: Page) -> None:
    known = await scep_cacert.known(server(), ndes(page), PAST)
    assert known is not None
    finding = known.finding("x", "ok", "All is well", {"more": 1})
    assert finding.evidence == {"from_memory": True, "remembered_from": NOW.isoformat(), "more": 1}
    assert "2026-11-21" in finding.summary


@pytest.mark.parametrize("past", [Past(), Past(bundle=b""), Past(at=NOW, bundle=b"junk")])
async def test_without_either_there_is_nothing_to_judge(past: Past) -> None:
    assert await scep_cacert.known(server(), ndes(BROKEN), past) is None
    assert scep_cacert.nothing("x").verdict == "unknown"
    assert scep_cacert.nothing("x").outcomes == ()


async def test_a_server_that_may_not_be_asked_is_not_judged_from_memory() -> None:
    with pytest.raises(ProbeError):
        await scep_cacert.known(server(), ndes("guarded"), PAST)


async def test_memory_without_a_day_is_memory_all_the_same() -> None:
    known = await scep_cacert.known(server(), ndes(BROKEN), Past(bundle=PKI.bundle))
    assert known is not None
    assert "remembered from earlier" in known.finding("x", "ok", "All is well").summary
