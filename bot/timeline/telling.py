"""The story of a set of logs in words: where the enrolments stop, since when, how sure that is, and what to do."""

from collections.abc import Sequence
from dataclasses import replace

from bot.answer import Diagnosis, compose, diagnose
from bot.timeline.lines import moment
from bot.timeline.story import LogFile, Stop, Story
from bot.timeline.templates import Unknown
from bot.times import many
from bot.types import STEP_NAMES, Answer, Block, Caution, Choices, Facts, Fold, Heading, Text, Tone
from knowledge.codes import Codes
from knowledge.library import Library, Match

_SHOWN = 12  # files, steps or stops that are named; the rest is counted
_KINDS = 8  # kinds of unknown failures that are shown
_SIGNS = 3  # names for the same outage in other logs
_LONGEST = 300  # characters of one


def tell(story: Story, *, library: Library, codes: Codes, notes: Sequence[str] = ()) -> Answer:
    """The answer to a set of logs. `notes` are what could not be read, and why."""
    logs = Fold("The logs", many(len(story.files), "file"), (Facts(_files(story.files)),))
    left_out = tuple(Caution(note) for note in notes[:_SHOWN])
    if not story.stops:
        tone: Tone = "unknown" if story.unknown else "success" if story.enrolments else "info"
        told = (*_faint(story), *_unknown(story, shown=True), *_passed(story), logs, *left_out)
        return Answer(summary(story), tone, told)
    first, *others = story.stops
    page = compose(_diagnosed(first, library), library=library, codes=codes)
    blocks: list[Block] = [Facts(_where(first, story.files)), *_beside(first), *left_out]
    blocks += [Heading(page.title, page.tone), *page.blocks]
    if others:
        rows = tuple((_told(stop), f"first in {stop.first.file}, line {stop.first.line:,}") for stop in others[:_SHOWN])
        blocks.append(Fold("Also in these logs", many(len(others), "other failure"), (Facts(rows),)))
    blocks += [*_unknown(story), *_passed(story), logs]
    return Answer(summary(story), page.tone, tuple(blocks), page.about)


def _diagnosed(stop: Stop, library: Library) -> Diagnosis:
    """What the telling line means, as surely as all lines together say it."""
    diagnosis = diagnose(stop.telling or stop.text, library=library)
    known = stop.verdict

    def raised(match: Match) -> Match:
        return replace(match, confidence=max(match.confidence, known.confidence))

    matches = (raised(match) if match.entry.id == known.entry else match for match in diagnosis.matches)
    return replace(diagnosis, matches=tuple(sorted(matches, key=lambda match: -match.confidence)))


def _beside(stop: Stop) -> list[Block]:
    if not stop.beside:
        return []
    signs = tuple(
        (f"{entry.title} ({place.file}, line {place.line:,})", f"explain {entry.id}")
        for entry, place in stop.beside[:_SIGNS]
    )
    return [Choices("Other logs tell of the same outage, and may name what is behind it:", signs)]


def summary(story: Story) -> str:
    """One line: `212 of 214 enrolments stop at step 3 since 10:41:07`, or that nothing went wrong."""
    if not story.stops:
        return _all_well(story)
    first = story.stops[0]
    since = f" since {first.since:%H:%M:%S}" if first.since else ""
    where = f"at step {first.step}" if first.step else "outside the six steps"
    if not first.enrolments:
        return f"{many(first.lines, 'bad line')} {where}{since}"
    stop = "stop" if first.enrolments > 1 else "stops"
    return f"{first.enrolments:,} of {_enrolments(story)} {stop} {where}{since}"


def _where(stop: Stop, files: Sequence[LogFile]) -> tuple[tuple[str, str], ...]:
    rows = [("First bad line", f"{stop.first.file}, line {stop.first.line:,}")]
    if stop.step:
        rows.insert(0, ("Stops at", f"step {stop.step}, {STEP_NAMES[stop.step - 1]}"))
    if stop.since and stop.until:
        clock = next((file.clock for file in files if file.name == stop.first.file), None)
        zone = "UTC" if clock is None or clock.is_known else "by the clock of that log"
        rows.append(("From, to", f"{moment(stop.since)} to {moment(stop.until)} {zone}"))
    bad = many(stop.lines, "bad line")
    rows.append(("How often", f"{bad}, {many(stop.devices, 'device')}" if stop.devices else bad))
    for step, place in stop.proven[:_SHOWN]:
        if stop.step is None or step <= stop.step:
            rows.append((f"Step {step} proven", f"{place.file}, line {place.line:,}"))
    return tuple(rows)


def _told(stop: Stop) -> str:
    title = stop.verdict.match.entry.title if stop.verdict.match else "A failure that is not known"
    times = many(stop.enrolments, "enrolment") if stop.enrolments else many(stop.lines, "line")
    return f"{title} ({times})"


def _passed(story: Story) -> list[Block]:
    if not story.enrolments:
        return []
    at_least = "at least " if story.at_least else ""
    rows = tuple(
        (f"Step {step}, {STEP_NAMES[step - 1]}", f"{at_least}{count:,} of {at_least}{len(story.enrolments):,} proven")
        for step, count in sorted(story.reached.items())
    )
    return [Fold("The time line", _enrolments(story), (Facts(rows),))] if rows else []


def _unknown(story: Story, *, shown: bool = False) -> list[Block]:
    """What looks like a failure and is in no entry, and how an entry is begun with it."""
    if not story.unknown:
        return []
    rows = [(_seen(one), one.template[:_LONGEST]) for one in story.unknown[:_KINDS]]
    rest = sum(one.lines for one in story.unknown[_KINDS:]) + story.beyond
    if rest:
        rows.append(("and", f"{many(rest, 'more line')} of other kinds"))
    drafted = Text("`ndesbot knowledge draft FILE` begins an entry with them, for whoever looks after the knowledge.")
    hint = f"{many(len(story.unknown), 'kind')} in {many(_unknown_lines(story), 'line')}"
    return [Fold("Failures that no entry knows", hint, (Facts(tuple(rows)), drafted), open=shown)]


def _faint(story: Story) -> list[Block]:
    if not story.faint:
        return []
    question = "Scanners leave such lines on every server; they count only if devices cannot connect:"
    options = ((f"{entry.title} ({many(lines, 'line')})", f"explain {entry.id}") for entry, lines in story.faint)
    return [Choices(question, tuple(options))]


def _seen(unknown: Unknown) -> str:
    place = f"{many(unknown.lines, 'line')}, first in {unknown.first.file}, line {unknown.first.line:,}"
    return f"{place}, and {many(unknown.files - 1, 'more file')}" if unknown.files > 1 else place


def _unknown_lines(story: Story) -> int:
    return sum(one.lines for one in story.unknown) + story.beyond


def _enrolments(story: Story) -> str:
    """How many there are, or how many at least where a log was too long to follow all that went well."""
    return f"{'at least ' * story.at_least}{many(len(story.enrolments), 'enrolment')}"


def _all_well(story: Story) -> str:
    lines = sum(file.lines for file in story.files)
    if story.unknown:
        return f"No failure that is known, but {many(_unknown_lines(story), 'line')} that may tell of one"
    if story.enrolments:
        return f"Nothing went wrong in {_enrolments(story)} and {many(lines, 'line')}"
    return f"No failure of enrolment in {many(lines, 'line')}"


def _files(files: Sequence[LogFile]) -> tuple[tuple[str, str], ...]:
    rows = [(file.name, _file(file)) for file in files[:_SHOWN]]
    if len(files) > _SHOWN:
        rows.append(("and", many(len(files) - _SHOWN, "more file")))
    return tuple(rows)


def _file(file: LogFile) -> str:
    told = [file.title, many(file.lines, "line")]
    if file.first and file.last and file.clock:
        told += [f"{moment(file.first)} to {moment(file.last)}", file.clock.words]
    return ", ".join(told)
