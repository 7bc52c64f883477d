"""The command about digests: `digest --dry-run` shows what would be posted."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.errors import BadRequest
from bot.types import Answer, Place
from connectors.commands.operating import SettingsFile
from connectors.commands.showing import Json, show, show_json

app = typer.Typer()
_NO_CHANNEL = Place("", "")


@app.command()
def digest(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it and post nothing.")] = False,
    channel: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this channel's, such as C0123 or slack:C0123.")
    ] = None,
    as_json: Json = False,
    settings_file: SettingsFile = None,
) -> None:
    """What would be posted now, for each channel that gets a digest; without any, a week of all servers."""
    import asyncio

    if not dry_run:
        raise BadRequest("Digests are posted by `ndesbot serve`, when they are due. To see one now, say --dry-run.")
    written = asyncio.run(_written(channel, settings_file))
    if as_json:
        show_json({"digests": [_document(place, answer) for place, answer in written]})
        return
    for place, answer in written:
        show(answer, of="no channel has a digest yet; of all servers" if place == _NO_CHANNEL else _named(place))


async def _written(channel: str | None, settings_file: Path | None) -> list[tuple[Place, Answer]]:
    from bot.digests import Digests
    from connectors import settings, shelf
    from connectors.clock import now
    from connectors.settings_file import database
    from connectors.store import open_store

    titles = {entry.id: entry.title for entry in shelf.library(settings.cache_folder()).entries.values()}
    async with open_store(database(settings_file)) as store:
        digests = Digests(store, store.diary, now, titles)
        places = [subscription.place for subscription in await digests.channels()] or [_NO_CHANNEL]
        if channel is not None:
            places = [place for place in places if channel in (place.conversation, _named(place))]
            if not places:
                raise BadRequest(f"{channel[:80]!r} gets no digest.")
        return [(place, await digests.preview(place)) for place in places]


def _document(place: Place, answer: Answer) -> dict[str, Any]:
    from connectors.render.text import render

    channel = None if place == _NO_CHANNEL else _named(place)
    return {"channel": channel, "title": answer.title, "tone": answer.tone, "text": render(answer)}


def _named(place: Place) -> str:
    return f"{place.surface}:{place.conversation}"
