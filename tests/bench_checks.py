"""`make bench-checks`: what a check costs, alone and with the store, beside another prober, and over many servers.

The lab runs in a process of its own, so that only the asking side is counted. Runs on Linux, on loopback.
"""

import asyncio
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import quote

from bot.check import CHECK, Checker, look
from bot.findings import Past, Report, Server
from connectors.assembly import causes, checker, wires
from connectors.checks import catalogue
from connectors.clock import now
from connectors.engine import open_engine
from connectors.lab.running import labs
from connectors.lab.server import Lab
from connectors.store import open_store

ROUNDS = 60
AT_ONCE = 40
SUITES = 240
"""Runs with so many at once; each against a server of its own."""
SERVERS = 1_000
LANES = 24
"""Of those, runs at once."""
PROBES = 80
BLOCKS = 4
"""The two probers take turns this often, so that a busy moment of the machine meets both."""
EXPORTER = "prometheus-blackbox-exporter"

CAUSES = causes()
USUAL = [check for check in catalogue() if check.usual]
WIRES = wires([ip_network("127.0.0.0/8")], any_port=True)
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a number of calls took, in milliseconds each: wall time (median) and CPU (mean, all threads)."""

    wall: float
    cpu: float


# --- the other side ----------------------------------------------------------------------------


@contextmanager
def lab(number: int) -> Iterator[list[Server]]:
    """So many healthy servers in another process."""
    command = [sys.executable, "-m", "tests.bench_checks", "serve", str(number)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_root())
    assert process.stdout
    assert process.stdin
    try:
        told = json.loads(process.stdout.readline())
        yield [Server(f"lab-{n}", url, roots=told["root"]) for n, url in enumerate(told["urls"])]
    finally:
        process.stdin.close()
        process.wait()


async def serve(number: int) -> None:
    """Run the labs until standard input ends."""
    async with labs(["healthy"] * number) as running:
        told = {"urls": [one.url for one in running], "root": running[0].root_pem}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def _root() -> Path:
    return Path(__file__).parents[1]


# --- one suite at a time -----------------------------------------------------------------------


async def cost_of(work: Callable[[int], Awaitable[object]], rounds: int = ROUNDS) -> Cost:
    """Call it one after another, after a few calls to warm up."""
    for n in range(3):
        await work(-n - 1)
    walls = []
    before = time.process_time()
    for n in range(rounds):
        began = time.perf_counter()
        await work(n)
        walls.append((time.perf_counter() - began) * 1000)
    return Cost(statistics.median(walls), (time.process_time() - before) * 1000 / rounds)


async def suite(server: Server) -> Report:
    """The usual checks, without memory. Raises `RuntimeError` where they find anything wrong."""
    report, _ = await look(server, USUAL, WIRES, past=Past(), now=now(), causes=CAUSES)
    return _well(report)


async def stored(use: Checker, server: Server, n: int) -> Report:
    """The same as somebody asks for it; everybody anew, for each may ask but a few times."""
    return _well(await use.run(server, who=f"person {n}", fresh=True))


def _well(report: Report) -> Report:
    if report.verdict != "ok":
        wrong = [f"{one.check}: {one.summary}" for one in report.findings if one.verdict not in ("ok", "skipped")]
        raise RuntimeError(f"a healthy lab is not well: {wrong}")
    return report


async def suites(server: Server) -> Figures:
    """The cost of a suite, alone and with the store."""
    alone = await cost_of(lambda _: suite(server))
    requests = (await suite(server)).requests
    with tempfile.TemporaryDirectory() as folder:
        address = f"sqlite+aiosqlite:///{folder}/bench.db"
        async with open_store(address) as store:
            await store.register(server)
            use = checker(store, WIRES)
            kept = await cost_of(lambda n: stored(use, server, n))
            async with open_engine(address, executor="bench", work={CHECK: use.carry_out}) as engine:
                use.rely_on(engine)
                durable = await cost_of(lambda n: stored(use, server, ROUNDS + 9 + n))
    return {
        "suite: wall ms": alone.wall,
        "suite: CPU ms": alone.cpu,
        "suite: requests": requests,
        "suite with SQLite: wall ms": kept.wall,
        "suite with SQLite: CPU ms": kept.cpu,
        "suite with SQLite and engine: wall ms": durable.wall,
        "suite with SQLite and engine: CPU ms": durable.cpu,
    }


# --- many at once ------------------------------------------------------------------------------


async def many(servers: Sequence[Server], total: int, at_once: int) -> float:
    """Seconds for so many suites, each server in turn, so many at once."""
    lanes = asyncio.Semaphore(at_once)

    async def one(n: int) -> None:
        async with lanes:
            await suite(servers[n % len(servers)])

    await suite(servers[0])
    began = time.perf_counter()
    await asyncio.gather(*(one(n) for n in range(total)))
    return time.perf_counter() - began


def thousand() -> Figures:
    """Every one of a thousand servers, in this process alone: seconds, and the most memory it ever had."""
    began = time.perf_counter()
    with lab(SERVERS) as servers:
        ready = time.perf_counter() - began
        before = time.process_time()
        seconds = asyncio.run(many(servers, len(servers), LANES))
        cpu = time.process_time() - before
    return {
        f"{SERVERS} labs: s to start them": ready,
        f"{SERVERS} servers: s": seconds,
        f"{SERVERS} servers: CPU s": cpu,
        f"{SERVERS} servers: peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def in_a_process_of_its_own(part: str) -> Figures:
    """Figures of a part whose memory must not be mixed with that of others."""
    command = [sys.executable, "-m", "tests.bench_checks", part]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=_root())
    figures: Figures = json.loads(done.stdout)
    return figures


# --- beside another prober ---------------------------------------------------------------------


async def probe(server: Server) -> None:
    """One HTTPS probe: name, connection, handshake, request and answer, nothing kept from the one before."""
    async with WIRES(server) as wire:
        if (await wire.get(server.url)).status != 403:
            raise RuntimeError("a healthy lab answers its bare URL with 403")


@contextmanager
def exporter(program: str) -> Iterator[tuple[int, str]]:
    """The other prober: its process, and the address that has it probe a target."""
    asks = {"valid_status_codes": [403], "preferred_ip_protocol": "ip4", "tls_config": {"insecure_skip_verify": True}}
    modules = {"modules": {"scep": {"prober": "http", "timeout": "5s", "http": asks}}}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        here = f"127.0.0.1:{free.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "blackbox.yml"
        settings.write_text(json.dumps(modules), encoding="utf-8")  # JSON is YAML
        command = [program, f"--config.file={settings}", f"--web.listen-address={here}", "--log.level=error"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(here)
            yield process.pid, f"http://{here}/probe?module=scep&target="
        finally:
            process.terminate()
            process.wait()


def _wait_for(here: str) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://{here}/-/healthy", timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{EXPORTER} does not start")


def _cpu_of(process: int) -> float:
    """Seconds of CPU that a process had, all threads."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _have_it_probed(asking: str, server: Server) -> None:
    with urllib.request.urlopen(asking + quote(server.url, safe=""), timeout=10) as answer:
        if b"\nprobe_success 1" not in answer.read():
            raise RuntimeError(f"{EXPORTER} does not take the answer of the lab")


def beside(program: str, server: Server) -> Figures:
    """Three take turns at the same target: a whole suite, a probe by itself, and the other prober."""
    questions = asyncio.run(_https_requests())
    of_suite, alone, theirs = 0.0, 0.0, 0.0
    with exporter(program) as (process, asking):
        for _ in range(PROBES):
            _have_it_probed(asking, server)
        for _ in range(BLOCKS):
            of_suite += asyncio.run(cost_of(lambda _: suite(server), PROBES // 4)).cpu / questions
            alone += asyncio.run(cost_of(lambda _: probe(server), PROBES)).cpu
            before = _cpu_of(process)
            for _ in range(PROBES):
                _have_it_probed(asking, server)
            theirs += (_cpu_of(process) - before) * 1000 / PROBES
    return {
        "HTTPS requests of a suite": questions,
        "suite, for each HTTPS request: CPU ms": of_suite / BLOCKS,
        "one HTTPS probe by itself: CPU ms": alone / BLOCKS,
        f"one HTTPS probe of {EXPORTER}: CPU ms": theirs / BLOCKS,
        "ratio for each HTTPS request of a suite": of_suite / theirs,
        "ratio for a probe by itself": alone / theirs,
    }


async def _https_requests() -> int:
    """How many of a suite's requests go over TLS; the others fetch CRLs and certificates."""
    async with Lab() as watched:
        await suite(watched.server())
        return sum(seen.secure for seen in watched.requests)


# --- all of it -----------------------------------------------------------------------------------


def run() -> Figures:
    """Measure everything; the figures by name."""
    figures: Figures = {"load of the machine before": os.getloadavg()[0]}
    with lab(AT_ONCE) as servers:
        figures |= asyncio.run(suites(servers[0]))
        figures[f"suites a second, {AT_ONCE} at once"] = SUITES / asyncio.run(many(servers, SUITES, AT_ONCE))
        if program := shutil.which(EXPORTER):
            figures |= beside(program, servers[0])
    return figures | in_a_process_of_its_own("thousand")


def main() -> None:
    """Print one line a figure; with a word, be the lab or measure the part of that name."""
    match sys.argv[1:]:
        case ["serve", number]:
            asyncio.run(serve(int(number)))
        case ["thousand"]:
            sys.stdout.write(json.dumps(thousand()))
        case _:
            for name, value in run().items():
                sys.stdout.write(f"{name:<60} {value:9.2f}\n")


if __name__ == "__main__":
    main()
