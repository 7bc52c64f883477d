"""The nouns of what is remembered over time: how servers were, what runs out, who wants to hear of it and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from bot.findings import Verdict
from bot.types import Place

ExpiryKind = Literal["tls", "ra", "crl", "root-crl", "ca", "connector", "other"]
Change = Literal["broke", "worse", "healed", "flapping"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of checks as it is remembered: the verdict of each check, and of all."""

    server: str
    at: datetime
    verdict: Verdict
    checks: Mapping[str, Verdict]


@dataclass(frozen=True, slots=True)
class Expiry:
    """Something of a server that runs out. `name` says which, `ends` when, `seen` when that was last read."""

    server: str
    kind: ExpiryKind
    name: str
    ends: datetime
    seen: datetime


@dataclass(frozen=True, slots=True)
class Health:
    """How a server stands, as people were told. `verdict` changed at `since`, after so many runs in a row that
    say something else (`against`, all of them `candidate` at least, the first at `first`). `turns` are the times of
    its recent changes, `post` the message in the owner's channel that is edited as it heals. `seen` is the last run
    that made any difference here, `change` the one it made; `told` is the verdict that `post` speaks of."""

    server: str
    verdict: Verdict
    since: datetime
    candidate: Verdict | None = None
    against: int = 0
    turns: tuple[datetime, ...] = ()
    flapping: bool = False
    post: tuple[Place, str] | None = None
    first: datetime | None = None
    seen: datetime | None = None
    change: Change | None = None
    told: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Quiet:
    """A time in which nothing is announced of some servers: a maintenance window, or a snooze from the chat.
    `scope` is a server's name, `tag:<tag>`, or `*`."""

    scope: str
    begins: datetime
    ends: datetime
    who: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A channel that wants a digest. `when` is `daily`, `weekly`, `monthly`, `first-working-day` or five fields
    of cron; `hour` (0-23) and `minute` are local to `zone` (IANA) and unused with cron. `tags` are the servers it
    is about (empty: all). `all_quiet`: say so when there is nothing to say; else be silent."""

    place: Place
    when: str = "weekly"
    hour: int = 8
    minute: int = 0
    zone: str = "UTC"
    tags: tuple[str, ...] = ()
    all_quiet: bool = True
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """From `begins` (not included) to `ends`; aware times."""

    begins: datetime
    ends: datetime

    @property
    def length(self) -> timedelta:
        """How long it is; the days on which clocks change are shorter or longer."""
        return self.ends - self.begins


@dataclass(frozen=True, slots=True)
class Votes:
    """What people said of answers in some time."""

    helped: int = 0
    not_helped: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked, for counting: its words without secrets, who asked, what it was about, and the
    surface and conversation where."""

    at: datetime
    sender: str
    text: str
    about: str | None
    conversation: str = ""


@dataclass(frozen=True, slots=True)
class Pages:
    """Everything that a digest of one channel is composed of; `now` is when it is written, `due` when it was to be."""

    subscription: Subscription
    period: Period
    earlier: tuple[Period, ...]
    now: datetime
    due: datetime
    servers: tuple[str, ...]
    health: Mapping[str, Health]
    runs: tuple[Run, ...]
    expiries: tuple[Expiry, ...]
    asked: tuple[Asked, ...]
    votes: tuple[Votes, ...]
    titles: Mapping[str, str] = field(default_factory=dict)
