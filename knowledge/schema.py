"""What an entry may say: the shape of one known situation, checked when it is loaded."""

import re as _re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

import re2
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from knowledge.numbers import Number, parse_number

MIN_HITS = 3
"""Samples that must hit, at least, in every entry."""

PLACEHOLDERS = frozenset(
    {
        "ndes-fqdn",  # name that NDES itself answers to, inside
        "public-name",  # host name in the SCEP URL of the profile
        "ca-host",
        "ca-name",
        "service-account",
        "domain",
        "template-name",
        "thumbprint",
        "serial-number",
        "site-id",
        "tenant",
        "proxy",
        "device",
        "crl-url",
        "root-name",
    }
)
"""Names in angle brackets that a registered server's real names can fill."""

_PLACEHOLDER = _re.compile(r"<([a-z][a-z0-9-]*)>")
_GAP = _re.compile(r"(?<!\\)\.[*+]|\{\d*,?\d{2,}\}")


class Noun(BaseModel):
    """Base of every type in the knowledge: frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Kind(StrEnum):
    """What an entry tells: a fault, a sign that all is well, or a fact to know."""

    PROBLEM = "problem"
    SUCCESS = "success"
    INFO = "info"


class Weight(StrEnum):
    """How much one sign alone says for its entry; the numbers are in `library.STRENGTH`."""

    DECISIVE = "decisive"
    STRONG = "strong"
    FAIR = "fair"
    WEAK = "weak"


class Certainty(StrEnum):
    """`documented` has a public document behind it; `usual` is told with a "usually"."""

    DOCUMENTED = "documented"
    USUAL = "usual"


class Log(StrEnum):
    """The kinds of log, page and output that a text can be recognised as (facts: logs of the field)."""

    IIS = "iis"
    HTTPERR = "httperr"
    BROWSER = "browser"
    NDESPLUGIN = "ndesplugin"
    SVCLOG = "svclog"
    SETUPMSI = "setupmsi"
    EVENT = "event"
    CAPI2 = "capi2"
    OMADM = "omadm"
    IOS = "ios"
    MACOS = "macos"
    JAMF = "jamf"
    CERTUTIL = "certutil"
    SSCEP = "sscep"
    CISCO = "cisco"
    POWERSHELL = "powershell"


class Source(StrEnum):
    """Who logged an event; the names each may be written with are in `reading.PROVIDERS`."""

    NDES = "ndes"
    MDM = "mdm"
    CERTENROLL = "certenroll"
    CA = "ca"
    CAPI2 = "capi2"
    WAS = "was"
    SCHANNEL = "schannel"
    HTTP = "httpevent"
    DCOM = "dcom"
    KDC = "kdc"
    APPLICATION_ERROR = "application-error"
    ASPNET = "aspnet"
    SECURITY = "security"
    CONNECTOR_NEW = "connector-new"
    CONNECTOR_OLD = "connector-old"
    APP_PROXY = "app-proxy"
    APPLE = "apple"


class Path(StrEnum):
    """The places of the enrolment web that an HTTP exchange can speak of."""

    SCEP = "scep"  # /certsrv/mscep/mscep.dll, with or without /pkiclient.exe
    SCEP_MISSPELT = "scep-misspelt"  # /certsrv/mscep/msecp.dll and its like
    SCEP_FOLDER = "scep-folder"  # /certsrv/mscep/ alone
    ADMIN = "mscep-admin"  # /certsrv/mscep_admin
    CRP = "crp"  # any call to /CertificateRegistrationSvc or /CMCertificateRegistration
    VERIFY = "verifyrequest"
    NOTIFY = "notify"


Operation = Literal["GetCACaps", "GetCACert", "PKIOperation"]


def _as_tuple(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


Strings = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
Ints = Annotated[tuple[int, ...], BeforeValidator(_as_tuple)]
Paths = Annotated[tuple[Path, ...], BeforeValidator(_as_tuple)]
Logs = Annotated[tuple[Log, ...], BeforeValidator(_as_tuple)]
Sources = Annotated[tuple[Source, ...], BeforeValidator(_as_tuple)]
Operations = Annotated[tuple[Operation, ...], BeforeValidator(_as_tuple)]


class Http(Noun):
    """One HTTP exchange as a log line, a page or a sentence tells it. A field left out does not matter."""

    status: Ints = ()
    substatus: Ints = ()
    win32: Ints = ()
    method: Literal["GET", "POST", "HEAD"] | None = None
    path: Paths = ()
    operation: Operations = ()


class Scep(Noun):
    """A SCEP status (RFC 8894): pkiStatus 0 SUCCESS, 2 FAILURE, 3 PENDING; failInfo 0 to 4."""

    status: int | None = None
    failinfo: int | None = None


def _number(value: Any) -> Number:
    if isinstance(value, float):
        raise ValueError("a status with a sub-status goes under `http`, not `code`")
    if isinstance(value, list | tuple):  # as the library writes it into its cache
        return Number(*value)
    return parse_number(str(value))


Code = Annotated[Number, BeforeValidator(_number)]
Codes = Annotated[tuple[Code, ...], BeforeValidator(_as_tuple)]


class Signal(Noun):
    """One sign of a situation. Everything it names must be seen, close together.

    `text` are literal words, `pattern` RE2 expressions (both without regard to case; white space
    in `text` matches any run of it). Of several values under `code`, `event`, `status` one is
    enough; of several `text` or `pattern` all are needed.
    """

    text: Strings = ()
    pattern: Strings = ()
    code: Codes = ()
    http: Http | None = None
    event: Ints = ()
    source: Sources = ()
    scep: Scep | None = None
    log: Logs = ()
    unless: Strings = ()
    weight: Weight = Weight.STRONG
    shared: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.text or self.pattern or self.code or self.http or self.event or self.scep):
            raise ValueError("a signal needs one of text, pattern, code, http, event, scep")
        if self.source and not self.event:
            raise ValueError("`source` goes with `event`")
        return self

    @field_validator("pattern", "unless")
    @classmethod
    def _compiles(cls, patterns: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not _checked(info):
            for pattern in patterns:
                check_pattern(pattern)
        return patterns


TRUSTED = {"checked": True}
"""Validation context for entries that were checked before: the costly checks are not done again."""


def _checked(info: ValidationInfo) -> bool:
    return bool(info.context and info.context.get("checked"))


def check_pattern(pattern: str) -> None:
    """Refuse what RE2 cannot run in linear time or what makes the shared automaton grow.

    Raises `ValueError` that names the pattern and what to write instead.
    """
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise ValueError(f"{pattern!r} is not an RE2 pattern: {reason}") from error
    if compiled.search("") is not None:
        raise ValueError(f"{pattern!r} matches the empty text")
    if _GAP.search(pattern):
        raise ValueError(
            f"{pattern!r} has an open gap (.* or a repeat of 10 or more): write a list of patterns instead"
        )


def check_placeholders(text: str, info: ValidationInfo) -> str:
    """Refuse a name in angle brackets that no registered server could fill."""
    if _checked(info):
        return text
    unknown = [name for name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS]
    if unknown:
        raise ValueError(f"<{unknown[0]}> is not a placeholder; known: {', '.join(sorted(PLACEHOLDERS))}")
    return text


Prose = Annotated[str, Field(min_length=2), AfterValidator(check_placeholders)]
"""Text shown to people: `code` in backticks, <placeholders> from the closed list, no other markup."""


class Confirm(Noun):
    """How to make sure of a cause: from outside over the network, or on the server."""

    outside: Prose | None = None
    server: Prose | None = None


class Fix(Noun):
    """What to do about a cause, and what doing it costs."""

    steps: tuple[Prose, ...] = Field(min_length=1)
    warning: Prose | None = None
    risk: Literal["none", "low", "medium", "high"]
    downtime: Prose
    role: Prose
    undo: Prose
    verify: Prose


class Cause(Noun):
    """One reason for a situation; its id stays the same for ever, for it is what checks decide on."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    summary: Prose
    certainty: Certainty = Certainty.DOCUMENTED
    confirm: Confirm = Confirm()
    fix: Fix


class Confusion(Noun):
    """Another entry that looks alike, and how to tell."""

    entry: str
    tell: Prose


class Reference(Noun):
    """Where a fact was read. `field experience` is for what no document says."""

    url: str = Field(pattern=r"^(https://\S+|field experience)$")
    read: date


class Samples(Noun):
    """Pastes that must find the entry first, and near misses that must not find it at all."""

    hit: tuple[str, ...] = Field(min_length=MIN_HITS)
    miss: tuple[str, ...] = Field(min_length=1)


class Entry(Noun):
    """One situation of the field: how to know it, what it means, why it happens, what to do."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: Prose
    kind: Kind
    step: int | None = Field(ge=1, le=6)
    area: Literal["enrolment", "connector", "app-proxy", "pki"] = "enrolment"
    platforms: tuple[Literal["any", "windows", "android", "ios", "macos", "server"], ...] = Field(min_length=1)
    connector: Literal["any", "old", "new", "none"] = "any"
    logs: tuple[Log, ...] = ()
    status: Literal["draft", "stable", "retired"] = "stable"
    certainty: Certainty = Certainty.DOCUMENTED
    meaning: Prose
    signals: tuple[Signal, ...] = Field(min_length=1)
    causes: tuple[Cause, ...] = ()
    next: tuple[Prose, ...] = ()
    confused_with: tuple[Confusion, ...] = ()
    prevention: tuple[Prose, ...] = ()
    note: Prose | None = None
    sources: tuple[Reference, ...] = Field(min_length=1)
    lab: tuple[str, ...] | Prose | None = None
    """The faults of the lab that show this situation, or why none can."""
    samples: Samples

    @model_validator(mode="after")
    def _tells_what_to_do(self) -> Self:
        if self.kind is Kind.PROBLEM and not self.causes:
            raise ValueError("a problem needs at least one cause")
        if self.kind is not Kind.PROBLEM and not (self.next or self.causes):
            raise ValueError("a success or an info says what comes `next`")
        ids = [cause.id for cause in self.causes]
        if len(set(ids)) < len(ids):
            raise ValueError("two causes have the same id")
        return self
