"""What the README promises is run: its commands, its tables, its example, its links."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from bot.commands import COMMANDS
from connectors.main import app
from knowledge.library import Library

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([^`]+)` \| (.+?) \|$", README, re.MULTILINE)
ELSEWHERE = {
    "play",
    "check",
    "servers",
    "probe",
    "serve",
    "worker",
    "sites",
    "doctor",
    "manifest",
    "backup",
    "restore",
    "forget",
}
"""Commands that their own tests run, over real sockets and databases."""
EXAMPLE = re.search(r"```\n\$ (echo .+)\n((?:.+\n)+?)\.\.\.\n```", README)


def ndesbot(*words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "connectors.main", *words]
    return subprocess.run(command, input=said, capture_output=True, text=True, cwd=ROOT, check=False)


def test_it_opens_with_the_two_commands_and_they_are_in_the_makefile() -> None:
    first = README.split("```")[1].split()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [first[i + 1] for i, word in enumerate(first) if word == "make"] == ["run", "test"]
    for target in set(re.findall(r"`?make (\w+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_words_of_the_chat_are_those_of_the_router() -> None:
    promised = [(f"{command.name} {command.takes}".strip(), command.does) for command in COMMANDS]
    assert [row for row in promised if row not in ROWS] == []


def test_the_commands_are_those_of_the_program() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    named = {words.split()[1] for words, _ in ROWS if words.startswith("ndesbot ")}
    assert named == set(commands)


@pytest.mark.parametrize("words", [words for words, _ in ROWS if words.startswith("ndesbot ")])
def test_every_command_of_the_table_runs(words: str, tmp_path: Path) -> None:
    log = tmp_path / "paste.log"
    log.write_text("GET /certsrv/mscep/mscep.dll - 443 - 200 0 0 15\n", encoding="utf-8")
    if words.split()[1] in ELSEWHERE:
        assert ndesbot(words.split()[1], "--help").stdout.startswith("Usage: ")
        return
    done = ndesbot(*words.replace("FILE", str(log)).split()[1:])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_the_example_says_what_is_really_said() -> None:
    assert EXAMPLE
    [said] = re.findall(r'echo "(.+)" \| ndesbot diagnose', EXAMPLE[1])
    assert ndesbot("diagnose", said=said).stdout.startswith(EXAMPLE[2])


def test_the_number_of_situations_is_right(library: Library) -> None:
    assert re.findall(r"(\d+) situations", README) == [str(len(library.entries))]


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target
