"""What Teams says and wants to hear, and who may say it: all of the surface that is no library of Microsoft's."""

from connectors.chat.teams_protocol.clouds import PUBLIC, US_GOVERNMENT, Cloud
from connectors.chat.teams_protocol.credentials import VIRTUAL_MACHINE, app_service
from connectors.chat.teams_protocol.extension import AnswerNow, Found, Search
from connectors.chat.teams_protocol.surface import TeamsSurface

__all__ = [
    "PUBLIC",
    "US_GOVERNMENT",
    "VIRTUAL_MACHINE",
    "AnswerNow",
    "Cloud",
    "Found",
    "Search",
    "TeamsSurface",
    "app_service",
]
