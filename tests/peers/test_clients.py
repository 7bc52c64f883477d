"""Other people's SCEP clients read the lab as they read NDES, and no client is given a certificate."""

import asyncio
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from connectors.lab.server import SCEP_PATH, Lab
from knowledge.scep import read_bundle
from tests.peers.programs import missing, program, run

READING = {"GetCACaps", "GetCACert"}
STRONGSWAN_HTTP = Path("/usr/lib/ipsec/plugins/libstrongswan-curl.so")


def plain(lab: Lab) -> str:
    """The SCEP URL without TLS, for clients that speak none or trust this computer's roots only."""
    return f"http://127.0.0.1:{lab.crl_port}{SCEP_PATH}"


def operations(lab: Lab) -> set[str]:
    return {seen.target.partition("operation=")[2].partition("&")[0] for seen in lab.requests}


async def test_strongswan_tells_the_ca_from_the_ra(tmp_path: Path) -> None:
    pki = program("pki", "strongswan-pki")
    if not STRONGSWAN_HTTP.exists():
        missing("strongSwan cannot fetch by HTTP (Debian's package libstrongswan-extra-plugins)")
    async with Lab() as lab:
        asked = ("--scepca", "--url", plain(lab), "--caout", "ca.der", "--raout", "ra.der")
        status, said = await run(pki, *asked, folder=tmp_path)
        bundle = {one.der for one in read_bundle(lab.pki.bundle("good")).certificates}
        pair = {one.public_bytes(Encoding.DER) for one in lab.pki.ra("good")}
    assert status == 0, said
    assert {file.read_bytes() for file in tmp_path.glob("ca*.der")} == bundle - pair
    assert {file.read_bytes() for file in tmp_path.glob("ra*.der")} == pair


@pytest.mark.parametrize("secure", [True, False], ids=["https", "http"])
async def test_certmonger_reads_the_words_and_the_certificates(secure: bool, tmp_path: Path) -> None:
    submit = program("scep-submit", "certmonger")
    async with Lab() as lab:
        here = ("-u", lab.url, "-R", lab.ca_file) if secure else ("-u", plain(lab))
        caps = await run(submit, *here, "-c", folder=tmp_path)
        handed = await run(submit, *here, "-C", folder=tmp_path)
        wanted = {one.der for one in read_bundle(lab.pki.bundle("good")).certificates}
        assert operations(lab) == READING
        assert {seen.secure for seen in lab.requests} == {secure}
    assert caps[0] == 0, caps[1]
    assert {"POSTPKIOperation", "Renewal", "SHA-256"} <= set(caps[1].split())
    assert handed[0] == 0, handed[1]
    read = x509.load_pem_x509_certificates(handed[1].encode())
    assert {one.public_bytes(Encoding.DER) for one in read} == wanted


async def test_scepclient_reads_over_tls_and_gets_no_certificate(tmp_path: Path) -> None:
    client = program("scepclient", "scep")
    async with Lab() as lab:
        encryption = lab.pki.ra("good")[1].fingerprint(SHA256()).hex()
        files = ("-private-key", "client.key", "-certificate", "client.pem")
        asked = ("-server-url", lab.url, "-challenge", "none", "-ca-fingerprint", encryption)
        trusting = {"SSL_CERT_FILE": lab.ca_file}
        status, said = await run(client, *files, *asked, folder=tmp_path, environment=trusting)
        assert operations(lab) == {*READING, "PKIOperation"}, said
        assert all(seen.secure for seen in lab.requests)
    assert status != 0, said
    assert not (tmp_path / "client.pem").exists()


async def test_a_client_of_http_1_0_hears_one_answer_and_the_end() -> None:
    async with Lab() as lab:
        reader, writer = await asyncio.open_connection("127.0.0.1", lab.crl_port)
        writer.write(f"GET {SCEP_PATH}?operation=GetCACert&message=CAIdentifier HTTP/1.0\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        wanted = lab.pki.bundle("good")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/x-x509-ca-ra-cert" in head
    assert body == wanted
