"""`python -m tests.bench_logs`: a long IIS log with five bad lines, beside ripgrep, grep and a union of Python's `re`.

All read the same file in one run and look for the same words: the literal phrases of the knowledge, without regard to
case. ripgrep and grep only count lines; what is measured of ours is all of it, from bytes to the story. `RG` in the
environment names a ripgrep that is not on the path.
"""

# ruff: noqa: T201 - it prints figures

import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from connectors import shelf
from connectors.surveying import Surveying
from knowledge.library import Library
from tests.logs.formats import IIS_FIELDS
from tests.logs.site import AGENTS

MEGABYTES = 200
ROUNDS = 3
FEW = ("403 16 2148204809", "500 0 1346", "404 15 0", "503 0 0", "WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID")
"""What somebody would grep for who knows already what is wrong."""
BAD = "POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - 10.0.0.21 NDES_Plugin - 403 16 2148204809 453"
GOOD = (
    "GET /certsrv/mscep/mscep.dll operation=GetCACaps&message=ca 443 - {client} {agent} - 200 0 0 {taken}",
    "GET /certsrv/mscep/mscep.dll operation=GetCACert&message=ca 443 - {client} {agent} - 200 0 0 {taken}",
    "POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - 10.0.0.21 NDES_Plugin - 201 0 0 {taken}",
    "POST /certsrv/mscep/mscep.dll operation=PKIOperation 443 - {client} {agent} - 200 0 0 {taken}",
    "POST /CertificateRegistrationSvc/Certificate/Notify - 443 - 10.0.0.21 NDES_Plugin - 204 0 0 {taken}",
    "GET /favicon.ico - 443 - {client} Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64) - 404 0 2 {taken}",
    "GET /healthcheck - 443 - 10.0.0.2 LoadBalancer - 200 0 0 {taken}",
)
"""Five requests of an enrolment, and two of others; all as often."""


def write(path: Path, megabytes: int) -> list[int]:
    """The log; the numbers of its bad lines."""
    chance = random.Random(megabytes)
    agents = list(AGENTS.values())
    rows = []
    for i in range(20_000):
        client = f"10.{chance.randrange(9)}.{chance.randrange(250)}.{chance.randrange(250)}"
        said = GOOD[i % len(GOOD)].format(client=client, agent=chance.choice(agents), taken=chance.randrange(900))
        rows.append(f"2026-05-14 {i // 900:02}:{i // 15 % 60:02}:{i % 60:02} 10.0.0.21 {said}\r\n")
    block = "".join(rows).encode()
    count = megabytes * 1_000_000 // len(block)
    numbers = []
    with path.open("wb") as file:
        file.write(
            f"#Software: Microsoft Internet Information Services 10.0\r\n#Fields: {IIS_FIELDS['default']}\r\n".encode()
        )
        for i in range(count):
            file.write(block)
            if i in {count * k // 6 for k in range(1, 6)}:
                numbers.append(2 + (i + 1) * len(rows) + len(numbers) + 1)
                file.write(f"2026-05-14 23:00:00 10.0.0.21 {BAD}\r\n".encode())
    return numbers


def ours(path: Path, library: Library) -> list[int]:
    """The bad lines that the story rests on."""
    surveying = Surveying(library)
    with path.open("rb") as file:
        surveying.read(file, path.name)
    story = surveying.done().story
    return [story.stops[0].first.line, story.stops[0].lines]


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of the processor, the best of some rounds: others use the machine too."""
    clock, processor = [], []
    for _ in range(ROUNDS):
        start, used = time.perf_counter(), _used()
        work()
        clock.append(time.perf_counter() - start)
        processor.append(_used() - used)
    return min(clock), min(processor)


def _used() -> float:
    """Seconds of the processor that this process and those it has started have used."""
    spent = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def counting(program: str, options: list[str], words: Path, path: Path) -> Callable[[], object]:
    """A run of ripgrep or grep that counts the lines with any of the words."""
    command = [program, *options, "-c", "-i", "-F", "-f", str(words), str(path)]
    return lambda: subprocess.run(command, capture_output=True, check=False, env={"PATH": "", "LC_ALL": "C.UTF-8"})


def union(words: list[str], path: Path, most: int) -> Callable[[], object]:
    """What a script would do: one expression of all words, line by line; of the first bytes only, for it is slow."""
    expression = re.compile("|".join(map(re.escape, words)).encode("utf-8"), re.IGNORECASE)

    def work() -> int:
        with path.open("rb") as file:
            return sum(1 for line in file.read(most).splitlines() if expression.search(line))

    return work


def main(megabytes: int = MEGABYTES) -> None:
    """Print one line a figure."""
    library = shelf.library(None)
    words = sorted({text for entry in library.entries.values() for signal in entry.signals for text in signal.text})
    with tempfile.TemporaryDirectory() as folder:
        path, all_words, few_words = (Path(folder) / name for name in ("u_ex260514.log", "words", "few"))
        bad = write(path, megabytes)
        all_words.write_text("\n".join(words) + "\n", encoding="utf-8")
        few_words.write_text("\n".join(FEW) + "\n", encoding="utf-8")
        size = path.stat().st_size / 1e6
        found = ours(path, library)
        assert found == [bad[0], len(bad)], (found, bad)
        mine = _speeds(f"ndesbot, bytes to story, {len(bad)} bad lines", size, lambda: ours(path, library))
        most = 4_000_000
        _speeds(f"re, a union of {len(words)} phrases", most / 1e6, union(words, path, most), mine)
        rg = os.environ.get("RG") or shutil.which("rg")
        for name, program, options in (("ripgrep", rg, ["-j1"]), ("grep", shutil.which("grep"), [])):
            for told, file in ((f"{len(words)} phrases", all_words), (f"{len(FEW)} phrases", few_words)):
                if program:
                    _speeds(f"{name} -c -i -F, {told}", size, counting(program, options, file, path), mine)
        _print("memory of this process, MB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def streamed(folder: Path, megabytes: int = 2_000) -> str:
    """A log of two gigabytes read by a process of its own, which tells what memory it took."""
    bad = write(folder / "u_ex260514.log", megabytes)
    began = time.perf_counter()
    child = subprocess.run(
        [sys.executable, "-m", "tests.bench_logs", "read", str(folder / "u_ex260514.log")],
        capture_output=True,
        check=True,
        text=True,
    )
    line, count, memory = child.stdout.split()
    assert [int(line), int(count)] == [bad[0], len(bad)], (child.stdout, bad)
    return f"{megabytes} MB in {time.perf_counter() - began:.1f} s, {float(memory):.0f} MB of memory"


def read(path: Path) -> None:
    """Print the first bad line, how many there are, and the memory of this process in megabytes."""
    print(*ours(path, shelf.library(None)), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _speeds(
    name: str, megabytes: float, work: Callable[[], object], mine: tuple[float, float] | None = None
) -> tuple[float, float]:
    """Print and give megabytes a second by the clock and of the processor; beside ours, if told."""
    clock, processor = (megabytes / taken for taken in seconds(work))
    print(f"{name:<50} {clock:9.1f} MB/s by the clock {processor:9.1f} of the processor", end="")
    print(f"  ours {mine[0] / clock:.2f} and {mine[1] / processor:.2f} of it" if mine else "")
    return clock, processor


def _print(name: str, value: float) -> None:
    print(f"{name:<70} {value:9.2f}")


if __name__ == "__main__":
    read(Path(sys.argv[2])) if sys.argv[1:2] == ["read"] else main(*map(int, sys.argv[1:2]))
