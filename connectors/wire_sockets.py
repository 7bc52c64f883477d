"""TCP connections: only to addresses that the guard judged, the first that stands of several."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_address

from connectors.guard import Guard
from connectors.wire_troubles import Refused

_STAGGER = 0.25  # seconds before the next address is tried beside one that keeps silent, RFC 8305 section 5


def guarded_socket(guard: Guard, address: str, port: int) -> socket.socket:
    """A socket for this very address and no other. Raises `Refused`."""
    if refusal := guard.refusal(address, port):
        raise Refused(f"{address} {refusal}")
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setblocking(False)
    return opened


async def connected(guard: Guard, addresses: Sequence[str], port: int) -> socket.socket:
    """A connected socket to one of the addresses, tried in order. Raises the `OSError` of the first that failed."""
    if len(addresses) == 1:
        return await _connect(guard, addresses[0], port)
    waiting = list(addresses)
    trying: set[asyncio.Task[socket.socket]] = set()
    failed: list[BaseException] = []
    try:
        while waiting or trying:
            if waiting:
                trying.add(asyncio.create_task(_connect(guard, waiting.pop(0), port)))
            done, _ = await asyncio.wait(
                trying, timeout=_STAGGER if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                trying.discard(task)
                if (error := task.exception()) is None:
                    trying |= done - {task}  # should two stand at once, the other is closed below
                    return task.result()
                failed.append(error)
        raise failed[0]
    finally:
        await _drop(trying)


async def _connect(guard: Guard, address: str, port: int) -> socket.socket:
    opened = guarded_socket(guard, address, port)
    try:
        await asyncio.get_running_loop().sock_connect(opened, (address, port))
    except BaseException:
        opened.close()
        raise
    return opened


async def _drop(trying: set[asyncio.Task[socket.socket]]) -> None:
    for task in trying:
        task.cancel()
    for late in await asyncio.gather(*trying, return_exceptions=True):
        if isinstance(late, socket.socket):
            late.close()
