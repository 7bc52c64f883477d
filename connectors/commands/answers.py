"""The commands that answer from the knowledge: `diagnose`, `explain`, `knowledge check|list`."""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final

import typer

from bot.answer import answer_paste, diagnose, explain
from bot.errors import BadRequest, BotError
from bot.timeline import beside, judged, tell
from bot.times import many
from bot.types import Answer
from connectors import documents, shelf
from connectors.clock import now
from connectors.commands.logs import opened, seekable, survey
from connectors.commands.showing import Json, complain, show, show_json
from connectors.commands.storing import with_store
from connectors.settings import cache_folder
from connectors.surveying import Surveyed, is_log
from connectors.texts import LARGEST, decode, encoding_of
from knowledge.enclosed.marks import may_hold
from knowledge.library import Library

if TYPE_CHECKING:  # what reads certificates takes a tenth of a second to load, so only a text that needs it does
    from bot.enclosed import HandsOut
    from knowledge.enclosed.types import Enclosed

_PATIENCE: Final = 5.0  # seconds that the database may take to tell of the servers

app = typer.Typer()
knowledge_app = typer.Typer(help="Look after the knowledge base.", no_args_is_help=True)
app.add_typer(knowledge_app, name="knowledge")


@app.command("diagnose")
def diagnose_command(
    files: Annotated[list[str] | None, typer.Argument(help="Text files, or - for standard input.")] = None,
    as_json: Json = False,
    overheard: Annotated[
        bool, typer.Option("--overheard", help="Answer only when sure, as in a busy channel.")
    ] = False,
    batch: Annotated[str | None, typer.Option(help='JSON lines {"id","text","addressed"} from a file, or -.')] = None,
    packet: Annotated[
        Path | None, typer.Option(metavar="OUT.zip", help="Also put what is told into a new file to hand on.")
    ] = None,
) -> None:
    """Say what a pasted error, a log or an event is, and what to do about it."""
    if batch is not None:
        if files or as_json or overheard or packet:
            raise BadRequest("--batch answers line by line in JSON: it takes no FILE and no other option.")
        raise typer.Exit(_batch(batch))
    if packet is not None and packet.exists():
        raise BadRequest(f"{packet} is there already, and no packet takes the place of a file: name another one.")
    library = shelf.library(cache_folder())
    with ExitStack() as held:
        given = [(name, held.enter_context(seekable(name))) for name in files or ["-"]]
        if any(is_log(file) for _, file in given):
            _tell_logs(given, as_json, library, packet)
            return
        texts = [(name, decode(file.read(LARGEST), _told(name))) for name, file in given]
    _pack(packet, [text for _, text in texts], library)
    if as_json:
        found = [(name, diagnose(text, library=library, addressed=not overheard)) for name, text in texts]
        show_json(documents.diagnoses(found) | _enclosed_in(texts, library))
        return
    codes = shelf.codes()
    for name, text in texts:
        if overheard and not text.strip():
            continue  # nobody asked, and nothing was said
        answer = answer_paste(text, library=library, codes=codes, addressed=not overheard)
        if answer := _with_enclosed(answer, text, library, addressed=not overheard):
            show(answer, of=_told(name) if len(texts) > 1 else None)


def _told(name: str) -> str:
    return "standard input" if name == "-" else name


def _pack(packet: Path | None, told: Surveyed | Sequence[str], library: Library, files: Sequence[str] = ()) -> None:
    """Put what logs or pasted texts tell into a file, if that is wanted."""
    if packet is not None:
        from connectors import packets

        packets.write(packet, packets.case_of(told, library, files))


def _tell_logs(given: Sequence[tuple[str, IO[bytes]]], as_json: bool, library: Library, packet: Path | None) -> None:
    """Logs are told together: one time line, one answer."""
    surveyed = survey([(_told(name) if name == "-" and not as_json else name, file) for name, file in given], library)
    _pack(packet, surveyed, library, [name for name, _ in given])
    story = surveyed.story
    servers = _handed_out(()) if story.recipients else ()
    if as_json:
        show_json(documents.story(surveyed, library, judged(story, servers, now())))
    else:
        answer = tell(story, library=library, codes=shelf.codes(), notes=surveyed.notes)
        show(beside(answer, story, servers, now()))


# --- what stands in a text -------------------------------------------------------------------


def _with_enclosed(answer: Answer | None, text: str, library: Library, *, addressed: bool) -> Answer | None:
    """An answer with what the certificates and messages in the text are."""
    if answer is None or not may_hold(text):
        return answer
    from bot.enclosed import joined, told
    from knowledge.enclosed.finding import find

    inside = find(text)
    return joined(answer, told(inside, library, now(), _servers_of(inside)), addressed=addressed)


def _enclosed_in(texts: Sequence[tuple[str, str]], library: Library) -> dict[str, Any]:
    """The certificates and messages in each text that has some."""
    worth = [(name, text) for name, text in texts if may_hold(text)]
    if not worth:
        return {}
    from bot.enclosed import as_fields
    from knowledge.enclosed.finding import find

    found = [(name, inside) for name, text in worth if (inside := find(text))]
    told = [{"file": name} | as_fields(one, library, now(), _servers_of(one)) for name, one in found]
    return {"enclosed": told} if told else {}


def _servers_of(found: "Enclosed") -> "tuple[HandsOut, ...]":
    """What to compare the messages of a text with, where it has some."""
    return _handed_out(found.hosts) if found.requests else ()


def _handed_out(hosts: Collection[str]) -> "tuple[HandsOut, ...]":
    """What the registered servers hand out that these hosts are, else what all do; nothing without a database."""
    from bot.enclosed import handed_out
    from connectors.settings_file import database
    from connectors.store.database import address, is_sqlite

    try:
        place = address(database())
        if is_sqlite(place) and not Path(place.database or "").exists():
            return ()
        known: tuple[HandsOut, ...] = with_store(lambda store: handed_out(store, hosts, _PATIENCE))
    except BotError:  # knowledge needs no database
        return ()
    return known


# --- batch -----------------------------------------------------------------------------------


def _batch(name: str) -> int:
    """Answer JSON lines; 0, or 2 where a line was malformed (its answer says so)."""
    library = shelf.library(cache_folder())
    status = 0
    for line in _lines(name):
        if not line.strip():
            continue
        try:
            answer = _answered(line, library)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            status = 2
            answer = json.dumps({"id": None, "error": f"{type(error).__name__}: {str(error)[:200]}"})
        print(answer)  # noqa: T201
    return status


def _answered(line: str, library: Library) -> str:
    """The answer to one line of JSON, as one. Raises what is wrong with the line."""
    if len(line) > LARGEST:
        raise ValueError(f"a line may have {LARGEST >> 20} million characters")
    asked = json.loads(line)
    if not isinstance(asked, dict):
        raise TypeError("a line must be a JSON object")
    text, addressed = asked["text"], asked.get("addressed", True)
    if not isinstance(text, str) or not isinstance(addressed, bool):
        raise TypeError("`text` must be a string and `addressed` true or false")
    found = diagnose(text, library=library, addressed=addressed)
    matches = [documents.match(match) for match in found.matches]
    # An id may be anything that JSON knows; NaN and numbers without an end are read, but are not among it.
    return json.dumps({"id": asked.get("id"), "silent": found.silent, "matches": matches}, allow_nan=False)


def _lines(name: str) -> Iterator[str]:
    """The lines of a batch, in the encoding its first bytes tell; of one that is too long, the beginning."""
    with opened(name) as file:
        text = TextIOWrapper(file, encoding_of(file.peek(4)[:4]) or "utf-8", errors="replace", newline="\n")
        while line := text.readline(LARGEST + 1):
            yield line
            while line and not line.endswith("\n"):
                line = text.readline(LARGEST)


# --- explain ---------------------------------------------------------------------------------


@app.command("explain", context_settings={"ignore_unknown_options": True})
def explain_command(
    what: Annotated[
        str, typer.Argument(metavar="ENTRY-ID-OR-CODE", help="An entry's id, or a number in any notation.")
    ],
    as_json: Json = False,
) -> None:
    """One entry as a page, or every meaning of a number in any notation."""
    library, codes = shelf.library(cache_folder()), shelf.codes()
    answer = explain(what, library=library, codes=codes)
    if answer is None:
        complain("ndesbot: that is no entry and in no table; `ndesbot knowledge list` names the entries")
        raise typer.Exit(1)
    if as_json:
        show_json(documents.explained(what, library, codes))
    else:
        show(answer)


@knowledge_app.command("check")
def knowledge_check(as_json: Json = False) -> None:
    """Check every entry: its file, its samples, and that no other entry claims them."""
    from knowledge.proof import prove

    entries = shelf.entries(None)
    faults = prove(entries)
    shelf.codes()
    if as_json:
        show_json({"entries": len(entries), "faults": faults})
    else:
        for fault in faults:
            print(fault)  # noqa: T201
        print(f"{len(entries)} entries, {len(faults)} faults")  # noqa: T201
    raise typer.Exit(1 if faults else 0)


@knowledge_app.command("draft")
def knowledge_draft(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Logs, or - for standard input.")],
    kind: Annotated[int, typer.Option(min=1, help="Which of the failures: 1 is that of the most lines.")] = 1,
) -> None:
    """Begin an entry with failures in these logs that no entry knows: YAML with a TODO for each fact to add."""
    from knowledge.drafts import draft

    with ExitStack() as held:
        given = [(_told(name), held.enter_context(seekable(name))) for name in files]
        unknown = survey(given, shelf.library(cache_folder())).story.unknown
    if not unknown:
        complain("ndesbot: no line in these files looks like a failure that no entry knows; there is nothing to draft")
        raise typer.Exit(1)
    if kind > len(unknown):
        raise BadRequest(f"These files have {many(len(unknown), 'kind')} of such failures: name one of them.")
    one = unknown[kind - 1]
    about = (
        f"Failure {kind} of {len(unknown)}: seen {one.lines} times, first in {one.first.file}, line {one.first.line}"
    )
    print(draft(one.template, one.examples, now().date(), (about,)), end="")  # noqa: T201


@knowledge_app.command("list")
def knowledge_list(as_json: Json = False) -> None:
    """All entries: id, step and title."""
    entries = shelf.entries(cache_folder())
    if as_json:
        rows = [{"id": e.id, "title": e.title, "kind": e.kind, "step": e.step, "area": e.area} for e in entries]
        show_json(rows)
        return
    for entry in entries:
        print(f"{entry.id}  {entry.kind}  step {entry.step or '-'}  {entry.title}")  # noqa: T201
