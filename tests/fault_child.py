"""`ndesbot serve` in a process that ends itself by SIGKILL at a named moment: before or after a call of an adapter."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Literal

from bot import inbox
from bot.digests import Digests
from bot.findings import Finding, Past, Server
from bot.looking import RUN
from bot.ports import Check, Wire
from connectors import assembly, serving, shelf
from connectors.chat import slack  # noqa: F401 - loaded once, for all children
from connectors.telemetry.log import log_to_stderr
from tests.chat.fake_slack import APP_TOKEN, BOT_TOKEN, TEAM

SETTINGS = """
database = "{database}"
name = "{name}"
[web]
port = 0
[checks]
every_minutes = 0
[slack]
workspaces = ["{team}"]
operators = ["U1"]
api = "{api}"
"""
_LIBRARY, _CODES = shelf.library(None), shelf.codes()
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])


@dataclass(frozen=True, slots=True)
class Fault:
    """The moment at which a process dies: the `nth` time that this verb is used of this adapter."""

    adapter: Literal["store", "mail", "diary", "digests", "slack", "engine", "check"]
    verb: str
    when: Literal["before", "after"]
    nth: int = 1


DIGEST = {
    "the slot is seen and not claimed": Fault("mail", "receive", "before"),
    "the slot is claimed": Fault("mail", "receive", "after"),
    "before the pages are read": Fault("diary", "health", "before"),
    "the pages are half read": Fault("diary", "expiries", "after"),
    "it is composed": Fault("digests", "due", "after"),
    "before the post": Fault("slack", "send", "before"),
    "it is posted and not noted": Fault("slack", "send", "after"),
    "before the slot is done": Fault("diary", "told", "before"),
    "the slot is done and the message waits": Fault("diary", "told", "after"),
    "before the message is ended": Fault("mail", "done", "before"),
    "the message is ended and the turn not passed on": Fault("mail", "done", "after"),
}
"""Where a process may die on the way of a digest."""
CHECK = {
    "it is heard and not kept": Fault("mail", "receive", "before"),
    "it is kept and not acknowledged": Fault("mail", "receive", "after"),
    "the order is in the audit log": Fault("store", "note", "after"),
    "before the run is written down": Fault("engine", "start", "before"),
    "the run is written down": Fault("engine", "start", "after"),
    "the run began": Fault("store", "past", "before"),
    "in the middle of the findings": Fault("check", "run", "before"),
    "an interim answer stands and is not noted": Fault("slack", "send", "after"),
    "where it stands is noted": Fault("mail", "posted", "after"),
    "before the findings are kept": Fault("store", "keep", "before"),
    "the findings are kept": Fault("store", "keep", "after"),
    "the result is recorded": Fault("engine", "run", "after"),
    "before the buttons are kept": Fault("mail", "offer", "before"),
    "before the last post": Fault("slack", "edit", "before"),
    "the last post stands": Fault("slack", "edit", "after"),
    "before the message is ended": Fault("mail", "done", "before"),
    "the message is ended and the turn not passed on": Fault("mail", "done", "after"),
}
"""Where a process may die on the way of a check."""


def arm(adapter: Any, fault: Fault | None, name: str) -> Any:
    """Let a call of an adapter be the last thing that this process does."""
    if fault is None or fault.adapter != name:
        return adapter
    real, times = getattr(adapter, fault.verb), 0

    async def last(*said: Any, **more: Any) -> Any:
        nonlocal times
        times += 1
        if times == fault.nth and fault.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        told = await real(*said, **more)
        if times == fault.nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return told

    setattr(adapter, fault.verb, last)
    return adapter


class _Second:
    """A check that is made when another one has been; each time it begins is a line in a journal."""

    def __init__(self, lasts: float, journal: Path) -> None:
        self._lasts, self._journal = lasts, journal

    async def run(self, server: Server, wire: Wire, now: datetime, past: Past) -> Finding:
        with self._journal.open("a") as file:
            file.write(f"{os.getpid()}\n")
        await asyncio.sleep(self._lasts)
        return Finding("scep-base", "ok", "It answers.")


def checks(fault: Fault | None, lasts: float, journal: Path) -> Sequence[Check]:
    """Two, of which one is quick."""
    second = arm(_Second(lasts, journal), fault, "check")

    async def first(server: Server, wire: Wire, now: datetime, past: Past) -> Finding:
        return Finding("tcp", "ok", "It is open.")

    return (
        Check("tcp", "R00", "Is it open?", first),
        Check("scep-base", "R01", "Does it answer?", lambda *said: second.run(*said), deadline=RUN),
    )


def live(settings: str, fault: Fault | None, lasts: float, pace: float) -> None:
    """Serve until killed, or until it happens. A check `lasts` so many seconds; signs of life come `pace` times as far
    apart as they would."""
    os.environ.update(NDESBOT_SLACK_BOT_TOKEN=BOT_TOKEN, NDESBOT_SLACK_APP_TOKEN=APP_TOKEN)
    inbox.HOLD_EVERY *= pace  # type: ignore[misc]
    inbox._SURE_FOR *= pace  # type: ignore[misc]
    open_store, open_engine, surfaces = serving.open_store, serving.open_engine, serving.surfaces

    @asynccontextmanager
    async def armed_store(address: str) -> AsyncIterator[Any]:
        async with open_store(address) as store:
            arm(store.mail, fault, "mail")
            arm(store.diary, fault, "diary")
            yield arm(store, fault, "store")

    @asynccontextmanager
    async def armed_engine(*said: Any, **more: Any) -> AsyncIterator[Any]:
        async with open_engine(*said, beat=inbox.HOLD_EVERY, **more) as engine:
            yield arm(engine, fault, "engine")

    @asynccontextmanager
    async def armed_surfaces(*said: Any) -> AsyncIterator[Any]:
        async with surfaces(*said) as opened:
            arm(opened[0], fault, "slack")
            yield opened

    def digests(*said: Any) -> Digests:
        armed: Digests = arm(Digests(*said), fault, "digests")
        return armed

    serving.open_store, serving.open_engine, serving.surfaces = armed_store, armed_engine, armed_surfaces  # type: ignore[assignment]
    serving.Digests = digests  # type: ignore[assignment, misc]
    serving.shelf.library, serving.shelf.codes = lambda _: _LIBRARY, lambda: _CODES  # type: ignore[assignment]
    journal = Path(settings).with_name("journal")
    assembly.catalogue = lambda: checks(fault, lasts, journal)  # type: ignore[assignment, return-value]
    with Path(settings).with_suffix(".log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    log_to_stderr()
    asyncio.run(serving.serve(Path(settings), lambda _: None))


def start(
    name: str,
    database: str,
    api: str,
    folder: Path,
    fault: Fault | None = None,
    *,
    lasts: float = 0.1,
    pace: float = 1.0,
) -> ForkServerProcess:
    """A replica of that name, quickly: what all of them load is loaded once."""
    path = folder / f"{name}.toml"
    path.write_text(SETTINGS.format(database=database, name=name, team=TEAM, api=api))
    process = _FORKS.Process(target=live, args=(str(path), fault, lasts, pace), daemon=True)
    process.start()
    return process


async def dead(process: ForkServerProcess, name: str, folder: Path) -> None:
    """Wait until the replica of that name has killed itself. Raises `AssertionError`, with the end of its log, where
    it ended otherwise, or did not within a minute and a half: the machine may be a busy one."""
    # A join in a thread would race with the look that each start of a process takes at the ones before: either reads
    # how it ended, and the other one gets 255.
    await asyncio.to_thread(connection.wait, [process.sentinel], 90)
    process.join(0)
    if process.exitcode != -signal.SIGKILL:
        how = "lives on" if process.exitcode is None else f"ended with {process.exitcode}"
        told = (folder / f"{name}.log").read_text(errors="replace")[-4000:]
        raise AssertionError(f"it did not come to that step and {how}: {told}")
