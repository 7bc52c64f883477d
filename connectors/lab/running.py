"""Starts labs: one until it is stopped, several at once, or a thousand; and lists what they can have."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

from connectors.lab.crl_server import CrlServer
from connectors.lab.faults import all_faults
from connectors.lab.server import Lab


@asynccontextmanager
async def labs(
    faults: Iterable[str], *, host: str = "localhost", crl_port: int = 0, pace: float = 1.0
) -> AsyncIterator[list[Lab]]:
    """One lab for each name, in that order, with one CRL server between them.

    Labs of the same fault share PKI and TLS: a thousand cost a thousand sockets and little more. Plain
    HTTP is answered as by the first. Where this process may not open that many sockets, its own limit is
    raised. Raises what `Lab` raises.
    """
    faults = list(faults)
    _make_room(len(faults))
    async with AsyncExitStack() as open_labs:
        crls = await open_labs.enter_async_context(CrlServer(crl_port))
        yield [
            await open_labs.enter_async_context(Lab(fault, host=host, pace=pace, crl_server=crls)) for fault in faults
        ]


def _make_room(number: int) -> None:
    """Often 1,024 files may be open: too few for the sockets of so many labs and both ends of their visitors."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    wanted = 4 * number + 256
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if now != resource.RLIM_INFINITY and now < wanted:
        allowed = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(now, allowed), most))


async def serve(
    fault: str, *, port: int = 0, crl_port: int = 0, host: str = "localhost", on_ready: Callable[[Lab], None]
) -> None:
    """Run one lab until cancelled; `on_ready` is told when it listens. Raises what `Lab` raises."""
    async with Lab(fault, port, crl_port, host) as lab:
        on_ready(lab)
        await asyncio.Event().wait()


def described(lab: Lab) -> dict[str, str]:
    """What a script needs to know of a running lab."""
    return {"url": lab.url, "ca_file": lab.ca_file, "fault": lab.fault.name}


def listing() -> list[dict[str, str | bool]]:
    """All faults: name, the cause each stands for (nothing for none), what the network sees, whether it is healthy,
    and whether its cause can only be judged with the memory of a healthy run."""
    return [
        {
            "fault": fault.name,
            "cause": fault.cause,
            "does": fault.does,
            "healthy": fault.healthy,
            "needs_memory": fault.needs_memory,
        }
        for fault in all_faults()
    ]
