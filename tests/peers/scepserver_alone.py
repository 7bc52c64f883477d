"""Runs Debian's scepserver where nobody else can reach it, has it checked there, and says what came of it as JSON.

It binds every address, so it is started by `unshare` in a network namespace of its own, whose loopback is brought up
here. `python -m tests.peers.scepserver_alone SCEPSERVER SCEPCLIENT FOLDER`.
"""

import asyncio
import json
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from fcntl import ioctl
from ipaddress import ip_network
from pathlib import Path

from bot.check import look
from bot.findings import Past, Report, Server
from bot.ports import Check
from connectors.assembly import causes, wires
from connectors.checks import catalogue
from connectors.clock import now

_SET_FLAGS, _UP = 0x8914, 0x1  # SIOCSIFFLAGS and IFF_UP of Linux
_PORT = 8080
_PATIENCE = 30.0  # seconds until it must listen
_SENDING = ("post-size", "scep-poll", "scep-request")
_URL = f"http://127.0.0.1:{_PORT}/scep"


def _bring_loopback_up() -> None:
    with socket.socket() as any_socket:
        ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))


@contextmanager
def _serving(program: str, folder: Path) -> Iterator[Path]:
    """A scepserver that gives everybody a certificate; yields the folder where it writes those."""
    depot = folder / "depot"
    subprocess.run([program, "ca", "-init", "-depot", depot, "-keySize", "2048"], check=True, capture_output=True)
    serving = subprocess.Popen(
        [program, "-depot", depot, "-port", str(_PORT)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_it_listens(serving)
        yield depot
    finally:
        serving.terminate()
        serving.wait()


def _wait_until_it_listens(serving: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and serving.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", _PORT), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("scepserver does not listen")


def _issued(depot: Path) -> list[str]:
    return sorted(file.name for file in depot.glob("*.pem") if file.name != "ca.pem")


async def _checked(checks: list[Check], **said: object) -> Report:
    server = Server("peer", _URL, **said)
    open_wire = wires([ip_network("127.0.0.0/8")], any_port=True)
    report, _ = await look(server, checks, open_wire, past=Past(), now=now(), causes=causes())
    return report


def _told(report: Report) -> dict[str, object]:
    return {
        "verdict": report.verdict,
        "findings": {one.check: asdict(one) for one in report.findings},
        "standings": {one.cause: one.standing for one in report.suspects},
    }


def main(program: str, client: str, folder: Path) -> None:
    """Check, ask all that sends, then have another client show that this server does issue."""
    _bring_loopback_up()
    usual = [check for check in catalogue() if check.usual]
    sending = [check for check in catalogue() if check.id in _SENDING]
    with _serving(program, folder) as depot:
        told = {"usual": _told(asyncio.run(_checked(usual)))}
        told["sending"] = _told(asyncio.run(_checked(sending, may_poll=True)))
        issued = {"to us": _issued(depot)}
        subprocess.run(
            [client, "-private-key", folder / "k.key", "-certificate", folder / "c.pem", "-server-url", _URL],
            capture_output=True,
        )
        issued["to others"] = _issued(depot)
    sys.stdout.write(json.dumps({**told, "issued": issued}, default=str))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
