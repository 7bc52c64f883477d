"""`make soak`: broken, cut, mixed and endless pastes, minute after minute; no failure, no growth, no slow answer."""

import asyncio
import random
import resource
import sys
import time
from collections.abc import Iterator, Sequence

from bot.check import Checker
from bot.commands import UseCases
from bot.router import Router
from bot.types import Message, Place
from connectors import shelf
from knowledge.causes import Causes
from knowledge.library import Library
from tests.checks.fake_wire import FakeWire
from tests.fakes import FakeClock, FakeStore, wires_of

SLOWEST = 2.0
"""Seconds that one paste of up to 200,000 characters may take."""
_DAMAGE = (
    "&amp;lt;",
    "<https://x|",
    "\u200b",
    "\u00a0",
    "\x00",
    "\ud800",
    "\r\n> ",
    "```",
    "0x",
    "-",
    "\u00e2\u20ac\u0153",
    "(" * 50,
)


def damaged(samples: Sequence[str], chance: random.Random) -> Iterator[str]:
    """Pastes without end: samples joined, repeated, cut anywhere and sprinkled with what chats and attackers add."""
    while True:
        text = "\n".join(chance.choices(samples, k=chance.randint(1, 12)))
        for _ in range(chance.randint(0, 8)):
            at = chance.randrange(len(text) + 1)
            text = text[:at] + chance.choice(_DAMAGE) * chance.randint(1, 40) + text[at + chance.randint(0, 3) :]
        if chance.random() < 0.02:
            text = text * chance.randint(1, 200_000 // max(1, len(text)) + 1)
        yield text[:200_000]


def soak(seconds: float, seed: int = 1) -> tuple[int, float, float]:
    """Pastes answered, the slowest in seconds, and megabytes grown since the first thousand.

    Raises `AssertionError` with the seed and the number of the paste that was not answered, or slowly.
    """
    return asyncio.run(_soak(seconds, seed))


async def _soak(seconds: float, seed: int) -> tuple[int, float, float]:
    store, clock = FakeStore(), FakeClock()
    wires = wires_of(FakeWire())
    use = Checker(store=store, checks=(), wires=wires, clock=clock, causes=Causes.load(shelf.FOLDER))  # type: ignore[arg-type]
    library = Library(shelf.entries(None))
    router = Router(UseCases(library, shelf.codes(), checker=use, store=store, clock=clock), lambda _: "viewer")
    samples = [sample for entry in shelf.entries(None) for sample in (*entry.samples.hit, *entry.samples.miss)]
    chance = random.Random(seed)
    end, slowest, grown_from, count = time.monotonic() + seconds, 0.0, 0.0, 0
    for count, text in enumerate(damaged(samples, chance), 1):
        start = time.monotonic()
        answer = await router.handle(Message(str(count), Place("soak", "room"), "nobody", text))
        slowest = max(slowest, time.monotonic() - start)
        assert answer and answer.title != "Something broke on my side", f"seed {seed}, paste {count}: not answered"
        assert slowest < SLOWEST, f"seed {seed}, paste {count}: {slowest:.1f} s for {len(text)} characters"
        if count == 1000:
            grown_from = _megabytes()
        if time.monotonic() > end:
            break
    return count, slowest, _megabytes() - grown_from if grown_from else 0.0


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    answered, longest, grown = soak(60 * minutes, seed=random.randrange(10**9))
    print(f"{answered} pastes, slowest {longest:.3f} s, {grown:.1f} MB grown after the first thousand")
