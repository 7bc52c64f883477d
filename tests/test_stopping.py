"""`ndesbot serve` is watched and told to stop: what is under way ends or is handed back, and nothing is said twice."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Served:
    """A bot in a process of its own."""

    def __init__(self, folder: Path, cache: Path, grace: float) -> None:
        self.posts = folder / "posts"
        settings = folder / "ndesbot.toml"
        settings.write_text(
            f'database = "sqlite+aiosqlite:///{folder}/bot.db"\nname = "one"\n'
            '[slack]\nworkspaces = ["T1"]\n[web]\nport = 0\n'
        )
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.serve_child", settings, self.posts, str(grace)],
            cwd=ROOT,
            env={**os.environ, "NDESBOT_LOG": "json", "NDESBOT_CACHE": str(cache)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip().removesuffix("/healthz")

    def say(self, name: str, text: str, thread: str = "any") -> int:
        return self.ask("/say", {"id": name, "text": text, "thread": thread})[0]

    def ask(self, path: str, said: Any = None) -> tuple[int, str]:
        data = None if said is None else json.dumps(said).encode()
        try:
            with _OPENER.open(self.url + path, data, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def until(self, path: str, so: Callable[[int, str], bool]) -> str:
        while not so(*(told := self.ask(path))):
            assert self.process.poll() is None
            time.sleep(0.05)
        return told[1]

    def posted(self) -> list[str]:
        return [json.loads(line)["key"] for line in self.posts.read_text().splitlines()] if self.posts.exists() else []

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def ended(self) -> tuple[int, str]:
        _, err = self.process.communicate(timeout=30)
        return self.process.returncode, err


@pytest.fixture
def serve(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[float], Served]]:
    running: list[Served] = []

    def begin(grace: float = 10.0) -> Served:
        running.append(served := Served(tmp_path, tmp_path_factory.getbasetemp() / "cache", grace))
        return served

    yield begin
    for served in running:
        with served.process:
            served.process.kill()


def is_ready(status: int, _: str) -> bool:
    return status == 200


def test_what_is_under_way_ends_and_nothing_new_is_taken(serve: Callable[[], Served]) -> None:
    bot = serve()
    told = json.loads(bot.until("/readyz", is_ready))
    assert told == {"ok": True, "stopping": False, "parts": {"slack": True, "database": True}}
    assert bot.say("m1", "0x80094012", "slow") == 200
    bot.stop()
    told = json.loads(bot.until("/readyz", lambda status, _: status == 503))
    assert (told["stopping"], told["parts"]["slack"]) == (True, False)
    assert bot.say("m2", "12175") == 503
    assert bot.ask("/healthz")[0] == 200
    assert bot.ended() == (0, "")
    assert bot.posted() == ["m1"]


def test_what_takes_longer_is_answered_after_the_next_start(serve: Callable[[float], Served], tmp_path: Path) -> None:
    bot = serve(0.2)
    bot.until("/readyz", is_ready)
    assert bot.say("m1", "0x80094012", "stuck") == 200
    bot.stop()
    assert bot.ended() == (0, "")
    assert bot.posted() == []
    (tmp_path / "open").touch()
    bot = serve(10)
    bot.until("/metrics", lambda _, page: "\nndesbot_messages_waiting 0.0\n" in page)
    bot.stop()
    assert bot.ended() == (0, "")
    assert bot.posted() == ["m1"]


def test_the_figures_tell_what_was_done_and_to_nobody_who(serve: Callable[[], Served]) -> None:
    bot = serve()
    bot.until("/readyz", is_ready)
    bot.say("m1", "Denied by 0x80094012 on ndes01.corp.example", "busy")
    bot.say("m1", "Denied by 0x80094012 on ndes01.corp.example", "busy")
    bot.say("m2", "help")
    wanted = [
        'ndesbot_messages_total{outcome="taken",surface="slack"} 3.0',
        'ndesbot_answers_total{outcome="problem",surface="slack"} 1.0',
        'ndesbot_answers_total{outcome="info",surface="slack"} 1.0',
        'ndesbot_answer_seconds_count{surface="slack"} 2.0',
        'ndesbot_platform_calls_total{call="send",outcome="busy",surface="slack"} 1.0',
        'ndesbot_platform_calls_total{call="send",outcome="done",surface="slack"} 2.0',
        "ndesbot_messages_waiting 0.0",
    ]
    page = bot.until("/metrics", lambda _, page: all(line in page for line in wanted))
    assert not [
        word for word in ("U-ANN", "C1", "m1", "ndes01", "0x80094012", str(ROOT), "site-packages") if word in page
    ]
    told = set(re.findall(r"^# HELP (\w+)", page, re.MULTILINE))
    assert told == set(
        re.findall(r"`(ndesbot_\w+)`[,| ]", (ROOT / "docs" / "operating.md").read_text(encoding="utf-8"))
    )
    bot.stop()
    assert bot.ended() == (0, "")
