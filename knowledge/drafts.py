"""The beginning of an entry, written from lines that no entry knows: signals and samples are there, a person adds the
rest."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date

from knowledge.reading import Reading, read
from knowledge.schema import MIN_HITS, Source

_STRETCH = 8  # words of a phrase, at most: longer ones are never met again
_PHRASES = 2
_LEAST = 10  # characters of one
_AROUND_AN_EVENT = re.compile(r"^Event ID: \d+ Source: \S+ Level: \w* ?")
"""What the readers of logs put before the words of an event; no export has it so."""
_REMOVED = re.compile(r"\[[^\]]*removed\]")
_PAGE = """\
id: TODO  # the situation in kebab-case; the file is knowledge/entries/<id>.yaml
title: "TODO: the situation in one line"
kind: problem
step: TODO  # 1 to 6, or null
platforms: [any]
logs: [{logs}]
status: draft
certainty: usual  # documented, once `sources` names a document
meaning: "TODO: what it means"
signals:
{signals}
causes:
  - id: TODO  # stays for ever
    summary: "TODO: why it happens"
    certainty: usual
    fix:
      steps:
        - "TODO: what to do"
      risk: TODO  # none, low, medium or high
      downtime: "TODO"
      role: "TODO: who can do it"
      undo: "TODO"
      verify: "TODO: how to see that it helped"
sources:
  - {{url: field experience, read: {day}}}
lab: "TODO: why no fault of the lab shows it"
samples:
  hit:
{hits}
  miss:
    - "TODO: a line that looks alike and is something else"
"""


def draft(shape: str, examples: Sequence[str], day: date, about: Sequence[str] = ()) -> str:
    """The YAML of an entry with a TODO for each fact that only a person knows; it passes the schema once they are
    filled in.

    `shape` is what the lines have in common, `<*>` where they differ; `examples` are some of them, without secrets;
    `about` says where they come from.
    """
    readings = [read(example) for example in examples]
    first = readings[0] if readings else read(shape)
    missing = MIN_HITS - len(examples)
    hits = [*map(_quoted, examples), *['"TODO: the same, as somebody else would paste it"'] * max(0, missing)]
    page = _PAGE.format(
        logs=first.log or "",
        signals="\n".join(f"  - {signal}" for signal in _signals(shape, first)),
        day=day.isoformat(),
        hits="\n".join(f"    - {hit}" for hit in hits),
    )
    head = [*about, f"Shape: {shape}", "Fill in every TODO, put it among the entries, run: ndesbot knowledge check"]
    return "".join(f"# {_printable(line)}\n" for line in head) + page


def _signals(shape: str, reading: Reading) -> Iterator[str]:
    """How a paste of it would be known: by its request, its event, or its words with their code."""
    web = next((seen for seen in reading.exchanges if seen.path), None)
    if web is not None and web.path is not None:
        numbers = {"status": web.status, "substatus": web.substatus, "win32": web.win32}
        said = ", ".join(f"{name}: [{number}]" for name, number in numbers.items() if number is not None)
        yield f"{{http: {{{said}, path: [{web.path.value}]}}, weight: strong}}"
        return
    event = next((seen for seen in reading.events if seen.source in set(Source)), None)
    if event is not None:
        yield f"{{event: [{event.id}], source: {event.source}, weight: decisive}}"
    codes = list(dict.fromkeys(_code(reading, i) for i, code in enumerate(reading.codes) if code.marked))[:3]
    phrases = _phrases(shape)
    parts = [f"text: [{', '.join(map(_quoted, phrases))}]"] if phrases else []
    parts += [f"code: [{', '.join(map(_quoted, codes))}]"] if codes else []
    if parts:
        yield f"{{{', '.join(parts)}, weight: decisive}}"
    elif event is None:
        yield '{text: "TODO: words that stand in every such line", weight: decisive}'


def _code(reading: Reading, number: int) -> str:
    start, end = reading.codes[number].span
    return reading.cleaned.text[start:end]


def _phrases(shape: str) -> list[str]:
    """The longest stretches that do not vary, in the order in which they stand."""
    stretches = re.split(r"<\*>|" + _REMOVED.pattern, _AROUND_AN_EVENT.sub("", shape))
    words = [" ".join(stretch.split()[:_STRETCH]).strip(" .,;:()[]{}'\"=") for stretch in stretches]
    longest = sorted((phrase for phrase in words if len(phrase) >= _LEAST), key=len, reverse=True)[:_PHRASES]
    return [phrase for phrase in words if phrase in longest]


def _quoted(text: str) -> str:
    """A text as YAML takes it between double quotes, which is as JSON has it."""
    return json.dumps(_printable(text), ensure_ascii=False)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
