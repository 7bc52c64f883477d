"""What every picture of ours is drawn with: a ground of its own, few colours, one font."""

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # loading it takes as long as a whole answer, and most answers have no picture
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

WIDTH: Final = 720
"""Of every picture, in points."""
GROUND, INK, FAINT = "#fbfaf7", "#1f2328", "#dcdad4"
GOOD, BAD = "#2e7d4f", "#b3261e"
SIZE: Final = 18
"""Of plain words, in points."""
_MOST_COLOURS: Final = 12


@lru_cache(maxsize=4)
def font(size: int = SIZE) -> "FreeTypeFont":
    """The one font, which is a part of Pillow."""
    from PIL.ImageFont import FreeTypeFont, load_default

    found = load_default(size)
    if not isinstance(found, FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType, so no chart can be drawn; install its wheel.")
    return found


def length(words: str, size: int = SIZE) -> int:
    """How long words are, in points."""
    return round(font(size).getlength(words))


def fitted(words: str, room: int) -> str:
    """As much of a line as there is room for, in points."""
    words = words[:200]
    if font().getlength(words) <= room:
        return words
    while words and font().getlength(f"{words}…") > room:
        words = words[:-1]
    return f"{words.rstrip(' ,')}…"


def png(image: "Image") -> bytes:
    """The picture with few colours, which is what keeps it small."""
    file = BytesIO()
    image.quantize(_MOST_COLOURS).save(file, "PNG", optimize=True)
    return file.getvalue()
