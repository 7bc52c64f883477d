"""What tests of more than one chat ask for."""

import pytest

from tests.chat.teams_bot import MODULES


@pytest.fixture(params=MODULES)
def sdk(request: pytest.FixtureRequest) -> str:
    """Either library."""
    return str(request.param)
