"""Puts the pieces of a check together: the store, the guarded wire, the catalogue and the causes."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from bot.check import Checker, Elsewhere, chosen, look
from bot.errors import BadRequest
from bot.findings import Past, Report, Server
from bot.looking import Wires
from bot.ports import Store, Wire
from bot.servers import server_from
from connectors import shelf
from connectors.checks import catalogue
from connectors.clock import now
from connectors.guard import Guard, Network
from connectors.wire import RunWire
from knowledge.causes import Causes


def causes() -> Causes:
    """The shipped causes and weights. Raises `BadCauses`."""
    return Causes.load(shelf.FOLDER)


def wires(
    allow: Sequence[Network], *, any_port: bool = False, resolve: str | None = None, ports: Collection[int] = ()
) -> Callable[[Server], AbstractAsyncContextManager[Wire]]:
    """How a run against a server gets its wire: the guard opens ports 80 and 443, those of the server's
    own URL, and private addresses only in the ranges of `allow`."""

    def open_wire(server: Server) -> AbstractAsyncContextManager[Wire]:
        guard = Guard(allow, {80, 443, server.port, *ports}, any_port=any_port)
        pinned = {server.host: resolve} if resolve else None
        return RunWire(server.url, guard, roots=server.roots, resolve=pinned, ca_host=server.ca_host)

    return open_wire


def checker(store: Store, open_wire: Wires, elsewhere: Elsewhere | None = None) -> Checker:
    """The use case of checks over a store and a wire; servers of other sites are looked at `elsewhere`."""
    checks = catalogue()
    return Checker(store=store, checks=checks, wires=open_wire, clock=now, causes=causes(), elsewhere=elsewhere)


async def check_once(
    target: str,
    store: Store,
    *,
    only: Collection[str] = (),
    resolve: str | None = None,
    port: int | None = None,
    ca_file: Path | None = None,
    allow: Sequence[Network] = (),
    private: Sequence[Network] = (),
    consent: bool = False,
) -> tuple[Report, Past]:
    """One run for the local operator: against a registered name, or any URL.

    `allow` opens ranges and every port for this run, `private` are the ranges of the settings, `consent`
    allows the probe that leaves traces. Gives the report and what was remembered before it. Raises
    `BadRequest` for a name that is not registered or a check that does not exist.
    """
    server = _aimed(await _target(target, store), port, ca_file)
    open_wire = wires([*private, *allow], any_port=bool(allow), resolve=resolve)
    checks = chosen(catalogue(), server, only, consent=consent)
    past = await store.past(server.name)
    report, good = await look(server, checks, open_wire, past=past, now=now(), causes=causes())
    await store.keep(report, good)
    return report, past


async def _target(target: str, store: Store) -> Server:
    if "://" in target:
        return replace(server_from({"name": "target", "url": target}), name=target)
    if server := await store.server(target):
        return server
    raise BadRequest(f"{target!r} is not registered; `ndesbot servers list` names those that are, or give a URL.")


def _aimed(server: Server, port: int | None, ca_file: Path | None) -> Server:
    if port is not None:
        parts = urlsplit(server.url)
        server = replace(server, url=urlunsplit(parts._replace(netloc=f"{parts.hostname}:{port}")))
    if ca_file is not None:
        server = replace(server, roots=ca_file.read_text(encoding="ascii", errors="replace"))
    return server
