"""`ndesbot diagnose` on whole logs: one time line, one answer, in words and in JSON."""

import gzip
import io
import json
import os
import pty
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.logs.compose import Composed, compose

PROGRAM = Path(sys.executable).with_name("ndesbot")


KINDS = {
    "u_ex260514.log": "iis",
    "NDESPlugin.log": "ndesplugin",
    "CertificateRegistrationPoint.svclog": "svclog",
    "application.txt": "event",
    "ca-application.txt": "event",
    "httperr1.log": "httperr",
}


class Shell:
    """Runs `ndesbot diagnose`."""

    def __init__(self, cache: Path) -> None:
        self.env = {**os.environ, "NDESBOT_CACHE": str(cache)}

    def __call__(self, *arguments: str | Path, words: bytes = b"", fails: bool = False) -> str:
        run = subprocess.run(
            [PROGRAM, "diagnose", *map(str, arguments)], input=words, capture_output=True, env=self.env, timeout=120
        )
        told = run.stderr.decode()
        assert "Traceback" not in told
        assert (run.returncode == 2) == fails, told
        assert fails or told == ""
        return told if fails else run.stdout.decode()

    def json(self, *arguments: str | Path, words: bytes = b"") -> Any:
        return json.loads(self("--json", *arguments, words=words))


@pytest.fixture(scope="module")
def diagnose(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def composed() -> Composed:
    return compose("verify-403-16", 1)


@pytest.fixture(scope="module")
def folder(composed: Composed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("logs")
    for name, data in composed.files.items():
        (place / name).write_bytes(data)
    return place


def zipped(composed: Composed) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in composed.files.items():
            file.writestr(f"logs/{name}", data)
    return whole.getvalue()


def test_the_json_names_step_line_files_and_enrolments(diagnose: Shell, folder: Path, composed: Composed) -> None:
    assert composed.bad is not None
    told = diagnose.json(*(folder / name for name in composed.files))
    assert told["step"] == 3
    assert told["first_bad"] == {"file": str(folder / composed.bad[0]), "line": composed.bad[1]}
    kinds = {Path(file["path"]).name: file["kind"] for file in told["files"]}
    assert kinds.keys() == composed.files.keys()
    assert {**KINDS, **kinds} == KINDS
    assert len(told["enrolments"]) == composed.total
    stopped = [one for one in told["enrolments"] if one["stopped_at"] == 3]
    assert len(stopped) == composed.stopped
    assert stopped[0]["steps"] == [2]
    assert told["matches"][0]["entry"] == "policy-module-403-16"
    assert all({"entry", "confidence", "because"} <= match.keys() for match in told["matches"])


def test_the_words_say_how_many_stop_where_since_when_and_what_to_do(
    diagnose: Shell, folder: Path, composed: Composed
) -> None:
    assert composed.bad is not None
    shown = diagnose(*(folder / name for name in composed.files))
    first = shown.splitlines()[0]
    assert first.startswith(f"[Problem] {composed.stopped} of {composed.total} enrolments stop at step 3 since ")
    assert f"First bad line: {folder / composed.bad[0]}, line {composed.bad[1]}" in shown
    assert "IIS log" in shown
    assert "[Problem] 403.16 on VerifyRequest" in shown
    assert "Cause 1 of" in shown


def test_a_clock_that_is_not_utc_is_told(diagnose: Shell, tmp_path: Path) -> None:
    path = tmp_path / "logs.zip"
    path.write_bytes(zipped(compose("ca-unreachable", 1)))
    shown = diagnose(path)
    assert "application.txt: exported events, " in shown
    assert "local time, UTC+2:00, found from" in shown


def test_a_zip_of_a_folder_tells_the_same(diagnose: Shell, composed: Composed, tmp_path: Path) -> None:
    assert composed.bad is not None
    path = tmp_path / "logs.zip"
    path.write_bytes(zipped(composed))
    told = diagnose.json(path)
    assert told["first_bad"] == {"file": f"{path}/logs/{composed.bad[0]}", "line": composed.bad[1]}
    assert diagnose.json("-", words=path.read_bytes())["first_bad"]["file"] == f"-/logs/{composed.bad[0]}"


def test_a_packed_log_is_read(diagnose: Shell, composed: Composed, tmp_path: Path) -> None:
    path = tmp_path / "u_ex.log.gz"
    path.write_bytes(gzip.compress(composed.files["u_ex260514.log"]))
    assert diagnose.json(path)["step"] == 3


def test_a_healthy_site_has_no_finding(diagnose: Shell, tmp_path: Path) -> None:
    path = tmp_path / "healthy.zip"
    healthy = compose("healthy", 2)
    path.write_bytes(zipped(healthy))
    told = diagnose.json(path)
    assert (told["first_bad"], told["step"], told["matches"]) == (None, None, [])
    shown = diagnose(path)
    assert shown.startswith(f"[All is well] Nothing went wrong in {healthy.total} enrolments")


def test_what_cannot_be_read_is_told_beside_what_can(diagnose: Shell, folder: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(bytes(range(32)) * 400)
    shown = diagnose(folder / "u_ex260514.log", picture)
    assert "stop at step 3" in shown
    assert "picture.png: this is not a text file." in shown


def test_a_zip_of_nothing_readable_is_no_crash(diagnose: Shell, tmp_path: Path) -> None:
    path = tmp_path / "broken.zip"
    path.write_bytes(b"PK\x03\x04" + bytes(range(256)) * 10)
    assert "cannot be read" in diagnose(path)


def test_the_name_of_a_member_cannot_command_the_terminal(diagnose: Shell, tmp_path: Path) -> None:
    path = tmp_path / "names.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a\x1b[31m\u202eb.log", compose("verify-403-16", 0).files["u_ex260514.log"])
    assert not set("\x1b\u202e") & set(diagnose(path))


def test_a_challenge_in_a_log_is_not_shown(diagnose: Shell, tmp_path: Path) -> None:
    secret = "E3A1F8B2C4D57096"
    log = compose("impersonation-1346", 0).files["u_ex260514.log"]
    path = tmp_path / "u_ex.log"
    path.write_bytes(
        log.replace(b"operation=GetCACaps&message=ca", f"operation=GetCACaps&challengePassword={secret}".encode())
    )
    assert secret not in diagnose(path)
    assert secret not in diagnose("--json", path)


def test_somebody_who_watches_sees_a_bar_on_standard_error(diagnose: Shell, folder: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        run = subprocess.Popen(
            [PROGRAM, "diagnose", "--json", folder / "u_ex260514.log"],
            stdout=subprocess.PIPE,
            stderr=theirs,
            env={**diagnose.env, "TERM": "xterm", "COLUMNS": "100"},
        )
        out, _ = run.communicate(timeout=120)
        os.close(theirs)
        theirs = -1
        try:
            seen = os.read(ours, 65_536)
        except OSError:  # where the other end is closed and nothing was written
            seen = b""
    finally:
        os.close(ours)
        if theirs >= 0:
            os.close(theirs)
    assert json.loads(out)["step"] == 3
    assert b"bytes" in seen or b"kB" in seen or b"\x1b" in seen


ROUTER = """Nov 20 10:01:{:02}.123: CRYPTO_PKI: Sending CA Certificate Request:
Nov 20 10:01:{:02}.124: GET /certsrv/mscep/mscep.dll/pkiclient.exe?operation=GetCACert&message=CA01 HTTP/1.0
Nov 20 10:01:{:02}.125: CRYPTO_PKI: status = 65535: failed to send out the pki message
"""


def test_a_log_of_no_known_format_is_told_by_its_times(diagnose: Shell, tmp_path: Path) -> None:
    (log := tmp_path / "router.txt").write_text("".join(ROUTER.replace("{:02}", f"{i:02}") for i in range(8)))
    told = diagnose.json(log)
    assert (told["first_bad"]["line"], told["stops"][0]["lines"], told["stops"][0]["since"]) == (3, 8, "10:01:00")


def test_a_few_lines_with_times_are_a_paste(diagnose: Shell, tmp_path: Path) -> None:
    (paste := tmp_path / "router.txt").write_text(ROUTER.replace("{:02}", "07"))
    assert "stops" not in diagnose.json(paste)
