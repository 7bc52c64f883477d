"""The whole examination: the installation first, then each platform that the settings name."""

from collections.abc import AsyncIterator
from pathlib import Path

from bot.errors import BadRequest, ConnectorError
from connectors import settings, settings_file
from connectors.clock import now
from connectors.doctor import installation, slack, teams, web
from connectors.doctor.network import line
from connectors.doctor.symptoms import Symptom, told
from connectors.manifests import slack_scopes
from connectors.settings_file import Settings


async def examine(path: Path) -> AsyncIterator[Symptom]:
    """Each symptom as it is found."""
    symptom, said = installation.the_settings(path)
    yield symptom
    yield await installation.the_knowledge()
    address = settings_file.database_of(said) if said else settings.database()
    database = await installation.the_database(address)
    yield database
    if said and (said.slack or said.teams):
        if database.verdict == "ok":
            yield await installation.the_owners(address, said)
        yield await told("web", "Name another port under [web], or stop what has it.", web.examine(said.web))
        async for symptom in _platforms(said):
            yield symptom


async def _platforms(said: Settings) -> AsyncIterator[Symptom]:
    try:
        async with line(said.network) as out:
            if said.slack:
                async for symptom in slack.examine(said.slack, slack_scopes(), out, now):
                    yield symptom
            if said.teams:
                async for symptom in teams.examine(said.teams, out, now):
                    yield symptom
    except (BadRequest, ConnectorError) as error:
        yield Symptom("network", "fail", str(error), "Correct the settings under [network].")
