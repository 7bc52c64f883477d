"""The nouns of a case that is handed on: what the logs told, what was asked, how the servers stand, what was tried."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.findings import Finding, Suspect, Verdict
from bot.timeline import Outline


@dataclass(frozen=True, slots=True)
class Turn:
    """A question as it was asked, and the entry that its answer told of. `person` is a number, not a name; `helped`
    and `not_helped` are what people said of the answer."""

    at: datetime
    person: str
    text: str
    entry: str | None
    title: str | None
    helped: int = 0
    not_helped: int = 0


@dataclass(frozen=True, slots=True)
class Stood:
    """How a server was found at a time."""

    at: datetime
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Checked:
    """A server as its last run of checks found it, and how it stood before. `connector` is the generation and the
    version of the Intune connector as they were registered, None where neither is known."""

    server: str
    url: str
    front: str
    module: str
    connector: str | None
    at: datetime
    verdict: Verdict
    findings: tuple[Finding, ...]
    suspects: tuple[Suspect, ...]
    past: tuple[Stood, ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """What a person had done to a server: `check`, `fixed` (checked again after a fix), `probe` and so on."""

    at: datetime
    person: str
    command: str
    server: str


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of one trouble, as of `at`. `versions` are of the programs and of the knowledge."""

    at: datetime
    story: Outline | None = None
    questions: tuple[Turn, ...] = ()
    servers: tuple[Checked, ...] = ()
    tried: tuple[Tried, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
