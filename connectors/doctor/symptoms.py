"""What the doctor finds: one noun, and what a question that breaks off becomes."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Literal

from bot.errors import BotError


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing the installation stands on: how it is, and where it is not well, what mends it."""

    id: str
    verdict: Literal["ok", "warn", "fail"]
    summary: str
    fix: str | None = None


async def told(name: str, fix: str, question: Awaitable[str]) -> Symptom:
    """The answer to a question; what it raises is the symptom."""
    try:
        return Symptom(name, "ok", await question)
    except BotError as error:
        return Symptom(name, "fail", str(error), fix)
    except Exception as error:  # a bug in one question must not hide the other answers
        return Symptom(name, "fail", f"The question itself broke ({type(error).__name__}).", fix)
