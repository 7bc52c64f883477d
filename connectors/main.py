"""Plugs the house together: the commands `ndesbot ...`. Nobody imports this."""

import os
import sys
from typing import Annotated, NoReturn

import typer

from bot.errors import BotError
from connectors.commands import answers, chat, digests, keeping, operating, servers
from connectors.commands.showing import complain

app = typer.Typer(
    help="Answers errors of NDES, SCEP and Intune certificate enrolment.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for family in (chat.app, answers.app, servers.app, digests.app, operating.app, keeping.app):
    app.add_typer(family)


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"ndesbot {version('ndesbot')}")
        raise typer.Exit


@app.callback()
def ndesbot(
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """Answers errors of NDES, SCEP and Intune certificate enrolment."""


def run() -> None:
    """The entry point: errors people can mend are one line on stderr and exit code 2."""
    if sys.stdout is None:
        _refuse("standard output is closed, so there is nowhere to put the answer")
    try:
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
        code = app(standalone_mode=False) or 0
        sys.stdout.flush()  # a disk that is full is found here, and not after the last word
        sys.exit(code)
    except typer.TyperException as error:
        _refuse(error.format_message() if hasattr(error, "format_message") else str(error))
    except BrokenPipeError:  # whoever read has heard enough
        _drop_output()
        sys.exit(1)
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}." if error.filename and error.strerror else _words(error))
    except (BotError, ValueError) as error:
        _refuse(_words(error))


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _refuse(reason: str) -> NoReturn:
    complain(reason if reason.startswith("Usage:") else f"ndesbot: {reason}")
    _drop_output()
    sys.exit(2)


def _drop_output() -> None:
    """Where nothing more can be written, let the rest go: at its end the interpreter would try again, and shout."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    run()
