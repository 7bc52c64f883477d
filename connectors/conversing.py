"""Puts the pieces of a case together: the logs that are dropped into a chat, and the packet that hands it on."""

from collections.abc import Mapping

from bot.cases import Cases
from bot.logs import Logs
from bot.ports import Store
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


def logs(surfaces: Mapping[str, HasFiles], library: Library, codes: Codes, kept: Cases, store: Store) -> Logs:
    """The use case that reads what is dropped into a chat."""
    return Logs(Dropped(surfaces, library), library, codes, draw=storyline, cases=kept, store=store, clock=now)
