"""What a dead replica left, another takes over in less than half a minute; one that lives and is slow is not robbed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import taking_over
from tests.store import postgres


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.server() as running:
        yield running


async def test_messages_and_runs_of_a_dead_replica_are_taken_over(server: str, tmp_path: Path) -> None:
    with postgres.copied(server) as address:
        outcome = await taking_over.death(address, tmp_path, pace=0.2)  # the full one is in the long runs
    assert outcome.once
    assert max(outcome.questions, outcome.check) < 30
    assert outcome.made == 2


async def test_a_replica_that_stands_still_for_some_seconds_is_not_robbed(server: str, tmp_path: Path) -> None:
    with postgres.copied(server) as address:
        outcome = await taking_over.standstill(address, tmp_path, 6)
    assert outcome.once
    assert (outcome.taken, outcome.made) == (0, 1)
