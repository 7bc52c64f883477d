"""Logs of one site as one time line: which enrolments are in them, where they stop, and the first bad line."""

from bot.timeline.addressees import beside, judged
from bot.timeline.lines import DATELESS, Line, Where, iso_of, moment
from bot.timeline.outline import Outline, outline
from bot.timeline.recipients import Recipient
from bot.timeline.story import LogFile, Stop, Story, Survey
from bot.timeline.telling import summary, tell
from bot.timeline.templates import Unknown

__all__ = [
    "DATELESS",
    "Line",
    "LogFile",
    "Outline",
    "Recipient",
    "Stop",
    "Story",
    "Survey",
    "Unknown",
    "Where",
    "beside",
    "iso_of",
    "judged",
    "moment",
    "outline",
    "summary",
    "tell",
]
