"""What many tests share: the shipped knowledge, loaded once a process."""

import pytest

from connectors import shelf
from knowledge.codes import Codes
from knowledge.library import Library


@pytest.fixture(scope="session")
def library() -> Library:
    """Every shipped entry, read from its file."""
    return shelf.library(None)


@pytest.fixture(scope="session")
def codes() -> Codes:
    """Every shipped number table."""
    return shelf.codes()
