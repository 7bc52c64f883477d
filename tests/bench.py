"""`make bench`: how fast, how large, and how it grows; ratios are taken in one run, so that machines compare."""

import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rapidfuzz import fuzz, process

from connectors import shelf
from knowledge.library import Library
from knowledge.numbers import Number
from knowledge.schema import Entry, Signal
from tests import bench_checks

ROUNDS = 400
HEALTHY = (
    "{} 10.8.1.20 GET /certsrv/mscep/mscep.dll operation=GetCACaps&message=CA 443 - 10.8.1.9 Mozilla/4.0 - 200 0 0 31",
    "{} 10.8.1.20 GET /certsrv/mscep/mscep.dll operation=GetCACert&message=CA 443 - 10.8.1.9 Mozilla/4.0 - 200 0 0 15",
    "{} 10.8.1.20 POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - 10.8.1.20 NDES_Plugin - 200 0 0 9",
    "{} 10.8.1.20 GET /favicon.ico - 443 - 10.8.1.9 Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64) - 404 0 2 15",
    "{} 10.8.1.20 GET /healthcheck - 443 - 10.8.1.2 LoadBalancer - 200 0 0 0",
)
"""Lines of a log on a good day, to stand around the one that matters."""
COLD_STARTS = 9


def logs(entries: Sequence[Entry], length: int, count: int) -> list[str]:
    """Texts of `length` characters as people paste them: one problem somewhere in a log of healthy lines."""
    chance = random.Random(length)
    samples = [sample for entry in entries for sample in entry.samples.hit if len(sample) < length // 2]
    made = []
    for _ in range(count):
        lines = [chance.choice(samples)]
        while sum(map(len, lines)) < length:
            line = chance.choice(HEALTHY).format(f"2026-05-04 09:{chance.randrange(60):02}:{chance.randrange(60):02}")
            lines.insert(chance.randrange(len(lines) + 1), line)
        made.append("\n".join(lines)[:length])
    return made


def mixtures(entries: Sequence[Entry], length: int, count: int) -> list[str]:
    """Texts of `length` characters that hold nothing but problems, about four to the kilobyte: the worst case."""
    chance = random.Random(length)
    samples = [sample for entry in entries for sample in entry.samples.hit]
    made = []
    for _ in range(count):
        text = ""
        while len(text) < length:
            text += chance.choice(samples) + "\n"
        made.append(text[:length])
    return made


def microseconds(work: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    """The time of each call, sorted, after one call each to warm up."""
    for text in texts:
        work(text)
    taken = []
    for text in texts:
        start = time.perf_counter()
        work(text)
        taken.append((time.perf_counter() - start) * 1e6)
    return sorted(taken)


def percentile(values: Sequence[float], share: float) -> float:
    """A value of a sorted list, by rank."""
    return values[min(len(values) - 1, int(share * len(values)))]


def multiplied(entries: Sequence[Entry], times: int) -> list[Entry]:
    """The knowledge with further situations of the same make: every copy has signs of its own."""
    copies = list(entries)
    for k in range(1, times):
        for entry in entries:
            signals = tuple(_other(signal, k) for signal in entry.signals)
            copies.append(entry.model_copy(update={"id": f"{entry.id}-{k}", "signals": signals}))
    return copies


def _other(signal: Signal, k: int) -> Signal:
    changes: dict[str, object] = {
        "text": tuple(_shifted(text, k) for text in signal.text),
        "pattern": tuple(rf"\b(?:{'|'.join(_words(pattern, k))})\b" for pattern in signal.pattern),
        "code": tuple(Number((code.value + k * 7919) & 0xFFFFFFFF) for code in signal.code),
        "event": tuple(event + 1000 * k for event in signal.event),
        "http": signal.http and signal.http.model_copy(update={"substatus": (20 + k,)}),
    }
    return signal.model_copy(update=changes)


def _shifted(text: str, k: int) -> str:
    """Other words of the same length: every letter moved along the alphabet."""
    return "".join(chr((ord(c) - 97 + k) % 26 + 97) if "a" <= c <= "z" else c for c in text.lower())


def _words(pattern: str, k: int) -> list[str]:
    return [_shifted(word, k) for word in re.findall(r"[A-Za-z]{3,}", pattern)] or [f"word{k}"]


def cold_starts() -> tuple[float, float]:
    """Seconds (median) from nothing to an answer of `ndesbot diagnose`, and megabytes of its memory."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "connectors.main", "diagnose"]
        environment = {"NDESBOT_CACHE": folder, "PATH": "", "PYTHONPATH": str(Path(__file__).parents[1])}
        taken = []
        for _ in range(COLD_STARTS + 1):
            start = time.perf_counter()
            subprocess.run(command, input=b"Error 12175", env=environment, check=True, capture_output=True)
            taken.append(time.perf_counter() - start)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"first start of all (reads and checks every entry)            {taken[0]:8.2f} s")
    return statistics.median(taken[1:]), memory


def run(rounds: int = ROUNDS) -> dict[str, float]:
    """Measure everything; the figures by name."""
    entries = shelf.entries(None)
    library = Library(entries)
    larger = Library(multiplied(entries, 10))
    phrases = sorted({text for e in entries for signal in e.signals for text in (*signal.text, *signal.pattern)})
    figures: dict[str, float] = {"entries": len(entries), "words and patterns of all signals": len(phrases)}
    kinds = (("200 characters", mixtures, 200), ("4 KB of log", logs, 4096), ("4 KB, 15 problems", mixtures, 4096))
    for name, make, length in kinds:
        texts = make(entries, length, rounds)
        ours = microseconds(library.match, texts)
        grown = microseconds(larger.match, texts)
        fuzzy = microseconds(lambda text: process.extract(text, phrases, scorer=fuzz.partial_ratio), texts[:20])
        figures[f"{name}: p50 us"] = percentile(ours, 0.5)
        figures[f"{name}: p99 us"] = percentile(ours, 0.99)
        figures[f"{name}: times faster than rapidfuzz extract"] = percentile(fuzzy, 0.5) / percentile(ours, 0.5)
        figures[f"{name}: times slower with 10 x the knowledge"] = percentile(grown, 0.5) / percentile(ours, 0.5)
    figures["memory of this process with both libraries, MB"] = (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    )
    return figures


def main() -> None:
    """Print one line a figure."""
    seconds, memory = cold_starts()
    print(f"cold start of `ndesbot diagnose`, median of {COLD_STARTS}                {seconds:8.2f} s")
    print(f"memory of `ndesbot diagnose`                                 {memory:8.0f} MB")
    for name, value in run().items():
        print(f"{name:<60} {value:9.2f}")
    bench_checks.main()


if __name__ == "__main__":
    main()
