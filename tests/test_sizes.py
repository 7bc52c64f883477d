"""A small sample of `make long-runs WHAT=sizes`: a look costs the same however many servers there are."""

from pathlib import Path

from tests import sizes


async def test_a_look_asks_the_database_as_often_however_many_servers_there_are(tmp_path: Path) -> None:
    few, more = [await sizes.measured(servers, f"sqlite+aiosqlite:///{tmp_path}/{servers}.db") for servers in (20, 40)]
    assert 0 < more["look: statements"] <= few["look: statements"] + 1
    assert more["workflow_status: rows"] == sizes.PERIODS * 40
    assert sizes.told(40, more).startswith("40 servers: looks/s needed 0.04444, looks/s carried ")
