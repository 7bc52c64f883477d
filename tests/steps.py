"""How much work something is, in steps of the interpreter: unlike seconds, as many on any machine."""

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def steps(work: Callable[[], object]) -> int:
    """Lines and calls of Python that it takes; what happens within one call of C counts once."""
    taken, before = 0, sys.gettrace()

    def step(_: FrameType, __: str, ___: Any) -> Any:
        nonlocal taken
        taken += 1
        return step

    gc.disable()  # what it would call is not of the work
    sys.settrace(step)
    try:
        work()
    finally:
        sys.settrace(before)
        gc.enable()
    return taken
