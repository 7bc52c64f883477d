"""What scripts read: a diagnosis, an entry, a report as one JSON document. Shapes are promised: add, never change."""

from dataclasses import asdict
from typing import Any

from bot.answer import Diagnosis
from bot.findings import Report
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
    }


def _first_bad(ranked: list[tuple[str, Diagnosis, Match]]) -> dict[str, Any] | None:
    if not ranked:
        return None
    name, diagnosis, best = ranked[0]
    if best.entry.kind != "problem" or best.confidence < 0.5 or not best.because:
        return None
    at = min(evidence.start for evidence in best.because)
    return {"file": name, "line": diagnosis.text.count("\n", 0, at) + 1}


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
