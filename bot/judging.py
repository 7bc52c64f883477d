"""What a look at a server means: the verdict, and the causes it confirms or rules out."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from bot.findings import Finding, Report, Server, Suspect, Verdict
from bot.looking import BASE, Seen
from knowledge.causes import Causes, Ranked

CHECKS_OF: Final[dict[str, tuple[str, ...]]] = {
    "dns": ("names",),
    "tcp": ("tcp",),
    "tls": ("tls", "tls-legacy"),
    "tls_cert": ("tls-verify", "tls-internal-name"),
    "tls_baseline": ("tls-changed",),
    "base": ("scep-base",),
    "ap_error": ("front",),
    "caps": ("scep-caps",),
    "ra": ("ra-certificates",),
    "ra_revoked": ("ra-revoked",),
    "crl_base": ("crl-base",),
    "crl_delta": ("crl-delta",),
    "crl_root": ("crl-root",),
    "url_2300": ("url-length",),
    "url_5000": ("url-length",),
    "url_17500": ("url-length",),
    "url_31000": ("url-length",),
    "post_64k": ("post-size",),
    "admin": ("admin",),
    "crp": ("crp",),
    "poll": ("scep-poll",),
    "request": ("scep-request",),
}
"""Which checks fill which column of the weights."""


def judged(server: Server, at: datetime, seen: Seen, causes: Causes) -> Report:
    """The report of a look."""
    ranked = _ranked(seen.findings, server, causes)
    told = {column: finding for finding in seen.findings for column, _ in finding.outcomes}
    suspects = tuple(_suspect(item, told) for item in ranked)
    splits = causes.splitting(ranked) if ranked else None
    verdict = verdict_of(seen.findings)
    return Report(server, at, verdict, seen.findings, suspects, seen.requests, seen.took_ms, splits)


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """The worst that was found; `unknown` where nothing could be told, or not what the SCEP URL answers."""
    seen = list(findings)
    verdicts = {finding.verdict for finding in seen}
    if "fail" in verdicts:
        return "fail"
    if any(finding.check == BASE and finding.verdict == "unknown" for finding in seen):
        return "unknown"
    if "warn" in verdicts:
        return "warn"
    return "ok" if "ok" in verdicts else "unknown"


def _ranked(findings: Sequence[Finding], server: Server, causes: Causes) -> tuple[Ranked, ...]:
    """The causes, best first. RA certificates that are only remembered are weighed, but settle nothing:
    they may have been renewed since. A CRL is read anew, wherever its address comes from."""
    outcomes = [outcome for finding in findings for outcome in finding.outcomes]
    remembered = (
        {"ra"} if any(f.check == "ra-certificates" and f.evidence.get("from_memory") for f in findings) else set()
    )
    asked = {column for column, _ in outcomes} - remembered
    return causes.rank(
        outcomes, front=server.front, module=server.module, connector=server.connector, asked_columns=asked
    )


def _suspect(item: Ranked, told: dict[str, Finding]) -> Suspect:
    seen = item.against if item.standing == "ruled_out" else item.why
    reasons = dict.fromkeys(told[column].summary for column, _ in seen if column in told)
    why = " ".join(reasons) if reasons else ("" if item.visible else "Not visible from here.")
    return Suspect(item.cause, item.entry, item.standing, why, item.command, item.visible)
