"""Which causes explain what the checks of a server saw: weights as data, and the rules by which a cause stands.

A run of checks yields outcomes, pairs of column and word such as ("base", "503_httpsys"). `weights.csv` says how
much each speaks for or against each cause of `causes.csv`; both are judgement, not statistics. A prior of +1 goes
to the four causes seen most often (scep-pool-stopped, ra-certificates-expired, ca-unreachable, crl-not-fetchable),
one of -1 to rarities (tls-old-only, front-403-rule, payload-too-large, account-not-in-iis-iusrs,
logon-right-missing, load-user-profile-off, crp-cannot-write-temp).
"""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb, exp
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self, get_args

import re2

from knowledge.patterns import pattern
from knowledge.schema import PLACEHOLDERS

Standing = Literal["confirmed", "likely", "possible", "ruled_out"]
Remote = Literal["decides", "shows", "hidden"]
"""What the network tells of a cause: it settles it, it narrows it down to a group, or it tells nothing."""
Front = Literal["direct", "app-proxy"]
Module = Literal["intune", "plain", "jamf"]
Generation = Literal["old", "new"]
Outcome = tuple[str, str]
"""(column, word): what one check saw."""

COLUMNS: Mapping[str, str] = {
    "dns": "look-up of the name",
    "tcp": "connection to the port",
    "tls": "TLS handshake",
    "tls_cert": "TLS certificate",
    "tls_baseline": "TLS certificate beside that of the last good run",
    "base": "answer of the bare SCEP URL",
    "ap_error": "word of the application proxy",
    "caps": "answer to GetCACaps",
    "ra": "RA certificates",
    "ra_revoked": "RA certificates in the CRL",
    "crl_base": "CRL of the issuing CA",
    "crl_delta": "delta CRL of the issuing CA",
    "crl_root": "CRL of the root",
    "url_2300": "URL of 2,300 bytes",
    "url_5000": "URL of 5,000 bytes",
    "url_17500": "URL of 17,500 bytes",
    "url_31000": "URL of 31,000 bytes",
    "post_64k": "body of 64 KB",
    "admin": "answer of the password page",
    "crp": "answer of the certificate registration point",
    "poll": "answer to CertPoll",
    "request": "answer to a request without a challenge",
    "W-pool": "state of the SCEP pool",
    "W-iislog": "log of IIS",
    "W-httperr": "log of http.sys",
    "W-ev-ndes": "events of NDES",
    "W-ev-was": "events of the process activation service",
    "W-ev-app": "events of crashed programs",
    "W-capi2": "events of CAPI2",
    "W-root": "Trusted Root store",
    "W-ra": "RA certificates in the store",
    "W-ra-acl": "rights on the RA private keys",
    "W-ra-verify": "chains of the RA certificates",
    "W-rights": "user rights",
    "W-iusrs": "members of IIS_IUSRS",
    "W-ad": "service account in the directory",
    "W-ca": "call of the CA",
    "W-proxy": "proxy of the services",
    "W-policy": "certificate of the policy module",
    "W-signing": "signing certificate of the connector",
    "W-svc": "services of the connector",
    "W-conn": "last contact of the connector",
    "W-auth": "authentication in IIS",
    "W-filter": "request filtering of IIS",
    "W-http": "limits of http.sys",
    "W-tmpl": "certificate template",
    "W-appproxy": "service of the proxy connector",
    "W-plugin": "log of the policy module",
    "W-ev-conn": "events of the certificate connector",
    "G-connector": "connector as Intune sees it",
    "G-appproxy": "published application as Entra sees it",
}
"""Every column in words for people. Those with W- and G- are read on the server and from Graph."""

READINGS: Mapping[str, str] = {
    "W-ev-ndes": "Get-WinEvent -FilterHashtable @{LogName='Application'; "
    "ProviderName='Microsoft-Windows-NetworkDeviceEnrollmentService'} "
    "-MaxEvents 30 | Format-List TimeCreated, Id, Message",
    "W-ev-was": "Get-WinEvent -FilterHashtable @{LogName='System'; ProviderName='Microsoft-Windows-WAS'} "
    "-MaxEvents 30 | Format-List TimeCreated, Id, Message",
    "W-ev-app": "Get-WinEvent -FilterHashtable @{LogName='Application'; ProviderName='Application Error'; Id=1000} "
    "-MaxEvents 10 | Format-List TimeCreated, Message",
    "W-iislog": r"Get-ChildItem C:\inetpub\logs\LogFiles\W3SVC1\u_ex*.log | Sort-Object LastWriteTime | "
    "Select-Object -Last 1 | Get-Content -Tail 500 | Select-String 'mscep|CertificateRegistrationSvc'",
    "W-httperr": r"Get-ChildItem C:\Windows\System32\LogFiles\HTTPERR\httperr*.log | Sort-Object LastWriteTime | "
    "Select-Object -Last 1 | Get-Content -Tail 50",
    "W-ev-conn": "'Microsoft-Intune-CertificateConnectors/Admin','Microsoft-Intune-CertificateConnectors/Operational',"
    "'Microsoft Intune Connector' | ForEach-Object { Get-WinEvent -LogName $_ -MaxEvents 30 "
    "-ErrorAction SilentlyContinue } | Format-List TimeCreated, Id, Message",
}
"""The columns that tell many causes apart at once, cheapest first, each with the command that reads it."""

_CAUSES, _WEIGHTS = "causes.csv", "weights.csv"
_CAUSE_COLUMNS = ["cause", "remote", "prior", "only", "entries", "text", "command"]
_WEIGHT_COLUMNS = ["column", "outcome", "cause", "weight", "note"]
_PRIORS = ("-1", "0", "1")
_POINTS = frozenset(str(weight) for weight in range(-5, 6) if weight)
_KINDS = tuple(frozenset(get_args(kind)) for kind in (Front, Module, Generation))
"""What a cause may be tied to: the front of a server, its module, the generation of its connector."""
_TIES = frozenset().union(*_KINDS)
_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PLACEHOLDER = re.compile(r"<([a-z][a-z0-9-]*)>")


class BadCauses(ValueError):
    """The causes or their weights are not what they must be; the message names file, line and reason."""


@dataclass(frozen=True, slots=True)
class KnownCause:
    """A cause that checks decide on. `cause` is the id it has in each of its `entries`.

    `only` ties it to servers of a front, module or generation. `command` is run on the server, changes
    nothing, and confirms what the network cannot.
    """

    cause: str
    remote: Remote
    prior: int
    only: frozenset[str]
    entries: tuple[str, ...]
    text: str
    command: str

    def fits(self, circumstances: Collection[str]) -> bool:
        """Whether a server of these circumstances can have it."""
        return all(not self.only & kind or self.only & kind & set(circumstances) for kind in _KINDS)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A cause and how it stands after a run.

    `score` is its share among all causes that the server can have, 0 to 1. `why` and `against` are the
    outcomes that spoke, strongest first. `command` is what to run on the server; None where the network
    has settled it. `visible` is false for what the network never shows.
    """

    cause: str
    entry: str
    standing: Standing
    score: float
    why: tuple[Outcome, ...]
    against: tuple[Outcome, ...]
    visible: bool
    command: str | None


class _Sign(NamedTuple):
    """What the words of a column that match `shape` say of causes; `tie` is the circumstance it needs."""

    tie: str
    shape: Any
    says: list[tuple[str, int]]


class _Said(NamedTuple):
    """An outcome and how much it says for (above 0) or against one cause."""

    weight: int
    column: str
    word: str


class Causes:
    """Every cause with its weights; ranking is pure and deterministic."""

    def __init__(self, causes: Iterable[KnownCause], signs: Mapping[str, Sequence[_Sign]]) -> None:
        self.causes = {cause.cause: cause for cause in causes}
        self._signs = signs
        self._rank_once = lru_cache(maxsize=256)(self._rank)  # most servers are alike
        self._marks = {column: _marks(signs.get(column, ())) for column in READINGS}

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The causes of the knowledge in a folder. Raises `BadCauses` with file, line and reason."""
        entries = {path.stem for path in (folder / "entries").glob("*.yaml")}
        causes = list(_causes(folder / _CAUSES, entries))
        return cls(causes, _signs(folder / _WEIGHTS, {cause.cause for cause in causes}))

    def columns_of(self, *names: str) -> frozenset[str]:
        """The columns that bear on causes, each named by itself or by an entry it belongs to."""
        wanted = {c.cause for c in self.causes.values() if not {c.cause, *c.entries}.isdisjoint(names)}
        return frozenset(
            column
            for column, signs in self._signs.items()
            if any(cause in wanted for sign in signs for cause, _ in sign.says)
        )

    def rank(
        self,
        outcomes: Iterable[Outcome],
        *,
        front: Front,
        module: Module,
        connector: Generation | None = None,
        asked_columns: Collection[str] | None = None,
    ) -> tuple[Ranked, ...]:
        """Every cause that the server can have, best first; those that stand alike follow each other.

        `asked_columns` are those that were asked in this run. What stands in another column is
        remembered: it is weighed, but it neither confirms nor rules out. None: all were asked.
        """
        asked = None if asked_columns is None else frozenset(asked_columns)
        return self._rank_once(frozenset(outcomes), front, module, connector, asked)

    def _rank(
        self,
        outcomes: frozenset[Outcome],
        front: Front,
        module: Module,
        connector: Generation | None,
        asked_columns: frozenset[str] | None,
    ) -> tuple[Ranked, ...]:
        seen = _heard(outcomes)
        known = {_front(front, seen), module} | ({connector} if connector else set())
        if ("base", "200_general") in seen:
            known.add("plain")  # whatever was registered: NDES itself says that it asks nobody
        said = self._weighed(seen, known)
        fitting = [c for c in self.causes.values() if c.fits(known if connector else {*known, *_GENERATIONS})]
        proven = {c.cause: _proven(said[c.cause], seen) for c in fitting}
        scores = {c.cause: c.prior + sum(one.weight for one in proven[c.cause]) for c in fitting}
        standings = {c.cause: _standing(c, proven[c.cause], seen, asked_columns) for c in fitting}
        _show_together(standings)
        shares = _softmax(scores)
        found = [_ranked(c, standings[c.cause], shares[c.cause], said[c.cause]) for c in fitting]
        return tuple(
            sorted(found, key=lambda one: (_STANDINGS.index(one.standing), -scores[one.cause], len(one.against)))
        )

    def splitting(self, ranked: Sequence[Ranked]) -> str | None:
        """The one command for the server that tells most of the causes apart that stand first.

        None where nothing is left to tell: the network confirmed one cause, or ruled out all.
        """
        first = [item for item in ranked if item.standing == ranked[0].standing and item.command]
        told = {column: self._told_apart(column, first) for column in READINGS if self._can_read(column, first)}
        best = max(told, key=lambda column: told[column], default="")
        if len(first) > 1 and told.get(best):
            return READINGS[best]
        return first[0].command if first else None

    def _weighed(self, seen: Collection[Outcome], known: Collection[str]) -> dict[str, list[_Said]]:
        """What the outcomes say of each cause, strongest first."""
        said: dict[str, list[_Said]] = defaultdict(list)
        for column, word in seen:
            data = word.encode("latin-1", "replace")
            for sign in self._signs.get(column, ()):
                if (not sign.tie or sign.tie in known) and sign.shape.fullmatch(data):
                    for cause, weight in sign.says:
                        said[cause].append(_Said(weight, column, word))
        for spoken in said.values():
            spoken.sort(key=lambda one: (-abs(one.weight), one))
        return said

    def _can_read(self, column: str, group: Sequence[Ranked]) -> bool:
        """Whether the server has what is read: events of the connector only beside the policy module."""
        return column != "W-ev-conn" or any("intune" in self.causes[item.cause].only for item in group)

    def _told_apart(self, column: str, group: Sequence[Ranked]) -> int:
        """How many pairs of a group the column weighs differently."""
        alike = Counter(self._marks[column].get(item.cause) for item in group)
        return comb(len(group), 2) - sum(comb(number, 2) for number in alike.values())


def _marks(signs: Iterable[_Sign]) -> dict[str, tuple[tuple[int, int], ...]]:
    """How the signs of one column weigh each cause of which they speak."""
    marks: dict[str, tuple[tuple[int, int], ...]] = defaultdict(tuple)
    for number, sign in enumerate(signs):
        for cause, weight in sign.says:
            marks[cause] += ((number, weight),)
    return dict(marks)


# --- how a cause stands: every rule of it ----------------------------------------------------

_STANDINGS = get_args(Standing)
_GENERATIONS = get_args(Generation)
_SETTLES = 3  # an outcome of this weight settles a cause, for or against
_FAIR = 2  # two of this weight rule out as well
_POOL = frozenset({"base", "caps", "admin"})
"""How the SCEP pool answers. Health there speaks against whatever keeps NDES from starting ..."""
_FAILS = frozenset({"base", "caps", "ra", "poll"})
"""... unless one of these speaks for the cause: then the answers differ (nodes behind one name), or
NDES shows what it will stumble over when it starts again."""
_OUTLIVED = {
    "service-account-locked": "",
    "service-account-password": "",
    "ca-unreachable": "",
    "root-crl-expired": "",
    "crl-expired": "",
    "ra-certificates-expired": "",
    "ra-certificates-revoked": "",
    "ra-certificates-missing-or-foreign": "ra",
}
"""Causes that a running NDES survives until it starts again: its health rules none of them out, or
only where this column was seen as well."""
_STATES = {
    "scep-pool-stopped": frozenset(
        {
            "intermediate-in-root-store",
            "crl-unreachable-after-start",
            "policy-certificate-expired",
            "policy-thumbprint-stale",
            "crp-windows-authentication",
            "service-account-locked",
            "service-account-password",
            "logon-right-missing",
            "pool-identity-wrong",
        }
    )
}
"""A cause that is itself brought about by others: they are shown together."""
_PATH = {
    "dns": frozenset({"nxdomain", "error", "servfail", "timeout"}),
    "tcp": frozenset({"refused", "timeout", "unreachable"}),
    "tls": frozenset({"handshake_failed", "reset", "timeout", "legacy_only"}),
}
"""The way to the pool, and the words that say that it ends there."""
_SILENCE = frozenset({"dropped", "reset", "truncated", "timeout"})


def _standing(
    cause: KnownCause, said: Sequence[_Said], seen: Collection[Outcome], asked: Collection[str] | None
) -> Standing:
    """How one cause stands.

    * ruled out: nothing speaks for it, and something decisive against it
    * confirmed: the network can decide it, a decisive outcome was seen, nothing decisive speaks
      against it, and it explains the answer of a pool that fails
    * likely: something speaks for it, and at least as much as against it, none of that decisive
    * possible: all else
    """
    counting = [one for one in said if not (_is_health(one) and _outlives(cause, seen))]
    opposed = _is_opposed(cause, counting, asked)
    if all(one.weight < 0 for one in counting):
        return "ruled_out" if opposed else "possible"
    if opposed or sum(one.weight for one in counting) < 0:
        return "possible"
    settled = any(one.weight >= _SETTLES and _was_asked(one, asked) for one in counting)
    return "confirmed" if cause.remote == "decides" and settled and _explains(said, seen) else "likely"


def _proven(said: Sequence[_Said], seen: Collection[Outcome]) -> list[_Said]:
    """What was said of a cause, without the health of a pool that proves nothing."""
    failed = any(one.weight > 0 and one.column in _FAILS for one in said)
    # 403 of IIS on the bare URL may also be a rule for everything: it is health only beside GetCACaps
    refused = ("caps", "200_caps") not in seen
    return [one for one in said if not (_is_health(one) and (failed or (refused and one.word.startswith("403_iis"))))]


def _outlives(cause: KnownCause, seen: Collection[Outcome]) -> bool:
    """Whether NDES may be well although it has this cause."""
    wanted = _OUTLIVED.get(cause.cause)
    return wanted is not None and wanted not in {column for column, _ in seen}


def _is_health(one: _Said) -> bool:
    return one.weight < 0 and one.column in _POOL


def _is_opposed(cause: KnownCause, counting: Iterable[_Said], asked: Collection[str] | None) -> bool:
    """Whether one decisive outcome or two fair ones speak against it. What the network never shows,
    it cannot rule out either."""
    places = ("W-", "G-") if cause.remote == "hidden" else ""
    against = [one.weight for one in counting if _was_asked(one, asked) and one.column.startswith(places)]
    return any(weight <= -_SETTLES for weight in against) or sum(weight <= -_FAIR for weight in against) > 1


def _was_asked(one: _Said, asked: Collection[str] | None) -> bool:
    return asked is None or one.column in asked


def _explains(said: Iterable[_Said], seen: Collection[Outcome]) -> bool:
    """Whether a cause speaks of the pool's failing answer, if that fails: an untrusted certificate is
    no reason for HTTP 500, so it must not hide what may be one."""
    fails = any(column == "base" and not word.startswith(("200_", "403_")) for column, word in seen)
    return not fails or any(one.weight > 0 and one.column in ("base", "caps") for one in said)


def _show_together(standings: dict[str, Standing]) -> None:
    """A state that others may have brought about stands no higher than they do."""
    for state, origins in _STATES.items():
        if standings.get(state) == "confirmed" and any(standings.get(origin) == "likely" for origin in origins):
            standings[state] = "likely"


def _heard(outcomes: frozenset[Outcome]) -> frozenset[Outcome]:
    """The outcomes without the silence of a pool that was never reached."""
    cut = any(word in _PATH.get(column, ()) for column, word in outcomes)
    return frozenset((column, word) for column, word in outcomes if not cut or column in _PATH or word not in _SILENCE)


def _front(registered: Front, seen: Collection[Outcome]) -> Front:
    """The front of a server: an application proxy also where one shows itself."""
    return "app-proxy" if any(_of_proxy(column, word) for column, word in seen) else registered


def _of_proxy(column: str, word: str) -> bool:
    """Whether only a proxy writes this: IIS never answers 502 or 504, nor leads anybody to a sign-in."""
    by_proxy = column == "base" and word.startswith(("302_login", "502_", "504_"))
    return by_proxy or column == "ap_error" or "appproxy" in word


def _softmax(scores: Mapping[str, int]) -> dict[str, float]:
    top = max(scores.values())
    powers = {name: exp(score - top) for name, score in scores.items()}
    total = sum(powers.values())
    return {name: round(power / total, 4) for name, power in powers.items()}


def _ranked(cause: KnownCause, standing: Standing, share: float, said: Iterable[_Said]) -> Ranked:
    said = list(said)
    return Ranked(
        cause.cause,
        cause.entries[0],
        standing,
        share,
        tuple((one.column, one.word) for one in said if one.weight > 0),
        tuple((one.column, one.word) for one in said if one.weight < 0),
        cause.remote != "hidden",
        None if standing in ("confirmed", "ruled_out") else cause.command,
    )


# --- the two files ---------------------------------------------------------------------------


def _causes(path: Path, known_entries: Collection[str]) -> Iterator[KnownCause]:
    seen: set[str] = set()
    for where, (name, remote, prior, only, entries, text, command) in _rows(path, _CAUSE_COLUMNS):
        missing = [entry for entry in entries.split() if entry not in known_entries]
        strange = [word for word in _PLACEHOLDER.findall(command) if word not in PLACEHOLDERS]
        _demand(where, _KEBAB.fullmatch(name), f"{name!r} is no cause: write words-with-hyphens")
        _demand(where, name not in seen, f"{name} stands here twice")
        _demand(where, remote in get_args(Remote), f"remote is {remote!r}: one of {', '.join(get_args(Remote))}")
        _demand(where, prior in _PRIORS, f"the prior is {prior!r}: one of {', '.join(_PRIORS)}")
        _demand(where, set(only.split()) <= _TIES, f"only is {only!r}: words of {', '.join(sorted(_TIES))}")
        _demand(where, entries.split(), f"{name} names no entry")
        _demand(where, not missing, f"there is no entry {', '.join(missing)}")
        _demand(where, text and command, f"{name} needs a text and a command")
        _demand(where, not strange, f"<{', '.join(strange)}> is no placeholder")
        seen.add(name)
        told = get_args(Remote)[get_args(Remote).index(remote)]
        yield KnownCause(name, told, int(prior), frozenset(only.split()), tuple(entries.split()), text, command)


def _signs(path: Path, causes: Collection[str]) -> dict[str, list[_Sign]]:
    """The weights by column, those of the same words together."""
    signs: dict[tuple[str, str], _Sign] = {}
    for where, (place, outcome, cause, weight, _note) in _rows(path, _WEIGHT_COLUMNS):
        column, tied, tie = place.partition("@")
        _demand(where, column in COLUMNS, f"there is no column {column!r}")
        _demand(where, tie in _TIES or not tied, f"@{tie} is no circumstance: one of {', '.join(sorted(_TIES))}")
        _demand(where, cause in causes, f"there is no cause {cause!r} in {_CAUSES}")
        _demand(where, weight in _POINTS, f"the weight is {weight!r}: a whole number from -5 to 5, and not 0")
        if (place, outcome) not in signs:
            signs[place, outcome] = _Sign(tie, _shape(where, outcome), [])
        says = signs[place, outcome].says
        _demand(where, cause not in dict(says), f"{place} {outcome} is weighed twice for {cause}")
        says.append((cause, int(weight)))
    columns: dict[str, list[_Sign]] = defaultdict(list)
    for (place, _), sign in signs.items():
        columns[place.partition("@")[0]].append(sign)
    return dict(columns)


def _shape(where: str, outcome: str) -> Any:
    """The compiled pattern that a whole word must match."""
    _demand(where, outcome, "the outcome is empty")
    try:
        return pattern(outcome)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise BadCauses(f"{where}: {outcome!r} is not an RE2 pattern: {reason}") from error


def _rows(path: Path, columns: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each row, with file and line to name it by. The columns must be these."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        _demand(f"{path.name}:1", next(rows, None) == columns, f"the columns must be {', '.join(columns)}")
        for row in rows:
            where = f"{path.name}:{rows.line_num}"
            _demand(where, len(row) == len(columns), f"a row is {', '.join(columns)}")
            yield where, row


def _demand(where: str, kept: object, otherwise: str) -> None:
    if not kept:
        raise BadCauses(f"{where}: {otherwise}")
