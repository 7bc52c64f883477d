"""DBOS tamed: JSON instead of pickle, no lines of its own, nothing sent anywhere; and its chores that need a keeper."""

import json
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NoReturn

from dbos import DBOS, DBOSConfig, Serializer
from dbos._serialization import DefaultSerializer
from dbos._utils import INTERNAL_QUEUE_NAME, GlobalParams

from bot.errors import ConnectorError
from connectors.engine_database import Beats, Database

_FORM: Final = "1"  # of a run: a release that changes its steps counts up, or it would misread older runs
_THREADS: Final = (
    24  # DBOS makes its threads the event loop's, so there must be some for others; with 64 runs wait longer
)
_SWEPT_AT_ONCE: Final = 500
_FAILED: Final = "ndesbot failed with"

_log = logging.getLogger(__name__)


def settings(home: Database, executor: str) -> DBOSConfig:
    """Everything that DBOS would otherwise guess, or read from the environment."""
    return DBOSConfig(
        name="ndesbot",
        system_database_engine=home.pool,
        dbos_system_schema=home.schema,
        executor_id=executor,
        application_version=_FORM,
        serializer=_Json(),
        enable_otlp=False,
        log_level="ERROR",
        use_listen_notify=False,  # it takes a connection and a thread that wakes 100 times a second; runs need neither
        notification_listener_polling_interval_sec=0.2,
        max_executor_threads=_THREADS,
    )


def tame() -> None:
    """For this process, before anything is opened.

    A row that calls itself a pickle would be unpickled whatever serializer is set, and who can write to
    the database could run code here. And an environment can make DBOS talk to its maker's service.
    """
    for verb, instead in (("deserialize", _refuse), ("serialize", _say_it_in_json)):
        setattr(DefaultSerializer, verb, instead)
    GlobalParams.dbos_cloud = False


def _refuse(*_: object) -> NoReturn:
    raise TypeError("pickles are refused")


def _say_it_in_json(_: object, data: Any) -> str:
    """Of a refused row its error is kept, in the format the row has; or it would be tried for ever."""
    return _Json().serialize(data)


class _Json(Serializer):
    """JSON instead of pickle. An exception keeps its name alone: its words may quote what was said."""

    def name(self) -> str:
        return "json"

    def serialize(self, data: Any) -> str:
        return json.dumps(
            {_FAILED: type(data).__name__} if isinstance(data, BaseException) else data, separators=(",", ":")
        )

    def deserialize(self, serialized_data: str) -> Any:
        data = json.loads(serialized_data)
        if isinstance(data, dict) and _FAILED in data:
            return ConnectorError(f"The run failed ({data[_FAILED]}).")
        return data


class _Murmur(logging.Handler):
    """DBOS's lines quote what was said and databases' words: only where in it one came from is passed on."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        _log.error("DBOS reports an error", extra={"at": f"{record.module}:{record.lineno}", "error": error})


@contextmanager
def muffled() -> Iterator[None]:
    """No line of DBOS reaches the console or a log as it is."""
    library = logging.getLogger("dbos")
    murmur = _Murmur(logging.ERROR)
    propagates, library.propagate = library.propagate, False
    library.addHandler(murmur)  # before DBOS looks: where there is one, it adds none that writes to the console
    try:
        yield
    finally:
        library.removeHandler(murmur)
        library.propagate = propagates


# --- chores ------------------------------------------------------------------------------------


def look(library: DBOS, executor: str, beats: Beats, lost: Collection[str]) -> frozenset[str]:
    """Beat, take over the runs of processes that are dead, take up those of this one that were `lost` at
    the look before and still are; returns those that look lost now. Blocks."""
    if dead := beats.beat():
        _log.warning("runs of processes that died are taken over", extra={"executors": dead})
        # What DBOS's own service calls. Its public resume takes a run even from one that lives.
        DBOS._recover_pending_workflows(dead)
        beats.bury(dead)
    now = _lost(library, executor)
    for key in now.intersection(lost):
        _log.warning("a run that was broken off is taken up again", extra={"key": key})
        library._sys_db.reenqueue_for_recovery(key, [executor], INTERNAL_QUEUE_NAME)
    return now


def _lost(library: DBOS, executor: str) -> frozenset[str]:
    """Runs of this process that are not alive in it: something broke them off without ending it, such as
    a full disk. One that begins or ends at this moment looks the same."""
    pending = DBOS.list_workflows(status="PENDING", executor_id=executor, load_input=False, load_output=False)
    return frozenset(run.workflow_id for run in pending) - set(library._active_workflows_set.activeList())


async def sweep(before: datetime, kind: str | None = None) -> bool:
    """Forget a lot of the runs, or those of a kind, that ended before a time; whether there may be more of them. One
    lot at a time: as long as this takes, the process does not beat, and it would look dead."""
    ended = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
    found = await DBOS.list_workflows_async(
        status=ended,
        name=kind,
        completed_before=before.isoformat(),
        limit=_SWEPT_AT_ONCE,
        load_input=False,
        load_output=False,
    )
    if found:
        await DBOS.delete_workflows_async([run.workflow_id for run in found])
    return len(found) == _SWEPT_AT_ONCE
