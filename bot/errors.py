"""Every error the house raises on purpose.

* BotError
  - BadRequest      the person can fix it; the message is shown to them
  - Forbidden       the person may not do that; who may is said
  - ConnectorError  the outside world failed; the person sees a short apology
    - ProbeError    a server under check did not answer as asked; becomes a finding, never an apology
    - Busy          a chat platform asks to wait; the same is asked again after that time
    - Away          the database does not answer, or not as it should: the same may go well in a moment
    - Gone          a place in a chat is no longer there, or not open to the bot: not asked again
"""

from typing import Literal

Trouble = Literal[
    "nxdomain",  # the name does not exist
    "servfail",  # the name server failed
    "refused",
    "unreachable",
    "timeout",
    "reset",  # the other side cut the connection before or within an answer
    "dropped",  # closed without a byte of an answer
    "truncated",
    "tls",  # no handshake came about
    "too-large",
    "malformed",
    "guarded",  # the address guard does not allow this address
    "left-alone",  # not asked: this pool dropped a connection in this run
]
"""What can go wrong with one look at a server."""


class BotError(Exception):
    """Something went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class BadRequest(BotError):
    """That request cannot be understood."""


class ConnectorError(BotError):
    """A system outside the bot did not do its part."""


class Forbidden(BotError):
    """You may not do that."""


class ProbeError(ConnectorError):
    """A server under check did not answer as asked."""

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(message)
        self.trouble = trouble


class Busy(ConnectorError):
    """The chat platform asks to wait."""

    def __init__(self, after: float) -> None:
        """`after`: seconds to wait."""
        super().__init__(f"The chat platform asks to wait {after:.0f} s.")
        self.after = after


class Away(ConnectorError):
    """The database does not answer."""


class Gone(ConnectorError):
    """That place in the chat is not there any more, or closed to the bot."""
