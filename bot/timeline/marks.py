"""A line that tells something: what is kept of it once its log has gone by."""

import re
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from bot.timeline.verdicts import Verdict


class Mark(NamedTuple):
    """A judged line: where it stands, when, what it tells, and what joins it with others (see `Line`)."""

    file: int
    number: int
    at: datetime | None
    verdict: Verdict
    client: str = ""
    agent: str = ""
    transaction: str = ""
    flow: str = ""
    took: float = 0.0
    begins: bool = False
    ends: bool = False
    depth: int = 0
    """How far from the device its program stands: of two lines of one second, the deeper one was first."""


_DEPTHS = (
    (9, "certificationauthority|^ca$"),
    (8, "capi2"),
    (7, "kdc|schannel|windows-was|application error"),
    (6, "certificateregistrationpoint|ndesconnector|certificateconnectors|intune connector"),
    (5, "networkdeviceenrollment"),
    (4, "ndesplugin"),
    (3, "^iis$|^httperr$"),
)


@lru_cache(maxsize=1_000)
def depth(source: str) -> int:
    """How deep the program that logs under a name stands: a failure travels from the CA outwards to the device."""
    return next((deep for deep, names in _DEPTHS if re.search(names, source.lower())), 2)
