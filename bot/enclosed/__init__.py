"""Certificates, SCEP messages and bindings that people paste: what they are, what is wrong with them for NDES, and
how they compare with what the registered servers hand out.

Where to look: `servers.py` has what a server hands out; `messages.py` tells of SCEP messages and compares them with
it; `certificates.py` judges certificates and bindings; `telling.py` puts all of a text into one answer.
"""

from bot.enclosed.messages import Standing, standing_of
from bot.enclosed.servers import HandsOut, handed_out
from bot.enclosed.telling import Told, added, as_fields, joined, told

__all__ = ["HandsOut", "Standing", "Told", "added", "as_fields", "handed_out", "joined", "standing_of", "told"]
