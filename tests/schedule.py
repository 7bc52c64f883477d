"""Replicas that share a schedule, and are killed: how often each slot was posted. A long run for `make soak`."""

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]


class Replicas:
    """So many processes on one database and one chat."""

    def __init__(self, address: str, folder: Path, number: int, *, every: float, slots: int) -> None:
        self._address, self._every, self._slots = address, every, slots
        self.posts = folder / "posts"
        self.posts.touch()
        self._begin = time.time() + 1
        self._processes = {f"replica-{n}": self._started(f"replica-{n}") for n in range(number)}

    def _started(self, name: str) -> "subprocess.Popen[str]":
        said = [self._address, name, str(self.posts), str(self._begin), str(self._every), str(self._slots)]
        command = [sys.executable, "-m", "tests.slot_child", *said]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def kill_one(self) -> None:
        """Kill one of them, and start its successor."""
        name = random.choice(list(self._processes))
        self._processes[name].kill()
        self._processes[name].communicate()
        self._processes[name] = self._started(name)

    def wait(self) -> Counter[str]:
        """Wait for all of them; how often each slot was posted."""
        for process in self._processes.values():
            process.communicate(timeout=600)
        return Counter(self.posts.read_text().splitlines())


def claimed(address: str, folder: Path, *, processes: int, slots: int) -> Counter[str]:
    """All replicas claim all slots at once."""
    return Replicas(address, folder, processes, every=0, slots=slots).wait()


def killed(address: str, folder: Path, *, kills: int, every: float, apart: float, processes: int = 3) -> Counter[str]:
    """A slot comes `every` so many seconds, and a kill in a time that is `apart` on the average."""
    slots = int((kills + 2) * apart / every) + 1
    replicas = Replicas(address, folder, processes, every=every, slots=slots)
    for _ in range(kills):
        time.sleep(random.uniform(0.5, 1.5) * apart)
        replicas.kill_one()
    posted = replicas.wait()
    assert set(posted) <= {f"digest {slot}" for slot in range(slots)}
    return Counter({f"digest {slot}": posted[f"digest {slot}"] for slot in range(slots)})
