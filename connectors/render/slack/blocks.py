"""The blocks of an answer in Block Kit: what an admin needs at night, on a phone, without a pointer to hover with."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import assert_never

from bot.ports import Press
from bot.types import (
    STEP_NAMES,
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
    Tone,
)
from connectors.render.prose import RUN, command_of, cut, short_address, without_marks
from connectors.render.slack import elements as slack
from connectors.render.slack.elements import Element
from connectors.render.text import TONES, document_line, one_line, printable

ACTION = "choice"
"""How the id of every button and menu of an answer begins; a number follows."""
SIGNS: dict[Tone, str] = {
    "problem": "x",
    "success": "white_check_mark",
    "info": "information_source",
    "unsure": "large_yellow_circle",
    "unknown": "grey_question",
}
"""The emoji beside each tone's word."""

_LONGEST = 3000  # characters of one run of words, as JSON weighs them
_MENU_FROM = 6  # choices from which buttons become a menu
_LABEL = 30  # characters of a button that a phone shows
_LONG_COMMAND = 20  # characters from which a command gets a box of its own
_SHORT_HINT = 12  # characters of a hint that may stand beside a title
_ADDRESS = re.compile(r"https://[a-z0-9.-]+(?::\d{1,5})?(?:/[\w.~!$&'()*+,;=:@%/?#-]*)?", re.ASCII)


class Writer:
    """Puts the blocks of one answer into lines and blocks of Slack; knows whether it had to cut any words."""

    def __init__(self, press: Press) -> None:
        self.cut = False
        self._press = press
        self._actions = 0

    def title(self, text: str, tone: Tone) -> list[Element]:
        """The tone in a word, and the title in large words where they fit there."""
        name = one_line(without_marks(text)) or TONES[tone]
        said = slack.line([slack.emoji(SIGNS[tone]), slack.words(f" {TONES[tone]}", bold=True)])
        if len(name) <= slack.HEADER:
            return [slack.rich([said]), slack.header(name)]
        return [slack.rich([said, slack.line(self._words(name, bold=True))])]

    def atoms(self, block: Block) -> Iterator[Element]:
        """A block as lines and blocks, in order."""
        match block:
            case Text():
                yield from self._line(self._prose(block.text))
            case Caution():
                sign = [slack.emoji("warning"), slack.words(" Caution: ", bold=True)]
                yield slack.line([*sign, *self._prose(block.text)])
            case StepBar():
                yield from self._step_bar(block)
            case Quote():
                yield from self._quote(block)
            case Steps():
                yield from self._steps(block)
            case Facts():
                yield from self._facts(block)
            case Fold():
                yield from self._fold(block)
            case Choices():
                yield from self._choices(block)
            case Sources():
                yield from self._sources(block)
            case Heading():
                yield from self._heading(block)
            case Picture():  # the picture itself is uploaded beside the message
                yield from self._line(self._words(block.alt, italic=True))
            case Document():  # as a picture
                yield from self._line(self._words(document_line(block), bold=True))
            case _:
                assert_never(block)

    def _heading(self, heading: Heading) -> Iterator[Element]:
        yield slack.divider()
        sign = [slack.emoji(SIGNS[heading.tone]), slack.words(f" {TONES[heading.tone]}: ", bold=True)]
        yield slack.line([*sign, *self._prose(heading.text, bold=True)])

    def _step_bar(self, bar: StepBar) -> Iterator[Element]:
        if bar.step is None:
            yield from self._line(self._words(bar.area))
            return
        dots = "".join("●" if number == bar.step else "○" for number in range(1, len(STEP_NAMES) + 1))
        where = slack.words(f"Step {bar.step} of {len(STEP_NAMES)}", bold=True)
        rest = self._words(f" · {STEP_NAMES[bar.step - 1]} · {bar.area}")
        yield slack.line([slack.words(f"{dots}  "), where, *rest])

    def _quote(self, quote: Quote) -> Iterator[Element]:
        pieces = [self._words(piece.text, **({"bold": True} if piece.marked else {})) for piece in quote.pieces]
        if parts := list(chain.from_iterable(pieces)):
            yield slack.line([slack.words("From the paste; the bold words decided:", italic=True)])
            yield slack.quoted(_merged(parts))

    def _steps(self, steps: Steps) -> Iterator[Element]:
        """A numbered list; it is interrupted for each long command, which stands alone so that it can be copied."""
        waiting: list[Element] = []
        for number, step in enumerate(steps.items, 1):
            told, command = _around(step)
            if command and told == RUN and len(steps.items) == 1:  # the words before it say what it is for
                yield slack.copyable(command)
                return
            waiting.append(slack.line(self._prose(told) or [slack.words(" ")]))
            if command:
                yield slack.numbered(waiting, number - len(waiting))
                yield slack.copyable(command)
                waiting = []
        if waiting:
            yield slack.numbered(waiting, len(steps.items) - len(waiting))

    def _facts(self, facts: Facts) -> Iterator[Element]:
        """A line for each; it ends where a long command stands alone."""
        parts: list[Element] = []
        for name, value in facts.rows:
            told, command = _around(value)
            start = "\n" if parts else ""
            parts += [*self._words(f"{start}{without_marks(name)}: ", bold=True), *self._prose(told)]
            if command:
                yield from self._line(parts)
                yield slack.copyable(command)
                parts = []
        yield from self._line(parts)

    def _fold(self, fold: Fold) -> Iterator[Element]:
        start = " · " if len(fold.hint) <= _SHORT_HINT else "\n"
        hint = self._words(f"{start}{without_marks(fold.hint)}", italic=True) if fold.hint else []
        yield from self._line([*self._prose(fold.title, bold=True), *hint])
        for block in fold.blocks:
            yield from self.atoms(block)

    def _sources(self, sources: Sources) -> Iterator[Element]:
        parts: list[Element] = []
        for where, day in sources.items:
            parts += [slack.words("\n" if parts else "Sources\n", **({} if parts else {"bold": True}))]
            parts += self._source(where)
            parts += self._words(f" · read {day}") if day else []
        yield from self._line(parts)

    def _source(self, where: str) -> list[Element]:
        if _ADDRESS.fullmatch(where) and len(where) < _LONGEST:
            return [slack.link(where, short_address(where))]
        return self._prose(where)

    # --- choices -----------------------------------------------------------------------------

    def _choices(self, choices: Choices) -> Iterator[Element]:
        """The question with its buttons, or with a menu; labels too long for those stand above them in full."""
        menu = len(choices.options) >= _MENU_FROM
        labels = [one_line(without_marks(label)) or "…" for label, _ in choices.options]
        most = slack.OPTION if menu or len(labels) == 1 else _LABEL
        yield from self._line(self._prose(choices.question))
        if any(len(label) > most for label in labels):
            full = [slack.line(self._words(label)) for label in labels]
            yield from full if len(full) == 1 else [slack.numbered(full)]
            labels = labels if len(full) == 1 else [f"{number}. {label}" for number, label in enumerate(labels, 1)]
        if labels:
            values = [self._press(say) for _, say in choices.options[: slack.SELECT]]
            yield self._menu(choices.question, labels, values) if menu else self._buttons(labels, values, most)

    def _buttons(self, labels: Sequence[str], values: Sequence[str], most: int) -> Element:
        return slack.actions(
            slack.button(self._action(), slack.shortened(label, most), value)
            for label, value in zip(labels, values, strict=True)
        )

    def _menu(self, question: str, labels: Sequence[str], values: Sequence[str]) -> Element:
        if len(labels) > slack.SELECT:
            self.cut = True
        options = [
            slack.option(slack.shortened(label, slack.OPTION), value)
            for label, value in zip(labels[: slack.SELECT], values, strict=False)
        ]
        hint = slack.shortened(one_line(without_marks(question)), slack.PLACEHOLDER) or "Choose"
        menu = {"type": "static_select", "action_id": self._action(), "placeholder": slack.plain(hint)}
        return slack.actions([menu | {"options": options}])

    def _action(self) -> str:
        self._actions += 1
        return f"{ACTION}-{self._actions}"

    # --- words -------------------------------------------------------------------------------

    def _line(self, parts: Sequence[Element]) -> Iterator[Element]:
        """One line, where there is anything to say."""
        if parts:
            yield slack.line(_merged(parts))

    def _words(self, text: str, **style: bool) -> list[Element]:
        """Foreign text: control characters harmless, cut where it is too long, no element for nothing."""
        shown = self._upto(printable(text))
        return [slack.words(shown, **style)] if shown else []

    def _prose(self, text: str, **style: bool) -> list[Element]:
        """Words in which code and placeholders are shown as code."""
        parts = []
        for piece in cut(self._upto(printable(text))):
            code = {} if piece.kind == "words" else {"code": True}
            parts.append(slack.words(piece.text, **(style | code)))
        return parts

    def _upto(self, text: str) -> str:
        if slack.weight(text) <= _LONGEST:
            return text
        self.cut = True
        most = len(text)
        while slack.weight(text[:most]) > _LONGEST - 10:
            most = most * (_LONGEST - 10) // slack.weight(text[:most])
        return text[:most].rstrip() + slack.CUT


def _around(sentence: str) -> tuple[str, str]:
    """A sentence and the command that is to stand below it, if there is one long enough for that."""
    command = command_of(sentence)
    if command and len(command.line) > _LONG_COMMAND and slack.weight(command.line) <= _LONGEST:
        return command.told, printable(command.line)
    return sentence, ""


def _merged(parts: Sequence[Element]) -> Iterator[Element]:
    """Neighbours of one style as one element, up to a length: each element costs room."""
    waiting: Element | None = None
    for part in parts:
        alike = waiting and waiting["type"] == part["type"] == "text" and waiting.get("style") == part.get("style")
        if waiting and alike and len(waiting["text"]) + len(part["text"]) <= _LONGEST:
            waiting = waiting | {"text": waiting["text"] + part["text"]}
            continue
        if waiting:
            yield waiting
        waiting = part
    if waiting:
        yield waiting
