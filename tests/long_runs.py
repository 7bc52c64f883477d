"""`make long-runs`: the full counts of what the tests run a small sample of. Each prints a line of figures.

python -m tests.long_runs [slots] [kills] [slack] [teams] [teams-storm] [digests] [sizes] [faults]
    [taking-over] [outage] [log]
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from connectors import shelf
from tests import bench_logs, fault_child, fault_points, outage, schedule, sizes, taking_over
from tests.chat import digests_due, slack_deliveries, teams_deliveries
from tests.store import postgres


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """One of each kind, empty."""
    with tempfile.TemporaryDirectory() as folder, postgres.server() as server, postgres.empty_schema(server) as schema:
        yield {"SQLite": f"sqlite+aiosqlite:///{folder}/bot.db", "PostgreSQL": schema}


def slots(folder: Path) -> str:
    """Eight processes claim a thousand slots at once."""
    told = []
    with databases() as addresses:
        for name, address in addresses.items():
            (own := folder / name).mkdir()
            posted = schedule.claimed(address, own, processes=8, slots=1000)
            told.append(f"{name}: {len(posted)} posted, {sum(times > 1 for times in posted.values())} twice")
    return "; ".join(told)


def kills(folder: Path) -> str:
    """Thirty kills over a slot every two seconds."""
    told = []
    with databases() as addresses:
        for name, address in addresses.items():
            (own := folder / name).mkdir()
            posted = schedule.killed(address, own, kills=30, every=2.0, apart=1.5)
            doubled, lost = (sum(test(times) for times in posted.values()) for test in (_doubled, _lost))
            told.append(f"{name}: {len(posted)} slots, {doubled} twice, {lost} lost")
    return "; ".join(told)


def _doubled(times: int) -> bool:
    return times > 1


def _lost(times: int) -> bool:
    return times == 0


def slack(folder: Path) -> str:
    """Ten thousand deliveries over Socket Mode, a third repeated or in another order, through restarts."""
    known = shelf.library(None), shelf.codes()
    return str(asyncio.run(slack_deliveries.deliveries(10_000, "socket", folder, *known, restarts=20)))


def teams(folder: Path) -> str:
    """The same for Teams, over the library that the user chose."""
    return str(asyncio.run(teams_deliveries.deliveries(10_000, "botbuilder", folder, restarts=20)))


def teams_storm(folder: Path) -> str:
    """Ten minutes of refusals."""
    return str(asyncio.run(teams_deliveries.storm(600, 10, "botbuilder", folder)))


def digests(folder: Path) -> str:
    """A thousand channels whose digests are due at the same moment, within the platforms' rate limits."""
    known = shelf.library(None), shelf.codes()
    told = []
    for name, on in (("Slack", digests_due.on_slack), ("Teams", digests_due.on_teams)):
        (own := folder / name).mkdir()
        told.append(f"{name}: {asyncio.run(on(1000, own, *known))}")
    return "; ".join(told)


def many_servers(folder: Path) -> str:
    """A thousand, three thousand and ten thousand servers, each twice looked at, and digests about them."""
    told = []
    for servers in (1_000, 3_000, 10_000):
        with databases() as addresses:
            for name, address in addresses.items():
                told.append(f"\n{name}: {sizes.told(servers, sizes.in_a_process_of_its_own(servers, address))}")
    return "".join(told)


def faults(folder: Path) -> str:
    """A death by SIGKILL at every named step of a digest and of a check, five times over."""
    told = []
    with postgres.server() as server:
        for name, address in (("SQLite", None), ("PostgreSQL", server)):
            for kind, steps in (("digest", fault_child.DIGEST), ("check", fault_child.CHECK)):
                wrong: list[str] = []
                for number in range(5):
                    (own := folder / f"{name}-{kind}-{number}").mkdir()
                    wrong += asyncio.run(fault_points.wrong(kind, address, own))
                told.append(f"{name}, {kind}: {5 * len(steps)} deaths, {len(wrong)} wrong {wrong or ''}".strip())
    return "; ".join(told)


def take_over(folder: Path) -> str:
    """A replica dies with its hands full, ten times; one stands still for 8 s and for 30 s."""
    told = []
    with postgres.server() as server:
        outcomes = []
        for number in range(10):
            (own := folder / f"{number}").mkdir()
            with postgres.copied(server) as address:
                outcomes.append(asyncio.run(taking_over.death(address, own)))
        took = max(max(outcome.questions, outcome.check) for outcome in outcomes)
        wrong = sum(not outcome.once for outcome in outcomes)
        told.append(f"10 deaths: all taken over within {took:.1f} s, {wrong} wrong")
        for seconds in (8.0, 30.0):
            (own := folder / f"still-{seconds}").mkdir()
            with postgres.copied(server) as address:
                outcome = asyncio.run(taking_over.standstill(address, own, seconds))
            told.append(f"{seconds:.0f} s still: {outcome.taken} taken over, once: {outcome.once}")
    return "; ".join(told)


def away(folder: Path) -> str:
    """PostgreSQL stalled for a minute, and shut down for one, under two replicas that are asked four times a second."""
    told = []
    ways: tuple[outage.How, ...] = ("frozen", "shut down")
    for how in ways:
        (own := folder / how).mkdir()
        with postgres.stoppable() as server:
            told.append(f"{how}: {asyncio.run(outage.outage(server, own, how, 60))}")
    return "; ".join(told)


def log(folder: Path) -> str:
    """A log of two gigabytes."""
    return bench_logs.streamed(folder)


RUNS: dict[str, Callable[[Path], str]] = {
    "slots": slots,
    "kills": kills,
    "slack": slack,
    "teams": teams,
    "teams-storm": teams_storm,
    "digests": digests,
    "sizes": many_servers,
    "faults": faults,
    "taking-over": take_over,
    "outage": away,
    "log": log,
}


def main(names: Sequence[str]) -> None:
    for name in names or RUNS:
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            print(f"{name}: {RUNS[name](Path(folder))} ({time.monotonic() - began:.0f} s)", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
