"""A pasted text becomes a diagnosis, and a diagnosis an answer."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.redaction import Span, is_clean, secrets_near
from bot.times import many
from bot.types import (
    STEP_NAMES,
    Answer,
    Block,
    Caution,
    Choices,
    Facts,
    Fold,
    Heading,
    Piece,
    Quote,
    Sources,
    StepBar,
    Steps,
    Text,
    Tone,
)
from knowledge.codes import FAMILIES, Codes, Meaning
from knowledge.library import CERTAIN, SURE, Evidence, Library, Match
from knowledge.reading import Reading, read
from knowledge.schema import Cause, Certainty, Entry, Kind, Log
from knowledge.sieve import LONG

AREAS = {"enrolment": "Enrolment", "connector": "Certificate connector", "app-proxy": "Application proxy", "pki": "PKI"}

_PLAUSIBLE = 0.5  # from here a match is told as an answer, below as a near miss
_SEVERAL = 3  # problems of one paste that get an answer of their own
_AROUND = 90  # characters of the paste shown around the words that decided
_LONGEST_QUOTE = 900
_LEAST = 3  # letters or digits that a piece of evidence must have to be worth showing
_BARE_WORDS = 3  # fewer words than this beside a number are no context

_LOGS = {
    Log.IIS: "IIS log",
    Log.HTTPERR: "httperr.log",
    Log.BROWSER: "browser",
    Log.NDESPLUGIN: "NDESPlugin.log",
    Log.SVCLOG: "svclog of the connector",
    Log.SETUPMSI: "SetupMsi.log",
    Log.EVENT: "event log",
    Log.CAPI2: "CAPI2 log",
    Log.OMADM: "OMADM log of Android",
    Log.IOS: "console of the iPhone",
    Log.MACOS: "log of macOS",
    Log.JAMF: "Jamf log",
    Log.CERTUTIL: "certutil or certreq",
    Log.SSCEP: "sscep",
    Log.CISCO: "Cisco log",
    Log.POWERSHELL: "PowerShell",
}
_CONNECTORS = {
    "old": "Only with the old connector (Microsoft Intune Connector, svclog files), out of support since 2022",
    "new": "Only with the new Certificate Connector for Microsoft Intune (event log)",
    "none": "NDES without the Intune connector",
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the knowledge says of one text. `silent`: nobody asked and the bot is not sure.

    `reading` is of the beginning of the text only where that is long.
    """

    text: str
    reading: Reading
    matches: tuple[Match, ...]
    silent: bool

    @property
    def step(self) -> int | None:
        """The step (1 to 6) of the best match, if it is worth saying."""
        sure = [match for match in self.matches if match.confidence >= _PLAUSIBLE]
        return sure[0].entry.step if sure else None


def diagnose(text: str, *, library: Library, addressed: bool = True) -> Diagnosis:
    """Match a text with the knowledge. Evidence is cut where a secret begins, and left out where only that is left.

    Never raises.
    """
    reading = read(text[:LONG])
    found = library.match_reading(text, reading) if len(text) <= LONG else library.match(text)
    hidden = secrets_near(text, [(evidence.start, evidence.end) for match in found for evidence in match.because])
    matches = tuple(_without_secrets(match, hidden) for match in found)
    return Diagnosis(text, reading, matches, not addressed and silent_when_overheard(matches, reading))


def silent_when_overheard(matches: Sequence[Match], reading: Reading) -> bool:
    """Whether nobody asked and the bot is not sure enough to speak."""
    needed = SURE if reading.topic else CERTAIN
    return not matches or matches[0].confidence < needed


def _without_secrets(match: Match, hidden: Sequence[Span]) -> Match:
    """A match with what is left of its evidence beside the secrets of the whole text."""
    left = tuple(piece for evidence in match.because for piece in _beside(evidence, hidden))
    # Words may look like a secret only where they stand alone; one look at all of them nearly always settles it.
    if not is_clean("\n".join(piece.quote for piece in left)):
        left = tuple(piece for piece in left if is_clean(piece.quote))
    return Match(match.entry, match.confidence, left)


def _beside(evidence: Evidence, hidden: Sequence[Span]) -> Iterator[Evidence]:
    """The evidence, or its pieces between the secrets."""
    inside = [span for span in hidden if span[0] < evidence.end and evidence.start < span[1]]
    if not inside:
        yield evidence
        return
    starts = [evidence.start, *(end for _, end in inside)]
    ends = [*(start for start, _ in inside), evidence.end]
    for start, end in zip(starts, ends, strict=True):
        words = evidence.quote[max(0, start - evidence.start) : max(0, end - evidence.start)]
        quote = words.strip()
        if sum(map(str.isalnum, quote)) >= _LEAST:
            at = max(start, evidence.start) + len(words) - len(words.lstrip())
            yield Evidence(quote, at, at + len(quote))


# --- the answer ------------------------------------------------------------------------------


def answer_paste(text: str, *, library: Library, codes: Codes, addressed: bool = True) -> Answer | None:
    """The answer to a pasted text; None where the bot keeps silent."""
    if not text.strip():
        return Answer(
            "Paste an error, a log line or an event", "unknown", (Text("There was no text in that message."),)
        )
    diagnosis = diagnose(text, library=library, addressed=addressed)
    if diagnosis.silent:
        return None
    return compose(diagnosis, library=library, codes=codes)


def compose(diagnosis: Diagnosis, *, library: Library, codes: Codes) -> Answer:
    """Put a diagnosis into words: one answer a problem, near misses, or what is not known."""
    matches = diagnosis.matches
    if bare := _bare_number(diagnosis):
        likely = matches or _in_usual_places(bare, library)
        meanings = codes.explain(bare)
        if len(likely) > 1 or (meanings and (not matches or matches[0].confidence < _PLAUSIBLE)):
            return _ambiguous(bare, likely[:2], meanings)
    if not matches or matches[0].confidence < _PLAUSIBLE:
        return _unknown(diagnosis, codes)
    problems, others = _separate(matches)
    first = problems[0]
    blocks: list[Block] = []
    if len(problems) > 1:  # each is told below, but the second may stand far down
        titles = tuple((f"{i} of {len(problems)}", problem.entry.title) for i, problem in enumerate(problems, 1))
        what = "problems" if first.entry.kind is Kind.PROBLEM else "findings"
        blocks += [Text(f"{len(problems)} {what} in this paste, one after the other:"), Facts(titles)]
    blocks += [*_opening(first), *_page(first.entry, diagnosis, first.because)]
    for further in problems[1:]:
        blocks.append(Heading(further.entry.title, _tone(further.entry)))
        blocks += [*_opening(further), *_page(further.entry, diagnosis, further.because)]
    if others:
        blocks.append(_could_also(others))
    return Answer(first.entry.title, _tone(first.entry), tuple(blocks), first.entry.id)


def _tone(entry: Entry) -> Tone:
    tones: dict[Kind, Tone] = {Kind.PROBLEM: "problem", Kind.SUCCESS: "success", Kind.INFO: "info"}
    return tones[entry.kind]


def _opening(match: Match) -> list[Block]:
    if match.confidence >= SURE:
        return []
    return [Text("Probably this one, but the words leave room for others: compare before you change anything.")]


def _separate(matches: Sequence[Match]) -> tuple[list[Match], list[Match]]:
    """The matches that rest on words of their own (each a problem), and those that compete with them."""
    problems: list[Match] = [matches[0]]
    others: list[Match] = []
    for match in matches[1:]:
        alone = not any(_overlap(match, other) for other in problems)
        sure = match.confidence >= SURE and match.entry.kind is Kind.PROBLEM
        if alone and sure and len(problems) < _SEVERAL and not _siblings(match.entry, problems):
            problems.append(match)
        else:
            others.append(match)
    return problems, others


def _overlap(one: Match, other: Match) -> bool:
    shared = (_shared(a, b) for a in one.because for b in other.because)
    return any(len(words) > 5 or any(c.isdigit() for c in words) for words in shared)


def _shared(a: Evidence, b: Evidence) -> str:
    """The words that two pieces of evidence have in common."""
    start, end = max(a.start, b.start), min(a.end, b.end)
    return a.quote[start - a.start : max(start, end) - a.start]


def _siblings(entry: Entry, problems: Iterable[Match]) -> bool:
    """Whether the entry is one that is told apart from a problem already named."""
    for match in problems:
        if any(other.entry == entry.id for other in match.entry.confused_with):
            return True
        if any(other.entry == match.entry.id for other in entry.confused_with):
            return True
    return False


def _could_also(others: Sequence[Match]) -> Block:
    rows = tuple((f"Step {m.entry.step}" if m.entry.step else AREAS[m.entry.area], m.entry.title) for m in others[:4])
    options = tuple((m.entry.title, f"explain {m.entry.id}") for m in others[:4])
    return Fold("Also possible", f"{len(rows)} more", (Facts(rows), Choices("Open one of them?", options)))


def _page(entry: Entry, diagnosis: Diagnosis | None, because: Sequence[Evidence] = ()) -> list[Block]:
    """An entry as blocks, with the words of the paste that decided where there is a paste."""
    blocks: list[Block] = [StepBar(entry.step, AREAS[entry.area])]
    if diagnosis and because:
        blocks.append(quote(diagnosis.text, because))
    blocks.append(Text(_hedged(entry.meaning, entry.certainty)))
    if entry.connector in _CONNECTORS:
        blocks.append(Facts((("Applies to", _CONNECTORS[entry.connector]),)))
    blocks += [_cause(i, cause, len(entry.causes)) for i, cause in enumerate(entry.causes, 1)]
    if entry.next:
        blocks.append(
            Fold(
                "What comes next",
                many(len(entry.next), "step"),
                (Steps(entry.next),),
                open=True,
            )
        )
    if entry.confused_with:
        rows = tuple((other.entry, other.tell) for other in entry.confused_with)
        blocks.append(Fold("Easily confused with", f"{len(rows)}", (Facts(rows),)))
    if entry.prevention:
        blocks.append(Fold("So that it does not come back", f"{len(entry.prevention)}", (Steps(entry.prevention),)))
    if entry.note:
        blocks.append(Facts((("Note", entry.note),)))
    blocks.append(Sources(tuple((source.url, source.read.isoformat()) for source in entry.sources)))
    return blocks


def _hedged(text: str, certainty: Certainty) -> str:
    """A fact that no document confirms is told with a "usually"."""
    return text if certainty is Certainty.DOCUMENTED else f"Usually: {text}"


def _cause(number: int, cause: Cause, total: int) -> Fold:
    title = _hedged(cause.summary, cause.certainty)
    place = "Cause" if total == 1 else f"Cause {number} of {total}"
    hint = f"{place} · risk {cause.fix.risk} · downtime: {cause.fix.downtime}"
    return Fold(title, hint, tuple(cause_page(cause)), open=number == 1)


def cause_page(cause: Cause) -> list[Block]:
    """How to confirm a cause, how to fix it and what the fix costs."""
    blocks: list[Block] = []
    confirm = [("Confirm from outside", cause.confirm.outside), ("Confirm on the server", cause.confirm.server)]
    rows = tuple((name, how) for name, how in confirm if how)
    if rows:
        blocks.append(Facts(rows))
    fix = cause.fix
    if fix.warning:
        blocks.append(Caution(fix.warning))
    blocks.append(Steps(fix.steps))
    cost = [
        ("Risk", fix.risk),
        ("Downtime", fix.downtime),
        ("Who can do it", fix.role),
        ("To undo", fix.undo),
        ("To verify", fix.verify),
    ]
    blocks.append(Facts(tuple(cost)))
    return blocks


def quote(text: str, because: Sequence[Evidence]) -> Quote:
    """The part of a paste around the words that decided, those marked; secrets taken out."""
    spans = sorted((evidence.start, evidence.end) for evidence in because)
    hidden = secrets_near(text, spans)
    pieces: list[Piece] = []
    at = max(0, spans[0][0] - _AROUND)
    if at:
        pieces.append(Piece("… ", False))
    shown = 0
    for start, end in spans:
        if start < at or shown > _LONGEST_QUOTE:
            continue
        between = _shown(text, at, start, hidden)
        if start - at > 2 * _AROUND:
            between = f"{_shown(text, at, at + _AROUND, hidden)} … {_shown(text, start - _AROUND, start, hidden)}"
        pieces += [Piece(between, False), Piece(_shown(text, start, end, hidden), True)]
        shown += len(between) + end - start
        at = end
    tail = _shown(text, at, min(len(text), at + _AROUND), hidden)
    pieces.append(Piece(tail + (" …" if at + _AROUND < len(text) else ""), False))
    return Quote(tuple(piece for piece in pieces if piece.text))


def _shown(text: str, first: int, last: int, hidden: Sequence[tuple[int, int]]) -> str:
    """`text[first:last]` with what is hidden told as removed; a secret cut in two is still one."""
    parts: list[str] = []
    at = first
    for start, end in sorted(hidden):
        if end <= at or start >= last:
            continue
        parts += [text[at : max(at, start)], "[removed]"]
        at = min(end, last)
    return "".join(parts) + text[at:last]


# --- what is not sure ------------------------------------------------------------------------


def _bare_number(diagnosis: Diagnosis) -> str | None:
    """The number, where a text is hardly more than one ambiguous number."""
    reading = diagnosis.reading
    text = diagnosis.text.strip(" \t\n?!.`")
    if reading.words >= _BARE_WORDS or len(text) > 40:
        return None
    if diagnosis.matches and diagnosis.matches[0].confidence >= SURE:
        return None
    if len(reading.events) == 1:
        return f"event {reading.events[0].id}"
    if not (reading.codes or reading.exchanges):
        return text if text.isdigit() and len(text) < 11 else None
    if reading.exchanges:
        first = reading.exchanges[0]
        return f"{first.status}.{first.substatus}" if first.substatus is not None else str(first.status)
    code = reading.codes[0]
    return reading.cleaned.text[code.span.start : code.span.end]


def _in_usual_places(number: str, library: Library) -> list[Match]:
    """What a number would be as an event, and as an answer of the two addresses that devices and NDES ask."""
    found: dict[str, Match] = {}
    for place in ("event", "mscep.dll", "VerifyRequest"):
        for match in library.match(f"{place} {number}")[:2]:
            found.setdefault(match.entry.id, match)
    return list(found.values())


def _ambiguous(number: str, likely: Sequence[Match], meanings: Sequence[Meaning]) -> Answer:
    """A bare number: its two likeliest meanings and the one question that tells them apart."""
    blocks: list[Block] = []
    if meanings:
        blocks.append(Facts(tuple((FAMILIES[m.family], f"{m.symbol}: {m.meaning}") for m in meanings[:2])))
    if likely:
        blocks.append(Facts(tuple((f"Likely {i}", match.entry.title) for i, match in enumerate(likely, 1))))
        options = tuple((_place_of(match.entry), f"explain {match.entry.id}") for match in likely)
        blocks.append(Choices("Where did you see it? That decides which one it is.", options))
    blocks.append(Text("The line it stood in, the log and the program that wrote it would make the answer sure."))
    return Answer(f"{number}: the number alone does not decide", "unsure", tuple(blocks))


def _place_of(entry: Entry) -> str:
    where = f"Step {entry.step}, {STEP_NAMES[entry.step - 1]}" if entry.step else AREAS[entry.area]
    logs = f" ({', '.join(_LOGS[log] for log in entry.logs[:2])})" if entry.logs else ""
    return f"{where}{logs}"


def _unknown(diagnosis: Diagnosis, codes: Codes) -> Answer:
    """What is not known is said to be unknown, with what comes near."""
    blocks: list[Block] = [Text("Nothing in the knowledge base fits these words well enough to be an answer.")]
    if meanings := _meanings(diagnosis, codes):
        blocks.append(
            Fold("What the numbers in it mean in general", f"{len(meanings)}", (Facts(tuple(meanings)),), open=True)
        )
    if diagnosis.matches:
        near = diagnosis.matches[:3]
        options = tuple((match.entry.title, f"explain {match.entry.id}") for match in near)
        blocks.append(Choices("Near misses, not answers:", options))
    wanted = "the whole line with its log's name, the event's source and number, or the URL with the status"
    blocks.append(Text(f"Helpful next: {wanted}."))
    return Answer("I do not know this one", "unknown", tuple(blocks))


def _meanings(diagnosis: Diagnosis, codes: Codes) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for code in diagnosis.reading.codes:
        if code.marked or code.number.value > 0xFFFF:
            for meaning in codes.explain(str(code.number))[:1]:
                found[str(code.number)] = f"{meaning.symbol}: {meaning.meaning}"
    return list(found.items())[:4]


# --- explain ---------------------------------------------------------------------------------


def explain(words: str, *, library: Library, codes: Codes) -> Answer | None:
    """One entry as a page, or every meaning of a number in any notation; None if neither is known."""
    name = words.strip()
    if entry := library.entries.get(name.lower()):
        return Answer(entry.title, _tone(entry), tuple(_page(entry, None)), entry.id)
    meanings = codes.explain(name)
    if not meanings:
        return None
    rows = tuple((FAMILIES[m.family], f"{m.code} {m.symbol}: {m.meaning}") for m in meanings)
    matches = library.match(name)
    blocks: list[Block] = [Facts((*_notations(meanings), *rows))]
    if matches:
        options = tuple((match.entry.title, f"explain {match.entry.id}") for match in matches[:4])
        blocks.append(Choices("In certificate enrolment it usually belongs to:", options))
    return Answer(f"{name}: {meanings[0].symbol or meanings[0].code}", "info", tuple(blocks))


def _notations(meanings: Sequence[Meaning]) -> list[tuple[str, str]]:
    number = next(
        (m.number for m in meanings if m.number and m.family in ("hresult", "winhttp", "win32", "ntstatus")), None
    )
    if number is None or number.sub is not None or not number.value:
        return []
    same = [f"0x{number.hresult:08X}", str(number.hresult), str(number.signed)]
    if number.value <= 0xFFFF:
        same.insert(0, str(number.value))
    return [("Same number", " = ".join(same))]
