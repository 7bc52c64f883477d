"""An answer in a terminal: colours, a step bar and highlighted words."""

import re

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text as Line

from bot.types import (
    STEP_NAMES,
    Answer,
    Block,
    Caution,
    Choices,
    Document,
    Facts,
    Fold,
    Heading,
    Picture,
    Quote,
    Sources,
    StepBar,
    Steps,
    Text,
)
from connectors.render.text import TONES, beside, command, one_line, printable

_STYLES = {"problem": "red", "success": "green", "info": "blue", "unsure": "yellow", "unknown": "magenta"}
_CODE = re.compile(r"`([^`\n]{1,400})`")


def show(answer: Answer, console: Console) -> None:
    """Print the whole answer; foreign text never becomes markup."""
    console.print(_title(answer.title, answer.tone))
    for block in answer.blocks:
        console.print(_block(block))


def _title(text: str, tone: str) -> RenderableType:
    line = Line.assemble((f" {TONES[tone]} ", f"bold white on {_STYLES[tone]}"), " ", (printable(text), "bold"))
    return Padding(line, (1, 0, 0, 0))


def _prose(text: str, style: str = "") -> Line:
    line = Line(style=style)
    at = 0
    clean = printable(text)
    for found in _CODE.finditer(clean):
        line.append(clean[at : found.start()])
        line.append(found[1], "cyan")
        at = found.end()
    line.append(clean[at:])
    return line


def _block(block: Block) -> RenderableType:
    match block:
        case Heading(text, tone):
            return _title(text, tone)
        case Text(text):
            return _prose(text)
        case Caution(text):
            return _prose(f"! {text}", "yellow")
        case StepBar(step, area):
            return _steps(step, area)
        case Quote(pieces):
            line = Line()
            for piece in pieces:
                line.append(printable(piece.text), "black on yellow" if piece.marked else "dim")
            return Panel(line, border_style="dim", title="your words", title_align="left")
        case Steps(items):
            return _rows([(f"{i}.", item) for i, item in enumerate(items, 1)], "bold")
        case Facts(rows):
            return _rows(list(rows), "dim")
        case Fold(title, hint, blocks):
            head = Line.assemble((printable(title), "bold"), "  ", (printable(hint), "dim"))
            return Group(Padding(head, (1, 0, 0, 0)), Padding(Group(*map(_block, blocks)), (0, 0, 0, 2)))
        case Choices(question, options):
            return Group(_prose(question), _rows([(command(say), label) for label, say in options], "cyan"))
        case Sources(items):
            return Padding(_rows([(day, url) for url, day in items], "dim"), (1, 0, 0, 0))
        case Picture() | Document():
            kind, words = beside(block)
            return Line.assemble((f"{kind} ", "bold dim"), _prose(words, "dim"))


def _steps(step: int | None, area: str) -> Line:
    if step is None:
        return Line(printable(area), "dim")
    line = Line(f"Step {step} of 6 · {STEP_NAMES[step - 1]} · {printable(area)}  ", "dim")
    for i in range(1, 7):
        line.append(f" {i} ", "black on white" if i == step else "dim")
    return line


def _rows(rows: list[tuple[str, str]], style: str) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style=style, no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Line(one_line(name)), _prose(value))
    return table
