"""An answer as a message of Slack: what matters first, every limit kept, what had to be cut said and sent as a file."""

from dataclasses import dataclass
from itertools import chain
from typing import Any

from bot.ports import Press
from bot.types import Answer, Document, Picture
from connectors.render import text as plain_text
from connectors.render.files import files_in
from connectors.render.slack import elements as slack
from connectors.render.slack.blocks import Writer
from connectors.render.slack.fallback import fallback
from connectors.render.slack.fitting import NOTICE, fitting, notice, part_of

_ROOM = 13_000  # characters of all blocks; from about 13,200 Slack refuses them (slackapi/bolt-js issues 2509, 2867)
_BLOCKS = 50


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """One message. `text` is for notifications and screen readers, at most 4000 characters; `rest` is the whole
    answer in plain text where something was cut: it goes into the thread as a file, and the blocks say so.
    `pictures` and `documents` are uploaded there too; what they show stands in the blocks in words."""

    text: str
    blocks: tuple[dict[str, Any], ...]
    rest: str | None = None
    pictures: tuple[Picture, ...] = ()
    documents: tuple[Document, ...] = ()


def render(answer: Answer, press: Press) -> SlackMessage:
    """The answer in Block Kit; post it with `POSTING`, edit it with `UPDATING`.

    `press` gives the opaque id that an option carries, at most 150 characters.
    """
    told = plain_text.render(answer, typed=False)
    writer = Writer(press)
    title = writer.title(answer.title, answer.tone)
    parts = [part_of(block, writer) for block in answer.blocks]
    room, most = _ROOM - slack.size(title), _BLOCKS - len(title)
    kept, left_out = fitting(parts, room, most)
    if left_out or writer.cut:
        kept, left_out = fitting(parts, room - NOTICE, most - 1)
    blocks = [*title, *chain.from_iterable(part.blocks for part in kept)]
    files = list(files_in(answer.blocks))
    pictures = tuple(one for one in files if isinstance(one, Picture))
    documents = tuple(one for one in files if isinstance(one, Document))
    if not (left_out or writer.cut):
        return SlackMessage(fallback(told), tuple(blocks), None, pictures, documents)
    return SlackMessage(fallback(told), (*blocks, notice(left_out)), told, pictures, documents)
