"""A process that checks a server durably, to be killed: ADDRESS URL ROOTS-FILE KEY; says "begun" and "verdict ..."."""

import asyncio
import sys
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from bot.check import CHECK, Checker
from bot.findings import Finding, Server
from connectors.assembly import checker, wires
from connectors.engine import open_engine
from connectors.store import open_store

LOOPBACK = ip_network("127.0.0.1/32")
ONLY = ("tcp", "tls", "scep-base", "scep-caps")


def server(url: str, roots: str) -> Server:
    return Server("ndes01", url, roots=roots)


def checker_of(store: object, url: str) -> Checker:
    return checker(store, wires([LOOPBACK], ports={urlsplit(url).port or 443}))  # type: ignore[arg-type]


async def live(address: str, url: str, roots: str, key: str) -> None:
    async with open_store(address) as store:
        checks = checker_of(store, url)
        async with open_engine(address, executor="here", work={CHECK: checks.carry_out}) as engine:
            checks.rely_on(engine)

            async def begun(findings: object, total: int) -> None:
                print("begun", flush=True)  # noqa: T201

            report = await checks.run(server(url, roots), who="ann", only=ONLY, progress=begun, key=key)
            print("verdict", report.verdict, flush=True)  # noqa: T201


def verdicts(findings: tuple[Finding, ...]) -> dict[str, str]:
    return {finding.check: finding.verdict for finding in findings}


if __name__ == "__main__":
    asyncio.run(live(sys.argv[1], sys.argv[2], Path(sys.argv[3]).read_text(encoding="ascii"), sys.argv[4]))
