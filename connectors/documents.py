"""What scripts read: a diagnosis, an entry, a report as one JSON document. Shapes are promised: add, never change."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bot.answer import Diagnosis, diagnose
from bot.enclosed import Standing
from bot.findings import Report
from bot.timeline import LogFile, Recipient, Stop, Story, Unknown, iso_of
from bot.timeline.joining import Enrolment
from connectors.surveying import Surveyed
from knowledge.codes import Codes
from knowledge.library import Library, Match


def match(found: Match) -> dict[str, Any]:
    """One match: the entry's id, the confidence from 0 to 1, and the words that decided."""
    because = [{"quote": e.quote, "start": e.start, "end": e.end} for e in found.because]
    return {"entry": found.entry.id, "confidence": found.confidence, "because": because}


def diagnoses(found: list[tuple[str, Diagnosis]]) -> dict[str, Any]:
    """The diagnoses of named texts as one: the best match of each entry over all of them."""
    best: dict[str, tuple[str, Diagnosis, Match]] = {}
    for name, diagnosis in found:
        for one in diagnosis.matches:
            if one.entry.id not in best or one.confidence > best[one.entry.id][2].confidence:
                best[one.entry.id] = name, diagnosis, one
    ranked = sorted(best.values(), key=lambda item: -item[2].confidence)
    details = [
        {**match(m), "title": m.entry.title, "kind": m.entry.kind, "step": m.entry.step, "file": name}
        for name, _, m in ranked
    ]
    return {
        "silent": all(diagnosis.silent for _, diagnosis in found),
        "matches": details,
        "step": ranked[0][1].step if ranked else None,
        "first_bad": _first_bad(ranked),
        "files": [{"path": name, "kind": d.reading.log, "lines": len(d.text.splitlines())} for name, d in found],
        "enrolments": [],
        "unknown": [],
    }


def _first_bad(ranked: list[tuple[str, Diagnosis, Match]]) -> dict[str, Any] | None:
    if not ranked:
        return None
    name, diagnosis, best = ranked[0]
    if best.entry.kind != "problem" or best.confidence < 0.5 or not best.because:
        return None
    at = min(evidence.start for evidence in best.because)
    return {"file": name, "line": diagnosis.text.count("\n", 0, at) + 1}


MOST_ENROLMENTS = 5_000
"""Enrolments of one document, those that stopped first."""


def story(
    surveyed: Surveyed, library: Library, recipients: Sequence[tuple[Recipient, Standing]] = ()
) -> dict[str, Any]:
    """The story of a set of logs, in the shape of `diagnoses`; spans are of the line named, as its reader told it.

    `at_least`: a log was too long to follow all that went well, so the enrolments, and the `of` of every stop, may be
    more. `unknown` are lines that look like failures and match no entry, `unknown_beyond` further ones, uncounted by
    kind. `recipients` are the certificates that logged requests are encrypted to, and how they stand to the servers.
    """
    told = surveyed.story
    first = told.stops[0] if told.stops else None
    enrolments = sorted(enumerate(told.enrolments, 1), key=lambda one: one[1].failure is None)
    return {
        "silent": False,
        "matches": [found for stop in told.stops if (found := _match_of(stop, library))],
        "step": first.step if first else None,
        "first_bad": {"file": first.first.file, "line": first.first.line} if first else None,
        "files": [_file(file) for file in told.files],
        "enrolments": [_enrolment(number, one) for number, one in enrolments[:MOST_ENROLMENTS]],
        "stops": [_stop(stop, told) for stop in told.stops],
        "unknown": [_unknown(one) for one in told.unknown],
        "unknown_beyond": told.beyond,
        "at_least": told.at_least,
        "recipients": [_recipient(one, standing) for one, standing in recipients],
        "notes": list(surveyed.notes),
    }


def _recipient(one: Recipient, standing: Standing) -> dict[str, Any]:
    return {
        "issuer": one.name.issuer,
        "serial": one.name.serial,
        "requests": one.requests,
        "since": iso_of(one.since) or None,
        "until": iso_of(one.until) or None,
        "first": {"file": one.first.file, "line": one.first.line},
        "standing": {"word": standing.word, "said": standing.said, "why": standing.why, "server": standing.server},
    }


def _match_of(stop: Stop, library: Library) -> dict[str, Any] | None:
    """The entry of a stop, with the words of its telling line that decided; secrets are left out of those."""
    if stop.verdict.match is None:
        return None
    entry = stop.verdict.match.entry
    shown = next((m for m in diagnose(stop.telling, library=library).matches if m.entry.id == entry.id), None)
    about = {"title": entry.title, "kind": entry.kind, "step": entry.step, "file": stop.first.file}
    return {**match(shown or Match(entry, stop.verdict.confidence, ())), **about, "line": stop.first.line}


def _file(file: LogFile) -> dict[str, Any]:
    clock = file.clock.words if file.clock else None
    return {"path": file.name, "kind": file.kind, "lines": file.lines, "clock": clock}


def _enrolment(number: int, enrolment: Enrolment) -> dict[str, Any]:
    failure = enrolment.failure
    start = enrolment.marks[0].at
    return {
        "id": str(number),
        "device": enrolment.device or None,
        "start": iso_of(start) or None,
        "steps": enrolment.steps,
        "stopped_at": enrolment.step_of(failure) if failure else None,
    }


def _stop(stop: Stop, told: Story) -> dict[str, Any]:
    return {
        "step": stop.step,
        "entry": stop.verdict.entry or None,
        "enrolments": stop.enrolments,
        "of": len(told.enrolments),
        "devices": stop.devices,
        "lines": stop.lines,
        "since": iso_of(stop.since) or None,
        "until": iso_of(stop.until) or None,
        "first_bad": {"file": stop.first.file, "line": stop.first.line},
    }


def _unknown(one: Unknown) -> dict[str, Any]:
    """Failures that no entry knows: `<*>` in the template is what varies; `count` lines in `files` files."""
    return {
        "template": one.template,
        "count": one.lines,
        "files": one.files,
        "first": {"file": one.first.file, "line": one.first.line},
        "since": iso_of(one.since) or None,
        "until": iso_of(one.until) or None,
    }


def explained(what: str, library: Library, codes: Codes) -> dict[str, Any]:
    """An entry whole, or every meaning of a number and the entries it usually belongs to."""
    if entry := library.entries.get(what.strip().lower()):
        return {"entry": entry.model_dump(mode="json")}
    meanings = [
        {"code": m.code, "symbol": m.symbol, "meaning": m.meaning, "family": m.family} for m in codes.explain(what)
    ]
    return {"code": what, "meanings": meanings, "matches": [match(one) for one in library.match(what)]}


def report(done: Report) -> dict[str, Any]:
    """A run of checks: findings in the order of the catalogue, causes best first."""
    return {
        "target": done.server.name,
        "verdict": done.verdict,
        "findings": [
            {
                "check": finding.check,
                "verdict": finding.verdict,
                "summary": finding.summary,
                "evidence": dict(finding.evidence),
                "took_ms": finding.took_ms,
            }
            for finding in done.findings
        ],
        "causes": [
            {
                "cause": suspect.cause,
                "entry": suspect.entry,
                "standing": suspect.standing,
                "why": suspect.why,
                "visible": suspect.visible,
                "command": suspect.command,
            }
            for suspect in done.suspects
        ],
        "splits": done.splits,
        "requests": done.requests,
        "took_ms": round(done.took_ms, 1),
    }


def server(one: Any) -> dict[str, Any]:
    """A registered server with every field."""
    return asdict(one)
