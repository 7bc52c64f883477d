"""The playground: the same bot in a browser, reachable from this computer alone."""

from connectors.chat.playground.incoming import LARGEST_BODY
from connectors.chat.playground.surface import Playground
from connectors.chat.playground.waiting_room import AT_WORK, WAITING

__all__ = ["AT_WORK", "LARGEST_BODY", "WAITING", "Playground"]
