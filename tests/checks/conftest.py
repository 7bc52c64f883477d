"""No test of the checks waits between two questions as a real run does."""

from collections.abc import Iterator

import pytest

from connectors.checks import repeat


@pytest.fixture(scope="session", autouse=True)
def _no_pause() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeat, "PAUSE", 0.0)
        yield
