"""PostgreSQL stalls, and is shut down, under two replicas that are asked all the time: nothing is lost or doubled."""

import asyncio
from pathlib import Path

from tests import outage
from tests.outage import How, Outcome
from tests.store import postgres

AWAY = 8.0  # seconds; a minute in the long runs


async def test_questions_are_answered_while_the_database_is_away_and_orders_after_it(tmp_path: Path) -> None:
    async def tried(how: How) -> Outcome:
        (folder := tmp_path / how).mkdir()
        with postgres.stoppable() as server:
            return await outage.outage(server, folder, how, AWAY, pace=0.2)

    for outcome in await asyncio.gather(tried("frozen"), tried("shut down")):
        assert (outcome.doubled, outcome.lost) == (0, 0)
        assert outcome.meanwhile > outcome.asked / 4
        assert outcome.kept == outcome.asked
        (checked,) = outcome.under_way
        assert "all that can be seen from here is well" in checked
        (carried_out,) = outcome.meant  # once, when the database was back
        assert "all that can be seen from here is well" in carried_out
