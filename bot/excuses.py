"""What the inbox says by itself, where there is no answer to give."""

from typing import Final

from bot.types import Answer, Message, Piece, Quote, Text

_QUOTED: Final = 200  # characters of a question that is named

USED = Answer(
    "That button was pressed already", "info", (Text("Its answer stands in this conversation."),), private=True
)
NOT_NOW = Answer(
    "I cannot look that button up now",
    "unsure",
    (Text("The database does not answer. Press it again in a minute; questions are answered meanwhile."),),
    private=True,
)
LATER = Answer(
    "I cannot do that yet",
    "unsure",
    (Text("The database does not answer. I do it as soon as it does; questions are answered meanwhile."),),
)
TOO_OLD = Answer(
    "That button does not work any more",
    "info",
    (Text("Buttons work for a week, where they were posted. Ask again and press the new one."),),
    private=True,
)


def restarted(message: Message) -> Answer:
    """For a platform that cannot be asked whether the answer was posted."""
    again = Text("If no answer to it stands above, please ask again.")
    return Answer("I was restarted while I answered this", "unsure", (_quoted(message), again))


def given_up(message: Message, times: int) -> Answer:
    """For a message that may be what ends the processes which answer it."""
    told = Text(f"I was broken off {times} times while I answered this, so I leave it. My log says more.")
    return Answer("Something broke on my side", "unknown", (_quoted(message), told))


def not_done(why: str) -> Answer:
    """For what the database kept from being done until nobody waits for it any more."""
    return Answer("I could not do that", "unknown", (Text(why),), question=False)


def _quoted(message: Message) -> Quote:
    asked = message.text[:_QUOTED] + ("…" if len(message.text) > _QUOTED else "")
    return Quote((Piece(asked, marked=False),))
