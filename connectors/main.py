"""Plugs the house together: the commands `ndesbot ...`. Nobody imports this."""

import sys
from typing import NoReturn

import typer

from bot.errors import BotError
from connectors.commands import answers, chat, servers

app = typer.Typer(
    help="Answers errors of NDES, SCEP and Intune certificate enrolment.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for family in (chat.app, answers.app, servers.app):
    app.add_typer(family)


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


if __name__ == "__main__":
    run()
