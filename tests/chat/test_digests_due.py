"""The digests of many channels come once each, and no faster than platforms take them; `make long-runs` has 1,000."""

from pathlib import Path

from knowledge.codes import Codes
from knowledge.library import Library
from tests.chat.digests_due import on_slack, on_teams
from tests.chat.limits import Limits
from tests.fakes import FakeClock


async def test_slack_refuses_none_of_the_digests_of_many_channels(
    tmp_path: Path, library: Library, codes: Codes
) -> None:
    told = await on_slack(40, tmp_path, library, codes)
    assert (told.digests, told.doubled, told.refused, told.late) == (40, 0, {}, 0)
    assert told.minutes < 20 * 40 / 1000


async def test_teams_refuses_none_of_the_digests_of_many_channels(
    tmp_path: Path, library: Library, codes: Codes
) -> None:
    told = await on_teams(40, tmp_path, library, codes)
    assert (told.digests, told.doubled, told.refused, told.late) == (40, 0, {}, 0)
    assert told.minutes < 20 * 40 / 1000


def test_the_fakes_refuse_who_comes_too_soon() -> None:
    clock = FakeClock()
    limits = Limits(lambda: clock.now.timestamp())
    assert [limits.slack("chat.postMessage", channel) for channel in ("C1", "C2", "C1")] == [0, 0, 1]
    clock.pass_by(1)
    assert limits.slack("chat.postMessage", "C1") == 0
    assert [limits.slack("chat.update", "C1") for _ in range(51)][-2:] == [0, 60]
    assert [limits.teams("19:1") for _ in range(8)] == [0] * 7 + [1]
    assert [limits.teams(f"19:a{n}") for n in range(44)] == [0] * 43 + [1]
    assert limits.refused == {"chat.postMessage": 1, "chat.update": 1, "activities": 2}
