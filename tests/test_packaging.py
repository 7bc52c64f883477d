"""What ndesbot is run from: the image, the unit of systemd. Both are tried as far as this computer can."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.image import NOT_PERMITTED, ROOT, instructions, sent

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
UNIT = (ROOT / "packaging" / "ndesbot.service").read_text(encoding="utf-8")
SECRETS = re.compile(r"NDESBOT_(?:SLACK_BOT_TOKEN|SLACK_APP_TOKEN|SLACK_SIGNING_SECRET|TEAMS_SECRET)")


# --- the image --------------------------------------------------------------------------------


def test_nothing_but_what_the_image_is_made_of_reaches_the_build() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    assert next(line for line in ignored.splitlines() if not line.startswith("#")) == "*"
    copied = {
        name
        for word, rest in instructions(DOCKERFILE)
        if word == "COPY" and "--from" not in rest
        for name in rest.split()[:-1]
    }
    assert sent(ignored) == copied
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_no_layer_is_given_a_secret() -> None:
    words = {word for word, _ in instructions(DOCKERFILE)}
    assert words & {"ARG", "ADD"} == set()
    assert not SECRETS.search(DOCKERFILE)


def test_the_image_names_no_host_and_no_version_of_its_own() -> None:
    bases = [rest.split()[0] for word, rest in instructions(DOCKERFILE) if word == "FROM"]
    assert set(bases) == {"python:3.13-slim-bookworm"}
    installs = re.findall(r"pip install ([^&\n]+)", DOCKERFILE)
    assert [line for line in installs if "--require-hashes" not in line and "--no-index" not in line] == []


def test_the_process_is_nobodys_and_is_told_to_stop_as_it_wants_to_be() -> None:
    said = dict(instructions(DOCKERFILE))
    assert said["USER"].split(":")[0].isdigit() and not said["USER"].startswith("0")
    assert said["STOPSIGNAL"] == "SIGTERM"
    assert json.loads(said["ENTRYPOINT"]) + json.loads(said["CMD"]) == ["ndesbot", "serve"]


@pytest.fixture(scope="module")
def image() -> dict[str, Any]:
    """What happened when the image was built and run."""
    if not os.environ.get("CI"):
        pytest.skip("takes a minute and seventy downloads: CI=1 pytest tests/test_packaging.py")
    told = subprocess.run([sys.executable, "-m", "tests.image"], cwd=ROOT, capture_output=True, text=True)
    if told.returncode == NOT_PERMITTED:
        pytest.skip("this user may not mount")
    assert told.returncode == 0, told.stderr[-4000:]
    result: dict[str, Any] = json.loads(told.stdout)
    return result


@pytest.mark.timeout(900)
def test_the_image_works_without_rights_on_a_read_only_root(image: dict[str, Any]) -> None:
    assert (image["id"], image["may write"]) == ("10001", [])
    assert (image["explain"]["code"], image["explain"]["err"]) == (0, "")
    assert image["manifest"]["code"] == 0
    assert "No module named hatchling" in image["tools"]["err"]
    symptoms = {symptom["id"]: symptom["verdict"] for symptom in json.loads(image["doctor"]["out"])["symptoms"]}
    assert {symptoms[name] for name in ("settings", "knowledge", "database")} == {"ok"}


@pytest.mark.timeout(900)
def test_the_image_serves_is_found_healthy_and_stops_when_told(image: dict[str, Any]) -> None:
    assert image["first line"] == "http://127.0.0.1:8080/healthz\n"
    assert (image["before"], image["healthy"], image["ended"]) == (1, 0, 0)
    assert [json.loads(line) for line in image["log"].splitlines()] == []


# --- the unit of systemd ----------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_the_unit_and_finds_little_exposed(tmp_path: Path) -> None:
    unit = tmp_path / "ndesbot.service"  # with a program that is there
    unit.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={shutil.which('true')}", UNIT, flags=re.MULTILINE))
    for words in (["verify"], ["security", "--offline=yes", "--threshold=20"]):
        told = subprocess.run(["systemd-analyze", *words, str(unit)], capture_output=True, text=True)
        assert told.returncode == 0, told.stderr + told.stdout[-300:]
        assert "Unknown" not in told.stderr


def test_secrets_come_to_the_service_as_files_and_each_has_its_variable() -> None:
    given = dict(re.findall(r"^Environment=(NDESBOT_\w+)_FILE=%d/(\S+)$", UNIT, re.MULTILINE))
    read = (ROOT / "connectors" / "settings_file.py").read_text(encoding="utf-8")
    assert set(given) == set(SECRETS.findall(read))
    assert all(name.startswith("secrets_") for name in given.values())
    assert "LoadCredential=secrets:/etc/ndesbot/secrets\n" in UNIT


@pytest.mark.skipif(sys.platform != "linux", reason="a rule of Linux")
def test_the_program_runs_where_memory_is_either_written_or_executed(tmp_path: Path) -> None:
    program = (
        "import ctypes, os, sys\n"
        "if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0): sys.exit(77)\n"  # PR_SET_MDWE
        "os.execv(sys.executable, [sys.executable, '-m', 'connectors.main', 'doctor', '--json'])\n"
    )
    settings = tmp_path / "ndesbot.toml"
    settings.write_text('[slack]\nworkspaces = ["T1"]\napi = "http://127.0.0.1:9"\n')
    env = {
        **os.environ,
        "NDESBOT_SETTINGS": str(settings),
        "NDESBOT_DATABASE": f"sqlite+aiosqlite:///{tmp_path}/bot.db",
        "NDESBOT_CACHE": str(tmp_path),
    }
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=env, capture_output=True, text=True)
    if told.returncode == 77:
        pytest.skip("this kernel knows no such rule")
    symptoms = {symptom["id"]: symptom["verdict"] for symptom in json.loads(told.stdout)["symptoms"]}
    assert (symptoms["knowledge"], symptoms["database"]) == ("ok", "ok")
