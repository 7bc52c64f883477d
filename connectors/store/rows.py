"""The nouns as a database keeps them, and back: without secrets, and readable by the versions before and after."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from math import isfinite
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from bot.diary import Expiry, Health, Quiet, Run, Subscription
from bot.errors import BadRequest
from bot.findings import Finding, Server, Thresholds, Value, Verdict
from bot.keeping import kept
from bot.ports import Use
from bot.redaction import redact
from bot.servers import as_fields, server_from
from connectors.store.tables import whole

LONGEST: Final = 200
"""Characters of one text in the audit log, and of one that a person or a server chose in the diary."""
_KNOWN: Final = 50_000  # texts that were read once already: nearly all of them are the same at the next look
_MOST_BITS: Final = 1024  # of a number: Python refuses to print and read those of thousands of digits
_FINDINGS: Final = TypeAdapter(tuple[Finding, ...])
_CHECKS: Final = TypeAdapter(dict[str, Verdict])
_HEALTH: Final = TypeAdapter(Health)
_EXPIRIES: Final = TypeAdapter(tuple[Expiry, ...])
_SUBSCRIPTION: Final = TypeAdapter(Subscription)

T = TypeVar("T")

log = logging.getLogger(__name__)


# --- servers ---------------------------------------------------------------------------------


def server_fields(server: Server) -> dict[str, Any]:
    """A server to be kept. Raises `BadRequest` for one that could not be read back."""
    fields = as_fields(server)
    server_from(fields)
    return fields


def server_of(kept: str) -> Server | None:
    """A server that was kept as JSON, by whichever version: what this one does not know is left out.

    None, and a line in the log, for one that makes no sense here: it must not cost the others.
    """
    try:
        return _server(kept)
    except BadRequest as error:
        name = json.loads(kept).get("name")
        log.error("a registered server cannot be read", extra={"server": name, "reason": str(error)})
        return None


@lru_cache(_KNOWN)
def _server(kept: str) -> Server:
    fields = json.loads(kept)
    known = _known(fields, Server)
    if isinstance(thresholds := known.get("thresholds"), Mapping):
        known["thresholds"] = _known(thresholds, Thresholds)
    return server_from(known)


def _known(fields: Mapping[str, Any], noun: type[Server] | type[Thresholds]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in noun.__dataclass_fields__}


# --- findings --------------------------------------------------------------------------------


def finding_fields(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings to be kept: secrets and names removed once more, nothing in them that JSON cannot say."""
    return [
        {
            "check": finding.check,
            "verdict": finding.verdict,
            "summary": whole(finding.summary),
            "evidence": {name: _value(value) for name, value in finding.evidence.items()},
            "outcomes": [list(outcome) for outcome in finding.outcomes],
            "took_ms": _value(finding.took_ms) or 0.0,
        }
        for finding in kept(findings)
    ]


def findings_of(kept: object) -> tuple[Finding, ...]:
    """Findings that were kept; none, and a line in the log, where another version wrote what this one cannot read."""
    try:
        return _FINDINGS.validate_python(kept)
    except ValidationError as error:
        log.error("findings of another version cannot be read", extra={"reason": error.errors()[0]["msg"]})
        return ()


def _value(value: Value) -> Value:
    match value:
        case str():
            return whole(value)
        case list():
            return [whole(text) for text in value]
        case float() if not isfinite(value):
            return None
        case int() if value.bit_length() > _MOST_BITS:
            return f"a number of {value.bit_length()} bits"
        case _:
            return value


# --- the audit log ---------------------------------------------------------------------------


def use_fields(use: Use) -> dict[str, Any]:
    """A line of the audit log to be kept: each text on one line, bounded. The server is as somebody typed it."""
    return {
        "at": use.at,
        "who": line(use.who),
        "place": line(use.place),
        "command": line(use.command),
        "server": None if use.server is None else line(redact(line(use.server, 2 * LONGEST))),
        "allowed": use.allowed,
    }


def line(text: str, most: int = LONGEST) -> str:
    """What of a text can be printed: no control character, nothing that turns or hides letters."""
    return "".join(islice(filter(str.isprintable, text[: 50 * LONGEST]), most))


# --- the diary -------------------------------------------------------------------------------


def checks_text(run: Run) -> str:
    """The verdicts of a run to be kept, as JSON."""
    return json.dumps({whole(check): verdict for check, verdict in run.checks.items()}, separators=(",", ":"))


def checks_of(kept: str) -> Mapping[str, Verdict] | None:
    """The verdicts of a run that was kept, shared by all runs that say the same; None, and a line in the log, where
    they make no sense here."""
    return _read(_CHECKS, kept, "a run")


def health_text(health: Health) -> str:
    """How a server stands, to be kept, as JSON."""
    return _text(_HEALTH.dump_python(health, mode="json"))


def health_of(kept: str) -> Health | None:
    """How a server stood; None, and a line in the log, where that makes no sense here."""
    return _read(_HEALTH, kept, "how a server stands")


def expiries_text(expiries: Sequence[Expiry]) -> str:
    """What runs out, to be kept, as JSON: the names, which a certificate chose, bounded and without secrets."""
    named = tuple(replace(expiry, name=_name(expiry.name)) for expiry in expiries)
    return _text(_EXPIRIES.dump_python(named, mode="json"))


def expiries_of(kept: str) -> tuple[Expiry, ...]:
    """What was kept of what runs out; nothing, and a line in the log, where it makes no sense here."""
    return _read(_EXPIRIES, kept, "what runs out") or ()


def subscription_fields(subscription: Subscription) -> Any:
    """A subscription to be kept."""
    return whole_values(_SUBSCRIPTION.dump_python(subscription, mode="json"))


def subscription_of(fields: object) -> Subscription | None:
    """A subscription that was kept; None, and a line in the log, where it makes no sense here."""
    return _read(_SUBSCRIPTION, fields, "a subscription")


def quiet_fields(quiet: Quiet) -> dict[str, Any]:
    """A quiet time to be kept."""
    when = {"begins": quiet.begins, "ends": quiet.ends}
    why = redact(quiet.why[: 4 * LONGEST])[:LONGEST]
    return {**when, "scope": quiet.scope[:LONGEST], "who": person(quiet.who), "why": why}


def person(who: str) -> str:
    """The id of a person as the diary keeps it."""
    return whole(who)[:LONGEST]


def whole_values(value: Any) -> Any:
    """What JSON can say, with every text in it as databases take it."""
    match value:
        case dict():
            return {name: whole_values(inner) for name, inner in value.items()}
        case list() | tuple():
            return [whole_values(inner) for inner in value]
        case str():
            return whole(value)
        case _:
            return value


@lru_cache(_KNOWN)
def _name(name: str) -> str:
    return redact(name[: 4 * LONGEST])[:LONGEST]


def _text(fields: Any) -> str:
    return json.dumps(whole_values(fields), separators=(",", ":"))


def _read(noun: TypeAdapter[T], kept: object, what: str) -> T | None:
    """A noun that was kept, as JSON or its fields, by whichever version; None, and a line in the log, for nonsense."""
    try:
        return _from_json(noun, kept) if isinstance(kept, str) else noun.validate_python(kept)
    except ValidationError as error:
        log.error("a line of the diary cannot be read", extra={"line": what, "reason": error.errors()[0]["msg"]})
        return None


@lru_cache(_KNOWN)
def _from_json(noun: TypeAdapter[T], kept: str) -> T:
    return noun.validate_json(kept)
