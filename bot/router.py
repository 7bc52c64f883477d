"""One message in, one answer out: the table of commands, and the only place that catches everything."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.answer import answer_paste, explain
from bot.errors import BadRequest
from bot.redaction import redact
from bot.types import Answer, Facts, Message, Text
from knowledge.codes import Codes
from knowledge.library import Library

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Command:
    """A word that starts a message, and what it does."""

    name: str
    takes: str
    does: str


COMMANDS = (
    Command("explain", "<entry or code>", "One entry as a page, or every meaning of a number in any notation"),
    Command("help", "", "What I can do"),
)
"""The one table of commands; help and README are compared with it."""


class Router:
    """Sends a command to its use case and any other text to the knowledge base."""

    def __init__(self, library: Library, codes: Codes) -> None:
        self._library = library
        self._codes = codes
        self._uses: Mapping[str, Callable[[str], Answer]] = {"explain": self._explain, "help": self._help}

    def handle(self, message: Message) -> Answer | None:
        """The answer to a message, or None for silence. Never raises: a bug becomes an apology."""
        try:
            first, _, rest = message.text.strip().partition(" ")
            use = self._uses.get(first.lower().removeprefix("/").removeprefix("ndes-"))
            if use and self._fits(use, rest.strip()):
                return use(rest.strip()) if message.addressed else None
            return answer_paste(message.text, library=self._library, codes=self._codes, addressed=message.addressed)
        except BadRequest as error:
            return Answer("I cannot do that", "unknown", (Text(str(error)),))
        except Exception as error:
            # The exception's own text may quote the paste, so only its kind is logged.
            log.error("a message was not answered", extra={"message_id": message.id, "error": type(error).__name__})
            return Answer("Something broke on my side", "unknown", (Text(f"It is logged under {message.id}."),))

    def _fits(self, use: Callable[[str], Answer], rest: str) -> bool:
        """Whether the words are a command: help stands alone, explain has one word or a known name."""
        if use == self._help:
            return not rest
        known = len(rest) < 80 and explain(rest, library=self._library, codes=self._codes) is not None
        return bool(rest) and len(rest) < 80 and (known or len(rest.split()) == 1)

    def _explain(self, words: str) -> Answer:
        if answer := explain(words, library=self._library, codes=self._codes):
            return answer
        raise BadRequest(
            f"No entry and no code is called {redact(words)!r}. "
            "Try a number such as 0x80094012, or paste the line it stood in."
        )

    def _help(self, _: str) -> Answer:
        rows = tuple((f"{command.name} {command.takes}".strip(), command.does) for command in COMMANDS)
        return Answer(
            "What I can do",
            "info",
            (Text("Paste an error, a log line, an event or a page, and I say what it is."), Facts(rows)),
        )
