"""One message in, one answer out: the table of commands, and the only place that catches everything."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot import enclosed, report
from bot.answer import answer_paste, explain
from bot.cases import Cases, handing_on
from bot.check import PROBE, TRACES, Checker
from bot.digests import DUE, THE_CLOCK, VOTE, Digests, asking, is_subscribing
from bot.errors import Away, BadRequest, BotError, ConnectorError, Forbidden
from bot.findings import Finding, Report, Server
from bot.logs import Logs, Pasted
from bot.ports import Clock, Show, Store, Use
from bot.redaction import redact
from bot.servers import listed, not_registered, server_from, words_to_fields
from bot.types import Answer, Caution, Choices, Facts, Message, Role, Steps, Text
from knowledge.codes import Codes
from knowledge.library import Library

log = logging.getLogger(__name__)

_STORE_PATIENCE = 2.0  # seconds that the servers may take to be listed under an answer
_GREETINGS = ("hi", "hello", "hey")
_SHORT = 2_000  # characters that are read in some milliseconds
_OFFERED = 5  # servers with a button under an answer
_QUESTIONS = ("explain", "missing")  # the commands that ask something of the knowledge; the others are orders
_WITH_DIGESTS = ("digest", "quiet")  # the commands that need something which happens unasked
_RANKS: tuple[Role, ...] = ("viewer", "operator", "admin")
_CASE = re.compile(r"[0-9a-f]{16}|[0-9a-f]{64}")
_FITS: Mapping[str, Callable[[str], bool]] = {
    "digest": lambda words: not words or is_subscribing(words),
    "quiet": lambda words: len(words.split()) == 2,
    "packet": lambda words: not words or _CASE.fullmatch(words) is not None,
    "missing": lambda _: False,  # as in "missing intermediate certificate"
}
"""Whether what follows such a word makes it a command; of the others there is more to say."""
RoleOf = Callable[[Message], Role]
"""What a person may do, by who and where they are."""


@dataclass(frozen=True, slots=True)
class Command:
    """A word that starts a message, what it does, and the role it needs."""

    name: str
    takes: str
    does: str
    needs: Role = "viewer"


COMMANDS = (
    Command("explain", "<entry or code>", "One entry as a page, or every meaning of a number in any notation"),
    Command("servers", "", "The registered NDES servers"),
    Command("check", "<server> [for <entry>]", "Remote checks of a server, and the causes they confirm", "operator"),
    Command("fixed", "<server>", "Only what failed last time, before and after", "operator"),
    Command("changed", "<server>", "What differs from the last good run", "operator"),
    Command("probe", "<server>", "Ask for a certificate nobody can use: says first what traces it leaves", "admin"),
    Command("cancel", "<server>", "Stop a run", "operator"),
    Command("packet", "[<case>]", "All of a case as one file, without secrets, for whoever helps further"),
    Command("stop", "", "Stop reading the logs that were put here"),
    Command("register", "<name> <url> [field=value]", "Add a server, or change it", "admin"),
    Command("forget", "<server>", "Remove a server and what is remembered of it", "admin"),
    Command("digest", "[weekly 8:00 <zone>]", "What changed and what runs out; with a time, here regularly; or `off`"),
    Command("quiet", "<server> <hours>", "Announce nothing of it, or of `tag:<tag>`; `off` ends that", "operator"),
    Command("missing", "<what you asked>", "Say that an answer is missing or wrong: whoever runs me reads it"),
    Command("help", "", "What I can do"),
)
"""The one table of commands; help and README are compared with it."""


async def _unseen(_: Answer) -> None:
    return None


class Router:
    """Sends a command to its use case and any other text to the knowledge base."""

    def __init__(
        self,
        library: Library,
        codes: Codes,
        *,
        checker: Checker,
        store: Store,
        clock: Clock,
        role_of: RoleOf,
        digests: Digests | None = None,
        logs: Logs | None = None,
        cases: Cases | None = None,
    ) -> None:
        """Without `digests` nobody gets one, and nobody is asked whether an answer helped; without `logs` files
        beside a message are not read; without `cases` nothing is handed on."""
        self._digests = digests
        self._logs = logs
        self._cases = cases
        self._library = library
        self._codes = codes
        self._checker = checker
        self._store = store
        self._clock = clock
        self._role_of = role_of
        self._uses: Mapping[str, Callable[[Message, str, Show], Awaitable[Answer | None]]] = {
            "explain": self._explain,
            "servers": self._servers,
            "check": self._check,
            "fixed": self._fixed,
            "changed": self._changed,
            "probe": self._probe,
            "cancel": self._cancel,
            "packet": self._packet,
            "stop": self._stop,
            "register": self._register,
            "forget": self._forget,
            "digest": self._digest,
            "quiet": self._quiet,
            "missing": self._missing,
            "help": self._help,
        }

    async def handle(self, message: Message, show: Show = _unseen) -> Answer | None:
        """The answer to a message, or None for silence. A bug becomes an apology.

        Raises `ConnectorError` for what the clock asks: nobody is there to be told, so it is asked again. Raises
        `Away` for an order, which is carried out when the database is back.
        `show` puts an interim answer where the last one is to stand.
        """
        question = True
        try:
            if self._digests and message.pressed and message.text.startswith(VOTE):
                return replace(await self._digests.vote(message), question=False)
            command, words = self._command(message.text)
            if command is None:
                answer = await self._answered(message, show)
                return await self._with_more(message, answer)
            if not message.addressed:
                return None
            question = command.name in _QUESTIONS
            await self._permit(message, command, words)
            answer = await self._uses[command.name](message, words, show)
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
        command = next((command for command in COMMANDS if command.name == name), None)
        words = rest.strip()
        return (command, words) if command and self._fits(command, words, slash=first.startswith("/")) else (None, "")

    def _fits(self, command: Command, words: str, *, slash: bool) -> bool:
        """Whether the words are a command and not a sentence that begins like one."""
        if slash or command.name == "register":
            return True
        if command.name in _FITS:
            return _FITS[command.name](words)
        if not command.takes:
            return not words
        if command.name == "explain":
            return len(words) < 80 and bool(words) and (len(words.split()) == 1 or self._known(words))
        if command.name == "check" and " for " in words:
            return len(words.split()) == 3
        return len(words.split()) == 1 or (command.name == "probe" and words.endswith(" and leave traces"))

    def _known(self, words: str) -> bool:
        return explain(words, library=self._library, codes=self._codes) is not None

    def may(self, message: Message) -> bool:
        """Whether the sender may do what the message says."""
        command, _ = self._command(message.text)
        return command is None or self._allowed(message, command)

    def _allowed(self, message: Message, command: Command) -> bool:
        return _RANKS.index(self._role_of(message)) >= _RANKS.index(command.needs)

    async def _permit(self, message: Message, command: Command, words: str) -> None:
        """Whether the person may do that; what is more than reading goes to the audit log either way."""
        role, allowed = self._role_of(message), self._allowed(message, command)
        if command.needs != "viewer":
            server = words.split()[0] if words else None
            place = f"{message.place.surface}/{message.place.conversation}"
            await self._store.note(Use(self._clock(), message.sender, place, command.name, server, allowed))
        if not allowed:
            raise Forbidden(f"`{command.name}` needs the role {command.needs}; yours is {role}. Ask an administrator.")

    # --- knowledge ---------------------------------------------------------------------------

    async def _answered(self, message: Message, show: Show) -> Answer | None:
        """What a message tells that is no command, with the files beside it."""
        if not (message.files and self._logs):
            return await self._with_enclosed(message, await self._read(message))
        found = await self._logs.read(message, show)
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
        return answer_paste(message.text, library=self._library, codes=self._codes, addressed=message.addressed)

    async def _with_enclosed(self, message: Message, answer: Answer | None) -> Answer | None:
        """An answer, with what the certificates and SCEP messages in the text are, beside what the servers hand out."""
        return await enclosed.added(
            message.text,
            answer,
            addressed=message.addressed,
            library=self._library,
            store=self._store,
            now=self._clock(),
            patience=_STORE_PATIENCE,
        )

    async def _with_more(self, message: Message, answer: Answer | None) -> Answer | None:
        """An answer, with what there is to press under it."""
        proved = self._with_packet(message, await self._with_proof(message, answer))
        if self._digests is None or proved is None or proved.about is None or proved.tone != "problem":
            return proved
        return replace(proved, blocks=(*proved.blocks, asking(message)))

    def _with_packet(self, message: Message, answer: Answer | None) -> Answer | None:
        """An answer, with a button that packs the case, where something is wrong."""
        wrong = answer is not None and (answer.tone == "problem" or (message.files and answer.tone == "unknown"))
        if self._cases is None or answer is None or not wrong:
            return answer
        says = f"packet {self._cases.key(message)}"
        return replace(answer, blocks=(*answer.blocks, Choices("Not solved?", (("Pack the case", says),))))

    async def _with_proof(self, message: Message, answer: Answer | None) -> Answer | None:
        """An answer, with a button for each server on which the checks can prove it."""
        if answer is None or answer.about is None or answer.tone != "problem":
            return answer
        if self._role_of(message) == "viewer" or not self._checker.for_entry(answer.about):
            return answer
        try:
            async with asyncio.timeout(_STORE_PATIENCE):
                names = [server.name for server in await self._store.servers()][:_OFFERED]
        except (ConnectorError, TimeoutError):  # knowledge needs no database
            return answer
        if not names:
            return answer
        options = tuple((f"Prove it on {name}", f"check {name} for {answer.about}") for name in names)
        return replace(answer, blocks=(*answer.blocks, Choices("Is it so on one of your servers?", options)))

    async def _explain(self, message: Message, words: str, show: Show) -> Answer:
        if words and (answer := explain(words, library=self._library, codes=self._codes)):
            return answer
        raise BadRequest(
            "There is no entry and no code of that name. "  # the words may be a secret pasted by mistake
            "Try a number such as 0x80094012, or paste the line it stood in."
        )

    async def _help(self, message: Message, words: str, show: Show) -> Answer:
        rank = _RANKS.index(self._role_of(message))
        here = [command for command in COMMANDS if self._digests or command.name not in _WITH_DIGESTS]
        mine = [command for command in here if _RANKS.index(command.needs) <= rank]
        rows = tuple((f"{command.name} {command.takes}".strip(), command.does) for command in mine)
        return Answer(
            "What I can do",
            "info",
            (Text("Paste an error, a log line, an event or a page, and I say what it is."), Facts(rows)),
            private=True,
        )

    async def _packet(self, message: Message, words: str, show: Show) -> Answer:
        if self._cases is None:
            raise BadRequest("Nothing is packed here: that comes with `ndesbot serve` and `ndesbot play`.")
        return handing_on(await self._cases.handed_on(message, words))

    async def _stop(self, message: Message, words: str, show: Show) -> Answer:
        if not (self._logs and self._logs.stop(message.place)):
            raise BadRequest("No logs are being read here.")
        return Answer("I stop reading", "info", private=True)

    async def _missing(self, message: Message, words: str, show: Show) -> Answer:
        """The inbox keeps every question without an entry; this one is kept because somebody said so."""
        if not words:
            raise BadRequest("Say what you asked, or what the answer should have been.")
        return Answer("Thank you, it is noted", "info", (Text("Whoever runs this bot will read it."),), private=True)

    # --- unasked ------------------------------------------------------------------------------

    async def _digest(self, message: Message, words: str, show: Show) -> Answer | None:
        digests = self._having_digests()
        if message.sender == THE_CLOCK:
            return await digests.due(message.place, datetime.fromisoformat(words.removeprefix(DUE).strip()))
        if not words:
            return await digests.preview(message.place)
        if self._role_of(message) == "viewer":
            raise Forbidden("To change a channel's digest needs the role operator. Ask an administrator.")
        return await digests.subscribe(message.place, words)

    async def _quiet(self, message: Message, words: str, show: Show) -> Answer:
        return await self._having_digests().hush(words, message.sender)

    def _having_digests(self) -> Digests:
        if self._digests is None:
            raise BadRequest("There are no digests here: they come with `ndesbot serve`.")
        return self._digests

    # --- servers -----------------------------------------------------------------------------

    async def _servers(self, message: Message, words: str, show: Show) -> Answer:
        may_check = self._role_of(message) != "viewer"
        return listed(await self._store.servers(), may_check=may_check)

    async def _register(self, message: Message, words: str, show: Show) -> Answer:
        server = server_from(words_to_fields(words))
        await self._store.register(server)
        return listed([server], may_check=True)

    async def _forget(self, message: Message, words: str, show: Show) -> Answer:
        server = await self._server(words)
        await self._store.remove(server.name)
        return Answer(f"{server.name} is forgotten", "info", (Text("What was remembered of it is gone too."),))

    async def _server(self, name: str) -> Server:
        if server := await self._store.server(name.strip().lower()):
            return server
        raise not_registered(name, await self._store.servers())

    # --- checks ------------------------------------------------------------------------------

    async def _check(self, message: Message, words: str, show: Show) -> Answer:
        name, _, entry = words.partition(" for ")
        server = await self._server(name)
        only = self._checker.for_entry(entry.strip()) if entry else frozenset[str]()
        if entry and not only:
            raise BadRequest(f"No remote check bears on {redact(entry)[:80]!r}. Say `check {server.name}` for all.")

        told = report.told(await self._run(message, server, show, only=only), self._library)
        return self._with_packet(message, told) or told

    async def _run(
        self,
        message: Message,
        server: Server,
        show: Show,
        *,
        only: Collection[str] = (),
        fresh: bool = False,
        consent: bool = False,
    ) -> Report:
        """A run that shows how far it is; the message asks for one run, however often it is read."""

        async def progress(findings: Sequence[Finding], total: int) -> None:
            await show(report.so_far(server, findings, total))

        key = f"{message.place.surface} {message.id}"
        return await self._checker.run(
            server, who=message.sender, only=only, progress=progress, fresh=fresh, consent=consent, key=key
        )

    async def _fixed(self, message: Message, words: str, show: Show) -> Answer:
        server = await self._server(words)
        last = await self._store.last(server.name)
        if last is None:
            raise BadRequest(f"{server.name} was not checked yet. Say `check {server.name}`.")
        at, before = last
        bad = [finding for finding in before if finding.verdict in ("fail", "warn", "unknown")]
        if not bad:
            raise BadRequest(f"Nothing was wrong with {server.name} the last time. Say `check {server.name}`.")
        only = [finding.check for finding in bad]
        result = await self._run(message, server, show, only=only, fresh=True)
        return report.after_fix(bad, result, self._clock() - at, self._library)

    async def _changed(self, message: Message, words: str, show: Show) -> Answer:
        server = await self._server(words)
        past = await self._store.past(server.name)
        if past.at is None:
            raise BadRequest(f"No good run of {server.name} is remembered yet. Say `check {server.name}`.")
        result = await self._run(message, server, show)
        return report.changes(result, past.findings)

    async def _probe(self, message: Message, words: str, show: Show) -> Answer:
        name, _, said = words.partition(" ")
        server = await self._server(name)
        if said.strip() != "and leave traces":
            sentence = f"probe {server.name} and leave traces"
            return Answer(
                f"Probing {server.name} leaves traces",
                "unsure",
                (
                    Text("It sends a request without a challenge, for a key that nobody holds. What it leaves behind:"),
                    Steps(TRACES),
                    Choices("Are these traces wanted?", (("Yes, send it", sentence), ("No", "help"))),
                ),
            )
        only = ("scep-base", "scep-caps", PROBE)
        result = await self._run(message, server, show, only=only, fresh=True, consent=True)
        return report.told(result, self._library)

    async def _cancel(self, message: Message, words: str, show: Show) -> Answer:
        server = await self._server(words)
        if not self._checker.cancel(server.name):
            raise BadRequest(f"No check of {server.name} is under way.")
        return Answer(f"The check of {server.name} is cancelled", "info")
