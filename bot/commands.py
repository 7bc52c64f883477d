"""The commands of the chat: what each does, and the one table of them."""

import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime

from bot import report
from bot.answer import explain
from bot.cases import Cases, handing_on
from bot.check import PROBE, TRACES, Checker
from bot.digests import DUE, THE_CLOCK, Digests, is_subscribing
from bot.errors import BadRequest, Forbidden
from bot.findings import Finding, Report, Server
from bot.logs import Logs
from bot.ports import Clock, Show, Store
from bot.redaction import redact
from bot.servers import listed, not_registered, server_from, words_to_fields
from bot.types import Answer, Choices, Facts, Message, Role, Steps, Text
from knowledge.codes import Codes
from knowledge.library import Library

RANKS: tuple[Role, ...] = ("viewer", "operator", "admin")
"""The roles; each may do what those before it may."""
_CASE = re.compile(r"[0-9a-f]{16}|[0-9a-f]{64}")
_LEAVING_TRACES = "and leave traces"


@dataclass(frozen=True, slots=True)
class Order:
    """A command that somebody gave: the words behind it, the role they have, and where interim answers are shown."""

    message: Message
    words: str
    role: Role
    show: Show


@dataclass(frozen=True, slots=True)
class UseCases:
    """What the commands do, a method for each, and what the bot works with.

    Without `digests` nobody gets one, and nobody is asked whether an answer helped; without `logs` files beside a
    message are not read; without `cases` nothing is handed on.
    """

    library: Library
    codes: Codes
    _: KW_ONLY
    checker: Checker
    store: Store
    clock: Clock
    digests: Digests | None = None
    logs: Logs | None = None
    cases: Cases | None = None

    # --- knowledge ---------------------------------------------------------------------------

    def explains(self, words: str) -> bool:
        """Whether there is something of that name."""
        return explain(words, library=self.library, codes=self.codes) is not None

    async def explain(self, order: Order) -> Answer:
        """One entry, or every meaning of a number."""
        if order.words and (answer := explain(order.words, library=self.library, codes=self.codes)):
            return answer
        raise BadRequest(
            "There is no entry and no code of that name. "  # the words may be a secret pasted by mistake
            "Try a number such as 0x80094012, or paste the line it stood in."
        )

    async def help(self, order: Order) -> Answer:
        """The commands that the person may give here."""
        rank = RANKS.index(order.role)
        here = [command for command in COMMANDS if self.digests or not command.unasked]
        mine = [command for command in here if RANKS.index(command.needs) <= rank]
        rows = tuple((f"{command.name} {command.takes}".strip(), command.does) for command in mine)
        return Answer(
            "What I can do",
            "info",
            (Text("Paste an error, a log line, an event or a page, and I say what it is."), Facts(rows)),
            private=True,
        )

    async def packet(self, order: Order) -> Answer:
        """The case of this place, or the one that is named, as a file."""
        if self.cases is None:
            raise BadRequest("Nothing is packed here: that comes with `ndesbot serve` and `ndesbot play`.")
        return handing_on(await self.cases.handed_on(order.message, order.words))

    async def stop(self, order: Order) -> Answer:
        """End the reading of logs in this place."""
        if not (self.logs and self.logs.stop(order.message.place)):
            raise BadRequest("No logs are being read here.")
        return Answer("I stop reading", "info", private=True)

    async def missing(self, order: Order) -> Answer:
        """The inbox keeps every question without an entry; this one is kept because somebody said so."""
        if not order.words:
            raise BadRequest("Say what you asked, or what the answer should have been.")
        return Answer("Thank you, it is noted", "info", (Text("Whoever runs this bot will read it."),), private=True)

    # --- unasked ------------------------------------------------------------------------------

    async def digest(self, order: Order) -> Answer | None:
        """The digest of a channel: the one that is due, a look at it, or when it shall come."""
        digests, place = self._having_digests(), order.message.place
        if order.message.sender == THE_CLOCK:
            return await digests.due(place, datetime.fromisoformat(order.words.removeprefix(DUE).strip()))
        if not order.words:
            return await digests.preview(place)
        if order.role == "viewer":
            raise Forbidden("To change a channel's digest needs the role operator. Ask an administrator.")
        return await digests.subscribe(place, order.words)

    async def quiet(self, order: Order) -> Answer:
        """Announce nothing of some servers for a time."""
        return await self._having_digests().hush(order.words, order.message.sender)

    def _having_digests(self) -> Digests:
        if self.digests is None:
            raise BadRequest("There are no digests here: they come with `ndesbot serve`.")
        return self.digests

    # --- servers -----------------------------------------------------------------------------

    async def servers(self, order: Order) -> Answer:
        """All of them."""
        return listed(await self.store.servers(), may_check=order.role != "viewer")

    async def register(self, order: Order) -> Answer:
        """Add one, or change it."""
        server = server_from(words_to_fields(order.words))
        await self.store.register(server)
        return listed([server], may_check=True)

    async def forget(self, order: Order) -> Answer:
        """Remove one."""
        server = await self._server(order.words)
        await self.store.remove(server.name)
        return Answer(f"{server.name} is forgotten", "info", (Text("What was remembered of it is gone too."),))

    async def _server(self, name: str) -> Server:
        if server := await self.store.server(name.strip().lower()):
            return server
        raise not_registered(name, await self.store.servers())

    # --- checks ------------------------------------------------------------------------------

    async def check(self, order: Order) -> Answer:
        """All remote checks of a server, or those that bear on an entry."""
        name, _, entry = order.words.partition(" for ")
        server = await self._server(name)
        only = self.checker.for_entry(entry.strip()) if entry else frozenset[str]()
        if entry and not only:
            raise BadRequest(f"No remote check bears on {redact(entry)[:80]!r}. Say `check {server.name}` for all.")
        told = report.told(await self._run(order, server, only=only), self.library)
        return self.cases.offered(order.message, told) if self.cases else told

    async def fixed(self, order: Order) -> Answer:
        """What failed the last time, once more."""
        server = await self._server(order.words)
        last = await self.store.last(server.name)
        if last is None:
            raise BadRequest(f"{server.name} was not checked yet. Say `check {server.name}`.")
        at, before = last
        bad = [finding for finding in before if finding.verdict in ("fail", "warn", "unknown")]
        if not bad:
            raise BadRequest(f"Nothing was wrong with {server.name} the last time. Say `check {server.name}`.")
        result = await self._run(order, server, only=[finding.check for finding in bad], fresh=True)
        return report.after_fix(bad, result, self.clock() - at, self.library)

    async def changed(self, order: Order) -> Answer:
        """A run, beside the last good one."""
        server = await self._server(order.words)
        past = await self.store.past(server.name)
        if past.at is None:
            raise BadRequest(f"No good run of {server.name} is remembered yet. Say `check {server.name}`.")
        return report.changes(await self._run(order, server), past.findings)

    async def probe(self, order: Order) -> Answer:
        """A request for a certificate, once somebody has read what it leaves behind."""
        name, _, said = order.words.partition(" ")
        server = await self._server(name)
        if said.strip() != _LEAVING_TRACES:
            return _warned_of_traces(server)
        only = ("scep-base", "scep-caps", PROBE)
        return report.told(await self._run(order, server, only=only, fresh=True, consent=True), self.library)

    async def cancel(self, order: Order) -> Answer:
        """End a run."""
        server = await self._server(order.words)
        if not self.checker.cancel(server.name):
            raise BadRequest(f"No check of {server.name} is under way.")
        return Answer(f"The check of {server.name} is cancelled", "info")

    async def _run(
        self,
        order: Order,
        server: Server,
        *,
        only: Collection[str] = (),
        fresh: bool = False,
        consent: bool = False,
    ) -> Report:
        """A run that shows how far it is; the message asks for one run, however often it is read."""

        async def progress(findings: Sequence[Finding], total: int) -> None:
            await order.show(report.so_far(server, findings, total))

        message = order.message
        key = f"{message.place.surface} {message.id}"
        return await self.checker.run(
            server, who=message.sender, only=only, progress=progress, fresh=fresh, consent=consent, key=key
        )


def _warned_of_traces(server: Server) -> Answer:
    sentence = f"probe {server.name} {_LEAVING_TRACES}"
    return Answer(
        f"Probing {server.name} leaves traces",
        "unsure",
        (
            Text("It sends a request without a challenge, for a key that nobody holds. What it leaves behind:"),
            Steps(TRACES),
            Choices("Are these traces wanted?", (("Yes, send it", sentence), ("No", "help"))),
        ),
    )


def _nothing(_: UseCases, words: str) -> bool:
    return not words


def _one_word(_: UseCases, words: str) -> bool:
    return len(words.split()) == 1


def _something_known(use_cases: UseCases, words: str) -> bool:
    return 0 < len(words) < 80 and (len(words.split()) == 1 or use_cases.explains(words))


@dataclass(frozen=True, slots=True)
class Command:
    """A word that starts a message, what it takes and does, who does it, and the role it needs.

    `fits` says whether the words behind it make it a command, and not a sentence that begins like one; after a slash it
    always is. `asks`: it asks something of the knowledge, the others are orders. `unasked`: it needs something that
    happens unasked.
    """

    name: str
    takes: str
    does: str
    run: Callable[[UseCases, Order], Awaitable[Answer | None]]
    needs: Role = "viewer"
    fits: Callable[[UseCases, str], bool] = _one_word
    asks: bool = False
    unasked: bool = False


COMMANDS = (
    Command(
        "explain",
        "<entry or code>",
        "One entry as a page, or every meaning of a number in any notation",
        UseCases.explain,
        fits=_something_known,
        asks=True,
    ),
    Command("servers", "", "The registered NDES servers", UseCases.servers, fits=_nothing),
    Command(
        "check",
        "<server> [for <entry>]",
        "Remote checks of a server, and the causes they confirm",
        UseCases.check,
        "operator",
        fits=lambda _, words: len(words.split()) == (3 if " for " in words else 1),
    ),
    Command("fixed", "<server>", "Only what failed last time, before and after", UseCases.fixed, "operator"),
    Command("changed", "<server>", "What differs from the last good run", UseCases.changed, "operator"),
    Command(
        "probe",
        "<server>",
        "Ask for a certificate nobody can use: says first what traces it leaves",
        UseCases.probe,
        "admin",
        fits=lambda _, words: len(words.split()) == 1 or words.endswith(f" {_LEAVING_TRACES}"),
    ),
    Command("cancel", "<server>", "Stop a run", UseCases.cancel, "operator"),
    Command(
        "packet",
        "[<case>]",
        "All of a case as one file, without secrets, for whoever helps further",
        UseCases.packet,
        fits=lambda _, words: not words or _CASE.fullmatch(words) is not None,
    ),
    Command("stop", "", "Stop reading the logs that were put here", UseCases.stop, fits=_nothing),
    Command(
        "register",
        "<name> <url> [field=value]",
        "Add a server, or change it",
        UseCases.register,
        "admin",
        fits=lambda *_: True,
    ),
    Command("forget", "<server>", "Remove a server and what is remembered of it", UseCases.forget, "admin"),
    Command(
        "digest",
        "[weekly 8:00 <zone>]",
        "What changed and what runs out; with a time, here regularly; or `off`",
        UseCases.digest,
        fits=lambda _, words: not words or is_subscribing(words),
        unasked=True,
    ),
    Command(
        "quiet",
        "<server> <hours>",
        "Announce nothing of it, or of `tag:<tag>`; `off` ends that",
        UseCases.quiet,
        "operator",
        fits=lambda _, words: len(words.split()) == 2,
        unasked=True,
    ),
    Command(
        "missing",
        "<what you asked>",
        "Say that an answer is missing or wrong: whoever runs me reads it",
        UseCases.missing,
        fits=lambda *_: False,  # "missing intermediate certificate" is a paste
        asks=True,
    ),
    Command("help", "", "What I can do", UseCases.help, fits=_nothing),
)
"""The one table of commands; help and README are compared with it."""


def command_of(name: str) -> Command | None:
    """The command of that name."""
    return next((command for command in COMMANDS if command.name == name), None)
