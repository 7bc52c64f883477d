"""The text beside the blocks: what a notification shows and a screen reader reads. Unlike blocks, Slack reads
markup in it, so whatever could name, link, draw or format is broken here."""

import re
from html import escape
from typing import Final

from connectors.render.prose import without_marks
from connectors.render.slack.elements import CUT

LONGEST: Final = 4000
"""Bytes of the text of a message, as `chat.update` takes it: its page says characters, but it was seen to count
bytes of UTF-8."""
UPDATING: Final = {"parse": "none", "link_names": False}
"""How an answer is edited: Slack looks for no names and no addresses in it."""
POSTING: Final = UPDATING | {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
"""How an answer is posted; it brings no preview of anything either."""

_JOINT = "\u2060"  # nothing to see and nothing to hear, but a name with it is nobody's
_BROKEN = (
    (re.compile(r"[@#]"), rf"\g<0>{_JOINT}"),  # people, groups and channels
    (re.compile(r":(?=//|[^\s:]+:)"), f":{_JOINT}"),  # addresses and emoji
    (re.compile(r"(?<=\w)\.(?=[^\W\d])"), f".{_JOINT}"),  # addresses without a scheme
    (re.compile(r"(?<![^\W_])_|_(?![^\W_])"), "\uff3f"),  # formatting: the sign becomes its twin
    (re.compile(r"^(\s*)>", re.MULTILINE), r"\1›"),
)
_TWINS = (("*", "∗"), ("~", "∼"), ("`", "'"))


def fallback(told: str) -> str:
    """An answer told in plain text as the text of a message, cut where it is too long. Never empty."""
    clean = without_marks(told.strip()[: 2 * LONGEST])
    for sign, twin in _TWINS:
        clean = clean.replace(sign, twin)
    for pattern, instead in _BROKEN:
        clean = pattern.sub(instead, clean)
    most = LONGEST
    while (size := len((safe := escape(_upto(clean, most), quote=False)).encode())) > LONGEST:
        most = most * LONGEST // size
    return safe


def _upto(text: str, most: int) -> str:
    """Cut where it is too long; an underscore of which the cut takes the other side would begin to format."""
    return text if len(text) <= most else text[: max(0, most - len(CUT))].rstrip().rstrip("_") + CUT
