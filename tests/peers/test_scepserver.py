"""Debian's scepserver is a SCEP server but not NDES: the suite says so, and is given nothing by it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.peers.programs import PATIENCE, missing, program

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the check of a scepserver found, in a network namespace where it is alone."""
    unshare = program("unshare", "util-linux")
    server, client = program("scepserver", "scep"), program("scepclient", "scep")
    alone = [unshare, "--net"] if os.geteuid() == 0 else [unshare, "--map-root-user", "--net"]
    if (tried := subprocess.run([*alone, "true"], capture_output=True, text=True)).returncode:
        missing(f"no network namespace can be made here: {tried.stderr.strip()}")
    folder = tmp_path_factory.mktemp("scepserver")
    command = [*alone, sys.executable, "-m", "tests.peers.scepserver_alone", server, client, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_it_is_read_as_a_scep_server(seen: Any) -> None:
    findings = seen["usual"]["findings"]
    assert findings["scep-caps"]["evidence"]["sha2"]
    assert findings["scep-cacert"]["evidence"]["certificates"] == 1


def test_it_is_said_that_this_is_not_ndes(seen: Any) -> None:
    findings = seen["usual"]["findings"]
    assert seen["usual"]["verdict"] == "fail"
    assert "no healthy NDES does" in findings["scep-base"]["summary"]
    assert "not how NDES answers" in findings["ra-certificates"]["summary"]
    assert "not written by NDES" in findings["clock"]["summary"]


def test_no_check_breaks_on_it_and_no_cause_of_ndes_is_confirmed(seen: Any) -> None:
    for run in (seen["usual"], seen["sending"]):
        assert "confirmed" not in run["standings"].values()
        assert not any("itself broke" in one["summary"] for one in run["findings"].values())


def test_it_would_issue_to_everybody_but_is_not_asked_to(seen: Any) -> None:
    assert seen["sending"]["findings"]["scep-request"]["verdict"] == "skipped"
    assert seen["issued"]["to us"] == []
    assert len(seen["issued"]["to others"]) == 1  # so the first list is empty because of what was sent
