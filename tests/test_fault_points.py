"""`ndesbot serve` dies by SIGKILL at every step of a digest and of a check: its successor posts once, and all of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import fault_points
from tests.store import postgres


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.server() as running:
        yield running


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("kind", ["digest", "check"])
async def test_a_death_at_any_step_loses_nothing_and_doubles_nothing(
    kind: str, database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("server") if database == "postgres" else None
    assert await fault_points.wrong(kind, server, tmp_path) == {}
