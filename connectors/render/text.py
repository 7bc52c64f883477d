"""An answer as plain text: for pipes, mails and any place without markup."""

import re
from collections.abc import Iterator

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

TONES = {
    "problem": "Problem",
    "success": "All is well",
    "info": "Good to know",
    "unsure": "Not sure",
    "unknown": "Unknown",
}
"""What each tone is called, so that colour is never the only sign."""

_SHOWN = {
    **{code: " " for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"},
    # These turn the direction of writing: with them, words read otherwise than they are.
    **{code: f"[U+{code:04X}]" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))},
    # These only mark it. Windows puts them around every date and thumbprint.
    **{code: None for code in (0x061C, 0x200E, 0x200F)},
}
_OBEYED = re.compile(f"[{re.escape(''.join(map(chr, _SHOWN)))}]")
_ON_COMMAND_LINE = ("check", "explain")  # what is said to a bot and is a command of `ndesbot` too


def render(answer: Answer, *, typed: bool = True) -> str:
    """The whole answer, every fact shown, nothing in it obeyed by a terminal. `typed`: what there is to choose is told
    with the words to type; where there are buttons, the labels are enough."""
    lines = [f"[{TONES[answer.tone]}] {answer.title}"]
    for block in answer.blocks:
        lines += _lines(block, "", typed)
    return printable("\n".join(lines)) + "\n"


def printable(text: str) -> str:
    """Foreign text without what a screen would obey: control characters become blanks, and what turns the
    direction of writing is shown by its number. Line breaks and tabs stay."""
    text = text.replace("\r\n", "\n")
    return text.translate(_SHOWN) if _OBEYED.search(text) else text  # to look first is ten times as fast


def beside(file: Picture | Document) -> tuple[str, str]:
    """What stands for a file that a text cannot show: its kind, and what one must know of it."""
    return ("[Picture]", file.alt) if isinstance(file, Picture) else ("[File]", document_line(file))


def document_line(document: Document) -> str:
    """What a file is called and how large it is; the file itself goes another way."""
    return f"{one_line(document.name)} ({-(-len(document.data) // 1024):,} KB)"


def one_line(text: str) -> str:
    """The same for where one line is promised."""
    return " ".join(printable(text).split())


def command(say: str) -> str:
    """What chooses an option, as a person types it where no button can be pressed."""
    return f"ndesbot {say}" if say.partition(" ")[0] in _ON_COMMAND_LINE else say


def _lines(block: Block, indent: str, typed: bool) -> Iterator[str]:
    match block:
        case Heading(text, tone):
            yield from ("", f"{indent}[{TONES[tone]}] {text}")
        case Text(text):
            yield f"{indent}{text}"
        case Caution(text):
            yield f"{indent}Caution: {text}"
        case StepBar(step, area):
            yield f"{indent}{f'Step {step} of 6: {STEP_NAMES[step - 1]} ({area})' if step else area}"
        case Quote(pieces):
            marked = "".join(f">>{piece.text}<<" if piece.marked else piece.text for piece in pieces)
            yield from (f"{indent}| {line}" for line in marked.splitlines())
        case Steps(items):
            yield from (f"{indent}{i}. {item}" for i, item in enumerate(items, 1))
        case Facts(rows):
            yield from (f"{indent}{name}: {value}" for name, value in rows)
        case Fold(title, hint, blocks):
            yield from ("", f"{indent}{title} ({hint})")
            for inner in blocks:
                yield from _lines(inner, indent + "  ", typed)
        case Choices(question, options):
            yield f"{indent}{question}"
            yield from (f"{indent}- {label}{f'  ->  {command(say)}' if typed else ''}" for label, say in options)
        case Sources(items):
            yield from ("", f"{indent}Sources:")
            yield from (f"{indent}- {url} (read {day})" for url, day in items)
        case Picture() | Document():
            yield f"{indent}{' '.join(beside(block))}"
