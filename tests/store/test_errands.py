"""Errands are handed out once, however many ask for however many at the same moment, in either database."""

import asyncio
from datetime import timedelta

from bot.ports import Errand
from connectors.store import SqlStore
from tests.fakes import NOON


async def test_of_many_that_ask_for_several_each_errand_is_one_workers(opened: SqlStore) -> None:
    for number in range(50):
        await opened.errands.put(Errand(f"e{number:02}", "dmz-1", {}), NOON + timedelta(seconds=number))
    at, until = NOON + timedelta(minutes=2), NOON + timedelta(minutes=4)
    asking = [opened.errands.take("dmz-1", f"w{n}", at, until, 3) for n in range(30)]
    lots = await asyncio.gather(*asking)
    assert max(map(len, lots)) == 3
    assert sorted(errand.name for lot in lots for errand in lot) == [f"e{number:02}" for number in range(50)]
