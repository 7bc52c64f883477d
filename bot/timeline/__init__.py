"""Logs of one site as one time line: which enrolments are in them, where they stop, and the first bad line."""

from bot.timeline.lines import DATELESS, Line, Place, iso_of
from bot.timeline.outline import Outline, outline
from bot.timeline.recipients import Recipient, beside, judged
from bot.timeline.story import LogFile, Stop, Story, Survey
from bot.timeline.telling import summary, tell
from bot.timeline.templates import Unknown

__all__ = [
    "DATELESS",
    "Line",
    "LogFile",
    "Outline",
    "Place",
    "Recipient",
    "Stop",
    "Story",
    "Survey",
    "Unknown",
    "beside",
    "iso_of",
    "judged",
    "outline",
    "summary",
    "tell",
]
