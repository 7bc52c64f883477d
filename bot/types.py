"""The nouns of the house: frozen, free of input and output, the same for every chat platform."""

from dataclasses import dataclass
from typing import Literal

STEP_NAMES = (
    "The profile reaches the device",
    "The device reaches NDES",
    "NDES asks the policy module",
    "NDES asks the CA",
    "The certificate reaches the device",
    "The connector reports to Intune",
)
"""The six steps of an enrolment, in order."""

Role = Literal["viewer", "operator", "admin"]
"""What a person may do: read and ask; have servers checked; register them."""
Tone = Literal["problem", "success", "info", "unsure", "unknown"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer is delivered."""

    surface: str
    conversation: str
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Attached:
    """A file beside a message. `key` is by what its surface fetches it, and nobody else's business; `size` is in
    bytes, None where the platform does not tell it."""

    name: str
    key: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What a person wrote in any chat. `addressed`: a mention, a direct message or a command.
    `pressed`: it is a button, and the text its opaque id, until the inbox knows what that says."""

    id: str
    place: Place
    sender: str
    text: str
    addressed: bool = True
    pressed: bool = False
    files: tuple[Attached, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """Prose. Words in backticks are code; `<ndes-fqdn>` and its like are placeholders."""

    text: str


@dataclass(frozen=True, slots=True)
class Caution:
    """What a person must know before doing something."""

    text: str


@dataclass(frozen=True, slots=True)
class StepBar:
    """Where in the six enrolment steps this sits; None where it belongs to no single step."""

    step: int | None
    area: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a quoted paste; `marked` words are those that decided."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of the paste, foreign text: every surface escapes them."""

    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """Things to do, in order; each may be copied."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows of (name, value)."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """Detail that a person opens when wanted; platforms that cannot fold show it."""

    title: str
    hint: str
    blocks: tuple["Block", ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """One question; each option is (label, what choosing it says to the bot)."""

    question: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the facts were read: (address or words, day)."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """The start of a further problem in the same paste."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Picture:
    """A small PNG, and in `alt` all that it shows: for those who cannot see it, and for where none can be shown."""

    png: bytes
    alt: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file to keep or to send on. `again` is what one says to the bot to be given it where the platform could not."""

    name: str
    data: bytes
    again: str


Block = Text | Caution | StepBar | Quote | Steps | Facts | Fold | Choices | Sources | Heading | Picture | Document


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot says: neutral blocks that every surface puts into its own language. `about` is
    the id of the entry that it tells of, if it tells of one. `question`: it answers one, and not an order or a vote."""

    title: str
    tone: Tone
    blocks: tuple[Block, ...] = ()
    about: str | None = None
    private: bool = False
    question: bool = True
