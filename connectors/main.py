"""Plugs the house together: the commands `ndesbot ...`. Nobody imports this."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from bot.answer import Diagnosis, compose, diagnose, explain
from bot.errors import BotError
from bot.types import Answer
from connectors import shelf
from connectors.settings import cache_folder
from connectors.texts import LARGEST, decode
from knowledge.codes import Codes
from knowledge.library import Library, Match

app = typer.Typer(
    help="Answers errors of NDES, SCEP and Intune certificate enrolment.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
knowledge_app = typer.Typer(help="Look after the knowledge base.", no_args_is_help=True)
app.add_typer(knowledge_app, name="knowledge")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def run() -> None:
    """The entry point: errors people can mend are one line on stderr and exit code 2."""
    try:
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
        sys.exit(app(standalone_mode=False) or 0)
    except typer.TyperException as error:
        _refuse(error.format_message() if hasattr(error, "format_message") else str(error))
    except (BotError, ValueError, OSError) as error:
        _refuse(str(error) or type(error).__name__)


def _refuse(reason: str) -> NoReturn:
    is_help = reason.startswith("Usage:")  # nothing was asked for: the help tells what can be
    sys.stderr.write(f"{reason}\n" if is_help else f"ndesbot: {reason}\n")
    raise SystemExit(2)


def _library() -> Library:
    return shelf.library(cache_folder())


# --- play ------------------------------------------------------------------------------------


@app.command()
def play(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes any free one.", min=0, max=65535)] = 8137,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Chat with the bot in a browser on this computer: no account, no server needed."""
    from bot.router import Router
    from connectors.chat.playground import Playground
    from connectors.running import in_thread, until_stopped

    def ready(url: str) -> None:
        print(url, flush=True)  # noqa: T201 - the first line of stdout is the address
        if not no_browser:
            import webbrowser

            webbrowser.open(url)

    router = Router(_library(), shelf.codes())
    until_stopped(Playground(port, ready), in_thread(router.handle))


# --- diagnose --------------------------------------------------------------------------------


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
    library = _library()
    found = [(name, diagnose(text, library=library, addressed=not overheard)) for name, text in texts]
    if as_json:
        print(json.dumps(_summary(found), ensure_ascii=False))  # noqa: T201
        return
    _, best = max(found, key=lambda item: item[1].matches[0].confidence if item[1].matches else 0.0)
    if not best.silent:
        _show(compose(best, library=library, codes=shelf.codes()))


def _text_of(name: str) -> str:
    if name == "-":
        return decode(_bounded(sys.stdin.buffer.read(LARGEST + 1), "standard input"), "standard input")
    with Path(name).open("rb") as file:
        return decode(_bounded(file.read(LARGEST + 1), name), name)


def _bounded(data: bytes, name: str) -> bytes:
    if len(data) > LARGEST:
        raise BotError(f"{name}: larger than {LARGEST >> 20} MB; give me the part around the error.")
    return data


def _told(match: Match) -> dict[str, Any]:
    because = [{"quote": e.quote, "start": e.start, "end": e.end} for e in match.because]
    return {"entry": match.entry.id, "confidence": match.confidence, "because": because}


def _summary(found: list[tuple[str, Diagnosis]]) -> dict[str, Any]:
    """The JSON of `diagnose`: the best match of each entry over all files."""
    best: dict[str, tuple[str, Diagnosis, Match]] = {}
    for name, diagnosis in found:
        for match in diagnosis.matches:
            if match.entry.id not in best or match.confidence > best[match.entry.id][2].confidence:
                best[match.entry.id] = name, diagnosis, match
    ranked = sorted(best.values(), key=lambda item: -item[2].confidence)
    details = [
        {**_told(m), "title": m.entry.title, "kind": m.entry.kind, "step": m.entry.step, "file": name}
        for name, _, m in ranked
    ]
    return {
        "silent": all(diagnosis.silent for _, diagnosis in found),
        "matches": details,
        "step": ranked[0][1].step if ranked else None,
        "first_bad": _first_bad(ranked),
        "files": [{"path": name, "kind": _kind(d), "lines": len(d.text.splitlines())} for name, d in found],
        "enrolments": [],
    }


def _first_bad(ranked: list[tuple[str, Diagnosis, Match]]) -> dict[str, Any] | None:
    if not ranked:
        return None
    name, diagnosis, match = ranked[0]
    if match.entry.kind != "problem" or match.confidence < 0.5 or not match.because:
        return None
    at = min(evidence.start for evidence in match.because)
    return {"file": name, "line": diagnosis.text.count("\n", 0, at) + 1}


def _kind(diagnosis: Diagnosis) -> str | None:
    return diagnosis.reading.log


def _batch(name: str) -> int:
    """Answer JSON lines; 0, or 2 where a line was malformed (its answer says so)."""
    library = _library()
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
            answer = {"id": asked.get("id"), "silent": found.silent, "matches": [_told(m) for m in found.matches]}
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


# --- explain and knowledge -------------------------------------------------------------------


@app.command("explain", context_settings={"ignore_unknown_options": True})
def explain_command(
    what: Annotated[
        str, typer.Argument(metavar="ENTRY-ID-OR-CODE", help="An entry's id, or a number in any notation.")
    ],
    as_json: Json = False,
) -> None:
    """One entry as a page, or every meaning of a number in any notation."""
    library, codes = _library(), shelf.codes()
    answer = explain(what, library=library, codes=codes)
    if answer is None:
        sys.stderr.write(f"ndesbot: {what!r} is no entry and in no table; `ndesbot knowledge list` names the entries\n")
        raise typer.Exit(1)
    if as_json:
        print(json.dumps(_explained(what, library, codes), ensure_ascii=False, default=str))  # noqa: T201
    else:
        _show(answer)


def _explained(what: str, library: Library, codes: Codes) -> dict[str, Any]:
    if entry := library.entries.get(what.strip().lower()):
        return {"entry": entry.model_dump(mode="json")}
    meanings = [
        {"code": m.code, "symbol": m.symbol, "meaning": m.meaning, "family": m.family} for m in codes.explain(what)
    ]
    return {"code": what, "meanings": meanings, "matches": [_told(match) for match in library.match(what)]}


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


def _show(answer: Answer) -> None:
    if sys.stdout.isatty():
        from rich.console import Console

        from connectors.render.terminal import show

        show(answer, Console())
    else:
        from connectors.render.text import render

        sys.stdout.write(render(answer))


if __name__ == "__main__":
    run()
