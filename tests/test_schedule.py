"""Whatever is due is posted once: by many replicas that claim it at once, and by some that are killed meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import schedule
from tests.store import postgres


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path, server: str) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/kept/bot.db"
        return
    with postgres.empty_schema(server) as schema:
        yield schema


def test_of_replicas_that_claim_the_same_slots_at_once_one_posts_each(address: str, tmp_path: Path) -> None:
    posted = schedule.claimed(address, tmp_path, processes=4, slots=100)
    assert (len(posted), set(posted.values())) == (100, {1})


def test_kills_at_any_moment_double_no_post_and_lose_none(address: str, tmp_path: Path) -> None:
    posted = schedule.killed(address, tmp_path, kills=3, every=0.25, apart=1.0)
    assert {slot: times for slot, times in posted.items() if times != 1} == {}
