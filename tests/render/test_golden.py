"""Real answers on every surface, as they were last looked at."""

import pytest

from knowledge.codes import Codes
from knowledge.library import Library
from tests.render.answers import real
from tests.render.goldens import FOLDER, assert_golden
from tests.render.surfaces import SURFACES


@pytest.mark.parametrize("surface", SURFACES)
def test_real_answers_look_as_they_did(surface: str, library: Library, codes: Codes) -> None:
    for name, answer in real(library, codes).items():
        assert_golden(f"{surface}-{name}.{SURFACES[surface].ending}", SURFACES[surface].sends(answer))


@pytest.mark.parametrize("surface", SURFACES)
def test_no_golden_file_is_of_an_answer_that_is_gone(surface: str, library: Library, codes: Codes) -> None:
    ending = SURFACES[surface].ending
    wanted = {f"{surface}-{name}.{ending}" for name in real(library, codes)}
    assert {path.name for path in FOLDER.glob(f"{surface}-*.{ending}")} == wanted
