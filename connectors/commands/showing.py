"""How a command prints: an answer for people, one JSON document for scripts."""

import json
import sys
from typing import Annotated, Any

import typer

from bot.types import Answer
from connectors.render.text import one_line, printable, render

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def show(answer: Answer, of: str | None = None) -> None:
    """Print an answer: in colour on a terminal, plain where it is piped. `of` names the file it is about."""
    if sys.stdout.isatty():
        from rich.console import Console

        from connectors.render.terminal import show as show_in_colour

        console = Console()
        if of is not None:
            console.print(f"\n== {one_line(of)} ==", style="bold", markup=False, highlight=False)
        show_in_colour(answer, console)
    else:
        sys.stdout.write((f"== {one_line(of)} ==\n" if of is not None else "") + render(answer))


def show_json(document: Any) -> None:
    """Print one JSON document and nothing else."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")


def complain(reason: str) -> None:
    """Say on stderr, in one line, what went wrong; the help alone may take more."""
    if sys.stderr is not None:  # it may be closed
        sys.stderr.write((printable(reason) if reason.startswith("Usage:") else one_line(reason)) + "\n")
