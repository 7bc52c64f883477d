"""An answer as an HTML fragment, for the playground's page and for any other that shows one."""

import re
from base64 import b64encode
from html import escape
from typing import assert_never

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
    Piece,
    Quote,
    Sources,
    StepBar,
    Steps,
    Text,
    Tone,
)
from connectors.render.prose import short_address
from connectors.render.text import TONES, document_line, one_line, printable

_CODE = re.compile(r"`([^`\n]+)`")
# Two words with a hyphen are always ours; of single words only these, so that XML like <null> stays what it is.
_PLACEHOLDER = re.compile(r"(<(?:[a-z]+(?:-[a-z]+)+|device|domain|proxy|tenant|thumbprint)>)")
# A step that is a command: told to run, or nothing but the command and where or how it is run.
_COMMAND = re.compile(r"Run `([^`\n]+)`[^`]*|`([^`\n]+)`(?:[,;.] [^`]*| (?:on|as) [^`]*)?")
_TOP = 3  # heading level of a fold; the title of an answer is level 2
_DEEPEST = 6


def render(answer: Answer) -> str:
    """The whole answer as one fragment. Every word is escaped; it brings no script and no style of its own."""
    body = "".join(_block(block, _TOP) for block in answer.blocks)
    return f'<div class="answer tone-{answer.tone}">{_title(answer.title, answer.tone)}{body}</div>'


def _title(title: str, tone: Tone) -> str:
    return f'<header class="title tone-{tone}"><p class="tone">{TONES[tone]}</p><h2>{_prose(title)}</h2></header>'


def _block(block: Block, level: int) -> str:
    match block:
        case Text():
            return f'<p class="text">{_prose(block.text)}</p>'
        case Caution():
            return f'<p class="warning" role="note"><strong>Caution:</strong> {_prose(block.text)}</p>'
        case StepBar():
            return _step_bar(block)
        case Quote():
            return _quote(block)
        case Steps():
            return _steps(block)
        case Facts():
            return _facts(block)
        case Fold():
            return _fold(block, level)
        case Choices():
            return _choices(block)
        case Sources():
            return _sources(block)
        case Heading():
            return _title(block.text, block.tone)
        case Picture():
            return _picture(block)
        case Document():
            return _document(block)
    assert_never(block)


# --- words -----------------------------------------------------------------------------------


def _escape(text: str) -> str:
    """Foreign text for inside a tag or an attribute: neither markup nor what the browser would obey."""
    return escape(printable(text))


def _prose(text: str) -> str:
    """Escaped words: `backticks` are code, <ndes-fqdn> and its like stand out as what a person must replace."""
    pieces = _CODE.split(text)  # every second piece stood between backticks
    return "".join(f"<code>{_plain(p)}</code>" if i % 2 else _plain(p) for i, p in enumerate(pieces))


def _plain(text: str) -> str:
    pieces = _PLACEHOLDER.split(text)
    return "".join(_placeholder(p) if i % 2 else _escape(p) for i, p in enumerate(pieces))


def _placeholder(text: str) -> str:
    return f'<span class="placeholder" title="Put your own value here">{_escape(text)}</span>'


# --- blocks ----------------------------------------------------------------------------------


def _step_bar(bar: StepBar) -> str:
    if bar.step is None:
        return f'<p class="where">{_escape(bar.area)}</p>'
    count, name = len(STEP_NAMES), STEP_NAMES[bar.step - 1]
    words = f"Step {bar.step} of {count}"
    items = "".join(_step_of_bar(number, name, bar.step) for number, name in enumerate(STEP_NAMES, 1))
    # The list's label already says the step to screen readers: the line above it is for eyes only.
    caption = f"<strong>{words}</strong> · {_escape(bar.area)}"
    return (
        f'<p class="where" aria-hidden="true">{caption}<span class="where-name"> · {_escape(name)}</span></p>'
        f'<ol class="steps" aria-label="{_escape(f"{words}: {name}")}">{items}</ol>'
    )


def _step_of_bar(number: int, name: str, current: int) -> str:
    here = ' aria-current="step"' if number == current else ""
    return f'<li{here}><span class="number">{number}</span> <span class="name">{_escape(name)}</span></li>'


def _quote(quote: Quote) -> str:
    # A parser drops one newline right after <pre>: give it one to drop, so that the paste keeps its own.
    words = "".join(_piece(piece) for piece in quote.pieces)
    return (
        '<figure class="quote"><figcaption>From the paste; the marked words decided</figcaption>'
        f"<blockquote><pre>\n{words}</pre></blockquote></figure>"
    )


def _piece(piece: Piece) -> str:
    return f"<mark>{_escape(piece.text)}</mark>" if piece.marked else _escape(piece.text)


def _steps(steps: Steps) -> str:
    items = "".join(_step(number, item) for number, item in enumerate(steps.items, 1))
    return f'<ol class="todo">{items}</ol>'


def _step(number: int, item: str) -> str:
    copied = _escape(_copied(item))
    button = f'<button type="button" class="copy" data-copy="{copied}" aria-label="Copy step {number}">Copy</button>'
    return f'<li><div class="todo-row"><span class="todo-text">{_prose(item)}</span>{button}</div></li>'


def _copied(step: str) -> str:
    """The command of a step that is one, else the whole sentence as it is shown: code in a sentence
    may be a name, a tool to click in, or the very thing not to do."""
    command = _COMMAND.fullmatch(step)
    return (command[1] or command[2]) if command else _CODE.sub(r"\1", step)


def _facts(facts: Facts) -> str:
    rows = "".join(f"<div><dt>{_prose(name)}</dt><dd>{_prose(value)}</dd></div>" for name, value in facts.rows)
    return f'<dl class="facts">{rows}</dl>'


def _fold(fold: Fold, level: int) -> str:
    opened = " open" if fold.open else ""
    heading = f'<h{level} class="fold-title">{_prose(fold.title)}</h{level}>'
    hint = _hint(fold.hint) if fold.hint else ""
    inside = "".join(_block(block, min(level + 1, _DEEPEST)) for block in fold.blocks)
    return (
        f'<details class="fold"{opened}><summary><span class="fold-words">{heading}{hint}</span></summary>'
        f'<div class="fold-body">{inside}</div></details>'
    )


def _hint(hint: str) -> str:
    kind = "fold-count" if hint.isdigit() else "fold-hint"  # a lone number stands beside the title, words below it
    return f' <span class="{kind}">{_prose(hint)}</span>'


def _choices(choices: Choices) -> str:
    buttons = "".join(_choice(label, say) for label, say in choices.options)
    legend = f"<legend>{_prose(choices.question)}</legend>"
    return f'<fieldset class="choices">{legend}<div class="options">{buttons}</div></fieldset>'


def _choice(label: str, say: str) -> str:
    return f'<button type="button" class="choice" data-say="{_escape(say)}">{_prose(label)}</button>'


def _picture(picture: Picture) -> str:
    """The picture itself in the page, so that nothing is fetched from anywhere."""
    source = f"data:image/png;base64,{b64encode(picture.png).decode()}"
    return f'<figure class="picture"><img src="{source}" alt="{_escape(picture.alt)}"></figure>'


def _document(document: Document) -> str:
    """The file itself in the page, to be saved under its name."""
    source = f"data:application/octet-stream;base64,{b64encode(document.data).decode()}"
    name = _escape(one_line(document.name))
    return f'<p class="document"><a href="{source}" download="{name}">{_escape(document_line(document))}</a></p>'


def _sources(sources: Sources) -> str:
    items = "".join(f"<li>{_source(where, day)}</li>" for where, day in sources.items)
    return f'<footer class="sources"><p class="sources-title">Sources</p><ul>{items}</ul></footer>' if items else ""


def _source(where: str, day: str) -> str:
    read = f' <span class="read">read {_escape(day)}</span>' if day else ""
    if not where.startswith("https://"):
        return f"{_prose(where)}{read}"
    link = f'<a href="{_escape(where)}" rel="noreferrer noopener" target="_blank" title="{_escape(where)}">'
    return f"{link}{_escape(short_address(where))}</a>{read}"
