"""The wheel holds everything, and works where the source is not."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    told = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked as `pip install --target` does it, without a network."""
    folder = tmp_path_factory.mktemp("installed")
    told = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--target",
            str(folder),
            str(wheel),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    assert told.returncode == 0, told.stderr[-2000:]
    return folder


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in ("bot", "connectors", "knowledge")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    wanted |= {f"connectors/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "manifest").rglob("*.*")}
    assert wanted - held == set()
    assert len([name for name in held if name.startswith("knowledge/entries/")]) > 100
    assert "knowledge/codes/hresult.csv" in held
    assert "connectors/chat/playground/page/index.html" in held


def test_the_wheel_holds_no_tests_and_no_waste(wheel: Path) -> None:
    held = zipfile.ZipFile(wheel).namelist()
    assert [name for name in held if name.startswith("tests/") or "__pycache__" in name] == []
    assert {name.split("/")[0] for name in held if ".dist-info" not in name} == {"bot", "connectors", "knowledge"}


def test_the_wheel_declares_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        (name,) = [name for name in file.namelist() if name.endswith(".dist-info/entry_points.txt")]
        assert "ndesbot = connectors.main:run" in file.read(name).decode()


def ndesbot(installed: Path, folder: Path, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    """A command of the installed wheel, where the source is not."""
    env = {**os.environ, "PYTHONPATH": str(installed), "NDESBOT_CACHE": str(folder / "cache")}
    where = "import connectors.main; print(connectors.main.__file__)"
    proof = subprocess.run([sys.executable, "-c", where], cwd=folder, env=env, capture_output=True, text=True)
    assert proof.stdout.startswith(str(installed)), proof.stdout + proof.stderr
    command = [sys.executable, "-m", "connectors.main", *arguments]
    return subprocess.run(command, cwd=folder, env=env, input=said, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("arguments", "words", "said"),
    [(["explain", "12175"], "", "ERROR_WINHTTP_SECURE_FAILURE"), (["diagnose"], "Denied by 0x80094012", "0x80094012")],
)
def test_the_installed_wheel_works_elsewhere(
    installed: Path, tmp_path: Path, arguments: list[str], words: str, said: str
) -> None:
    told = ndesbot(installed, tmp_path, *arguments, said=words)
    assert (told.returncode, told.stderr) == (0, "")
    assert said in told.stdout


def test_the_installed_wheel_makes_the_package_for_teams(installed: Path, tmp_path: Path) -> None:
    number = "3f0a2c54-1111-4222-8333-0123456789ab"
    told = ndesbot(installed, tmp_path, "manifest", "teams", "--app-id", number, "--out", "x.zip")
    assert (told.returncode, told.stderr) == (0, "")
    with zipfile.ZipFile(tmp_path / "x.zip") as package:
        manifest = json.loads(package.read("manifest.json"))
        assert {*package.namelist()} == {"manifest.json", *manifest["icons"].values()}
        assert number in package.read("manifest.json").decode()


def test_the_installed_wheel_prints_the_manifest_for_slack(installed: Path, tmp_path: Path) -> None:
    source = ROOT / "manifest" / "slack.yaml"
    told = ndesbot(installed, tmp_path, "manifest", "slack")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == source.read_text(encoding="utf-8")
