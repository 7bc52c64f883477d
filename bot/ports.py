"""The sockets: what the bot needs from the outside, in its own words."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from bot.diary import Asked, Expiry, Health, Quiet, Run, Subscription, Votes
from bot.findings import Finding, Past, Report, Server
from bot.types import Answer, Message, Place, Role

Show = Callable[[Answer], Awaitable[None]]
"""Puts an interim answer where the final one will stand; the surface decides how often it does."""
Handler = Callable[[Message, Show], Awaitable[Answer | None]]
Press = Callable[[str], str]
"""Given what choosing an option says to the bot, the opaque id that its button carries."""
Clock = Callable[[], datetime]
"""An aware time; nobody else asks for it."""


Receive = Callable[[Message], Awaitable[None]]
"""Takes a message over: once it returns, the message will be answered, and the platform may be told so."""


class ChatSurface(Protocol):
    """A chat platform. It translates and escapes; it never decides.

    `pause` is the least number of seconds between two edits of an answer that fills in; infinite where only the
    last one may be shown. `looks_up` says whether `find` can tell an answer that was posted from one that was not.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def pause(self) -> float: ...  # noqa: D102
    @property
    def looks_up(self) -> bool: ...  # noqa: D102

    async def serve(self, receive: Receive) -> None:
        """Hand each message over, then acknowledge it, until cancelled."""
        ...

    def role_of(self, message: Message) -> Role:
        """What the sender may do here; the least where that is not known."""
        ...

    async def send(self, place: Place, answer: Answer, press: Press, *, key: str, reader: str | None = None) -> str:
        """Post an answer and return the platform's id of it. `key` is kept with it where the platform can, for
        `find`; with a `reader` only that person sees it, where the platform can.

        Raises `Busy`, `Gone`, or `ConnectorError` where it is not known whether it was posted.
        """
        ...

    async def edit(self, place: Place, sent: str, answer: Answer, press: Press) -> None:
        """Put another answer where one stands. Raises as `send` does."""
        ...

    async def find(self, place: Place, key: str) -> str | None:
        """The id of the answer that was posted with that key, if there is one. Raises as `send` does."""
        ...


# --- looking at a server ---------------------------------------------------------------------

Trust = Literal[
    "ok", "expired", "not_yet_valid", "name_mismatch", "missing_intermediate", "self_signed", "untrusted", "unknown"
]


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer, as it came: no redirect followed, nothing unpacked. `headers` has lower-case
    names, of repeated ones all values joined by a comma. `took_ms` is wall time."""

    url: str
    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    took_ms: float

    @property
    def server(self) -> str:
        """The `Server` header, or nothing."""
        return self.headers.get("server", "")


@dataclass(frozen=True, slots=True)
class TlsLook:
    """One look at a TLS service; the certificate is read even where it does not verify.

    `chain` are DER certificates as the server sent them, its own first (only its own where the
    handshake hides the others). `trust` is judged apart, for the name asked and the roots given;
    `trust_code` is OpenSSL's verify code (62 name, 10 expired, 18-21 chain), 0 if all is well.
    `asks_client` says whether the server asked for a client certificate; None where it cannot be seen.
    """

    version: str
    cipher: str
    chain: tuple[bytes, ...]
    trust: Trust
    trust_code: int
    asks_client: bool | None
    took_ms: float


@dataclass(frozen=True, slots=True)
class NameLook:
    """One name look-up: every address, and the chain of aliases (CNAME) that led there.

    `aliases_known` is False where no name server could be asked for them (a hosts file, a name of this
    computer): then that there are none says nothing.
    """

    addresses: tuple[str, ...]
    aliases: tuple[str, ...]
    took_ms: float
    aliases_known: bool = True


class Wire(Protocol):
    """The only network that a check may touch, for one run against one server.

    One attempt each, with a deadline and a size cap; nothing is followed, nobody is authenticated.
    An identical look happens once in a run and every check reads it. Of the SCEP pool the bare URL
    is asked first, and after a dropped connection it is left alone, by whatever name it is asked.
    Everything that goes wrong is a `ProbeError` with its `trouble`.

    `at` is one IP address to ask in place of those of the name: one node of several. The name stays in the
    request and in the handshake.
    """

    requests: int

    async def get(
        self, url: str, *, deadline: float = 10.0, most: int = 262_144, fresh: bool = False, at: str | None = None
    ) -> Reply:
        """One HTTP GET, the certificate not verified. `deadline` in seconds, `most` in bytes of the
        body; `fresh` asks again although the run has an answer."""
        ...

    async def post(self, url: str, body: bytes, *, content_type: str, deadline: float = 10.0) -> Reply:
        """One HTTP POST: only for the probes that an administrator enabled or asked for."""
        ...

    async def tls(self, host: str, port: int = 443, *, legacy: bool = False, at: str | None = None) -> TlsLook:
        """One handshake with SNI `host` (and a second one for the verdict); `legacy` offers TLS 1.0 and 1.1 only."""
        ...

    async def tcp(self, host: str, port: int = 443) -> float:
        """Milliseconds until the connection stood."""
        ...

    async def names(self, host: str, *, public: bool = False) -> NameLook:
        """The addresses of a name, by this computer's resolver or a public one."""
        ...

    async def fetch(self, url: str) -> bytes:
        """A CRL or certificate that a certificate points to: http only, 5 MB, at most ten in a run."""
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """One question to one server. `id` is kebab-case, as its file is called; `catalogue` the number in
    the catalogue of remote checks (R01 and so on). Those that are not `usual` run only where asked for.

    `run` returns a finding for whatever the server does, raises nothing but `ProbeError` (which
    becomes a finding `unknown`), and opens no socket but through the wire.
    """

    id: str
    catalogue: str
    asks: str
    run: Callable[[Server, Wire, datetime, Past], Awaitable[Finding]]
    usual: bool = True
    deadline: float = 12.0


# --- what lasts ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Use:
    """One line of the audit log: who asked for what, of which server, and whether it was allowed."""

    at: datetime
    who: str
    place: str
    command: str
    server: str | None
    allowed: bool


class Store(Protocol):
    """What must survive a restart. The atomic verbs have exactly one winner, whichever the database."""

    async def servers(self) -> list[Server]:
        """All registered servers, by name."""
        ...

    async def register(self, server: Server) -> None:
        """Add a server, or replace the one of that name."""
        ...

    async def remove(self, name: str) -> bool:
        """Forget a server and its past; whether it was there."""
        ...

    async def past(self, name: str) -> Past:
        """The last good state of a server; empty for a new one."""
        ...

    async def keep(self, report: Report, good: Past | None) -> None:
        """Remember a run; `good`, where given, becomes the server's last good state."""
        ...

    async def last(self, name: str) -> tuple[datetime, tuple[Finding, ...]] | None:
        """When the last run of a server was, and what it found."""
        ...

    async def first_time(self, message_id: str, at: datetime) -> bool:
        """Whether this message was never seen before. Atomic: of many that ask, one hears yes."""
        ...

    async def note(self, use: Use) -> None:
        """Write a line to the audit log."""
        ...

    async def uses(self, most: int = 100) -> list[Use]:
        """The audit log, newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that nobody answers any more, because the process that did is gone. `sent` is the platform's
    id of what stands already, empty where a post was under way, None where there was none."""

    message: Message
    sent: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What the buttons of one answer say to the bot, by number, and where it stands."""

    place: Place
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A message that was answered, without secrets; `about` is the entry that the answer told of."""

    at: datetime
    place: Place
    sender: str
    text: str
    about: str | None


class Mail(Protocol):
    """What is under way in the chats. Messages go by the id that `Message.id` and its surface make together."""

    async def receive(self, message: Message, holder: str, at: datetime) -> bool:
        """Take a message in; whether it is new. Atomic: of many that ask, one hears yes, and until it is
        `answered` the message is that holder's."""
        ...

    async def hold(self, messages: Sequence[Message], at: datetime) -> None:
        """Say that these are still worked on."""
        ...

    async def posted(self, message: Message, sent: str) -> None:
        """Remember where the answer to a message stands; empty: it is about to be posted."""
        ...

    async def answered(self, message: Message, at: datetime, about: str | None) -> None:
        """The message needs nothing more; it becomes a question that was asked."""
        ...

    async def waiting(self, before: datetime, holder: str | None = None) -> list[Waiting]:
        """Messages last held before a time, and whenever that was those of `holder`; the oldest first."""
        ...

    async def offer(self, token: str, offer: Offer, at: datetime) -> None:
        """Remember what the buttons of an answer say, for a week."""
        ...

    async def offered(self, token: str) -> Offer | None:
        """What the buttons of an answer say."""
        ...

    async def questions(self, sender: str | None = None, most: int = 20) -> list[Question]:
        """What was asked, newest first, by everybody or by one."""
        ...

    async def refer(self, surface: str, conversation: str, reference: Mapping[str, Any]) -> None:
        """Remember how a platform wants a conversation addressed that it did not begin."""
        ...

    async def reference(self, surface: str, conversation: str) -> Mapping[str, Any] | None:
        """How a platform wants a conversation addressed."""
        ...


class Diary(Protocol):
    """What is remembered over time."""

    async def remember(self, run: Run, expiries: Sequence[Expiry]) -> None:
        """Keep a run where it says something else than the one before, or is the first of its day (UTC); the
        expiries take the place of those kept of this server."""
        ...

    async def runs(self, since: datetime, until: datetime) -> list[Run]:
        """What is kept of the runs of a time (`since` < at <= `until`), the oldest first."""
        ...

    async def expiries(self, until: datetime) -> list[Expiry]:
        """What runs out up to a time, the first first."""
        ...

    async def health(self, server: str | None = None) -> dict[str, Health]:
        """How each server stands, or this one."""
        ...

    async def stand(self, health: Health, before: Health | None) -> bool:
        """Let a server stand so, if it still stood as `before`. Atomic: of two that saw the same, one hears yes."""
        ...

    async def subscribe(self, subscription: Subscription) -> None:
        """Let a channel have a digest, or have it otherwise."""
        ...

    async def unsubscribe(self, place: Place) -> bool:
        """End it; whether there was one."""
        ...

    async def subscriptions(self) -> list[Subscription]:
        """All channels that have one."""
        ...

    async def hush(self, quiet: Quiet) -> None:
        """Announce nothing for a time."""
        ...

    async def quiets(self, at: datetime) -> list[Quiet]:
        """The quiet times that a moment lies in."""
        ...

    async def vote(self, answer: str, who: str, *, helped: bool, at: datetime) -> None:
        """What a person says of an answer; the last word counts. `answer` is any key; that of an answered message is
        its surface and id, parted by a space."""
        ...

    async def votes(self, since: datetime, until: datetime) -> Votes:
        """What people said of the answers of a time."""
        ...

    async def asked(self, since: datetime, until: datetime) -> list[Asked]:
        """The questions of a time, the oldest first."""
        ...

    async def forget(self, who: str) -> int:
        """Remove a person from everything but the audit log; how many lines were touched."""
        ...

    async def sweep(self, now: datetime, *, questions: timedelta, findings: timedelta) -> None:
        """Forget questions and runs older than that."""
        ...


@dataclass(frozen=True, slots=True)
class Errand:
    """A look that the worker of a site takes: `said` is the order, `taken` whether a worker has it, `result` what
    one said of it."""

    name: str
    site: str
    said: Mapping[str, Any]
    taken: bool = False
    result: Mapping[str, Any] | None = None


class Errands(Protocol):
    """What is handed over to the sites. Each errand is one worker's at a time."""

    async def put(self, errand: Errand, at: datetime) -> None:
        """Lay an errand out; one that is there already stays as it is."""
        ...

    async def take(self, site: str, worker: str, at: datetime, until: datetime) -> Errand | None:
        """The oldest errand of a site that is nobody's now, this worker's until then. Atomic."""
        ...

    async def give_back(self, errand: str, site: str, result: Mapping[str, Any]) -> bool:
        """The first result counts; whether this is it."""
        ...

    async def errand(self, name: str) -> Errand | None:
        """An errand, with its result once there is one."""
        ...

    async def drop(self, name: str) -> None:
        """Forget an errand."""
        ...

    async def admit(self, site: str, token: str, note: str, at: datetime) -> None:
        """Let who shows this token work for a site; of the token only a digest is kept."""
        ...

    async def dismiss(self, site: str) -> int:
        """Take back every token of a site; how many there were."""
        ...

    async def site_of(self, token: str) -> str | None:
        """The site that a token is good for."""
        ...


# --- what survives the process ---------------------------------------------------------------

Said = dict[str, Any]
"""What a run is told and what comes of it: whatever JSON can say."""
Work = Callable[[Said], Awaitable[Said]]


class Engine(Protocol):
    """Work that survives the process. A run has a kind (which work), a key and what was said to it.

    One key is one run, however often and from wherever it is asked for.
    """

    async def run(self, kind: str, key: str, said: Said) -> Said:
        """Start the run, or join the one there is, and wait for its result. It goes on if the waiter is cancelled.

        Raises what the work raised if that is `BadRequest` or `Forbidden`, else `ConnectorError`.
        """
        ...

    async def start(self, kind: str, key: str, said: Said) -> None:
        """Start the run if there is none; once this returns, it will end. Raises `ConnectorError`."""
        ...

    async def result(self, key: str) -> Said | None:
        """What a run came to, None as long as it did not, or is not known. Raises as `run` does."""
        ...
