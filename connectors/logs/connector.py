"""The event logs of the Intune connector, old and new."""

from connectors import events
from connectors.logs import Reader


def _fits(head: str) -> float:
    """Events, of which most are of the connector."""
    like = events.likeness(head)
    found = len(events.CONNECTOR.findall(head))
    return like + 0.01 if like and found and found * 1_500 >= len(head) else 0.0


READER = Reader("connector", "event log of the connector", _fits, events.lines)
