"""The CAPI2 log: what certificate chains and revocation lists looked like to Windows."""

from connectors import events
from connectors.logs import Reader


def _fits(head: str) -> float:
    """Events, of which most are of CAPI2."""
    like = events.likeness(head)
    found = len(events.CAPI2.findall(head))
    return like + 0.01 if like and found and found * 2_500 >= len(head) else 0.0


READER = Reader("capi2", "CAPI2 log", _fits, events.lines)
