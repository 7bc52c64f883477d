"""A hundredth of the long runs: repeated deliveries, restarts and storms lose nothing and repeat nothing."""

from pathlib import Path

import pytest

from tests.chat.teams_bot import MODULES
from tests.chat.teams_deliveries import deliveries, storm


@pytest.mark.parametrize("sdk", MODULES)
async def test_each_of_many_deliveries_is_answered_once_through_restarts(sdk: str, tmp_path: Path) -> None:
    told = await deliveries(100, sdk, tmp_path, restarts=4)
    assert (told["messages"], told["deliveries"]) == (66, 100)
    assert told["answers"] + told["apologies"] >= 66


@pytest.mark.parametrize("sdk", MODULES)
async def test_a_storm_of_refusals_loses_nothing_and_keeps_the_order(sdk: str, tmp_path: Path) -> None:
    told = await storm(30, 3, sdk, tmp_path, threads=5)
    assert told["refusals"] >= 5  # of each thread one asks at least; how often depends on how late the machine is
