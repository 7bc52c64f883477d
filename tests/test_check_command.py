"""`ndesbot check`, `servers`, `lab` and `probe` as scripts call them: real processes, sockets and database."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
URL = "https://ndes.example.org/certsrv/mscep/mscep.dll"


class Told(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs commands that share one database in a folder of their own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self._environment = {
            **os.environ,
            "NDESBOT_DATABASE": f"sqlite+aiosqlite:///{folder / 'bot.db'}",
            "PYTHONPATH": str(ROOT),
            **environment,
        }

    def __call__(self, *words: object) -> Told:
        command = [sys.executable, "-m", "connectors.main", *map(str, words)]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False, timeout=120)
        assert "Traceback" not in done.stderr
        return Told(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def lab(self, fault: str, *more: object) -> Iterator[dict[str, str]]:
        command = [sys.executable, "-m", "connectors.main", "lab", "--fault", fault, *map(str, more)]
        with subprocess.Popen(command, env=self._environment, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout
            yield json.loads(running.stdout.readline())
            running.send_signal(signal.SIGTERM)
            assert running.wait(20) == 0


@pytest.fixture
def ndesbot(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_a_healthy_lab_is_well_and_the_json_has_the_promised_shape(ndesbot: Shell) -> None:
    with ndesbot.lab("healthy") as lab:
        assert lab.keys() == {"url", "ca_file", "fault"}
        told = ndesbot("check", lab["url"], "--json", "--ca-file", lab["ca_file"], "--allow", "127.0.0.0/8")
    assert (told.code, told.err) == (0, "")
    report = told.json
    assert {"target", "verdict", "findings", "causes", "requests", "took_ms"} <= report.keys()
    assert (report["target"], report["verdict"]) == (lab["url"], "ok")
    for finding in report["findings"]:
        assert {"check", "verdict", "summary", "evidence", "took_ms"} <= finding.keys()
    for cause in report["causes"]:
        assert {"cause", "entry", "standing", "why"} <= cause.keys()
        assert cause["standing"] in ("possible", "ruled_out")


def test_a_fault_is_found_and_the_exit_code_says_so(ndesbot: Shell) -> None:
    with ndesbot.lab("pool-stopped") as lab:
        told = ndesbot("check", lab["url"], "--json", "--ca-file", lab["ca_file"], "--allow", "127.0.0.0/8")
        page = ndesbot("check", lab["url"], "--ca-file", lab["ca_file"], "--allow", "127.0.0.0/8")
    assert (told.code, page.code) == (1, 1)
    assert told.json["causes"][0]["cause"] == "scep-pool-stopped"
    assert "Every check" in page.out
    assert "Not visible from here" in page.out


def test_a_run_remembers_what_was_well(ndesbot: Shell) -> None:
    with ndesbot.lab("healthy", "--port", 0) as lab:
        target = (lab["url"], "--ca-file", lab["ca_file"], "--allow", "127.0.0.0/8")
        first = ndesbot("check", *target, "--json").json
        again = ndesbot("check", *target, "--json").json
        same = ndesbot("check", *target, "--compare", "last-good")
    changed = {finding["check"]: finding["verdict"] for finding in first["findings"]}
    assert changed["tls-changed"] == "skipped"
    assert {finding["check"]: finding["verdict"] for finding in again["findings"]}["tls-changed"] == "ok"
    assert "as in the last good run" in same.out


def test_the_address_guard_is_shut_unless_the_operator_opens_it(ndesbot: Shell) -> None:
    with ndesbot.lab("healthy") as lab:
        told = ndesbot("check", lab["url"], "--json")
    assert told.code == 1
    assert "loopback" in told.out
    assert told.json["requests"] == 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("ndes99",), "'ndes99' is not registered"),
        (("ftp://ndes.example.org/mscep.dll",), "url: give the SCEP URL"),
        (("http://169.254.169.254/latest", "--allow", "0.0.0.0/0"), "url: "),
        ((URL, "--only", "everything"), "There is no check 'everything'"),
        ((URL, "--only", "scep-request"), "leaves traces"),
        ((URL, "--allow", "nowhere"), "--allow: "),
        ((URL, "--compare", "yesterday"), "last-good"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(ndesbot: Shell, words: tuple[str, ...], reason: str) -> None:
    told = ndesbot("check", *words)
    assert told.code == 2
    assert told.out == ""
    assert reason in told.err
    assert told.err.count("\n") == 1


def test_with_a_settings_file_the_servers_are_those_of_its_bot(ndesbot: Shell, tmp_path: Path) -> None:
    file = tmp_path / "ndesbot.toml"
    file.write_text(f'database = "sqlite+aiosqlite:///{tmp_path}/served.db"\n')
    beside_the_bot = Shell(tmp_path, NDESBOT_SETTINGS=str(file), NDESBOT_DATABASE="")
    assert beside_the_bot("servers", "add", "ndes01", URL).code == 0
    assert "1 servers are registered" in beside_the_bot("doctor").out
    assert ndesbot("servers", "list", "--json").json == []


def test_the_environment_has_the_last_word_on_the_database(tmp_path: Path) -> None:
    file = tmp_path / "ndesbot.toml"
    file.write_text(f'database = "sqlite+aiosqlite:///{tmp_path}/served.db"\n')
    assert Shell(tmp_path, NDESBOT_SETTINGS=str(file))("servers", "add", "ndes01", URL).code == 0
    assert not (tmp_path / "served.db").exists()


def test_servers_are_added_listed_shown_imported_and_removed(ndesbot: Shell, tmp_path: Path) -> None:
    assert ndesbot("servers", "add", "ndes01", URL, "front=app-proxy", "tls_days=14").code == 0
    [server] = ndesbot("servers", "list", "--json").json
    assert (server["name"], server["front"], server["thresholds"]["tls_days"]) == ("ndes01", "app-proxy", 14)
    assert f"url: {URL}" in ndesbot("servers", "show", "ndes01").out
    file = tmp_path / "servers.yaml"
    file.write_text(f"- {{name: ndes02, url: '{URL}', tags: [prod]}}\n- {{name: ndes03, url: '{URL}'}}\n", "utf-8")
    assert ndesbot("servers", "import", file).code == 0
    assert [one["name"] for one in ndesbot("servers", "list", "--json").json] == ["ndes01", "ndes02", "ndes03"]
    assert ndesbot("servers", "remove", "ndes02").code == 0
    assert ndesbot("servers", "remove", "ndes02").code == 2
    file.write_text(f"- {{name: ndes04, url: '{URL}'}}\n- {{name: ndes05, url: 'nonsense'}}\n", "utf-8")
    assert ndesbot("servers", "import", file).code == 2
    assert "ndes04" not in ndesbot("servers", "list").out


def test_a_probe_is_sent_only_to_those_who_know_its_traces(ndesbot: Shell) -> None:
    with ndesbot.lab("healthy") as lab:
        target = (lab["url"], "--ca-file", lab["ca_file"], "--allow", "127.0.0.0/8")
        refused = ndesbot("probe", *target)
        sent = ndesbot("probe", *target, "--yes")
    assert refused.code == 2
    assert "event 29" in refused.err
    assert sent.code == 0
    assert "scep-request" in sent.out


def test_the_faults_of_the_lab_are_listed_with_their_causes(ndesbot: Shell) -> None:
    faults = ndesbot("lab", "--list", "--json").json
    assert len([fault for fault in faults if fault["cause"]]) >= 45
    assert ndesbot("lab", "--fault", "nonsense").code == 2
