"""The lab over real sockets: how its port behaves, what HTTP it speaks, what it refuses, and how it changes."""

import asyncio
import os
import socket
import ssl
import sys
from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from connectors.lab.faults import before, fault_of
from connectors.lab.server import SCEP_PATH, Lab
from knowledge.scep import Bundle, read_bundle, read_caps, read_certrep
from knowledge.scep_requests import poisoned_request, poll_message
from tests.lab.asking import ADMIN, CACERT, CAPS, OPERATION, answer_of, ask, enter, trusting, verifying

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="how loopback does this is known for Linux only")
PKI_MESSAGE = ("Content-Type: application/x-pki-message",)


async def _bundle(lab: Lab) -> Bundle:
    return read_bundle((await ask(lab, CACERT)).body)


def _poll(bundle: Bundle) -> bytes:
    return poll_message(bundle, datetime.now(UTC), os.urandom(64))


# --- healthy ---------------------------------------------------------------------------------


async def test_a_healthy_lab_is_trusted_by_whoever_trusts_its_root() -> None:
    async with Lab() as lab:
        heard = await ask(lab, context=verifying(lab))
        assert (heard.status, len(heard.body)) == (403, 1233)
        assert Path(lab.ca_file).read_text("ascii") == lab.root_pem
        assert urlsplit(lab.url) == ("https", f"localhost:{lab.port}", SCEP_PATH, "", "")


async def test_a_healthy_lab_speaks_scep() -> None:
    async with Lab() as lab:
        caps = read_caps((await ask(lab, CAPS)).body)
        assert caps.known == ("DES3", "POSTPKIOperation", "Renewal", "SHA-1", "SHA-256", "SHA-512")
        bundle = await _bundle(lab)
        assert [ra.role for ra in bundle.ra] == ["signature", "encryption"]
        assert all(ra.issued_here for ra in bundle.ra)


@pytest.mark.parametrize("query", ["", "?operation=GetCACaps&message=ca", "?operation=GetCACert&message=ca"])
async def test_the_path_behind_mscep_dll_makes_no_difference(query: str) -> None:
    async with Lab() as lab:
        short = await ask(lab, SCEP_PATH + query)
        assert (await ask(lab, f"{SCEP_PATH}/pkiclient.exe{query}")).body == short.body
        assert (await ask(lab, SCEP_PATH.upper() + query)).body == short.body


async def test_ndes_answers_without_tls_too() -> None:
    async with Lab() as lab:
        assert (await ask(lab, plain=True)).status == 403
        assert (await ask(lab, CAPS, plain=True)).status == 200
        lab.become("pool-stopped")
        assert (await ask(lab, plain=True)).status == 503


@pytest.mark.parametrize("name", ["Lab-Issuing-CA-1.crt", "Lab-Root-CA.crt", "Lab-Issuing-CA-1%2B.crl"])
async def test_ca_certificates_and_crls_are_published(name: str) -> None:
    async with Lab() as lab:
        heard = await ask(lab, f"/CertEnroll/1/{name}", plain=True)
        assert heard.status == 200
        assert heard.body[:1] == b"\x30"
        assert (await ask(lab, f"/CertEnroll/2/{name}", plain=True)).status == 404


async def test_a_name_of_ones_own_is_in_the_url_the_certificate_and_the_crl_addresses() -> None:
    async with Lab(host="ndes01.example.com") as lab:
        assert lab.url.startswith("https://ndes01.example.com:")
        heard = await ask(lab, CACERT, context=verifying(lab))
        place = f"http://ndes01.example.com:{lab.crl_port}/CertEnroll/1/Lab-Issuing-CA-1.crl"
        assert place.encode() in heard.body


async def test_ports_may_be_chosen_and_taken_ones_are_said() -> None:
    async with Lab() as lab:
        with pytest.raises(OSError, match="in use"):
            async with Lab(port=lab.port):
                pass
        with pytest.raises(OSError, match="in use"):
            async with Lab(crl_port=lab.crl_port):
                pass
    async with Lab(port=lab.port, crl_port=lab.crl_port) as again:
        assert (await ask(again)).status == 403


@linux_only
async def test_the_lab_listens_on_one_address_of_this_computer() -> None:
    async with Lab() as lab:
        for port in (lab.port, lab.crl_port):
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.3", port)


async def test_every_request_is_remembered() -> None:
    async with Lab() as lab:
        await ask(lab)
        await ask(lab, CAPS + "x" * 2_000)
        await ask(lab, "/CertEnroll/1/Lab-Root-CA.crl", plain=True)
        lab.become("pool-crashing")
        with suppress(OSError, EOFError):
            await ask(lab, method="POST", body=b"x")
    assert [(seen.method, seen.status, seen.secure) for seen in lab.requests] == [
        ("GET", 403, True),
        ("GET", 200, True),
        ("GET", 200, False),
        ("POST", 0, True),
    ]
    assert lab.requests[1].target.startswith(CAPS)
    assert len(lab.requests[1].target) == 300


# --- HTTP ------------------------------------------------------------------------------------


async def test_a_connection_serves_many_requests() -> None:
    async with Lab() as lab:
        reader, writer = await enter(lab)
        for path, status in ((SCEP_PATH, 403), (CAPS, 200), (ADMIN, 401), ("/nothing", 404)):
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert (await answer_of(reader)).status == status
        writer.close()


async def test_http_1_0_is_answered_and_closed() -> None:
    async with Lab() as lab:
        for plain in (False, True):
            reader, writer = await enter(lab, plain=plain)
            writer.write(f"GET {CAPS} HTTP/1.0\r\n\r\n".encode())
            everything = await asyncio.wait_for(reader.read(), 10)
            assert everything.startswith(b"HTTP/1.1 200 OK\r\n")
            assert everything.endswith(b"DES3\n")
            writer.close()


async def test_http_sys_closes_after_its_answer() -> None:
    async with Lab("pool-stopped") as lab:
        reader, writer = await enter(lab)
        writer.write(f"GET {CAPS} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        heard = await answer_of(reader)
        assert heard.header("Connection") == "close"
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()


@pytest.mark.parametrize(
    ("sent", "status", "length"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400, 334),
        (b"nonsense\r\n\r\n", 400, 311),
        (b"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400, 326),
        (b"GET nowhere HTTP/1.1\r\nHost: x\r\n\r\n", 400, 324),
        (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400, 311),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", 400, 311),
        (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", 411, 344),
        (b"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 405, 1293),
        (b"GET http://x/certsrv/mscep/mscep.dll HTTP/1.1\r\nHost: x\r\n\r\n", 403, 1233),
        (b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 400, 346),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", 413, 67),
    ],
)
async def test_bad_requests_are_answered_as_http_sys_does(sent: bytes, status: int, length: int) -> None:
    async with Lab() as lab:
        reader, writer = await enter(lab)
        writer.write(sent)
        heard = await asyncio.wait_for(answer_of(reader), 10)
        assert (heard.status, len(heard.body)) == (status, length)
        writer.close()
        assert (await ask(lab)).status == 403


async def test_a_head_is_asked_for_without_a_body() -> None:
    async with Lab() as lab:
        heard = await ask(lab, method="HEAD")
        assert (heard.status, heard.header("Content-Length"), heard.body) == (403, "1233", b"")


async def test_visitors_who_go_at_once_or_never_speak_do_no_harm() -> None:
    async with Lab() as lab:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", lab.port), 5) as plain:
                plain.send(b"\x16\x03\x01")
        waiting = [await asyncio.open_connection("127.0.0.1", port) for port in (lab.port, lab.crl_port)]
        assert (await ask(lab)).status == 403
        for _, writer in waiting:
            writer.close()


async def test_many_visitors_at_once_are_all_answered() -> None:
    async with Lab() as lab:
        heard = await asyncio.gather(*(ask(lab, CACERT) for _ in range(60)))
        assert {answer.status for answer in heard} == {200}
        assert len({answer.body for answer in heard}) == 1


# --- PKIOperation ----------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["POST", "GET"])
@pytest.mark.parametrize(("kind", "reason"), [("poll", 4), ("request", 2)])
async def test_an_enrolment_is_refused_in_a_signed_message(by: str, kind: str, reason: int) -> None:
    async with Lab() as lab:
        bundle = await _bundle(lab)
        make = poll_message if kind == "poll" else poisoned_request
        message = make(bundle, datetime.now(UTC), os.urandom(64))
        if by == "POST":
            heard = await ask(lab, OPERATION, method="POST", body=message, headers=PKI_MESSAGE)
        else:
            heard = await ask(lab, f"{OPERATION}&message={quote(b64encode(message).decode(), safe='')}")
        assert (heard.status, heard.header("Content-Type")) == (200, "application/x-pki-message")
        certrep = read_certrep(heard.body, bundle)
        assert (certrep.status, certrep.failinfo, certrep.genuine) == (2, reason, True)
        assert certrep.signer_sha256 == bundle.ra[0].facts.sha256


async def test_a_message_with_a_broken_signature_is_told_so() -> None:
    async with Lab() as lab:
        bundle = await _bundle(lab)
        message = bytearray(_poll(bundle))
        message[-1] ^= 1
        heard = await ask(lab, OPERATION, method="POST", body=bytes(message))
        assert read_certrep(heard.body, bundle).failinfo == 1


async def test_junk_is_answered_with_nothing() -> None:
    async with Lab() as lab:
        heard = await ask(lab, OPERATION, method="POST", body=b"no message")
        assert (heard.status, heard.body) == (200, b"")


async def test_what_is_encrypted_to_somebody_else_cannot_be_opened() -> None:
    async with Lab() as lab:
        stranger = read_bundle(lab.pki.bundle("other-pair"))
        heard = await ask(lab, OPERATION, method="POST", body=_poll(stranger))
        assert heard.status == 500


async def test_an_enrolment_may_kill_the_worker_until_the_pool_is_stopped() -> None:
    async with Lab("intermediate-in-root-store-crash") as lab:
        message = _poll(await _bundle(lab))
        for _ in range(5):
            with pytest.raises((ConnectionError, EOFError, ssl.SSLError)):
                await ask(lab, OPERATION, method="POST", body=message)
        assert [(await ask(lab, path)).status for path in (SCEP_PATH, CAPS, ADMIN, "/")] == [503, 503, 503, 200]


# --- limits, clock, time ---------------------------------------------------------------------


def _padded(length: int) -> str:
    """A GetCACaps whose target has this many bytes."""
    return CAPS + "x" * (length - len(CAPS))


@pytest.mark.parametrize(
    ("fault", "statuses", "server"),
    [
        ("healthy", [200, 200, 200, 200], "Microsoft-IIS/10.0"),
        ("request-filtering-2048", [404, 404, 404, 404], "Microsoft-IIS/10.0"),
        ("request-filtering-4096", [200, 404, 404, 404], "Microsoft-IIS/10.0"),
        ("http-sys-400", [200, 200, 400, 400], "Microsoft-HTTPAPI/2.0"),
        ("http-sys-414", [200, 200, 414, 414], "Microsoft-HTTPAPI/2.0"),
        ("http-sys-30000", [200, 200, 200, 400], "Microsoft-HTTPAPI/2.0"),
        ("request-filtering-and-http-sys", [404, 404, 400, 400], "Microsoft-HTTPAPI/2.0"),
    ],
)
async def test_long_urls_meet_the_limits(fault: str, statuses: list[int], server: str) -> None:
    async with Lab(fault) as lab:
        heard = [await ask(lab, _padded(length)) for length in (2_300, 5_000, 17_500, 31_000)]
        assert [answer.status for answer in heard] == statuses
        assert heard[-1].header("Server") == server
        assert (await ask(lab)).status == 403


@pytest.mark.parametrize(
    ("fault", "status"), [("healthy", 200), ("payload-413", 413), ("payload-413-proxy", 413), ("payload-404", 404)]
)
async def test_large_posts_meet_the_limit(fault: str, status: int) -> None:
    async with Lab(fault) as lab:
        assert (await ask(lab, CAPS, method="POST", body=b"x" * 65_536)).status == status
        assert (await ask(lab, CAPS, method="POST", body=b"x")).status == 200


@pytest.mark.parametrize(("fault", "ahead"), [("healthy", 0), ("clock-ahead", 600), ("clock-behind", -180)])
async def test_the_clock_may_be_wrong(fault: str, ahead: int) -> None:
    async with Lab(fault) as lab:
        told = datetime.strptime((await ask(lab)).header("Date") or "", "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
        assert abs((told - datetime.now(UTC)).total_seconds() - ahead) < 30


async def test_slow_answers_come_at_the_pace_that_is_asked_for() -> None:
    async with Lab("app-proxy-slow", pace=0.05) as lab:
        with pytest.raises(TimeoutError):
            await ask(lab, patience=0.1)
        assert (await ask(lab, patience=10)).status == 403


async def test_one_of_two_nodes_may_be_down() -> None:
    async with Lab("caps-flapping") as lab:
        assert [(await ask(lab, CAPS)).status for _ in range(4)] == [200, 503, 200, 503]
        assert (await ask(lab)).status == 403


@linux_only
async def test_two_nodes_may_be_uneven() -> None:
    async with Lab("nodes-uneven") as lab:
        assert lab.nodes == ("127.0.0.1", "127.0.0.2")
        assert lab.server().nodes == lab.nodes
        first, second = [read_bundle((await ask(lab, CACERT, address=node)).body) for node in lab.nodes]
        assert first.issuing == second.issuing
        assert first.ra != second.ra
        lab.become("healthy")
        assert lab.nodes == ("127.0.0.1",)
        with pytest.raises(ConnectionRefusedError):
            await ask(lab, address="127.0.0.2")


# --- the way in ------------------------------------------------------------------------------


async def test_a_closed_port_refuses() -> None:
    async with Lab("port-closed") as lab:
        with pytest.raises(ConnectionRefusedError):
            await ask(lab)


@linux_only
async def test_a_black_hole_takes_no_connection() -> None:
    async with Lab("port-black-hole") as lab:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.open_connection("127.0.0.1", lab.port), 0.5)


async def test_a_silent_port_takes_connections_and_says_nothing() -> None:
    async with Lab("port-silent") as lab:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(enter(lab), 0.3)


async def test_a_port_may_reset() -> None:
    async with Lab("port-reset") as lab:
        with pytest.raises(ConnectionResetError):
            await enter(lab)


async def test_without_a_certificate_the_handshake_fails_in_words() -> None:
    async with Lab("app-proxy-no-certificate") as lab:
        with pytest.raises(ssl.SSLError, match=r"(?i)handshake.failure"):
            await enter(lab)


async def test_what_listens_may_speak_no_tls() -> None:
    async with Lab("babble") as lab:
        with pytest.raises(ssl.SSLError, match=r"(?i)wrong.version"):
            await enter(lab)


@pytest.mark.parametrize(("fault", "version"), [("tls-1-0-only", "TLSv1"), ("tls-1-1-only", "TLSv1.1")])
async def test_old_tls_is_spoken_only_where_that_is_the_fault(fault: str, version: str) -> None:
    async with Lab(fault) as lab:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await enter(lab)
        _, writer = await enter(lab, trusting(legacy=True))
        assert writer.get_extra_info("ssl_object").version() == version
        writer.close()
        lab.become("healthy")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await enter(lab, trusting(legacy=True))


async def test_in_tls_1_2_the_handshake_fails_without_a_client_certificate() -> None:
    async with Lab("client-certificate-tls-1-2") as lab:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await enter(lab)


async def test_in_tls_1_3_the_end_comes_after_the_handshake() -> None:
    async with Lab("client-certificate-tls-1-3") as lab:
        reader, writer = await enter(lab)
        assert writer.get_extra_info("ssl_object").version() == "TLSv1.3"
        with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
            await answer_of(reader)
        writer.close()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("tls-name-mismatch", 62),
        ("tls-expired", 10),
        ("tls-not-yet-valid", 9),
        ("tls-self-signed", 18),
        ("tls-missing-intermediate", 20),
        ("tls-other-root", 19),
        ("app-proxy-own-certificate", 62),
        ("healthy", 0),
        ("tls-renewed", 0),
    ],
)
async def test_openssl_sees_the_fault_of_the_certificate(fault: str, code: int) -> None:
    async with Lab(fault) as lab:
        try:
            _, writer = await enter(lab, verifying(lab))
            writer.close()
            seen = 0
        except ssl.SSLCertVerificationError as error:
            seen = error.verify_code
        assert seen == code


async def test_a_missing_name_is_missing_for_good() -> None:
    async with Lab("name-missing") as lab:
        assert (urlsplit(lab.url).hostname or "").endswith(".invalid")


# --- change and memory -----------------------------------------------------------------------


async def test_a_lab_breaks_and_is_mended_while_it_runs() -> None:
    async with Lab() as lab:
        url = lab.url
        healthy = (await ask(lab, CACERT)).body
        statuses = []
        for fault in ("pool-stopped", "ra-key-not-readable-500", "healthy", "anonymous-off"):
            lab.become(fault)
            statuses.append((await ask(lab, CAPS)).status)
        lab.become("healthy")
        assert statuses == [503, 500, 200, 401]
        assert (await ask(lab, CACERT)).body == healthy
        assert lab.url == url


@pytest.mark.parametrize(
    "fault", ["port-closed", pytest.param("port-black-hole", marks=linux_only), "port-silent", "port-reset", "babble"]
)
async def test_a_port_breaks_and_is_mended(fault: str) -> None:
    async with Lab() as lab:
        reader, writer = await enter(lab)
        lab.become(fault)
        assert await asyncio.wait_for(_rest(reader), 10) == b""
        writer.close()
        lab.become("healthy")
        assert (await ask(lab)).status == 403
        lab.become(fault)
        lab.become("port-closed")
        lab.become("healthy")
        assert (await ask(lab)).status == 403


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except (OSError, ssl.SSLError):
        return b""


async def test_an_open_connection_meets_the_new_fault_with_its_next_request() -> None:
    async with Lab() as lab:
        reader, writer = await enter(lab)
        for fault, status in (("healthy", 403), ("policy-module-absent", 200)):
            lab.become(fault)
            writer.write(f"GET {SCEP_PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert (await answer_of(reader)).status == status
        writer.close()


async def test_what_is_remembered_is_what_the_healthy_server_handed_out() -> None:
    async with Lab() as lab:
        bundle = (await ask(lab, CACERT)).body
        _, writer = await enter(lab)
        seen = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        for fault in ("ra-deleted-500", "crl-expired-500", "tls-renewed", "port-closed", "healthy"):
            lab.become(fault)
            past = lab.past()
            assert (past.bundle, past.tls) == (bundle, sha256(seen).hexdigest())


async def test_ra_certificates_that_ran_out_are_in_the_memory() -> None:
    async with Lab("ra-expired-500") as lab:
        assert (await ask(lab, CACERT)).status == 500
        past = lab.past()
        assert past.bundle and past.at
        for ra in read_bundle(past.bundle).ra:
            assert past.at < ra.facts.not_after < datetime.now(UTC)


async def test_the_healthy_time_before_a_fault_can_be_lived_through() -> None:
    async with Lab(before(fault_of("ra-expired-500"))) as lab:
        assert (await ask(lab)).status == 403
        remembered = (await ask(lab, CACERT)).body
        lab.become("ra-expired-500")
        assert (await ask(lab, CACERT)).status == 500
        assert lab.past().bundle == remembered
        lab.become("ra-expired")
        assert (await ask(lab, CACERT)).body == remembered


async def test_ra_certificates_may_run_out_while_the_lab_runs() -> None:
    async with Lab(ra_ends=timedelta(seconds=30)) as lab:
        remembered = (await ask(lab, CACERT)).body
        assert all(ra.facts.not_after - lab.pki.now == timedelta(seconds=30) for ra in read_bundle(remembered).ra)
        lab.become("ra-expired-500")
        assert lab.past().bundle == remembered


async def test_a_lab_can_be_registered_as_it_is() -> None:
    async with Lab("healthy-app-proxy") as lab:
        server = lab.server("lab01")
        assert (server.name, server.url, server.front, server.module) == ("lab01", lab.url, "app-proxy", "intune")
        assert server.internal_name == "ndes01.lab.internal"
        assert server.trusted_root == sha256(ssl.PEM_cert_to_DER_cert(lab.root_pem)).hexdigest()
        assert (await ask(lab, context=ssl.create_default_context(cadata=server.roots))).status == 403
    async with Lab("healthy-plain") as lab:
        assert lab.server().module == "plain"


async def test_a_closed_lab_leaves_nothing_behind() -> None:
    tasks = asyncio.all_tasks()
    async with Lab() as lab:
        folder = Path(lab.ca_file).parent
        assert folder.exists()
        _, inside = await enter(lab)
        _, waiting = await asyncio.open_connection("127.0.0.1", lab.port)
    for gone in (lab.port, lab.crl_port):
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", gone)
    inside.close()
    waiting.close()
    assert not folder.exists()
    assert asyncio.all_tasks() == tasks
