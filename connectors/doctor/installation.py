"""What every installation stands on: settings, knowledge, database."""

from collections.abc import Awaitable
from pathlib import Path

from bot.errors import BotError
from connectors import settings, settings_file, shelf
from connectors.doctor.symptoms import Symptom, told
from connectors.settings_file import Settings
from connectors.store import open_store


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
