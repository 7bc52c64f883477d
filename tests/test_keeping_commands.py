"""`ndesbot backup`, `restore` and `forget`, as whoever runs the bot types them."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bot.types import Message, Place
from connectors.store import open_store
from tests.fakes import NOON
from tests.store.test_contract import NDES

ROOT = Path(__file__).parents[1]


class Desk:
    """A folder with a settings file, in which the commands are typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept = folder / "kept.db"
        (folder / "ndesbot.toml").write_text(f'database = "sqlite:///{self.kept}"\n')

    def __call__(self, *words: str, **env: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "connectors.main", *words],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env={"PYTHONPATH": str(ROOT), "HOME": str(self.folder), **env},
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    async def fill(self) -> None:
        async with open_store(f"sqlite:///{self.kept}") as store:
            await store.register(NDES)
            for person in ("U1", "U2"):
                asked = Message(person, Place("slack", "C1"), person, "12175")
                await store.mail.receive(asked, "here", NOON)
                await store.mail.answered(asked, NOON, None)


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    await made.fill()
    return made


async def test_what_was_backed_up_is_restored_elsewhere(desk: Desk, tmp_path: Path) -> None:
    code, out, err = desk("backup", "bot.backup")
    assert (code, out, err) == (0, f"bot.backup: 5 rows of the SQLite file {desk.kept}\n", "")
    assert stat.S_IMODE((tmp_path / "bot.backup").stat().st_mode) == 0o600
    other = tmp_path / "other.toml"
    other.write_text(f'database = "sqlite:///{tmp_path}/other.db"\n')
    code, out, err = desk("restore", "bot.backup", "--settings", str(other))
    assert (code, out, err) == (0, f"bot.backup: 5 rows are in the SQLite file {tmp_path}/other.db\n", "")
    async with open_store(f"sqlite:///{tmp_path}/other.db") as store:
        assert await store.servers() == [NDES]
        assert len(await store.mail.questions()) == 2


async def test_a_backup_takes_the_place_of_nothing(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "bot.backup").write_text("the only copy of last week")
    code, out, err = desk("backup", "bot.backup")
    assert (code, out) == (2, "")
    assert "bot.backup is there already; name another file" in err
    assert (tmp_path / "bot.backup").read_text() == "the only copy of last week"


async def test_a_database_that_is_not_empty_is_filled_only_on_request(desk: Desk) -> None:
    desk("backup", "bot.backup")
    code, out, err = desk("restore", "bot.backup")
    assert (code, out) == (2, "")
    assert "is not empty" in err
    assert desk("restore", "bot.backup", "--replace")[0] == 0


async def test_without_settings_it_is_the_database_of_the_other_commands(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "ndesbot.toml").rename(tmp_path / "away.toml")
    code, out, _ = desk("backup", "bot.backup", NDESBOT_DATABASE=f"sqlite:///{desk.kept}")
    assert (code, out) == (0, f"bot.backup: 5 rows of the SQLite file {desk.kept}\n")
    code, out, err = desk("backup", "other.backup")
    assert (code, out) == (2, "")
    assert "is not there" in err
    code, out, err = desk("backup", "other.backup", NDESBOT_SETTINGS="nowhere.toml")
    assert (code, out) == (2, "")
    assert "There is no settings file nowhere.toml" in err


async def test_a_person_is_forgotten_once_it_is_said_twice(desk: Desk) -> None:
    code, out, err = desk("forget", "U1")
    assert (code, out) == (2, "")
    assert "say --yes" in err
    assert desk("forget", "U1", "--yes") == (0, "U1 is forgotten: 1 lines\n", "")
    async with open_store(f"sqlite:///{desk.kept}") as store:
        assert [question.sender for question in await store.mail.questions()] == ["U2"]


def test_the_help_says_all_that_forgetting_a_person_removes(tmp_path: Path) -> None:
    code, out, _ = Desk(tmp_path)("forget", "--help")
    told = " ".join(out.replace("│", " ").split())
    assert code == 0
    for what in ("questions", "votes", "messages that still wait", "what their logs told", "the audit log stays"):
        assert what in told


async def test_a_password_is_not_shown(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "ndesbot.toml").write_text('database = "postgresql://bot:geheim@127.0.0.1:1/bot"\n')
    for words in (("backup", "b"), ("forget", "U1"), ("forget", "U1", "--yes"), ("restore", "b")):
        code, out, err = desk(*words)
        assert code == 2
        assert "geheim" not in out + err
