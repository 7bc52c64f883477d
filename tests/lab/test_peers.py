"""Other people's SCEP clients, where Debian has them, read the healthy lab."""

import asyncio
import shutil
from pathlib import Path

import pytest

from connectors.lab.server import SCEP_PATH, Lab

PKI = shutil.which("pki")
SCEP_SUBMIT = next(
    (
        str(path)
        for path in map(Path, ("/usr/lib/certmonger/scep-submit", "/usr/libexec/certmonger/scep-submit"))
        if path.exists()
    ),
    None,
)
SCEPCLIENT = shutil.which("scepclient")


async def _run(*command: str, folder: Path) -> tuple[int, str]:
    """Exit code and all that was said."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), 30)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, said.decode("utf-8", "replace")


def _address(lab: Lab) -> str:
    return f"http://127.0.0.1:{lab.crl_port}{SCEP_PATH}"


def _asked(lab: Lab) -> set[str]:
    return {
        operation
        for operation in ("GetCACaps", "GetCACert", "PKIOperation")
        for seen in lab.requests
        if operation in seen.target
    }


@pytest.mark.skipif(PKI is None, reason="strongSwan's pki (package strongswan-pki) is not installed")
async def test_strongswan_reads_the_ca(tmp_path: Path) -> None:
    async with Lab() as lab:
        status, said = await _run(
            str(PKI), "--scepca", "--url", _address(lab), "--caout", "ca.der", "--raout", "ra.der", folder=tmp_path
        )
        assert status == 0, said
        assert len(list(tmp_path.glob("ca*.der"))) == 2
        assert list(tmp_path.glob("ra*.der"))


@pytest.mark.skipif(SCEP_SUBMIT is None, reason="certmonger is not installed")
async def test_certmonger_reads_the_words_and_the_ca(tmp_path: Path) -> None:
    async with Lab() as lab:
        status, said = await _run(str(SCEP_SUBMIT), "-u", _address(lab), "-c", folder=tmp_path)
        assert status == 0, said
        assert "POSTPKIOperation" in said
        status, said = await _run(str(SCEP_SUBMIT), "-u", _address(lab), "-C", folder=tmp_path)
        assert status == 0, said
        assert said.count("-----BEGIN CERTIFICATE-----") >= 3


@pytest.mark.skipif(SCEPCLIENT is None, reason="scepclient (package scep) is not installed")
async def test_scepclient_reads_the_lab_and_gets_no_certificate(tmp_path: Path) -> None:
    async with Lab() as lab:
        status, said = await _run(
            str(SCEPCLIENT),
            "-private-key",
            "client.key",
            "-certificate",
            "client.pem",
            "-server-url",
            _address(lab),
            "-challenge",
            "none",
            folder=tmp_path,
        )
        assert status != 0, said
        assert {"GetCACaps", "GetCACert"} <= _asked(lab), said
        assert not (tmp_path / "client.pem").exists()
