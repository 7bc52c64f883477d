"""The playground with its pretend servers: everything that `ndesbot play` and `ndesbot lab` start."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from ipaddress import ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bot.findings import Server
from bot.router import Router
from bot.types import Message
from connectors import shelf
from connectors.assembly import checker, now, wires
from connectors.chat.playground import Playground
from connectors.lab.server import Lab
from connectors.running import stopped, until_stopped
from connectors.settings import cache_folder
from connectors.store import open_store

_LABS: Final = {
    "lab-healthy": ("healthy", "direct"),
    "lab-expired-ra": ("ra-expired", "direct"),
    "lab-stopped-pool": ("pool-stopped", "direct"),
    "lab-name-mismatch": ("tls-name-mismatch", "direct"),
    "lab-app-proxy": ("app-proxy-504", "app-proxy"),
}
"""The pretend servers that the playground starts with: their fault and what stands in front."""
_LOOPBACK: Final = ip_network("127.0.0.1/32")


async def play(port: int, ready: Callable[[str], None]) -> None:
    """Serve the playground until told to stop; it may reach its own pretend servers and nothing else."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="ndesbot-")))
        store = await stack.enter_async_context(open_store(f"sqlite+aiosqlite:///{folder / 'playground.db'}"))
        ports: set[int] = set()
        for name, (fault, front) in _LABS.items():
            lab = await stack.enter_async_context(Lab(fault))
            ports |= {lab.port, lab.crl_port}
            said = {"name": name, "url": lab.url, "front": front, "roots": lab.root_pem, "tags": ["lab"]}
            await store.register(_registered(said))
        use = checker(store, wires([_LOOPBACK], ports=ports))
        router = Router(
            shelf.library(cache_folder()),
            shelf.codes(),
            checker=use,
            store=store,
            clock=now,
            role_of=_owner,
        )
        await until_stopped(Playground(port, ready), router.handle)


def _registered(said: dict[str, Any]) -> Server:
    from bot.servers import server_from

    return server_from(said)


def _owner(_: Message) -> Any:
    """Whoever sits at this computer may do everything to its pretend servers."""
    return "admin"


async def one_lab(fault: str, port: int, crl_port: int, host: str, tell: Callable[[dict[str, Any]], None]) -> None:
    """Run one pretend server until told to stop; `tell` is given its address once it listens."""
    async with Lab(fault, port=port, crl_port=crl_port, host=host) as lab:
        tell({"url": lab.url, "ca_file": str(lab.ca_file), "fault": fault})
        await stopped().wait()
