"""All that is known of one trouble, packed for whoever takes it over: an engineer of the vendor, a ticket."""

from bot.packet.case import Case, Checked, Stood, Tried, Turn
from bot.packet.packing import EDITION, FORMAT, MOST, packed
from bot.packet.versions import knowledge_version

__all__ = ["EDITION", "FORMAT", "MOST", "Case", "Checked", "Stood", "Tried", "Turn", "knowledge_version", "packed"]
