"""`ndesbot serve` dies by SIGKILL at every step of a digest and of a check: its successor posts once, and all of it."""

from pathlib import Path

import pytest

from tests import fault_points
from tests.fault_child import CHECK, DIGEST
from tests.store import postgres


@pytest.mark.parametrize("kind", ["digest", "check"])
async def test_a_death_at_any_step_loses_nothing_and_doubles_nothing(kind: str, tmp_path: Path) -> None:
    steps = list(DIGEST) if kind == "digest" else list(CHECK)[::2]  # all of them in the long runs
    assert await fault_points.wrong(kind, None, tmp_path, steps) == {}


@pytest.mark.parametrize(("kind", "steps"), [("digest", DIGEST), ("check", CHECK)])
async def test_on_postgresql_neither(kind: str, steps: dict[str, object], tmp_path: Path) -> None:
    with postgres.server() as server:
        assert await fault_points.wrong(kind, server, tmp_path, list(steps)[1::4]) == {}
