"""The commands that answer from the knowledge: `diagnose`, `explain`, `knowledge check|list`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from bot.answer import compose, diagnose, explain
from bot.errors import BotError
from connectors import documents, shelf
from connectors.commands.showing import Json, show
from connectors.settings import cache_folder
from connectors.texts import LARGEST, decode

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
) -> None:
    """Say what a pasted error, a log or an event is, and what to do about it."""
    if batch is not None:
        raise typer.Exit(_batch(batch))
    texts = [(name, _text_of(name)) for name in files or ["-"]]
    library = shelf.library(cache_folder())
    found = [(name, diagnose(text, library=library, addressed=not overheard)) for name, text in texts]
    if as_json:
        print(json.dumps(documents.diagnoses(found), ensure_ascii=False))  # noqa: T201
        return
    _, best = max(found, key=lambda item: item[1].matches[0].confidence if item[1].matches else 0.0)
    if not best.silent:
        show(compose(best, library=library, codes=shelf.codes()))


def _text_of(name: str) -> str:
    if name == "-":
        return decode(_bounded(sys.stdin.buffer.read(LARGEST + 1), "standard input"), "standard input")
    with Path(name).open("rb") as file:
        return decode(_bounded(file.read(LARGEST + 1), name), name)


def _bounded(data: bytes, name: str) -> bytes:
    if len(data) > LARGEST:
        raise BotError(f"{name}: larger than {LARGEST >> 20} MB; give me the part around the error.")
    return data


def _batch(name: str) -> int:
    """Answer JSON lines; 0, or 2 where a line was malformed (its answer says so)."""
    library = shelf.library(cache_folder())
    status = 0
    for line in _lines(name):
        if not line.strip():
            continue
        try:
            asked = json.loads(line)
            if not isinstance(asked, dict):
                raise TypeError("a line must be a JSON object")
            text, addressed = asked["text"], asked.get("addressed", True)
            if not isinstance(text, str) or not isinstance(addressed, bool):
                raise TypeError("`text` must be a string and `addressed` true or false")
            found = diagnose(text, library=library, addressed=addressed)
            answer = {
                "id": asked.get("id"),
                "silent": found.silent,
                "matches": [documents.match(m) for m in found.matches],
            }
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            status = 2
            answer = {"id": None, "error": f"{type(error).__name__}: {str(error)[:200]}"}
        print(json.dumps(answer))  # noqa: T201
    return status


def _lines(name: str) -> Iterator[str]:
    if name == "-":
        yield from (line.decode("utf-8", "replace") for line in sys.stdin.buffer)
        return
    with Path(name).open(encoding="utf-8", errors="replace") as file:
        yield from file


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
        sys.stderr.write(f"ndesbot: {what!r} is no entry and in no table; `ndesbot knowledge list` names the entries\n")
        raise typer.Exit(1)
    if as_json:
        print(json.dumps(documents.explained(what, library, codes), ensure_ascii=False, default=str))  # noqa: T201
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
        print(json.dumps({"entries": len(entries), "faults": faults}, ensure_ascii=False))  # noqa: T201
    else:
        for fault in faults:
            print(fault)  # noqa: T201
        print(f"{len(entries)} entries, {len(faults)} faults")  # noqa: T201
    raise typer.Exit(1 if faults else 0)


@knowledge_app.command("list")
def knowledge_list(as_json: Json = False) -> None:
    """All entries: id, step and title."""
    entries = shelf.entries(cache_folder())
    if as_json:
        rows = [{"id": e.id, "title": e.title, "kind": e.kind, "step": e.step, "area": e.area} for e in entries]
        print(json.dumps(rows, ensure_ascii=False))  # noqa: T201
        return
    for entry in entries:
        print(f"{entry.id}  {entry.kind}  step {entry.step or '-'}  {entry.title}")  # noqa: T201
