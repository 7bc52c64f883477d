"""One message in, one answer out: what was meant, who may do it, and the only place that catches everything."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from bot import enclosed
from bot.answer import answer_paste
from bot.commands import RANKS, Command, Order, UseCases, command_of
from bot.digests import THE_CLOCK, VOTE, asking
from bot.errors import Away, BotError, ConnectorError, Forbidden
from bot.logs import Pasted
from bot.ports import Show, Use
from bot.types import Answer, Caution, Choices, Message, Role, Text

log = logging.getLogger(__name__)

_STORE_PATIENCE = 2.0  # seconds that the servers may take to be listed under an answer
_GREETINGS = ("hi", "hello", "hey")
_SHORT = 2_000  # characters that are read in some milliseconds
_OFFERED = 5  # servers with a button under an answer
RoleOf = Callable[[Message], Role]
"""What a person may do, by who and where they are."""


async def _unseen(_: Answer) -> None:
    return None


class Router:
    """Sends a command to its use case and any other text to the knowledge base."""

    def __init__(self, use_cases: UseCases, role_of: RoleOf) -> None:
        """`use_cases` carry out what is ordered; pastes are read with what they have."""
        self._use_cases = use_cases
        self._role_of = role_of

    async def handle(self, message: Message, show: Show = _unseen) -> Answer | None:
        """The answer to a message, or None for silence. A bug becomes an apology.

        Raises `ConnectorError` for what the clock asks: nobody is there to be told, so it is asked again. Raises
        `Away` for an order, which is carried out when the database is back.
        `show` puts an interim answer where the last one is to stand.
        """
        question = True
        try:
            if self._use_cases.digests and message.pressed and message.text.startswith(VOTE):
                return replace(await self._use_cases.digests.vote(message), question=False)
            command, words = self._command(message.text)
            if command is None:
                answer = await self._answered(message, show)
                return await self._with_more(message, answer)
            if not message.addressed:
                return None
            question = command.asks
            role = await self._permitted(message, command, words)
            answer = await command.run(self._use_cases, Order(message, words, role, show))
            return replace(answer, question=question) if answer else None
        except BotError as error:
            if isinstance(error, ConnectorError):  # the house is broken, not the question
                log.error("a message was not answered", extra={"message_id": message.id, "error": str(error)})
                if message.sender == THE_CLOCK or (isinstance(error, Away) and not question):
                    raise
            return Answer("I cannot do that", "unknown", (Text(str(error)),), private=True, question=question)
        except Exception as error:
            # The exception's own text may quote the paste, so only its kind is logged.
            log.error("a message was not answered", extra={"message_id": message.id, "error": type(error).__name__})
            told = Text(f"It is logged under {message.id}.")
            return Answer("Something broke on my side", "unknown", (told,), question=question)

    # --- what was meant ----------------------------------------------------------------------

    def _command(self, text: str) -> tuple[Command | None, str]:
        """The command that a message is, with what follows it; None for a paste."""
        first, _, rest = text.strip().partition(" ")
        name = first.lower().removeprefix("/").removeprefix("ndes-")
        name = "help" if name in _GREETINGS and not rest else name
        command, words = command_of(name), rest.strip()
        is_one = command and (first.startswith("/") or command.fits(self._use_cases, words))
        return (command, words) if is_one else (None, "")

    def may(self, message: Message) -> bool:
        """Whether the sender may do what the message says."""
        command, _ = self._command(message.text)
        return command is None or _allows(self._role_of(message), command)

    async def _permitted(self, message: Message, command: Command, words: str) -> Role:
        """The role of the person, who may do that; what is more than reading goes to the audit log either way."""
        role = self._role_of(message)
        allowed = _allows(role, command)
        if command.needs != "viewer":
            server = words.split()[0] if words else None
            place = f"{message.place.surface}/{message.place.conversation}"
            await self._use_cases.store.note(
                Use(self._use_cases.clock(), message.sender, place, command.name, server, allowed)
            )
        if not allowed:
            raise Forbidden(f"`{command.name}` needs the role {command.needs}; yours is {role}. Ask an administrator.")
        return role

    # --- knowledge ---------------------------------------------------------------------------

    async def _answered(self, message: Message, show: Show) -> Answer | None:
        """What a message tells that is no command, with the files beside it."""
        if not (message.files and self._use_cases.logs):
            return await self._with_enclosed(message, await self._read(message))
        found = await self._use_cases.logs.read(message, show)
        if not isinstance(found, Pasted):
            return found
        pasted = replace(message, text=found.text)
        answer = await self._with_enclosed(pasted, await self._read(pasted))
        return replace(answer, blocks=(*answer.blocks, *map(Caution, found.notes))) if answer else None

    async def _read(self, message: Message) -> Answer | None:
        """What a paste means. A long one is read beside the loop; for a short one that would cost more than it does."""
        if len(message.text) <= _SHORT:
            return self._paste(message)
        return await asyncio.to_thread(self._paste, message)

    def _paste(self, message: Message) -> Answer | None:
        return answer_paste(
            message.text, library=self._use_cases.library, codes=self._use_cases.codes, addressed=message.addressed
        )

    async def _with_enclosed(self, message: Message, answer: Answer | None) -> Answer | None:
        """An answer, with what the certificates and SCEP messages in the text are, beside what the servers hand out."""
        return await enclosed.added(
            message.text,
            answer,
            addressed=message.addressed,
            library=self._use_cases.library,
            store=self._use_cases.store,
            now=self._use_cases.clock(),
            patience=_STORE_PATIENCE,
        )

    async def _with_more(self, message: Message, answer: Answer | None) -> Answer | None:
        """An answer, with what there is to press under it."""
        proved = await self._with_proof(message, answer)
        if proved and self._use_cases.cases:
            proved = self._use_cases.cases.offered(message, proved)
        if self._use_cases.digests is None or proved is None or proved.about is None or proved.tone != "problem":
            return proved
        return replace(proved, blocks=(*proved.blocks, asking(message)))

    async def _with_proof(self, message: Message, answer: Answer | None) -> Answer | None:
        """An answer, with a button for each server on which the checks can prove it."""
        if answer is None or answer.about is None or answer.tone != "problem":
            return answer
        if self._role_of(message) == "viewer" or not self._use_cases.checker.for_entry(answer.about):
            return answer
        try:
            async with asyncio.timeout(_STORE_PATIENCE):
                names = [server.name for server in await self._use_cases.store.servers()][:_OFFERED]
        except (ConnectorError, TimeoutError):  # knowledge needs no database
            return answer
        if not names:
            return answer
        options = tuple((f"Prove it on {name}", f"check {name} for {answer.about}") for name in names)
        return replace(answer, blocks=(*answer.blocks, Choices("Is it so on one of your servers?", options)))


def _allows(role: Role, command: Command) -> bool:
    return RANKS.index(role) >= RANKS.index(command.needs)
