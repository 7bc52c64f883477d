"""Every error the house raises on purpose.

* BotError
  - BadRequest      the person can fix it; the message is shown to them
  - ConnectorError  the outside world failed; the person sees a short apology
"""


class BotError(Exception):
    """Something went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class BadRequest(BotError):
    """That request cannot be understood."""


class ConnectorError(BotError):
    """A system outside the bot did not do its part."""
