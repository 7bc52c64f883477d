"""Whom the bot trusts on its own ways out: the roots of this computer, and those of a file beside them."""

import ssl
from pathlib import Path

from bot.errors import BadRequest


def trusting(ca_file: Path | None, named: str = "network.ca_file:") -> ssl.SSLContext:
    """A context for TLS; `named` says where the file was named. Raises `BadRequest` for one that cannot be read."""
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError):
            raise BadRequest(f"{named} {ca_file} holds no certificates (PEM) that can be read.") from None
    return context
