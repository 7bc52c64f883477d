"""A case as a page for the engineer it is handed to, in Markdown that reads well unrendered too.

What came from logs, chats and servers stands between backticks or fences, where no link, picture or HTML is obeyed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from bot.packet.case import Case, Checked, Turn
from bot.timeline.outline import Outline, OutlinedStop
from bot.times import many
from bot.types import STEP_NAMES

_MOMENTS: Final = 80  # rows of the time line
_VERDICTS: Final = {"ok": "well", "warn": "look", "fail": "FAILED", "unknown": "unknown", "skipped": "skipped"}
_STANDINGS: Final = {"confirmed": "confirmed", "likely": "likely", "possible": "possible", "ruled_out": "ruled out"}
_MARKUP: Final = re.compile(r"([`*_\[\]<>|!#&~$]|\\(?![\w\s]))")
_TICKS: Final = re.compile(r"`+")
_FRACTION: Final = re.compile(r"(?<=:\d\d)\.\d{1,9}")  # of a second
_REDACTED: Final = """\
Challenges, passwords, keys, tokens, SCEP messages and names of persons were replaced by notes in brackets before
anything was kept, and every text was looked at once more when this packet was made. Persons are numbered. Names and
addresses of hosts, file names, thumbprints and serial numbers of certificates are left, for they are what is looked
into. Long texts and lists are cut. The same is in `packet.json` for programs."""

Row = Sequence[str]


def page(case: Case, *, cut: bool) -> str:
    """The whole page. `cut`: some of the case was left out because it is too large."""
    parts: list[Iterable[str]] = [_head(case, cut=cut), _summary(case), _time_line(case)]
    if case.story:
        parts += [_steps(case.story), _first_bad(case.story), _unknown(case.story), _logs(case.story)]
    parts += [_questions(case.questions), _checks(case.servers), _tried(case), _versions(case)]
    lines = [line for part in parts for line in part]
    return "\n".join([*lines, "## How this was redacted", "", _REDACTED, ""])


def _head(case: Case, *, cut: bool) -> Iterator[str]:
    yield f"# Escalation packet: {_plain(_title(case))}"
    yield ""
    yield f"As of {_moment(case.at)}, by ndesbot: certificate enrolment with NDES, SCEP and Microsoft Intune."
    if cut:
        yield "This case is larger than a packet may be: parts of it are left out."
    yield ""


def _title(case: Case) -> str:
    if case.story:
        return case.story.summary
    worst = next((one for one in case.servers if one.verdict == "fail"), None)
    if worst:
        return f"checks of {worst.server} fail"
    titles = [turn.title for turn in case.questions if turn.title]
    return titles[-1] if titles else "certificate enrolment"


# --- in short --------------------------------------------------------------------------------


def _summary(case: Case) -> Iterator[str]:
    yield from ("## Summary", "")
    if case.story:
        yield f"* Logs: {_plain(case.story.summary)}."
        yield from (f"* {_stop_in_short(stop)}" for stop in case.story.stops[:3])
        if case.story.unknown:
            yield f"* Failures that no entry knows: {many(len(case.story.unknown), 'kind')}, see below."
    for server in case.servers:
        causes = [_code(one.cause) for one in server.suspects if one.standing in ("confirmed", "likely")][:3]
        told = f"; causes: {', '.join(causes)}" if causes else ""
        yield f"* Server {_code(server.server)}: {_VERDICTS[server.verdict]} at {_moment(server.at)}{told}."
    if case.questions:
        yield f"* Questions asked: {len(case.questions)}; done about it: {len(case.tried)}."
    yield ""


def _stop_in_short(stop: OutlinedStop) -> str:
    where = f"step {stop.step}, {STEP_NAMES[stop.step - 1]}" if stop.step else "outside the six steps"
    times = many(stop.enrolments, "enrolment") if stop.enrolments else many(stop.lines, "line")
    return f"{_plain(stop.title)} ({where}; {times}), first in {_code(stop.file)}, line {stop.line:,}."


# --- the logs --------------------------------------------------------------------------------


def _time_line(case: Case) -> Iterator[str]:
    moments = sorted({*_of_story(case.story), *_of_people(case)}, key=lambda row: ("T" not in row[0], row))
    if not moments:
        return
    yield from ("## Time line", "", "Times are UTC; a time alone is of a log that gives no date.", "")
    yield from _table(("Time", "What", "Where"), ((_stamp(at), what, where) for at, what, where in moments[:_MOMENTS]))
    if len(moments) > _MOMENTS:
        yield from (f"{len(moments) - _MOMENTS} later moments are left out.", "")


def _of_story(story: Outline | None) -> Iterator[tuple[str, str, str]]:
    if story is None:
        return
    for stop in story.stops:
        if stop.since:
            yield stop.since, f"First: {_plain(stop.title)}", _place(stop.file, stop.line)
        if stop.until and stop.until != stop.since:
            yield stop.until, f"Last: {_plain(stop.title)}", many(stop.lines, "line")
    for one in story.unknown:
        if one.since:
            yield one.since, f"First: {_code(one.template)}", _place(one.file, one.line)


def _of_people(case: Case) -> Iterator[tuple[str, str, str]]:
    for turn in case.questions:
        yield _iso(turn.at), f"{_plain(turn.person)} asked; answered with {_entry(turn)}", "chat"
    for one in case.tried:
        yield _iso(one.at), f"{_plain(one.person)}: {_code(one.command)}", _code(one.server)
    for server in case.servers:
        for stood in server.past:
            yield _iso(stood.at), f"Checks: {_VERDICTS[stood.verdict]}", _code(server.server)


def _steps(story: Outline) -> Iterator[str]:
    yield from ("## Steps reached", "")
    many = f"{'at least ' * story.at_least}{story.enrolments:,}"
    reached = dict(story.reached)
    proven = (f"{reached[step]:,} of {many}" if step in reached else "not seen" for step in range(1, 7))
    yield from _table(("Step", "Proven for"), ((f"{i}. {STEP_NAMES[i - 1]}", one) for i, one in enumerate(proven, 1)))
    yield from ("What no log shows is not missing: a step is only proven where a log of it is here.", "")


def _first_bad(story: Outline) -> Iterator[str]:
    if not story.stops:
        return
    yield from ("## First bad lines", "")
    for number, stop in enumerate(story.stops, 1):
        yield f"### {number}. {_plain(stop.title)}"
        yield ""
        yield f"* First bad line: {_place(stop.file, stop.line)}"
        yield f"* Entry: {_code(stop.entry) if stop.entry else 'none'}, confidence {stop.confidence:.2f}"
        counts = (stop.lines, "line"), (stop.enrolments, "enrolment"), (stop.devices, "device")
        yield f"* How often: {', '.join(many(*one) for one in counts)}"
        if stop.since:
            yield f"* From {_stamp(stop.since)} to {_stamp(stop.until)}"
        yield from (f"* Step {proof.step} proven: {_place(proof.file, proof.line)}" for proof in stop.proven)
        yield from (f"* Also: {_plain(sign.title)}, {_place(sign.file, sign.line)}" for sign in stop.beside)
        yield ""
        for text in dict.fromkeys((stop.text, stop.telling)):
            yield from _fenced(text)


def _unknown(story: Outline) -> Iterator[str]:
    if not story.unknown:
        return
    yield from ("## Failures that no entry knows", "", "`<*>` stands for what varies.", "")
    rows = ((f"{one.lines:,}", _place(one.file, one.line), _code(one.template)) for one in story.unknown)
    yield from _table(("Lines", "First", "Shape"), rows)


def _logs(story: Outline) -> Iterator[str]:
    yield from ("## Logs", "")
    rows = (
        (_code(log.name), _plain(log.title), f"{log.lines:,}", _stamp(log.first), _stamp(log.last), _plain(log.clock))
        for log in story.logs
    )
    yield from _table(("File", "What it is", "Lines", "From", "To", "Clock"), rows)
    if story.notes:
        yield from (*(f"* {_code(note)}" for note in story.notes), "")


# --- the chat and the servers ----------------------------------------------------------------


def _questions(turns: Sequence[Turn]) -> Iterator[str]:
    if not turns:
        return
    yield from ("## Questions and answers", "")
    for turn in turns:
        said = f"; helped {turn.helped}, did not help {turn.not_helped}" if turn.helped or turn.not_helped else ""
        yield f"{_moment(turn.at)}, {_plain(turn.person)}, answered with {_entry(turn)}{said}:"
        yield ""
        yield from _fenced(turn.text)


def _entry(turn: Turn) -> str:
    if turn.entry is None:
        return "no entry"
    return f"{_code(turn.entry)} ({_plain(turn.title)})" if turn.title else _code(turn.entry)


def _checks(servers: Sequence[Checked]) -> Iterator[str]:
    for one in servers:
        known = {"front": one.front, "policy module": one.module, "connector": one.connector or "not known"}
        yield f"## Checks of {_code(one.server)}"
        yield ""
        yield f"Asked at {_code(one.url)}; {', '.join(f'{name}: {_plain(said)}' for name, said in known.items())}."
        yield f"Last run: {_moment(one.at)}, {_VERDICTS[one.verdict]}."
        yield ""
        rows = ((_code(f.check), _VERDICTS[f.verdict], _plain(f.summary), f"{f.took_ms:.0f}") for f in one.findings)
        yield from _table(("Check", "Verdict", "Found", "ms"), rows)
        raw = [(_code(f.check), _code(name), _value(said)) for f in one.findings for name, said in f.evidence.items()]
        if raw:
            yield from ("### What was seen", "")
            yield from _table(("Check", "Name", "Value"), raw)
        if one.suspects:
            yield from ("### Causes", "")
            causes = (
                (_code(s.cause), _STANDINGS[s.standing], _code(s.entry), _plain(s.why), _code(s.command or ""))
                for s in one.suspects
            )
            yield from _table(("Cause", "Standing", "Entry", "Why", "Command that settles it"), causes)


def _tried(case: Case) -> Iterator[str]:
    if not case.tried:
        return
    yield from ("## What was tried", "", "`fixed` is a look at what had failed, after somebody said it is mended.", "")
    rows = ((_moment(one.at), _plain(one.person), _code(one.command), _code(one.server)) for one in case.tried)
    yield from _table(("Time", "Who", "What", "Server"), rows)


def _versions(case: Case) -> Iterator[str]:
    if case.versions:
        yield from ("## Versions", "")
        yield from _table(("What", "Version"), ((_plain(name), _code(said)) for name, said in case.versions.items()))


# --- Markdown --------------------------------------------------------------------------------


def _table(names: Row, rows: Iterable[Row]) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def _code(text: str) -> str:
    """Foreign words in a line: between more backticks than stand in them. In a table a bar would end the cell."""
    said = _one_line(text).replace("|", "\\|")
    if not said:
        return "–"
    ticks = "`" * (1 + max((len(run) for run in _TICKS.findall(said)), default=0))
    gap = " " if said.startswith("`") or said.endswith("`") else ""
    return f"{ticks}{gap}{said}{gap}{ticks}"


def _fenced(text: str) -> Iterator[str]:
    """Foreign lines: between fences longer than any in them."""
    lines = [_one_line(line) for line in text.splitlines()]
    if any(lines):
        ticks = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(text)), default=0))
        yield from (f"{ticks}text", *lines, ticks, "")


def _plain(text: str) -> str:
    """Words in a sentence, with nothing in them that means something in Markdown or HTML."""
    return _MARKUP.sub(r"\\\1", _one_line(text))


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _value(said: object) -> str:
    return ", ".join(map(_value, said)) if isinstance(said, list) else _code("" if said is None else str(said))


def _place(file: str, line: int) -> str:
    return f"{_code(file)}, line {line:,}"


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _stamp(iso: str) -> str:
    """A time as logs told it, for a person: 2026-05-14 10:41:07; nothing where there is none."""
    return _plain(_FRACTION.sub("", iso).removesuffix("+00:00").replace("T", " ")) or "–"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
