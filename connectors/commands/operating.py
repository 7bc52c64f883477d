"""The commands of whoever runs the bot for others: `serve`, `worker`, `sites`, `doctor`, `manifest`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.errors import BadRequest
from bot.times import many
from connectors.commands.showing import Json, show_json
from connectors.commands.storing import with_store

app = typer.Typer()
manifest_app = typer.Typer(help="What the chat platforms want to know of the bot.", no_args_is_help=True)
sites_app = typer.Typer(help="The tokens of workers at other sites.", no_args_is_help=True)
app.add_typer(manifest_app, name="manifest")
app.add_typer(sites_app, name="sites")

SettingsFile = Annotated[
    Path | None, typer.Option("--settings", metavar="FILE", help="Instead of NDESBOT_SETTINGS or ./ndesbot.toml.")
]


@app.command()
def serve(settings_file: SettingsFile = None) -> None:
    """Serve Slack, Teams or both, as the settings file says, until told to stop."""
    import asyncio

    from connectors import settings
    from connectors.serving import serve as run
    from connectors.telemetry.log import log_to_stderr

    log_to_stderr()

    def ready(address: str) -> None:
        print(address, flush=True)  # noqa: T201 - the first line of stdout is the address of the health page

    asyncio.run(run(settings_file or settings.settings_file(), ready))


@app.command()
def worker(
    site: Annotated[str, typer.Option(metavar="NAME", help="The site whose servers are looked at from here.")],
    bot: Annotated[str, typer.Option(metavar="URL", help="Where the bot can be reached, by https.")],
    ca_file: Annotated[Path | None, typer.Option(metavar="PEM", help="Roots to judge the bot's TLS with.")] = None,
) -> None:
    """Look at the servers of one site for a bot elsewhere; the token is in NDESBOT_WORKER_TOKEN."""
    import asyncio

    from connectors import settings
    from connectors.telemetry.log import log_to_stderr
    from connectors.working import work

    log_to_stderr()
    token = settings.secret("NDESBOT_WORKER_TOKEN")
    asyncio.run(work(site, bot, token, ca_file=ca_file, allow=settings.private_ranges()))


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


@sites_app.command("admit")
def admit(
    site: Annotated[str, typer.Argument(metavar="SITE")],
    note: Annotated[str, typer.Option(help="Who or what gets the token, for your own records.")] = "",
    settings_file: SettingsFile = None,
) -> None:
    """Print a new token for the workers of a site. It is shown once; the bot keeps only a digest."""
    import secrets

    token = secrets.token_urlsafe(32)

    async def keep(store: Any) -> None:
        from connectors.clock import now

        await store.errands.admit(site, token, note, now())

    with_store(keep, settings_file)
    typer.echo(token)


@sites_app.command("dismiss")
def dismiss(site: Annotated[str, typer.Argument(metavar="SITE")], settings_file: SettingsFile = None) -> None:
    """Take back every token of a site, at once."""

    async def take_back(store: Any) -> int:
        taken: int = await store.errands.dismiss(site)
        return taken

    taken = with_store(take_back, settings_file)
    typer.echo(f"{many(taken, 'token')} of {site} taken back.")


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
