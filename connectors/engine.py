"""Durable runs: work that a crash broke off is taken up again, its result arrives once."""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import Context
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

from dbos import DBOS, SetWorkflowID
from dbos._error import DBOSConflictingWorkflowError, DBOSException, DBOSMaxStepRetriesExceeded

from bot.errors import Away, BadRequest, BotError, ConnectorError, Forbidden
from bot.ports import Clock, Engine, Said, Work
from connectors import engine_library
from connectors.clock import now
from connectors.engine_database import Beats, Database
from connectors.store import database
from connectors.telemetry.log import raised_at

Deliver = Callable[[str, str, Said, Said | None], Awaitable[None]]
"""Given kind, key, what was said and the result, None for a run that failed. After a crash in its
middle it is asked again, so it looks whether the result is there before it posts."""

KEPT_FOR: Final = timedelta(days=7)
"""How long a run that ended is known, and its key answered with the same result."""
PATIENCE: Final = 5.0
"""Seconds that runs get to end when the engine closes; those that do not go on at the next start."""
ATTEMPTS: Final = 10
"""Times a run is taken up again; after that it is given up, for it may be what brings the process down."""

_TRIES: Final = 10  # of a delivery, 1, 2, 4 ... seconds apart: 8 minutes
_FIRST_LOOK, _LAST_LOOK = 0.05, 2.0  # seconds between looks for a result that another process may bring
_SWEEP_EVERY: Final = 3600.0  # seconds
_STOPS: Final = "ndesbot stops; the run goes on at its next start."
_ERRORS: Final = {error.__name__: error for error in (BadRequest, Forbidden, ConnectorError)}

T = TypeVar("T")
_log = logging.getLogger(__name__)
_only = threading.Lock()  # DBOS is one global object


@asynccontextmanager
async def open_engine(
    database_url: str,
    *,
    executor: str,
    work: Mapping[str, Work],
    deliver: Deliver | None = None,
    brief: Mapping[str, timedelta] | None = None,
    beat: float = 5.0,
    clock: Clock = now,
) -> AsyncIterator[Engine]:
    """The engine at the store's address: in SQLite a file of its own beside the store's, in PostgreSQL a schema.

    `executor` is the name of this process and its successors, never of two that live: what one of this
    name left undone is taken up at once, what others left when they missed three beats, `beat` seconds
    apart. `brief` are the kinds of which there are too many to be known for `KEPT_FOR`, and how long they are.
    There is one engine in a process. Raises `ConnectorError`.
    """
    if not _only.acquire(blocking=False):
        raise ConnectorError("This process has an engine already: close that one first.")
    try:
        with engine_library.muffled():
            runs = _Runs(database_url, executor, deliver, brief or {})
            try:
                await runs.open(work, beat, clock)
                yield runs
            finally:
                await runs.close()
    finally:
        _only.release()


class _Runs:
    """The Engine port over DBOS: a run is a workflow of two recorded steps, the work and its delivery."""

    def __init__(
        self, database_url: str, executor: str, deliver: Deliver | None, brief: Mapping[str, timedelta]
    ) -> None:
        self._home = Database(database_url)
        self._executor = executor
        self._deliver = deliver
        self._brief = brief
        self._workflows: dict[str, Callable[[Said], Coroutine[Any, Any, None]]] = {}
        self._asked: set[asyncio.Task[Any]] = set()
        self._library: DBOS | None = None
        self._here: set[str] = set()
        self._waiting: dict[str, set[asyncio.Future[Said]]] = {}
        self._beats: Beats | None = None
        self._beating: asyncio.Task[None] | None = None
        self._closing = self._closed = False

    # --- the port ----------------------------------------------------------------------------

    async def run(self, kind: str, key: str, said: Said) -> Said:
        """Start or join a run and wait for its result."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, set()).add(waiter)
        try:
            await self.start(kind, key, said)
            return _opened(await self._outcome(key, waiter))
        finally:
            self._waiting[key].discard(waiter)
            if not self._waiting[key]:
                del self._waiting[key]

    async def start(self, kind: str, key: str, said: Said) -> None:
        """Start a run if there is none."""
        if self._closing:
            raise ConnectorError("The engine is closing. Ask again when ndesbot has restarted.")
        if not key.strip():
            raise ValueError("a run needs a key")
        workflow = self._workflows[kind]

        async def begin() -> None:
            with SetWorkflowID(key):
                await DBOS.start_workflow_async(workflow, said)

        await self._apart(begin())

    async def result(self, key: str) -> Said | None:
        """What a run came to."""
        outcome = await self._recorded(key)
        return None if outcome is None else _opened(outcome)

    def others(self) -> list[str]:
        """The names of the other processes that live."""
        return self._beats.living() if self._beats else []

    # --- a run -------------------------------------------------------------------------------

    def _workflow(self, kind: str, work: Work) -> Callable[[Said], Coroutine[Any, Any, None]]:
        async def live(said: Said) -> None:
            if self._closed:
                raise asyncio.CancelledError  # nothing is recorded: the next process takes it up
            key = DBOS.workflow_id or ""
            self._here.add(key)
            try:
                outcome = await DBOS.run_step_async({"name": "work"}, _worked, kind, key, work, said)
                for waiter in self._waiting.get(key, ()):
                    if not waiter.done():
                        waiter.set_result(outcome)
                await self._hand_over(kind, key, said, outcome.get("result"))
            finally:
                self._here.discard(key)

        return DBOS.workflow(name=kind, max_recovery_attempts=ATTEMPTS)(live)

    async def _hand_over(self, kind: str, key: str, said: Said, result: Said | None) -> None:
        if self._deliver is None:
            return
        try:
            await DBOS.run_step_async(
                {"name": "deliver", "retries_allowed": True, "max_attempts": _TRIES, "interval_seconds": 1.0},
                _delivered,
                partial(self._deliver, kind, key, said, result),
            )
        except DBOSMaxStepRetriesExceeded:
            _log.error("a result could not be delivered", extra={"kind": kind, "key": key})

    async def _outcome(self, key: str, waiter: asyncio.Future[Said]) -> Said:
        """A run that lives in this process tells it; one that does not, or no longer, is looked after."""
        pause = _FIRST_LOOK
        while not (await asyncio.wait({waiter}, timeout=pause))[0]:
            with suppress(Away):  # the run was begun: it ends whether the database can be asked now or not
                if key not in self._here and (found := await self._recorded(key)) is not None:
                    return found
            pause = min(4 * pause, _LAST_LOOK)
        return waiter.result()

    async def _recorded(self, key: str) -> Said | None:
        # In this order: a run that ends in between has its step by then.
        status = await self._apart(DBOS.get_workflow_status_async(key))
        if status is None:
            return None
        steps = await self._apart(DBOS.list_workflow_steps_async(key, limit=1))
        if steps and isinstance(outcome := steps[0]["output"], dict):
            return outcome
        if status.status in {"PENDING", "ENQUEUED"}:
            return None
        if status.status == "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
            raise ConnectorError(f"The run {key} was broken off {ATTEMPTS} times and is given up.")
        if await self._apart(DBOS.get_workflow_status_async(key)) is None:
            return None  # forgotten between the looks
        raise ConnectorError(f"What is recorded of the run {key} cannot be read.")

    async def _apart(self, asked: Coroutine[Any, Any, T]) -> T:
        """Done in no context, so that a run which asks does not become its parent; and to its end, even
        if the asker is cancelled: a run that is written down but not begun would wait for a restart."""
        task = asyncio.create_task(asked, context=Context())
        self._asked.add(task)
        task.add_done_callback(self._answered)
        try:
            with self._told():
                async with asyncio.timeout(database.PATIENCE):
                    return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():  # not the asker: the engine closes
                raise ConnectorError(_STOPS) from None
            raise

    def _answered(self, task: asyncio.Task[Any]) -> None:
        self._asked.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, or asyncio complains where nobody waited

    # --- opening and closing -----------------------------------------------------------------

    async def open(self, work: Mapping[str, Work], beat: float, clock: Clock) -> None:
        """Take up what was left undone, and from now on what other processes leave."""
        engine_library.tame()
        with self._told():
            await asyncio.to_thread(self._home.prepare)
            beats = self._beats = await asyncio.to_thread(Beats, self._home, self._executor)
            self._library = DBOS(config=engine_library.settings(self._home, self._executor))
            self._workflows = {kind: self._workflow(kind, do) for kind, do in work.items()}
            DBOS.launch()  # in the loop's own thread, or runs that are taken up would live in another loop
        self._beating = asyncio.create_task(self._look_after(self._library, beats, beat, clock))

    async def close(self) -> None:
        """Let runs end, break off those that do not, and give back all threads and connections."""
        self._closing = True
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
        await self._drained()
        self._home.close()
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as aside:
            await loop.run_in_executor(aside, partial(DBOS.destroy, destroy_registry=True))
            await self._broken_off()  # what DBOS's queue began in the meantime
            await loop.run_in_executor(aside, self._home.pool.dispose)
        loop.set_default_executor(ThreadPoolExecutor())  # DBOS had put its own there, which is shut down now

    async def _drained(self) -> None:
        """Runs end, or are broken off without a record; who waits for one of these is told."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while (alive := self._alive()) and loop.time() < until:
            await asyncio.wait(alive, timeout=until - loop.time())
        await self._broken_off()
        for waiter in [waiter for waiters in self._waiting.values() for waiter in waiters if not waiter.done()]:
            waiter.set_exception(ConnectorError(_STOPS))

    async def _broken_off(self) -> None:
        self._closed = True
        if alive := self._alive():
            for task in alive:
                task.cancel()
            await asyncio.wait(alive, timeout=PATIENCE)

    def _alive(self) -> set[asyncio.Task[Any]]:
        return self._asked | (self._library._workflow_tasks if self._library else set())

    # --- looking after ------------------------------------------------------------------------

    async def _look_after(self, library: DBOS, beats: Beats, every: float, clock: Clock) -> None:
        sweep_at, lost, well = 0.0, frozenset[str](), True
        loop = asyncio.get_running_loop()
        while True:
            try:
                with self._told():
                    lost = await asyncio.to_thread(engine_library.look, library, self._executor, beats, lost)
                    if loop.time() >= sweep_at:
                        more = await self._sweep(clock())
                        sweep_at = 0.0 if more else loop.time() + _SWEEP_EVERY
                well = True
            except Exception as error:  # whatever it is, the next look may go well
                if well:
                    reason = str(error) if isinstance(error, ConnectorError) else _name(error)
                    _log.error("the engine cannot look after its runs", extra={"reason": reason})
                well = False
            await asyncio.sleep(every)

    async def _sweep(self, now: datetime) -> bool:
        """Forget a lot of what ended long ago; whether there is more."""
        ages: list[tuple[str | None, timedelta]] = [(None, KEPT_FOR), *self._brief.items()]
        return any([await engine_library.sweep(now - age, kind) for kind, age in ages])

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Foreign errors become ours; what they say is left out, it may quote what was said."""
        try:
            with database.told(self._home.url):
                yield
        except DBOSConflictingWorkflowError:
            raise ConnectorError("There is a run of another kind under that key.") from None
        except DBOSException as error:
            raise ConnectorError(f"The engine at {database.place(self._home.url)} failed: {_name(error)}.") from None


# --- steps -----------------------------------------------------------------------------------


async def _worked(kind: str, key: str, work: Work, said: Said) -> Said:
    """Do the work. What is recorded is an outcome, so a failure is one as well, and no exception is ever stored."""
    try:
        result = await work(said)
        json.dumps(result)
        return {"result": result}
    except BotError as error:
        name = next(name for name, of in _ERRORS.items() if isinstance(error, of) or of is ConnectorError)
        return {"failed": name, "why": str(error)}
    except (Exception, asyncio.CancelledError) as error:
        if (task := asyncio.current_task()) and task.cancelling():
            raise  # the engine closes: not an outcome
        where = raised_at(error.__traceback__)
        _log.error("a run failed", extra={"kind": kind, "key": key, "error": _name(error), "at": where})
        return {"failed": "ConnectorError", "why": f"The work failed ({_name(error)} in {where})."}


async def _delivered(deliver: Callable[[], Awaitable[None]]) -> None:
    await deliver()


def _opened(outcome: Said) -> Said:
    if "failed" in outcome:
        raise _ERRORS[outcome["failed"]](outcome["why"])
    result: Said = outcome["result"]
    return result


def _name(error: BaseException) -> str:
    return type(error).__name__
