"""Answers to render: real ones from the shipped knowledge, and random ones full of what a chat would obey."""

from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import get_args

from hypothesis import strategies as st

from bot.answer import answer_paste, explain
from bot.cases import handing_on
from bot.digest import compose
from bot.findings import Finding, Report, Server, Suspect
from bot.logs import so_far as reading_so_far
from bot.report import so_far, told
from bot.timeline import tell
from bot.timeline.files import Gauge
from bot.types import (
    STEP_NAMES,
    Answer,
    Attached,
    Block,
    Caution,
    Choices,
    Document,
    Facts,
    Fold,
    Heading,
    Message,
    Picture,
    Piece,
    Place,
    Quote,
    Sources,
    StepBar,
    Steps,
    Text,
    Tone,
)
from connectors.render.text import TONES
from connectors.surveying import Surveying
from knowledge.codes import Codes
from knowledge.library import Library
from tests.bot.digests import BAD_WEEK
from tests.logs.compose import compose as compose_logs

# --- real ones -------------------------------------------------------------------------------

REFUSED = (
    "2026-03-11 08:22:47 10.20.0.11 POST /CertificateRegistrationSvc/Certificate/VerifyRequest - 443 - "
    "10.20.0.11 NDES_Plugin - 403 16 2148204809 31"
)
_SERVER = Server("ndes01", "https://ndes.example.org/certsrv/mscep/mscep.dll", internal_name="ndes01.corp.example")
_FINDINGS = (
    Finding("names", "ok", "ndes.example.org is 192.0.2.10."),
    Finding("tls-verify", "warn", "The TLS certificate ends in 12 days, on 2026-12-03."),
    Finding("scep-base", "fail", "HTTP.sys answers 503 itself: the application pool does not run."),
    Finding("scep-caps", "skipped", "Not asked: the pool does not answer."),
    Finding("crl-base", "unknown", "No answer within 5 s."),
)
_SUSPECTS = (
    Suspect(
        "pool-stopped-by-failures",
        "scep-app-pool-stopped-503",
        "confirmed",
        "HTTP.sys answers 503 itself: the application pool does not run.",
        "Get-WebAppPoolState SCEP",
    ),
    Suspect("ra-certificates-expired", "ndes-500-ra-certificates-expired", "possible", ""),
    Suspect("crl-expired", "crl-offline", "ruled_out", "The CRL is in date."),
)


_LOGS = Message("1", Place("fake", "C1"), "U1", "", files=(Attached("ndes-logs.zip", "k", 120 << 20),))

DOT = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==")
"""The smallest picture."""


def real(library: Library, codes: Codes) -> dict[str, Answer]:
    """One answer of each kind that the bot gives, by a name that can be a file's."""
    report = Report(_SERVER, datetime(2026, 11, 21, tzinfo=UTC), "fail", _FINDINGS, _SUSPECTS, 14, 2345.0)
    pastes = {
        "paste-with-quote": REFUSED,
        "two-problems": f"mscep.dll 503\n\n{REFUSED}",
        "success-event-36": "SCEP: Certificate request generated successfully",
        "unknown": "The frobnicator failed with 0x80070005 today",
        "ambiguous-number": "403",
        "nothing-said": "",
    }
    pages = {
        "explained-entry": "scep-app-pool-stopped-503",
        "explained-longest-entry": "ndes-setup-unsupported",
        "code-with-several-meanings": "5",
        "code-with-entries": "0x80094012",
    }
    found = {
        **{name: answer_paste(text, library=library, codes=codes) for name, text in pastes.items()},
        **{name: explain(words, library=library, codes=codes) for name, words in pages.items()},
        "check-under-way": so_far(_SERVER, _FINDINGS[:3], 24),
        "check-report": told(report, library),
        "digest": _with_picture(compose(BAD_WEEK)),
        "logs": _with_picture(_logs(library, codes)),
        "logs-being-read": reading_so_far(_LOGS, Gauge(50 << 20, 120 << 20, 1_203_441, reading=True)),
        "packed-case": handing_on(Document("ndesbot-0123456789abcdef.zip", bytes(2048), "packet 0123456789abcdef")),
        "help": Answer(
            "What I can do",
            "info",
            (
                Text("Paste an error, a log line, an event or a page, and I say what it is."),
                Facts((("explain <entry or code>", "One entry as a page"), ("help", "What I can do"))),
            ),
        ),
        "refused": Answer(
            "I cannot do that",
            "unknown",
            (Text("`check` needs the role operator; yours is viewer. Ask an administrator."),),
        ),
    }
    assert None not in found.values()
    return {name: answer for name, answer in found.items() if answer}


def _logs(library: Library, codes: Codes) -> Answer:
    surveying = Surveying(library)
    for name, data in compose_logs("verify-403-16", 2).files.items():
        surveying.read(BytesIO(data), name)
    surveyed = surveying.done(("picture.png: this is not a text file.",))
    return tell(surveyed.story, library=library, codes=codes, notes=surveyed.notes)


def _with_picture(digest: Answer | None) -> Answer:
    assert digest
    picture = Picture(DOT, "State from Mon 16 Nov to Mon 23 Nov: ndes01 broken (20 h).")
    return replace(digest, blocks=(*digest.blocks[:1], picture, *digest.blocks[1:]))


# --- random ones -----------------------------------------------------------------------------

HOSTILE = (
    "<!channel>",
    "<!here|here>",
    "<@U024BE7LH>",
    "<#C024BE7LR|general>",
    "<!subteam^SAZ94GDB8>",
    "<!date^1392734382^{date}|then>",
    "<https://evil.example/a|your bank>",
    "&lt;!everyone&gt;",
    "@here",
    "@channel @everyone",
    "#general",
    "https://evil.example/a?b=c&d",
    "http://evil.example",
    "www.evil.example",
    "mailto:ann@evil.example",
    "ann@evil.example",
    ":fire:",
    ":wave::skin-tone-2:",
    "*bold*",
    "_italic_",
    "~gone~",
    "`code`",
    "```\nblock\n```",
    "> quote",
    "# heading",
    "[click](https://evil.example)",
    "![image](https://evil.example/i.png)",
    "<at>Ann</at>",
    "<img src=x onerror=alert(1)>",
    "{{DATE(2026-01-01T00:00:00Z)}}",
    "${expression}",
    "\x1b[31m\x07\x00",
    "\u202etxt.exe",
    "Run `Get-ChildItem Cert:\\LocalMachine\\Root -Recurse` now",
    "`certutil -verify -urlfetch <thumbprint>.cer`",
    "https://<ndes-fqdn>/certsrv/",
    "漢字かな" * 9,
    "👩‍👩‍👧‍👦",
    "\n",
    "\r\n\t",
    " ",
)
_LETTERS = st.characters(exclude_categories=["Cs"])
_KINDS = (Text, Caution, StepBar, Quote, Steps, Facts, Choices, Sources, Heading, Picture, Document)
_DEEPEST = 3  # folds within folds


@st.composite
def _words(draw: st.DrawFn, endless: bool) -> str:
    kind = draw(st.integers(0, 4 if endless else 3))
    if kind == 0:
        return draw(st.text(_LETTERS, max_size=40))
    if kind < 3:
        return " ".join(draw(st.lists(st.sampled_from(HOSTILE), max_size=5)))
    return "plain words" if kind == 3 else draw(_words(False)) * draw(st.integers(1, 400))


@st.composite
def _block(draw: st.DrawFn, endless: bool, depth: int = 0) -> Block:
    def word() -> str:
        return draw(_words(endless))

    def pairs() -> tuple[tuple[str, str], ...]:
        return tuple((word(), word()) for _ in range(many))

    kind = draw(st.sampled_from(_KINDS if depth == _DEEPEST else (*_KINDS, Fold)))
    many = draw(st.integers(20, 120)) if endless and draw(st.integers(0, 9)) == 9 else draw(st.integers(0, 4))
    if kind is StepBar:
        return StepBar(draw(st.one_of(st.none(), st.integers(1, len(STEP_NAMES)))), word())
    if kind is Quote:
        return Quote(tuple(Piece(word(), draw(st.booleans())) for _ in range(many)))
    if kind is Steps:
        return Steps(tuple(word() for _ in range(many)))
    if kind is Choices:
        return Choices(word(), pairs())
    if kind is Heading:
        return Heading(word(), draw(st.sampled_from(get_args(Tone))))
    if kind is Fold:
        inner = draw(st.lists(_block(endless, depth + 1), max_size=4))
        return Fold(word(), word(), tuple(inner), draw(st.booleans()))
    if kind is Picture:
        return Picture(draw(st.sampled_from([DOT, DOT * 300])), word())
    if kind is Document:
        return Document(word(), DOT, "packet k3f9")
    if kind is Facts or kind is Sources:
        return kind(pairs())
    return kind(word())


@st.composite
def _answer(draw: st.DrawFn, endless: bool, most: int) -> Answer:
    tone = draw(st.sampled_from(get_args(Tone)))
    blocks = draw(st.lists(_block(endless), max_size=most))
    return Answer(draw(_words(endless)), tone, tuple(blocks), draw(st.sampled_from([None, "an-id"])))


ANY_ANSWER = st.one_of(_answer(True, 12), _answer(False, 12), _answer(False, 80))
"""Answers far larger and stranger than the bot gives."""
SHORT_ANSWER = _answer(False, 8)
"""Answers as strange, of a size that no surface needs to cut."""


# --- what they say ---------------------------------------------------------------------------


def facts_of(answer: Answer) -> Iterator[str]:
    """Each string that an answer tells to a person. What an option says to the bot is no word for a person."""
    yield from (answer.title, TONES[answer.tone])
    yield from _facts_in(answer.blocks)


def _facts_in(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Text(text) | Caution(text):
                yield text
            case StepBar(step, area):
                yield from (area, STEP_NAMES[step - 1], str(step)) if step else (area,)
            case Quote(pieces):
                yield from (piece.text for piece in pieces)
            case Steps(items):
                yield from items
            case Picture(_, alt):
                yield alt
            case Document(name):
                yield name
            case Facts(rows) | Sources(rows):
                yield from (word for row in rows for word in row)
            case Fold(title, hint, inner):
                yield from (title, hint)
                yield from _facts_in(inner)
            case Choices(question, options):
                yield question
                yield from (label for label, _ in options)
            case Heading(text, tone):
                yield from (text, TONES[tone])
