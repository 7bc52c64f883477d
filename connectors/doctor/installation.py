"""What every installation stands on: settings, knowledge, database."""

from collections.abc import Awaitable
from pathlib import Path
from typing import Final

from bot.errors import BotError, ConnectorError
from connectors import settings, settings_file, shelf
from connectors.doctor.symptoms import Symptom, told
from connectors.settings_file import Settings
from connectors.store import open_store

_NAMED: Final = 5  # servers that a symptom names


def the_settings(path: Path) -> tuple[Symptom, Settings | None]:
    """The settings file; None where there is none: the playground and the command line need none."""
    if not path.exists():
        fix = "Copy the example of docs/operating.md; without it only the playground and the command line work."
        return Symptom("settings", "warn", f"There is no settings file {path}.", fix), None
    try:
        said = settings_file.read(path)
    except BotError as error:
        return Symptom("settings", "fail", str(error), "Correct that line, as in docs/operating.md."), None
    platforms = [name for name in ("slack", "teams") if getattr(said, name)]
    if not platforms:
        fix = "Add a table [slack] or [teams], as docs/operating.md shows."
        return Symptom("settings", "warn", f"{path} names no chat platform.", fix), said
    return Symptom("settings", "ok", f"{path} names {' and '.join(platforms)}."), said


def the_knowledge() -> Awaitable[Symptom]:
    """The entries and number tables that came with the program."""

    async def question() -> str:
        entries = len(shelf.library(settings.cache_folder()).entries)
        shelf.codes()
        return f"{entries} entries can be read."

    return told("knowledge", "Install ndesbot again: its own files are damaged.", question())


def the_database(address: str) -> Awaitable[Symptom]:
    """The database, opened and asked; its tables are brought up to date, as a start would do."""

    async def question() -> str:
        async with open_store(address) as store:
            return f"The database answers; {len(await store.servers())} servers are registered."

    return told(
        "database", "Correct `database` in the settings, or what it says about the database itself.", question()
    )


def the_owners(address: str, said: Settings) -> Awaitable[Symptom]:
    """The channels in which servers have what changes told: whether each is of a platform that is set up."""
    surfaces = [name for name in ("slack", "teams") if getattr(said, name)]

    async def question() -> str:
        async with open_store(address) as store:
            owned = {server.name: server.owner_channel for server in await store.servers() if server.owner_channel}
        strangers = {channel.partition(":")[0] for channel in owned.values() if ":" in channel} - set(surfaces)
        if not strangers:
            return f"{len(owned)} servers have a channel in which changes are told."
        lost = sorted(name for name, channel in owned.items() if channel.partition(":")[0] in strangers)
        names = f"{', '.join(lost[:_NAMED])}{f' and {len(lost) - _NAMED} more' if len(lost) > _NAMED else ''}"
        raise ConnectorError(f"Nobody hears of changes of {names}: {' and '.join(sorted(strangers))} is not set up.")

    fix = "Add the table of that platform to the settings, or register those servers with another owner_channel."
    return told("owner-channels", fix, question())
