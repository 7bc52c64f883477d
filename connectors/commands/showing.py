"""How a command prints: an answer for people, one JSON document for scripts."""

import json
import sys
from typing import Annotated, Any

import typer

from bot.types import Answer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def show(answer: Answer) -> None:
    """Print an answer: in colour on a terminal, plain where it is piped."""
    if sys.stdout.isatty():
        from rich.console import Console

        from connectors.render.terminal import show as show_in_colour

        show_in_colour(answer, Console())
    else:
        from connectors.render.text import render

        sys.stdout.write(render(answer))


def show_json(document: Any) -> None:
    """Print one JSON document and nothing else."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")
