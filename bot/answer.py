"""A pasted text becomes an answer."""

from collections.abc import Sequence

from knowledge.library import SURE, Match
from knowledge.reading import Reading


def silent_when_overheard(matches: Sequence[Match], reading: Reading) -> bool:
    """Whether nobody asked and the bot is not sure enough to speak."""
    return not matches or matches[0].confidence < SURE
