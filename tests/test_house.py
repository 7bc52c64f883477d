"""The rules of the house that no other tool checks."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOP = {"bot", "connectors", "docs", "knowledge", "manifest", "packaging", "tests", ".ci"}
FORBIDDEN = (
    "pypi.org",
    "files.pythonhosted.org",
    "registry.npmjs.org",
    "deb.debian.org",
    "/work/",
    "/root/",
    "/tmp/bash",
)
"""Hosts of package registries and paths of one machine: nobody else could use a file that names them."""
LOCKS = ("requirements.txt", "requirements-serve.txt", "requirements-build.txt")
"""For development, for a server, for building its wheel."""
HOMELESS = {"utils", "helpers", "common", "base"}


def tracked() -> list[Path]:
    """Every file git knows or would take, as it lies there."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    told = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    return [path for name in told.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def test_every_arrow_goes_down() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    told = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-1000:]
    assert " 0 broken" in told.stdout


@pytest.mark.parametrize(
    "path", modules("bot", "connectors", "knowledge", "tests"), ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_file_opens_with_a_line_that_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.name == "__init__.py" and not text:
        return
    told = ast.get_docstring(ast.parse(text))
    assert told
    assert text.startswith(('"""', 'r"""'))
    assert told.splitlines()[0].strip()


def _public(tree: ast.Module) -> list[str]:
    """Public names without a docstring; an overload or a function in a function is nobody's face."""
    bare = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            if not ast.get_docstring(node):
                bare.append(node.name)
            if isinstance(node, ast.ClassDef):
                bare += [
                    f"{node.name}.{part.name}"
                    for part in node.body
                    if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
                    and not part.name.startswith("_")
                    and not ast.get_docstring(part)
                ]
    return bare


@pytest.mark.parametrize(
    "path", modules("bot", "connectors", "knowledge"), ids=lambda path: str(path.relative_to(ROOT))
)
def test_everything_public_says_what_it_is(path: Path) -> None:
    assert _public(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    found = []
    for path in tracked():
        if path == Path(__file__):
            continue
        data = path.read_bytes().lower()
        found += [f"{path.relative_to(ROOT)}: {word}" for word in FORBIDDEN if word.encode() in data]
    assert found == []


def locked(name: str) -> dict[str, str]:
    """What a lock says of each package, by its name and version."""
    blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text(encoding="utf-8").strip())
    return {block.split()[0]: re.sub(r"[^\n]*", "", block, count=1) for block in blocks}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host_and_has_a_hash_for_every_package(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text(encoding="utf-8")
    assert [package for package, hashes in locked(lock).items() if "--hash=sha256:" not in hashes] == []


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_a_server_has_what_was_tested(lock: str) -> None:
    assert locked(lock).items() <= locked(LOCKS[0]).items()


def test_a_server_has_all_it_needs_and_nothing_for_development() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    served = {normal(package.split("==")[0]) for package in locked(LOCKS[1])}
    extra = project["project"]["optional-dependencies"]["agents"]
    assert named([*project["project"]["dependencies"], *extra]) - served == set()
    assert named(project["dependency-groups"]["dev"]) & served == named(extra)
    assert named(project["build-system"]["requires"]) <= {normal(name.split("==")[0]) for name in locked(LOCKS[2])}


def named(wanted: list[str]) -> set[str]:
    return {normal(re.split(r"[<>=!~\[; ]", one)[0]) for one in wanted}


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    locked = {
        normal(line.split("==")[0])
        for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
        if re.match(r"[A-Za-z0-9]", line)
    }
    assert {normal(re.split(r"[<>=!~\[; ]", one)[0]) for one in wanted} - locked == set()


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def test_deciding_has_no_clock_of_its_own() -> None:
    for path in modules("bot", "knowledge"):
        assert not re.search(r"\.(?:now|today|utcnow)\(", path.read_text(encoding="utf-8")), path


def test_only_the_known_folders_stand_at_the_top() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked() if path.parent != ROOT} <= TOP


def test_nothing_is_called_by_a_name_that_says_nothing() -> None:
    found = {
        part
        for path in tracked()
        for part in (*path.relative_to(ROOT).parts[:-1], path.stem)
        if part.lower() in HOMELESS
    }
    assert found == set()


def test_what_the_manifest_declares_can_be_read() -> None:
    folder = ROOT / "manifest"
    for path in folder.rglob("*.json") if folder.exists() else ():
        json.loads(path.read_text(encoding="utf-8"))
