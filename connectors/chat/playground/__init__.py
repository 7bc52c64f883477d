"""The playground: the same bot in a browser, reachable from this computer alone."""

from connectors.chat.playground.desk import AT_WORK, WAITING
from connectors.chat.playground.incoming import LARGEST_BODY
from connectors.chat.playground.surface import Playground

__all__ = ["AT_WORK", "LARGEST_BODY", "WAITING", "Playground"]
