"""The playground with its pretend servers: everything that `ndesbot play` and `ndesbot lab` start."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bot.check import look
from bot.ports import Handler, Mail, Show
from bot.router import Router
from bot.types import Answer, Message, Role
from connectors import shelf
from connectors.assembly import causes, checker, wires
from connectors.chat.playground import Playground
from connectors.checks import catalogue
from connectors.clock import now
from connectors.conversing import cases, use_cases
from connectors.lab.faults import before, fault_of
from connectors.lab.running import described
from connectors.lab.server import Lab
from connectors.running import stopped, until_stopped
from connectors.settings import cache_folder
from connectors.store import SqlStore, open_store

_LABS: Final = {
    "lab-healthy": "healthy",
    "lab-expired-ra": "ra-expired-500",
    "lab-stopped-pool": "pool-stopped",
    "lab-name-mismatch": "tls-name-mismatch",
    "lab-app-proxy": "app-proxy-504",
}
"""The pretend servers that the playground starts with, and what is wrong with each."""
_LOOPBACK: Final = ip_network("127.0.0.1/32")


async def play(port: int, ready: Callable[[str], None]) -> None:
    """Serve the playground until told to stop; it may reach its own pretend servers and nothing else."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="ndesbot-")))
        store = await stack.enter_async_context(open_store(f"sqlite+aiosqlite:///{folder / 'playground.db'}"))
        labs = [await stack.enter_async_context(Lab(fault)) for fault in _LABS.values()]
        ports = {port for lab in labs for port in (lab.port, lab.crl_port)}
        for name, lab in zip(_LABS, labs, strict=True):
            await _register(name, lab, store, ports)
        library, codes = shelf.library(cache_folder()), shelf.codes()
        playground = Playground(port, ready)
        router = Router(
            use_cases(
                {playground.name: playground},
                library,
                codes,
                checker=checker(store, wires([_LOOPBACK], ports=ports)),
                store=store,
                kept=cases(store, library),
            ),
            _owner,
        )
        await until_stopped(playground.serve(remembering(router.handle, store.mail)))


def remembering(handle: Handler, mail: Mail) -> Handler:
    """A handler whose questions are kept as the inbox of other chats keeps them, so that a case has them."""

    async def answered(message: Message, show: Show) -> Answer | None:
        answer = await handle(message, show)
        if answer and answer.question:
            await mail.answered(message, now(), answer.about)
        return answer

    return answered


async def _register(name: str, lab: Lab, store: SqlStore, ports: set[int]) -> None:
    """Register a pretend server as one that was well some days ago, so that there is something to remember."""
    server = replace(lab.server(name), tags=("lab",))
    await store.register(server)
    fault = lab.fault
    lab.become(before(fault_of(fault.name)))
    past = lab.past()
    if past.bundle and past.at:
        one = [check for check in catalogue() if check.id == "scep-cacert"]
        report, _ = await look(server, one, wires([_LOOPBACK], ports=ports), past=past, now=past.at, causes=causes())
        await store.keep(report, past)
    lab.become(fault)


def _owner(_: Message) -> Role:
    """Whoever sits at this computer may do everything to its pretend servers."""
    return "admin"


async def one_lab(fault: str, port: int, crl_port: int, host: str, tell: Callable[[dict[str, Any]], None]) -> None:
    """Run one pretend server until told to stop; `tell` is given its address once it listens."""
    async with Lab(fault, port=port, crl_port=crl_port, host=host) as lab:
        tell(described(lab))
        await stopped().wait()
