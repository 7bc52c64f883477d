"""The commands about what is kept: `backup`, `restore`, `forget`."""

from pathlib import Path
from typing import Annotated

import typer

from bot.errors import BadRequest
from connectors.commands.operating import SettingsFile

app = typer.Typer()

File = Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")]


@app.command()
def backup(file: File, settings_file: SettingsFile = None) -> None:
    """Copy everything that is kept into a new file, while the bot runs if it does. Only this user may read it."""
    import asyncio

    from connectors.clock import now
    from connectors.settings_file import database
    from connectors.store import backup as backups

    if file.exists():  # it may be the only good copy
        raise BadRequest(f"{file} is there already; name another file, or move that one away.")
    address = database(settings_file)
    count = asyncio.run(backups.backup(address, file, now()))
    typer.echo(f"{file}: {count} rows of {_place(address)}")


@app.command()
def restore(
    file: File,
    replace: Annotated[bool, typer.Option("--replace", help="Forget first what the database holds.")] = False,
    settings_file: SettingsFile = None,
) -> None:
    """Fill an empty database, SQLite or PostgreSQL, from a backup of either. Stop the bot before."""
    from connectors.clock import now
    from connectors.engine_database import living
    from connectors.settings_file import database
    from connectors.store import backup as backups

    address = database(settings_file)
    if alive := living(address):
        raise BadRequest(f"{', '.join(alive)} works on {_place(address)}: stop it before, or what it does is lost.")
    count = backups.restore(address, file, now(), replace=replace)
    typer.echo(f"{file}: {count} rows are in {_place(address)}")


@app.command()
def forget(
    user: Annotated[str, typer.Argument(metavar="USER", help="The id of the person in the chat, such as U0123ABCD.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it: nothing brings it back.")] = False,
    settings_file: SettingsFile = None,
) -> None:
    """Remove a person's questions, votes, messages that still wait and what their logs told, and the name from what
    they hushed; the audit log stays."""
    import asyncio

    from connectors.settings_file import database
    from connectors.store import open_store

    address = database(settings_file)
    if not yes:
        raise BadRequest(
            f"This removes what {user} asked and said and what their logs told from {_place(address)}; no backup is"
            " changed. If that is wanted, say --yes."
        )

    async def inside() -> int:
        async with open_store(address) as store:
            return await store.diary.forget(user)

    typer.echo(f"{user} is forgotten: {asyncio.run(inside())} lines")


def _place(address: str) -> str:
    from connectors.store import database

    return database.place(database.address(address))
