"""`ndesbot diagnose --packet`: what is told goes into one new file, for whoever takes the trouble over."""

import io
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bot.errors import BadRequest
from bot.packet import Case
from connectors import packets
from tests.fakes import NOON
from tests.logs.compose import compose
from tests.logs.test_diagnose_logs import Shell, zipped


@pytest.fixture(scope="module")
def diagnose(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "case.zip"


def document(path: Path) -> Any:
    with zipfile.ZipFile(path) as whole:
        assert whole.namelist() == ["packet.md", "packet.json"]
        return json.loads(whole.read("packet.json"))


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_what_logs_tell_is_answered_and_packed(
    diagnose: Shell, tmp_path: Path, out: Path, options: tuple[str, ...]
) -> None:
    logs = tmp_path / "logs.zip"
    logs.write_bytes(zipped(compose("verify-403-16", 1)))
    without = diagnose(*options, logs)
    assert diagnose(*options, "--packet", out, logs) == without
    told = document(out)
    assert told["story"]["stops"][0]["entry"] == "policy-module-403-16"
    assert told["story"]["stops"][0]["file"] == "logs.zip/logs/u_ex260514.log"
    assert str(tmp_path) not in str(told)  # folders tell who works here
    assert told["versions"].keys() == {"ndesbot", "knowledge", "Python"}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_what_was_pasted_is_packed_with_the_entry_that_it_shows(diagnose: Shell, out: Path) -> None:
    said = "VerifyRequest - 443 - NDES_Plugin - 403 16 2148204809 453 for bob.smith@contoso.com"
    diagnose("--packet", out, words=said.encode())
    told = document(out)
    assert told["story"] is None
    assert [turn["entry"] for turn in told["questions"]] == ["policy-module-403-16"]
    assert "bob" not in json.dumps(told)


def test_no_packet_takes_the_place_of_a_file(diagnose: Shell, out: Path) -> None:
    out.write_bytes(b"mine")
    assert "is there already" in diagnose("--packet", out, words=b"12175", fails=True)
    assert out.read_bytes() == b"mine"
    with pytest.raises(BadRequest, match="is there already"):
        packets.write(out, Case(NOON))
    assert out.read_bytes() == b"mine"


def test_a_file_that_cannot_be_written_is_told_in_one_line(diagnose: Shell, out: Path) -> None:
    told = diagnose("--packet", out / "no" / "folder.zip", words=b"12175", fails=True)
    assert "cannot be written" in told
    assert told.count("\n") == 1


def test_a_batch_has_no_packet(diagnose: Shell, out: Path) -> None:
    assert "no other option" in diagnose("--batch", "-", "--packet", out, words=b"", fails=True)
    assert not out.exists()


def test_the_packet_of_a_case_is_what_stands_in_the_file(out: Path) -> None:
    packets.write(out, Case(NOON))
    assert document(out)["at"] == "2026-05-04T12:00:00Z"
    assert zipfile.is_zipfile(io.BytesIO(out.read_bytes()))
