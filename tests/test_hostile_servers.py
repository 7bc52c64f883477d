"""The whole suite against servers that mean harm: findings in time and in little memory, and never an exception."""

import asyncio
import gzip
import logging
import re
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bot import check, looking
from bot.findings import Past, Report, Server
from bot.report import told
from connectors.assembly import causes, wires
from connectors.checks import catalogue
from connectors.clock import now
from connectors.lab.pages import ANSWERS, bytes_of
from connectors.lab.pki import Pki, root
from connectors.render.html import render
from knowledge import der
from knowledge.library import Library
from tests.knowledge.pki import AGENT, Holder, issue, key_of, long_crl, pack, points, usage
from tests.knowledge.pki import Pki as CertificatesWithPoints
from tests.test_wire import HOSTILE, SCEP, Behaviour, answer, says, web

CAUSES = causes()
USUAL = [one for one in catalogue() if one.usual]
WIRES = wires([ip_network("127.0.0.0/8")], any_port=True)
TIME = 1.0
"""Seconds that a run may take here; what ends one at 15 s ends it at any time."""
SLACK = 4.0
"""Seconds to put the report together, on a busy computer."""
MEMORY = 40_000_000
"""Bytes, those of the hostile server among them."""
REQUESTS = 40
MENTION = "<!channel> <@U0123> @everyone [click](javascript:alert(1)) \u202e"


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "RUN", TIME)


@pytest.fixture(autouse=True)
def nothing_raised(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Neither a broken check nor an exception that asyncio could only log."""
    with caplog.at_level(logging.ERROR):
        yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def checked(url: str, past: Past | None = None) -> Report:
    """A report that came in time, in little memory, after few requests, with a finding of every check."""
    await asyncio.gather(*(asyncio.to_thread(int) for _ in range(4)))  # threads are no part of the measure
    tracemalloc.start()
    try:
        server = Server("hostile", url)
        async with asyncio.timeout(looking.RUN + SLACK):
            report, _ = await check.look(server, USUAL, WIRES, past=past or Past(), now=now(), causes=CAUSES)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < MEMORY
    assert report.requests <= REQUESTS
    assert [one.check for one in report.findings] == [one.id for one in USUAL]
    assert not [one.check for one in report.findings if "itself broke" in one.summary]
    assert max(len(one.summary) for one in report.findings) < 500
    assert max(len(str(one.evidence)) for one in report.findings) < 20_000
    return report


def verdicts(report: Report) -> dict[str, str]:
    return {one.check: one.verdict for one in report.findings}


# --- whatever is asked, the same hostile answer --------------------------------------------------


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("name", HOSTILE)
async def test_a_server_that_speaks_http_badly_is_found_wanting(name: str) -> None:
    async with web(HOSTILE[name][0]) as server:
        report = await checked(server.base)
    assert report.verdict in ("fail", "unknown")
    assert verdicts(report)["scep-base"] in ("fail", "unknown")
    assert "confirmed" not in {one.standing for one in report.suspects if one.cause.startswith(("ra-", "crl-"))}


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("length", [0, 1, 16_384])
async def test_a_handshake_that_never_ends_is_found_wanting(length: int) -> None:
    record = b"\x16\x03\x03" + length.to_bytes(2) + b"\x02" * length  # a piece of a handshake
    visits: set[asyncio.Task[None] | None] = set()

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.add(asyncio.current_task())
        with suppress(OSError, asyncio.CancelledError):
            while not writer.is_closing():
                writer.write(record)
                await writer.drain()
                await asyncio.sleep(0.005)
        writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with server:
        report = await checked(f"https://localhost:{server.sockets[0].getsockname()[1]}{SCEP}")
        for visit in visits:
            assert visit
            visit.cancel()
        await asyncio.gather(*visits)  # type: ignore[arg-type]
    assert verdicts(report)["tls"] in ("fail", "unknown")
    assert report.verdict in ("fail", "unknown")


# --- healthy but for one answer ----------------------------------------------------------------


Instead = dict[str, bytes | Behaviour]
"""Part of the URL -> what is answered there in place of what is healthy."""


def ndes(instead: Instead) -> Behaviour:
    """A healthy NDES but for what is given."""
    healthy: Instead = {"GetCACaps": answer(b"POSTPKIOperation\r\nSHA-256\r\nAES\r\n", "200 OK")}

    async def behave(line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = next((what for part, what in {**healthy, **instead}.items() if part in line), None)
        if callable(said):
            await said(line, reader, writer)
        elif said is not None:
            writer.write(said)
        else:
            found = ANSWERS["iis-403" if "mscep.dll" in line else "iis-404"]
            writer.write(bytes_of(found, "Sat, 21 Nov 2026 12:00:00 GMT"))

    return behave


def handed_out(body: bytes, *fields: str) -> bytes:
    return answer(body, "200 OK", "Content-Type: application/x-x509-ca-ra-cert", *fields)


def deep(levels: int) -> bytes:
    """SEQUENCE in SEQUENCE, each with its true length."""
    heads, size = [], 0
    for _ in range(levels):
        heads.append(b"\x30" + (bytes([size]) if size < 0x80 else b"\x83" + size.to_bytes(3)))
        size += len(heads[-1])
    return b"".join(reversed(heads))


def crowd(number: int) -> bytes:
    """PKCS #7 with this many certificates, which differ in their serial numbers only."""
    one = root().public_bytes(Encoding.DER)
    serial = root().serial_number.to_bytes(20)
    where = one.index(serial[-8:])
    certificates = (one[:where] + n.to_bytes(8) + one[where + 8 :] for n in range(number))
    signed = (der.integer(1), der.set_of(), der.sequence(der.object_id("1.2.840.113549.1.7.1")))
    signed_data = der.sequence(*signed, der.context(0, *certificates), der.set_of())
    return der.sequence(der.object_id("1.2.840.113549.1.7.2"), der.context(0, signed_data))


BOMB = gzip.compress(b"\0" * 100_000_000)
BUNDLES = {
    "ASN.1 of 50,000 levels": deep(50_000),
    "ASN.1 of 100,000 levels without a length": b"\x30\x80" * 100_000,
    "60,000 levels within a PKCS #7": der.sequence(
        der.object_id("1.2.840.113549.1.7.2"), der.context(0, b"\x30\x80" * 60_000)
    ),
    "many small elements": der.sequence(der.object_id("1.2.840.113549.1.7.2"), der.context(0, b"\x05\0" * 100_000)),
    "a length beyond the end": b"\x30\x84\xff\xff\xff\xff",
    "a length of 127 bytes": b"\x30\xff" + b"\xff" * 127,
    "10,000 certificates": crowd(10_000),
    "as many certificates as fit": crowd(250),
    "PEM without end": b"-----BEGIN CERTIFICATE-----\n" + b"MIIB" * 60_000,
    "nothing": b"",
    "zeros": b"\0" * 200_000,
}


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("name", BUNDLES)
async def test_certificates_that_are_none_are_a_finding(name: str) -> None:
    async with web(ndes({"GetCACert": handed_out(BUNDLES[name])})) as server:
        report = await checked(server.base)
    assert verdicts(report)["scep-base"] == "ok"
    assert verdicts(report)["scep-cacert"] == "fail"
    assert {verdicts(report)[name] for name in ("ra-certificates", "crl-base", "ra-revoked")} <= {"fail", "unknown"}


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("name", BUNDLES)
async def test_memory_that_somebody_spoilt_is_a_finding(name: str) -> None:
    async with web(says(bytes_of(ANSWERS["iis-500"], "Sat, 21 Nov 2026 12:00:00 GMT"))) as server:
        report = await checked(server.base, Past(now(), BUNDLES[name], "0" * 64))
    assert verdicts(report)["ra-certificates"] in ("fail", "unknown")
    assert report.verdict == "fail"


@pytest.mark.usefixtures("short")
async def test_a_gzip_bomb_is_not_unpacked() -> None:
    packed = answer(BOMB, "200 OK", "Content-Encoding: gzip")
    async with web(ndes({"GetCACaps": packed, "GetCACert": packed, "mscep_admin": packed})) as server:
        report = await checked(server.base)
    assert verdicts(report)["scep-caps"] == verdicts(report)["scep-cacert"] == "fail"


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("name", ["endless body", "slow drip", "header flood", "closed within the body"])
async def test_a_crl_without_end_is_a_finding(name: str) -> None:
    instead: Instead = {"CertEnroll": HOSTILE[name][0]}
    async with web(ndes(instead)) as server:
        bundle = Pki(f"{server.origin}/CertEnroll/", "localhost").bundle()
        instead["GetCACert"] = handed_out(bundle)
        report = await checked(server.base)
    assert verdicts(report)["ra-certificates"] == "ok"
    assert verdicts(report)["crl-base"] in ("warn", "unknown")


@pytest.mark.usefixtures("short")
async def test_a_long_crl_is_read_in_time() -> None:
    instead: Instead = {}
    async with web(ndes(instead)) as server:
        pki = CertificatesWithPoints.make()
        urls = points(*(f"{server.origin}/{n}.crl" for n in range(5)))
        instead[".crl"] = answer(long_crl(pki.issuing, 100_000), "200 OK")
        instead["GetCACert"] = handed_out(pack(pki.issuing, *pair(pki, urls)))
        report = await checked(server.base)
    assert verdicts(report)["ra-revoked"] != "skipped"


@pytest.mark.usefixtures("short")
async def test_certificates_that_point_everywhere_make_the_bot_ask_little() -> None:
    asked: list[str] = []

    async def note(line: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(line)
        writer.write(answer(b"", "404 Not Found"))

    instead: Instead = {".crl": note}
    async with web(ndes(instead)) as server:
        pki = CertificatesWithPoints.make()
        hosts = ("169.254.169.254", "10.0.0.1", "[::ffff:169.254.169.254]", f"127.0.0.1:{server.port}")
        urls = points(*(f"http://{host}/{n}.crl" for n in range(100) for host in hosts))
        instead["GetCACert"] = handed_out(pack(pki.issuing, *pair(pki, urls)))
        report = await checked(server.base)
    assert len(asked) <= 10
    assert report.requests <= REQUESTS


def pair(pki: CertificatesWithPoints, urls: list[x509.DistributionPoint]) -> tuple[Holder, Holder]:
    """An RA pair whose CRLs are said to be in all these places."""
    where = (x509.ExtendedKeyUsage([AGENT]), x509.CRLDistributionPoints(urls))
    encryption = issue("RA", pki.issuing, usage("key_encipherment"), *where)
    return encryption, issue("RA", pki.issuing, usage("digital_signature"), *where, key=key_of("signature"))


# --- words for people ----------------------------------------------------------------------------


@pytest.mark.usefixtures("short")
async def test_a_mention_stays_text_wherever_it_stands(library: Library) -> None:
    text = MENTION.encode()
    latin = text.decode("latin-1")
    fields = [f"{name}: {latin}" for name in ("X-A", "Location", "WWW-Authenticate", "Via")]
    html = b"<html><title>" + text + b"</title>" + text * 50 + b"</html>"
    spoilt = answer(html, f"200 {latin}", *fields).replace(b"Microsoft-IIS/10.0", text)
    async with web(ndes({"GetCACaps": spoilt, "GetCACert": spoilt, "mscep": spoilt, "/ ": spoilt})) as server:
        report = await checked(server.base)
    said = " ".join([one.summary for one in report.findings] + [one.why for one in report.suspects])
    assert MENTION.split()[0] in str([one.evidence for one in report.findings])
    assert not re.search("[<>@\u202e]", said)
    assert MENTION.split()[0] not in render(told(report, library))
