"""The commands of whoever runs the bot for others: `serve`, `doctor`, `manifest`."""

from pathlib import Path
from typing import Annotated

import typer

from bot.errors import BadRequest
from connectors.commands.showing import Json, show_json

app = typer.Typer()
manifest_app = typer.Typer(help="What the chat platforms want to know of the bot.", no_args_is_help=True)
app.add_typer(manifest_app, name="manifest")

SettingsFile = Annotated[
    Path | None, typer.Option("--settings", metavar="FILE", help="Instead of NDESBOT_SETTINGS or ./ndesbot.toml.")
]


@app.command()
def serve(settings_file: SettingsFile = None) -> None:
    """Serve Slack, Teams or both, as the settings file says, until told to stop."""
    import asyncio

    from connectors import settings
    from connectors.commands.log_lines import log_to_stderr
    from connectors.serving import serve as run

    log_to_stderr()

    def ready(address: str) -> None:
        print(address, flush=True)  # noqa: T201 - the first line of stdout is the address of the health page

    asyncio.run(run(settings_file or settings.settings_file(), ready))


@app.command()
def doctor(settings_file: SettingsFile = None, as_json: Json = False) -> None:
    """Is this installation able to work? Settings, knowledge, database, tokens, scopes, clock, reachability."""
    import asyncio

    from connectors import settings
    from connectors.doctor import Symptom, examine

    found: list[Symptom] = []

    async def visit() -> None:
        async for symptom in examine(settings_file or settings.settings_file()):
            found.append(symptom)
            if not as_json:
                _tell(symptom.verdict, f"{symptom.id}: {symptom.summary}", symptom.fix)

    asyncio.run(visit())
    well = all(symptom.verdict != "fail" for symptom in found)
    if as_json:
        show_json({"ok": well, "symptoms": [_fields(symptom) for symptom in found]})
    raise typer.Exit(0 if well else 1)


_SIGNS = {"ok": ("ok  ", "green"), "warn": ("look", "yellow"), "fail": ("BAD ", "red")}


def _tell(verdict: str, summary: str, fix: str | None) -> None:
    word, colour = _SIGNS[verdict]
    typer.echo(f"{typer.style(word, fg=colour, bold=True)}  {summary}")
    if fix and verdict != "ok":
        typer.echo(f"      → {fix}")


def _fields(symptom: object) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(symptom)  # type: ignore[call-overload,no-any-return]


@manifest_app.command("slack")
def slack_manifest() -> None:
    """Print the manifest from which Slack makes the app."""
    from connectors import manifests

    typer.echo(manifests.slack(), nl=False)


@manifest_app.command("teams")
def teams_manifest(
    out: Annotated[Path, typer.Option(metavar="ZIP", help="The package to write.")] = Path("ndesbot-teams.zip"),
    app_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Application (client) id; else that of the settings file.")
    ] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Write the package that is uploaded to Teams."""
    from connectors import manifests, settings
    from connectors.settings_file import read

    if app_id is None:
        said = read(settings_file or settings.settings_file())
        if said.teams is None:
            raise BadRequest("The settings have no table [teams]; give --app-id.")
        app_id = said.teams.app_id
    out.write_bytes(manifests.teams_package(app_id))
    typer.echo(f"{out}: upload it in Teams' admin centre, or to a team for trying.")
