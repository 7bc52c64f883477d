"""Puts together what the commands of a chat do: with the logs dropped into it, and the packet that hands a case on."""

from collections.abc import Mapping

from bot.cases import Cases
from bot.check import Checker
from bot.commands import UseCases
from bot.digests import Digests
from bot.logs import Logs
from bot.ports import Clock, Store
from connectors.assembly import causes
from connectors.clock import now
from connectors.dropped import Dropped, HasFiles
from connectors.packets import versions
from connectors.render.storyline import storyline
from connectors.store import SqlStore
from knowledge.codes import Codes
from knowledge.library import Library


def cases(store: SqlStore, library: Library) -> Cases:
    """The use case that packs a case, over a store."""
    return Cases(
        book=store.casebook,
        store=store,
        diary=store.diary,
        library=library,
        causes=causes(),
        clock=now,
        versions=versions(library),
    )


def use_cases(
    surfaces: Mapping[str, HasFiles],
    library: Library,
    codes: Codes,
    *,
    checker: Checker,
    store: Store,
    kept: Cases,
    digests: Digests | None = None,
    clock: Clock = now,
) -> UseCases:
    """What the commands do in every chat; files are fetched from the surface whose message names them."""
    logs = Logs(Dropped(surfaces, library), library, codes, draw=storyline, cases=kept, store=store, clock=clock)
    return UseCases(library, codes, checker=checker, store=store, clock=clock, digests=digests, logs=logs, cases=kept)
