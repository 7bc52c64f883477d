"""A line that tells something: what is kept of it once its log has gone by."""

import re
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, Self

from bot.timeline.lines import Line
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
    who: str = ""
    depth: int = 0
    """How far from the device its program stands: of two lines of one second, the deeper one was first."""

    @classmethod
    def of(cls, line: Line, file: int, verdict: Verdict) -> Self:
        """What is kept of a line of the file with that number."""
        return cls(
            file,
            line.number,
            line.at,
            verdict,
            client=line.client,
            agent=line.agent,
            transaction=line.transaction,
            flow=line.flow,
            took=line.took,
            begins=line.begins,
            ends=line.ends,
            who=line.who,
            depth=depth(line.source),
        )


CA, CAPI2, NDES, WEB, DEVICE = 9, 8, 5, 3, 2
"""Depths of what they tell: of the CA, of CAPI2, of NDES itself, of IIS and HTTP.SYS, and of a device."""
_DEPTHS = (
    (CA, "certificationauthority|security-auditing|^ca$"),
    (CAPI2, "capi2"),
    (7, "kdc|schannel|windows-was|application error"),
    (6, "certificateregistrationpoint|ndesconnector|certificateconnectors|intune connector"),
    (NDES, "networkdeviceenrollment"),
    (4, "ndesplugin"),
    (WEB, "^iis$|^httperr$"),
)


@lru_cache(maxsize=1_000)
def depth(source: str) -> int:
    """How deep the program that logs under a name stands: a failure travels from the CA outwards to the device."""
    return next((deep for deep, names in _DEPTHS if re.search(names, source.lower())), DEVICE)
