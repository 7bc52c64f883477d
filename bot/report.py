"""A run of checks in words: while it fills in, when it is done, and after somebody fixed something."""

from collections.abc import Sequence
from datetime import timedelta

from bot.answer import cause_page
from bot.errands import NO_RUNNER
from bot.findings import Finding, Report, Server, Standing, Suspect, Verdict
from bot.placeholders import filled, names_of
from bot.times import many
from bot.types import Answer, Block, Choices, Facts, Fold, Steps, Text, Tone
from knowledge.library import Library
from knowledge.schema import Cause

WORDS: dict[Verdict, str] = {"ok": "well", "warn": "look", "fail": "FAILED", "unknown": "unknown", "skipped": "skipped"}
"""The word a person reads for each verdict; no colour or sign stands alone."""
_TONES: dict[Verdict, Tone] = {"ok": "success", "warn": "unsure", "fail": "problem", "unknown": "unknown"}
_STANDINGS: dict[Standing, str] = {
    "confirmed": "Confirmed",
    "likely": "Likely",
    "possible": "Possible",
    "ruled_out": "Ruled out",
}
_SHOWN = 6  # suspects with a fold of their own; more would bury the first


def so_far(server: Server, findings: Sequence[Finding], total: int) -> Answer:
    """The live list of a run under way."""
    stop = Choices("Takes too long?", (("Stop", f"cancel {server.name}"),))
    return Answer(f"Checking {server.name}: {len(findings)} of {total}", "info", (Facts(_rows(findings)), stop))


def told(report: Report, library: Library) -> Answer:
    """The verdict, the causes with their evidence and fixes, and every check."""
    if report.findings and all(finding.evidence.get("trouble") == NO_RUNNER for finding in report.findings):
        return _nobody_looked(report)
    shown = [suspect for suspect in report.suspects if suspect.visible and suspect.standing in ("confirmed", "likely")]
    weaker = [suspect for suspect in report.suspects if suspect.visible and suspect.standing == "possible"]
    hidden = [suspect for suspect in report.suspects if not suspect.visible and suspect.standing != "ruled_out"]
    blocks: list[Block] = [Text(_sum(report))]
    blocks += [_suspect(suspect, library, first=i == 0) for i, suspect in enumerate(shown[:_SHOWN])]
    if report.splits and len(shown) > 1:
        blocks.append(Text("One command on the server tells the likely ones apart:"))
        blocks.append(Steps((_code(report.splits),)))
    rest = [*shown[_SHOWN:], *weaker]
    if rest and report.verdict != "ok":
        blocks.append(_list("Also possible", rest, library))
    if hidden:
        blocks.append(_commands(hidden, library))
    gone = [suspect for suspect in report.suspects if suspect.standing == "ruled_out"]
    if gone and report.verdict != "ok":
        blocks.append(_list("Ruled out", gone, library))
    blocks.append(_checks(report))
    blocks.append(Choices("Next", _choices(report)))
    return Answer(
        _title(report, shown, library),
        _TONES[report.verdict],
        filled(tuple(blocks), names_of(report.server)),
    )


def _nobody_looked(report: Report) -> Answer:
    """Nothing is known: to list every cause as possible would bury why."""
    server = report.server
    return Answer(
        f"{server.name}: unknown, for nobody looked",
        "unknown",
        (
            Text(report.findings[0].summary),
            Text(f"Whoever runs the bot sees to it that a worker of site {server.site} is up and its token is good."),
            Choices("Next", (("Check again", f"check {server.name}"),)),
        ),
    )


def after_fix(before: Sequence[Finding], report: Report, passed: timedelta, library: Library) -> Answer:
    """What failed before and how it stands now; `passed` is the time since the first question."""
    old = {finding.check: finding for finding in before}
    rows = tuple(
        (finding.check, f"{WORDS[old[finding.check].verdict]} → {WORDS[finding.verdict]}: {finding.summary}")
        for finding in report.findings
        if finding.check in old
    )
    mended = all(finding.verdict in ("ok", "skipped") for finding in report.findings)
    minutes = int(passed.total_seconds() // 60)
    after = f"{minutes} min after the first question" if minutes else "less than a minute after the first question"
    title = f"{report.server.name}: mended, {after}" if mended else f"{report.server.name}: not mended yet"
    full = told(report, library)
    return Answer(title, "success" if mended else full.tone, (Facts(rows), *(() if mended else full.blocks)))


def changes(report: Report, good: Sequence[Finding]) -> Answer:
    """What differs from the last good run."""
    old = {finding.check: finding for finding in good}
    rows = tuple(
        (finding.check, f"{old[finding.check].summary} → {finding.summary}")
        for finding in report.findings
        if finding.check in old
        and (finding.verdict, finding.outcomes) != (old[finding.check].verdict, old[finding.check].outcomes)
    )
    if not rows:
        return Answer(f"{report.server.name}: as in the last good run", "success", (Text("No check differs."),))
    return Answer(
        f"{report.server.name}: {many(len(rows), 'difference')} from the last good run", "unsure", (Facts(rows),)
    )


def _title(report: Report, shown: Sequence[Suspect], library: Library) -> str:
    name = report.server.name
    if report.verdict == "ok":
        return f"{name}: all that can be seen from here is well"
    if shown and shown[0].standing == "confirmed":
        return f"{name}: {_name(shown[0], library)}"
    if shown:
        more = f" (or {many(len(shown) - 1, 'other')})" if len(shown) > 1 else ""
        return f"{name}: likely {_lower(_name(shown[0], library))}{more}"
    bad = sum(finding.verdict == "fail" for finding in report.findings)
    return f"{name}: {many(bad, 'check')} failed" if bad else f"{name}: something to look at"


def _lower(title: str) -> str:
    """A title within a sentence; names written in capitals stay."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def _sum(report: Report) -> str:
    counts = [
        f"{n} {WORDS[verdict]}"
        for verdict in ("fail", "warn", "unknown", "ok", "skipped")
        if (n := sum(finding.verdict == verdict for finding in report.findings))
    ]
    return f"{', '.join(counts)}. {report.requests} requests, {report.took_ms / 1000:.1f} s."


def _suspect(suspect: Suspect, library: Library, *, first: bool) -> Fold:
    blocks: list[Block] = [Text(suspect.why)] if suspect.why else []
    if suspect.command:
        blocks += [
            Text("What the network cannot see, this command on the server tells:"),
            Steps((_code(suspect.command),)),
        ]
    if cause := _cause_of(suspect, library):
        blocks += cause_page(cause)
    blocks.append(Choices("The whole page", ((_name(suspect, library), f"explain {suspect.entry}"),)))
    return Fold(_name(suspect, library), _STANDINGS[suspect.standing], tuple(blocks), open=first)


def _list(title: str, suspects: Sequence[Suspect], library: Library) -> Fold:
    rows = tuple((_name(suspect, library), suspect.why or "Nothing speaks for it yet.") for suspect in suspects)
    return Fold(title, str(len(rows)), (Facts(rows),))


def _commands(hidden: Sequence[Suspect], library: Library) -> Fold:
    """What no look from here can show, with the command that does."""
    rows = tuple((_name(suspect, library), _code(suspect.command or "")) for suspect in hidden)
    return Fold("Not visible from here", f"{len(rows)}, each with its command for the server", (Facts(rows),))


def _checks(report: Report) -> Fold:
    return Fold("Every check", str(len(report.findings)), (Facts(_rows(report.findings)),))


def _rows(findings: Sequence[Finding]) -> tuple[tuple[str, str], ...]:
    return tuple((finding.check, f"{WORDS[finding.verdict]}: {finding.summary}") for finding in findings)


def _choices(report: Report) -> tuple[tuple[str, str], ...]:
    name = report.server.name
    fixed = (("I fixed it", f"fixed {name}"),) if report.verdict in ("fail", "warn") else ()
    return (*fixed, ("Check again", f"check {name}"), ("What changed", f"changed {name}"))


def _cause_of(suspect: Suspect, library: Library) -> Cause | None:
    entry = library.entries.get(suspect.entry)
    return next((cause for cause in entry.causes if cause.id == suspect.cause), None) if entry else None


def _name(suspect: Suspect, library: Library) -> str:
    if cause := _cause_of(suspect, library):
        return cause.summary
    entry = library.entries.get(suspect.entry)
    return entry.title if entry else suspect.cause.replace("-", " ")


def _code(command: str) -> str:
    return f"`{command}`"
