"""`ndesbot diagnose` reads certificates and messages in what it is given, and compares them where it has servers."""

import asyncio
import json
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bot.findings import Past, Report, Server
from connectors.clock import now
from connectors.commands.answers import diagnose_command
from connectors.store import open_store
from knowledge.scep import read_bundle
from knowledge.scep_requests import poisoned_request
from tests.knowledge.listings import THUMBPRINT, VERBOSE, bound
from tests.knowledge.pki import NOW, Pki

PKI = Pki.make()
REQUEST = poisoned_request(read_bundle(PKI.bundle), NOW, bytes(range(32)))
BASE64 = b64encode(REQUEST).decode()
URL = f"https://ndes.corp.example/certsrv/mscep/mscep.dll?operation=PKIOperation&message={quote(BASE64, safe='')}"
PROBLEM = "NDES event 18: The Network Device Enrollment Service cannot decrypt the client's PKCS7 message (0x80090005)"
PEM = PKI.encryption.certificate.public_bytes(Encoding.PEM).decode()


class Diagnosing:
    """Runs the command in this process: what it prints for texts, each in a file of its own."""

    def __init__(self, folder: Path, printed: pytest.CaptureFixture[str]) -> None:
        self._folder = folder
        self._printed = printed

    def __call__(self, *texts: str, as_json: bool = False, overheard: bool = False) -> str:
        files = [self._folder / f"{number}.txt" for number, _ in enumerate(texts)]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text, encoding="utf-8")
        diagnose_command([str(file) for file in files], as_json=as_json, overheard=overheard, batch=None)
        told = self._printed.readouterr()
        assert told.err == ""
        return told.out

    def json(self, *texts: str) -> Any:
        return json.loads(self(*texts, as_json=True))


@pytest.fixture
def diagnose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Diagnosing:
    monkeypatch.setenv("NDESBOT_CACHE", str(tmp_path))
    monkeypatch.setenv("NDESBOT_DATABASE", f"sqlite:///{tmp_path / 'bot.db'}")
    return Diagnosing(tmp_path, capsys)


@pytest.fixture
def registered(tmp_path: Path) -> None:
    """A database with a server that handed out these certificates."""

    async def keep() -> None:
        async with open_store(f"sqlite:///{tmp_path / 'bot.db'}") as store:
            server = Server("ndes01", "https://ndes.corp.example/certsrv/mscep/mscep.dll")
            await store.register(server)
            await store.keep(Report(server, now(), "ok", (), (), 1, 1.0), Past(now(), PKI.bundle))

    asyncio.run(keep())


def test_a_message_that_no_entry_knows_is_no_longer_unknown(diagnose: Diagnosing, tmp_path: Path) -> None:
    told = diagnose(BASE64)
    assert told.startswith("[Good to know] A SCEP request (PKCSReq), encrypted to the certificate ")
    assert PKI.encryption.serial in told
    assert not (tmp_path / "bot.db").exists()


@pytest.mark.usefixtures("registered")
def test_it_is_compared_with_the_servers_of_the_database(diagnose: Diagnosing) -> None:
    assert "encrypted to the RA certificate that ndes01 serves" in diagnose(URL[:1_500])
    (found,) = diagnose.json(URL)["enclosed"]
    (message,) = found["messages"]
    assert (message["recipient_is"], message["server"]) == ("current", "ndes01")


def test_a_database_that_cannot_be_used_costs_the_comparison_only(diagnose: Diagnosing, tmp_path: Path) -> None:
    (tmp_path / "bot.db").write_bytes(b"no database" * 100)
    assert "encrypted to the certificate" in diagnose(URL)


def test_what_certutil_and_netsh_print_is_read_as_a_paste_and_not_as_a_log(diagnose: Diagnosing) -> None:
    expired, other_port = VERBOSE.replace("3/14/2027", "3/14/2025"), bound(("0.0.0.0:8443", THUMBPRINT))
    assert "An RA certificate for encryption that has expired" in diagnose(expired)
    assert "None of the bindings in this listing is for port 443" in diagnose(other_port)
    first, second = diagnose.json(expired, other_port)["enclosed"]
    assert Path(first["file"]).name == "0.txt"
    assert first["certificates"][0]["faults"][0]["word"] == "expired"
    assert second["binding_faults"][0]["word"] == "no-https-binding"


def test_scripts_are_told_only_where_something_was_found(diagnose: Diagnosing) -> None:
    assert "enclosed" not in diagnose.json(PROBLEM)
    (found,) = diagnose.json(PEM, PROBLEM)["enclosed"]
    assert found["certificates"][0]["kind"] == "RA certificate for encryption"
    assert found["alone"] is True


def test_an_overheard_certificate_is_left_alone(diagnose: Diagnosing) -> None:
    assert diagnose(PEM, VERBOSE, URL, overheard=True) == ""


def test_beside_a_known_problem_it_follows(diagnose: Diagnosing) -> None:
    told = diagnose(f"{PROBLEM}\n\n{PEM}")
    assert "event 18" in told.splitlines()[0]
    assert "An RA certificate for encryption, valid until" in told
