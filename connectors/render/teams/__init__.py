"""An answer as Adaptive Cards, for Teams and for any page that shows what Teams would get."""

from connectors.render.teams.card import TeamsMessage, pressed, refreshed, render
from connectors.render.teams.extras import (
    attachment,
    dialog,
    file_consent,
    file_sent,
    found,
    hit,
)
from connectors.render.teams.packing import LARGEST_CARD, LARGEST_MESSAGE

__all__ = [
    "LARGEST_CARD",
    "LARGEST_MESSAGE",
    "TeamsMessage",
    "attachment",
    "dialog",
    "file_consent",
    "file_sent",
    "found",
    "hit",
    "pressed",
    "refreshed",
    "render",
]
