"""A look that another place takes: what its worker is told, and what it says, which nobody has to believe."""

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from bot.errors import BadRequest
from bot.findings import Finding, Past, Server
from bot.keeping import kept
from bot.looking import Seen
from bot.ports import Check, Said

LARGEST_BUNDLE: Final = 512 * 1024
"""Bytes of a GetCACert body that a worker may return; the wire reads half of it at most."""
NO_RUNNER: Final = "no-runner"
"""The trouble of checks that no worker made."""
_MOST_REQUESTS: Final = 1000
_LONGEST: Final = 4000  # characters of a text in a finding

_SERVER: Final = TypeAdapter(Server)
_FINDINGS: Final = TypeAdapter(tuple[Finding, ...])
_TIME: Final = TypeAdapter(datetime)


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is to do: ask a server these checks. `allow` are the private ranges that it may reach."""

    server: Server
    checks: tuple[str, ...]
    past: Past
    allow: tuple[str, ...]

    def said(self) -> Said:
        """The order in JSON."""
        return {
            "server": _SERVER.dump_python(self.server, mode="json"),
            "checks": list(self.checks),
            "past": _past_said(self.past),
            "allow": list(self.allow),
        }


def order_of(said: Said) -> Order:
    """An order that came over the net. Raises `BadRequest` for what is none."""
    try:
        server = _SERVER.validate_python(said["server"])
        checks = tuple(str(name) for name in said["checks"])
        return Order(server, checks, _past_of(said["past"]), tuple(str(word) for word in said["allow"]))
    except (ValidationError, KeyError, TypeError, ValueError):
        raise BadRequest(
            "The bot sent an order that this worker does not understand; are their versions alike?"
        ) from None


def seen_said(seen: Seen) -> Said:
    """What a worker saw, in JSON."""
    return {
        "findings": _FINDINGS.dump_python(seen.findings, mode="json"),
        "good": _past_said(seen.good) if seen.good else None,
        "requests": seen.requests,
        "took_ms": seen.took_ms,
    }


def seen_of(said: Said, order: Order, now: datetime) -> Seen:
    """What a worker says it saw, as far as it was asked: no check but those, texts bounded and redacted, the time
    ours. Raises `BadRequest` for what is no answer to the order."""
    try:
        findings = _FINDINGS.validate_python(said["findings"])
        if sorted(finding.check for finding in findings) != sorted(order.checks):
            raise ValueError
        good = _past_of(said["good"]) if said["good"] else None
        requests, took = int(said["requests"]), float(said["took_ms"])
    except (ValidationError, KeyError, TypeError, ValueError, OverflowError):
        raise BadRequest("The worker's answer is none to what it was asked.") from None
    told = kept([_bounded(finding) for finding in findings])
    in_order = tuple(sorted(told, key=lambda finding: order.checks.index(finding.check)))
    good = replace(good, at=now, findings=in_order) if good else None
    return Seen(in_order, good, min(max(requests, 0), _MOST_REQUESTS), took if 0 <= took < 1e9 else 0.0)


def unseen(server: Server, checks: Collection[Check], why: str) -> Seen:
    """What there is to say where nobody looked."""
    findings = tuple(Finding(check.id, "unknown", why, {"trouble": NO_RUNNER, "site": server.site}) for check in checks)
    return Seen(findings, None, 0, 0.0)


def _bounded(finding: Finding) -> Finding:
    evidence = {name[:100]: _short(value) for name, value in list(finding.evidence.items())[:100]}
    return replace(finding, summary=finding.summary[:_LONGEST], evidence=evidence)


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_LONGEST]
    return [text[:_LONGEST] for text in value[:200]] if isinstance(value, list) else value


def _past_said(past: Past) -> Said:
    return {
        "at": past.at.isoformat() if past.at else None,
        "bundle": base64.b64encode(past.bundle).decode() if past.bundle else None,
        "tls": past.tls,
        "findings": _FINDINGS.dump_python(past.findings, mode="json"),
    }


def _past_of(said: Said) -> Past:
    at = _TIME.validate_python(said["at"]) if said["at"] else None
    if at is not None and at.tzinfo is None:
        raise ValueError
    try:
        bundle = base64.b64decode(said["bundle"], validate=True) if said["bundle"] else None
    except binascii.Error:
        raise ValueError from None
    if bundle and len(bundle) > LARGEST_BUNDLE:
        raise ValueError
    tls = said["tls"]
    if tls is not None and (not isinstance(tls, str) or len(tls) > 128):
        raise ValueError
    return Past(at, bundle, tls, _FINDINGS.validate_python(said["findings"]))
