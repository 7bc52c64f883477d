"""A process with an engine, to be killed: ADDRESS EXECUTOR JOURNAL KEY STAGE; says "begun" when it is in the stage."""

import asyncio
import sys
from functools import partial
from pathlib import Path

from connectors.engine import Said, open_engine


async def stay(seconds: float = 3600.0) -> None:
    print("begun", flush=True)  # noqa: T201
    await asyncio.sleep(seconds)


async def work(journal: Path, stage: str, said: Said) -> Said:
    write(journal, "worked")
    if stage == "work":
        await stay()
    if stage == "slow":
        await stay(0.5)
    return {"verdict": "ok", "server": said["server"]}


async def deliver(journal: Path, stage: str, kind: str, key: str, said: Said, result: Said | None) -> None:
    """Looks whether it is there before it posts, as a chat surface does."""
    line = f"{kind} {key} {said['server']} {result and result['verdict']}"
    if line not in read(journal):
        write(journal, line)
    if stage == "delivery":
        await stay()


def write(journal: Path, line: str) -> None:
    with journal.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def read(journal: Path) -> list[str]:
    return journal.read_text(encoding="utf-8").splitlines()


def outside(event: str, arguments: tuple[object, ...]) -> None:
    """Tells what the process asks of a network."""
    if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
        print("network", event, arguments[-1], flush=True)  # noqa: T201


async def live(address: str, executor: str, journal: Path, key: str, stage: str) -> None:
    async with open_engine(
        address,
        executor=executor,
        work={"check": partial(work, journal, stage)},
        deliver=partial(deliver, journal, stage),
    ) as engine:
        result = await engine.run("check", key, {"server": "ndes01"})
        if stage == "delivery":
            await asyncio.sleep(3600)
        print("result", result, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.addaudithook(outside)
    asyncio.run(live(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4], sys.argv[5]))
