"""The blocks of an answer as elements of an Adaptive Card."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from itertools import count
from re import fullmatch
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
from connectors.render.prose import command_of, short_address
from connectors.render.teams.packing import Group, Part
from connectors.render.teams.words import (
    LARGEST_LINE,
    Element,
    fixed,
    heading,
    label,
    lines,
    prose,
    short,
    size,
    text,
    verbatim,
)
from connectors.render.text import TONES, document_line, one_line

PRIMARY = 6
"""Buttons that one message shows (learn.microsoft.com, "Designing Adaptive Cards"; read 2026-11-20)."""
VERB = "press"
"""The verb of every button; what it does is known to the bot alone, by the id in its data."""

_STYLES: dict[Tone, str] = {
    "problem": "attention",
    "success": "good",
    "info": "accent",
    "unsure": "warning",
    "unknown": "emphasis",
}
_DEEPEST = 3  # folds in folds in folds; what is deeper is shown
_LONG_COMMAND = 25  # characters; a shorter one is typed
_LONGEST_HINT = 200
_LONGEST_LABEL = 40  # characters of a button: what is longer is cut by Teams
_ROW = 44  # characters that a phone shows in one row of buttons
_FRAME = 4  # characters' width of what a button has around its words
_LONGEST_LIST = 8_000  # characters of JSON of the choices in one list
_LARGEST_PICTURE = 24_000  # characters of JSON, which is about 17 KB of PNG: beside it a card has its title
_LONGEST_ALT = 900
_LONGEST_LINK = 2_000
_LONGEST_DAY = 20
_LINK = r"https://[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?(?:[/?#][!-~]*)?"


class Drawing:
    """One answer on its way into elements: it counts folds and buttons, so that no two are the same."""

    def __init__(self, blocks: Sequence[Block], press: Press) -> None:
        self._press = press
        self._folds = count(1)
        self._lists = count(1)
        self._shares = _shares([len(choices.options) for choices in _choices_in(blocks)])
        self.parts: list[Part] = [part for section in _sections(blocks) for part in self._section(section)]

    def _section(self, blocks: Sequence[Block]) -> list[Part]:
        """A problem with all that is told of it: kept in one message where it can be, else named in each."""
        first, *others = blocks
        if not isinstance(first, Heading):
            return [part for block in blocks for part in self._block(block, 0)]
        head, *whole = title(first.text, first.tone)

        def around(elements: list[Element], continued: bool) -> list[Element]:
            going_on = [fixed("continued", isSubtle=True, size="Small", spacing="None")] if continued else []
            return [{**head, "items": [*head["items"], *going_on]}, *elements]

        inside = tuple(part for block in others for part in self._block(block, 0))
        return [Group(around, (*whole, *inside))]

    def _block(self, block: Block, depth: int) -> list[Part]:
        match block:
            case Text():
                return [*text(block.text)]
            case Caution():
                return [_caution(block)]
            case StepBar():
                return [*_step_bar(block)]
            case Quote():
                return [_quote(block)]
            case Steps():
                return [_step(number, item) for number, item in enumerate(block.items, 1) if item.strip()]
            case Facts():
                return _facts(block)
            case Fold():
                return self._fold(block, depth)
            case Choices():
                return self._choices(block)
            case Sources():
                return _sources(block)
            case Heading():
                return [*title(block.text, block.tone)]
            case Picture():
                return _picture(block)
            case Document():  # the file itself is offered beside the card
                return [*text(document_line(block), weight="Bolder")]
        assert_never(block)

    # --- folds -------------------------------------------------------------------------------

    def _fold(self, fold: Fold, depth: int) -> list[Part]:
        name = f"fold-{next(self._folds)}"
        words, whole = heading(fold.title, size="Default")
        hint, more = _hint(fold.hint)
        inside = (*whole, *more, *(part for block in fold.blocks for part in self._block(block, depth + 1)))
        if depth >= _DEEPEST:
            return [*words, *hint, *inside]

        def around(elements: list[Element], continued: bool) -> list[Element]:
            row = _fold_row(name, fold, words, hint, continued)
            body = {"type": "Container", "id": name, "isVisible": fold.open, "items": elements, "spacing": "Small"}
            return [row, body]

        return [Group(around, inside)]

    # --- choices -----------------------------------------------------------------------------

    def _choices(self, choices: Choices) -> list[Part]:
        if not choices.options:
            return [*text(choices.question)]
        labels = [label(words) or "…" for words, _ in choices.options]
        numbered = any(words != short(words, _LONGEST_LABEL) for words in labels)
        titles = [f"{n}: {words}" for n, words in enumerate(labels, 1)] if numbered else labels
        told = [line for words in titles for line in lines(verbatim(words), spacing="Small")] if numbered else []
        options = [(words, self._press(say)) for words, (_, say) in zip(titles, choices.options, strict=True)]
        share = next(self._shares)
        direct = len(options) if len(options) <= share else max(share - 1, 0)
        buttons = [button(short(words, _LONGEST_LABEL), {"press": press_id}) for words, press_id in options[:direct]]
        lists = self._lists_of(options[direct:], share > 0)
        return [*text(choices.question, weight="Bolder"), *told, *_rows(buttons), *lists]

    def _lists_of(self, options: list[tuple[str, str]], primary: bool) -> Iterator[Element]:
        """What has no button of its own: a list to choose from, and a button that sends the choice."""
        choices = [{"title": words, "value": press_id} for words, press_id in options]
        for number, part in enumerate(_in_parts(choices)):
            name = f"choice-{next(self._lists)}"
            mode = "primary" if primary and not number else "secondary"
            yield {
                "type": "Input.ChoiceSet",
                "id": name,
                "label": "More choices",
                "choices": part,
                "value": part[0]["value"],  # none is required: a button would ask for those of all other lists too
                "wrap": True,
            }
            send = button("Go on with this choice", {"from": name}, inputs=True, mode=mode)
            yield {"type": "ActionSet", "actions": [send]}


def _sections(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """The blocks, cut before each heading."""
    section: list[Block] = []
    for block in blocks:
        if isinstance(block, Heading) and section:
            yield section
            section = []
        section.append(block)
    if section:
        yield section


def _choices_in(blocks: Sequence[Block]) -> Iterator[Choices]:
    """Those that offer anything, in the order in which they are drawn."""
    for block in blocks:
        if isinstance(block, Fold):
            yield from _choices_in(block.blocks)
        elif isinstance(block, Choices) and block.options:
            yield block


def _shares(wanted: list[int]) -> Iterator[int]:
    """How many buttons each question may show: one at least while there are any, more as they last."""
    spare = PRIMARY - len(wanted)
    for number, want in enumerate(wanted):
        more = max(min(want - 1, spare), 0)
        spare -= more
        yield 1 + more if number < PRIMARY else 0


def _rows(buttons: list[Element]) -> Iterator[Element]:
    """Buttons in as many rows as a phone needs: clients squeeze one row until nobody can read it."""
    row: list[Element] = []
    for one in buttons:
        if row and sum(len(other["title"]) + _FRAME for other in [*row, one]) > _ROW:
            yield {"type": "ActionSet", "actions": row, "spacing": "Small"}
            row = []
        row.append(one)
    if row:
        yield {"type": "ActionSet", "actions": row, "spacing": "Small"}


def _in_parts(choices: list[Element]) -> Iterator[list[Element]]:
    """A long list of choices in lists that fit an element each."""
    part: list[Element] = []
    for choice in choices:
        short_one = {**choice, "title": short(choice["title"], 200)}
        if part and size(part) + size(short_one) > _LONGEST_LIST:
            yield part
            part = []
        part.append(short_one)
    if part:
        yield part


def button(words: str, data: Element, *, inputs: bool = False, mode: str = "primary") -> Element:
    """A button for clients of any age. Pressed, it gives back `data`, and what was put in where `inputs` says so."""
    pressed = {"title": words, "data": data, "mode": mode, "associatedInputs": "auto" if inputs else "none"}
    return {
        "type": "Action.Execute",
        "verb": VERB,
        **pressed,
        "fallback": {"type": "Action.Submit", **pressed},
    }


# --- blocks ----------------------------------------------------------------------------------


def title(words: str, tone: Tone) -> list[Element]:
    """A problem's title under the word for its tone; what does not fit into a title follows."""
    line, whole = heading(words, size="Large", spacing="None")
    said = fixed(TONES[tone], weight="Bolder", size="Small")
    return [{"type": "Container", "style": _STYLES[tone], "bleed": True, "items": [said, *line]}, *whole]


def _caution(caution: Caution) -> Part:
    said = lines([*verbatim("Caution: ", weight="Bolder"), *prose(caution.text)])
    return _boxed("warning", said)


def _boxed(style: str, elements: Sequence[Element]) -> Group:
    def around(inside: list[Element], continued: bool) -> list[Element]:
        return [{"type": "Container", "style": style, "items": inside}]

    return Group(around, tuple(elements))


def _step_bar(bar: StepBar) -> list[Element]:
    if bar.step is None:
        return text(bar.area, isSubtle=True)
    many = len(STEP_NAMES)
    where = verbatim(f"Step {bar.step} of {many}", weight="Bolder")
    drawn = verbatim(f"  {'■' * bar.step}{'□' * (many - bar.step)}", color="Accent")
    return lines([*where, *verbatim(f" · {bar.area} · {STEP_NAMES[bar.step - 1]}", isSubtle=True), *drawn])


def _quote(quote: Quote) -> Part:
    marks = {"highlight": True, "weight": "Bolder", "underline": True}
    runs = [
        run
        for piece in quote.pieces
        for run in verbatim(piece.text, fontType="Monospace", **(marks if piece.marked else {}))
    ]
    caption = fixed("From the paste; the marked words decided", isSubtle=True, size="Small")
    return _boxed("emphasis", [caption, *lines(runs)])


def _step(number: int, item: str) -> Part:
    def around(elements: list[Element], continued: bool) -> list[Element]:
        told = lines(verbatim("…" if continued else f"{number}.", weight="Bolder"))  # Markdown makes a list of it
        columns = [
            {"type": "Column", "width": "auto", "items": told},
            {"type": "Column", "width": "stretch", "items": elements, "spacing": "Small"},
        ]
        return [{"type": "ColumnSet", "columns": columns, "spacing": "Small"}]

    command = command_of(item)
    if command is None or len(command.line) < _LONG_COMMAND:
        return Group(around, tuple(text(item)))
    # On a line of its own it is selected with three clicks, and nothing else with it.
    line = lines(verbatim(command.line, fontType="Monospace"), spacing="Small")
    return Group(around, (*text(command.told), *line))


def _facts(facts: Facts) -> list[Part]:
    told: list[Part] = []
    for name, value in facts.rows:
        between = verbatim(": ", weight="Bolder") if name and value else []
        looks: Element = {"spacing": "Small"} if told else {}
        told += lines([*prose(name, weight="Bolder"), *between, *prose(value)], **looks)
    return told


def _hint(words: str) -> tuple[list[Element], list[Element]]:
    """What a fold says beside its title, and the whole of it where that had to be cut."""
    kept = short(one_line(words), _LONGEST_HINT)
    looks = {"isSubtle": True, "size": "Small"}
    line = lines(prose(kept, **looks), LARGEST_LINE, spacing="None")
    return line[:1], text(words, **looks) if kept != one_line(words) or len(line) > 1 else []


def _fold_row(name: str, fold: Fold, words: list[Element], hint: list[Element], continued: bool) -> Element:
    """The title of a fold; pressing it shows or hides what is inside."""
    on, off = f"{name}-shown", f"{name}-hidden"
    counted = f"{fold.hint} · " if hint and fold.hint.isdecimal() else ""  # it stands beside the title, words below it
    going_on = [fixed("continued", isSubtle=True, size="Small", spacing="None")] if continued else []
    looks = {"color": "Accent", "size": "Small", "horizontalAlignment": "Right"}
    told = [
        fixed(f"{counted}Hide ▴", id=on, isVisible=fold.open, **looks),
        fixed(f"{counted}Show ▾", id=off, isVisible=not fold.open, spacing="None", **looks),
    ]
    columns = [
        {"type": "Column", "width": "stretch", "items": [*words, *going_on, *([] if counted else hint)]},
        {"type": "Column", "width": "auto", "items": told},
    ]
    toggle = {
        "type": "Action.ToggleVisibility",
        "title": f"Show or hide: {short(label(fold.title), 80)}",
        "targetElements": [name, on, off],
    }
    return {"type": "ColumnSet", "columns": columns, "selectAction": toggle, "separator": True, "spacing": "Medium"}


def _picture(picture: Picture) -> list[Part]:
    """The picture within the card, its words for those who hear it; too large for a card, its words alone."""
    said = short(label(picture.alt), _LONGEST_ALT)
    source = f"data:image/png;base64,{b64encode(picture.png).decode()}"
    image = {"type": "Image", "url": source, "altText": said, "size": "Stretch"}
    if not picture.png or size(image) > _LARGEST_PICTURE:
        return [*text(picture.alt)]
    return [image, *(text(picture.alt, isSubtle=True, size="Small") if said != picture.alt else [])]


def _sources(sources: Sources) -> list[Part]:
    told = [element for where, day in sources.items for element in _source(where, day)]
    return [fixed("Sources", weight="Bolder", size="Small", separator=True), *told] if told else []


def _source(where: str, day: str) -> list[Element]:
    looks = {"size": "Small"}
    day = one_line(day)
    read = verbatim(f" read {day}", isSubtle=True, **looks) if day else []
    if len(where) > _LONGEST_LINK or not fullmatch(_LINK, where):
        return lines([*prose(where, **looks), *read])
    line = lines(verbatim(short_address(where), color="Accent", underline=True, **looks))
    opened = {"type": "Action.OpenUrl", "url": where, "title": f"Open {short(label(where), 200)}"}
    link = {"type": "Container", "items": line, "selectAction": opened, "spacing": "None"}
    if len(day) > _LONGEST_DAY:
        return [link, *lines(read)]
    line[-1]["inlines"] += read
    return [link]
