"""Windows events, exported in any form and language."""

from connectors import events
from connectors.logs import Reader

READER = Reader("event", "exported events", events.likeness, events.lines)
