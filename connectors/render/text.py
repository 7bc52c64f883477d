"""An answer as plain text: for pipes, mails and any place without markup."""

from collections.abc import Iterator

from bot.types import (
    STEP_NAMES,
    Answer,
    Block,
    Caution,
    Choices,
    Facts,
    Fold,
    Heading,
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


def render(answer: Answer) -> str:
    """The whole answer, every fact shown, control characters of foreign text taken out."""
    lines = [f"[{TONES[answer.tone]}] {answer.title}"]
    for block in answer.blocks:
        lines += _lines(block, "")
    return printable("\n".join(lines)) + "\n"


def printable(text: str) -> str:
    """Without control characters that a terminal would obey."""
    return "".join(c if c in "\n\t" or (c >= " " and not "\x7f" <= c <= "\x9f") else " " for c in text)


def _lines(block: Block, indent: str) -> Iterator[str]:
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
                yield from _lines(inner, indent + "  ")
        case Choices(question, options):
            yield f"{indent}{question}"
            yield from (f"{indent}- {label}  ->  {say}" for label, say in options)
        case Sources(items):
            yield from ("", f"{indent}Sources:")
            yield from (f"{indent}- {url} (read {day})" for url, day in items)
