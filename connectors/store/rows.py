"""The nouns as a database keeps them, and back: without secrets, and readable by the versions before and after."""

import logging
from collections.abc import Mapping, Sequence
from itertools import islice
from math import isfinite
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from bot.errors import BadRequest
from bot.findings import Finding, Server, Thresholds, Value
from bot.keeping import kept
from bot.ports import Use
from bot.redaction import redact
from bot.servers import as_fields, server_from
from connectors.store.tables import whole

LONGEST: Final = 200
"""Characters of one text in the audit log."""
_MOST_BITS: Final = 1024  # of a number: Python refuses to print and read those of thousands of digits
_FINDINGS: Final = TypeAdapter(tuple[Finding, ...])

log = logging.getLogger(__name__)


# --- servers ---------------------------------------------------------------------------------


def server_fields(server: Server) -> dict[str, Any]:
    """A server to be kept. Raises `BadRequest` for one that could not be read back."""
    fields = as_fields(server)
    server_from(fields)
    return fields


def server_of(fields: Mapping[str, Any]) -> Server | None:
    """A server that was kept, by whichever version: what this one does not know is left out.

    None, and a line in the log, for one that makes no sense here: it must not cost the others.
    """
    known = _known(fields, Server)
    if isinstance(thresholds := known.get("thresholds"), Mapping):
        known["thresholds"] = _known(thresholds, Thresholds)
    try:
        return server_from(known)
    except BadRequest as error:
        log.error("a registered server cannot be read", extra={"server": fields.get("name"), "reason": str(error)})
        return None


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
        "who": _line(use.who),
        "place": _line(use.place),
        "command": _line(use.command),
        "server": None if use.server is None else _line(redact(_line(use.server, 2 * LONGEST))),
        "allowed": use.allowed,
    }


def _line(text: str, most: int = LONGEST) -> str:
    """What of a text can be printed: no control character, nothing that turns or hides letters."""
    return "".join(islice(filter(str.isprintable, text[: 50 * LONGEST]), most))
