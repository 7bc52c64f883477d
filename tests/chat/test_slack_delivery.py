"""Each message of Slack is answered once, whatever is repeated, refused or killed; `make soak` has the full figures."""

from pathlib import Path

import pytest

from knowledge.codes import Codes
from knowledge.library import Library
from tests.chat.slack_deliveries import deliveries, storm


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_repeated_reordered_and_through_restarts(
    mode: str, tmp_path: Path, library: Library, codes: Codes
) -> None:
    told = await deliveries(100, mode, tmp_path, library, codes, restarts=4)
    assert told == {"messages": 75, "deliveries": 100, "answers": 75}


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_ten_minutes_of_refusals(mode: str, tmp_path: Path, library: Library, codes: Codes) -> None:
    told = await storm(60, 10, mode, tmp_path, library, codes)
    # Two channels, asked again every 30 s of ten minutes by those whose turn it is in one of ten threads each.
    assert told["refusals"] <= 2 * 10 * 21
