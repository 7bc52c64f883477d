"""The card below a link to an entry: enough to know whether to open it."""

from collections.abc import Iterator
from typing import Any

from bot.types import STEP_NAMES, Answer, Fold, StepBar, Text
from connectors.render.prose import without_marks
from connectors.render.slack import elements as slack
from connectors.render.slack.elements import Element
from connectors.render.text import TONES, one_line, printable

_LONGEST = 600  # characters of one paragraph of a card


def unfurl(answer: Answer) -> dict[str, Any]:
    """What `chat.unfurl` takes for one address: title, step, meaning and first cause.

    No rich text: Slack was seen to refuse it here (slackapi/java-slack-sdk issue 948).
    """
    title = slack.shortened(one_line(without_marks(f"{TONES[answer.tone]}: {answer.title}")), slack.HEADER)
    return {"blocks": [slack.header(title), *_paragraphs(answer)]}


def _paragraphs(answer: Answer) -> Iterator[Element]:
    first = {type(block): block for block in reversed(answer.blocks)}
    if isinstance(bar := first.get(StepBar), StepBar):
        where = f"Step {bar.step} of {len(STEP_NAMES)} · {STEP_NAMES[bar.step - 1]} · " if bar.step else ""
        yield from _paragraph(f"{where}{bar.area}")
    if isinstance(meaning := first.get(Text), Text):
        yield from _paragraph(meaning.text)
    if isinstance(cause := first.get(Fold), Fold):
        yield from _paragraph(f"{cause.hint}\n{cause.title}")
    if answer.about:
        yield from _paragraph(f"The whole page: explain {answer.about}")


def _paragraph(text: str) -> Iterator[Element]:
    shown = slack.shortened(printable(without_marks(text)).strip(), _LONGEST)
    if shown:
        yield {"type": "section", "text": slack.plain(shown)}
