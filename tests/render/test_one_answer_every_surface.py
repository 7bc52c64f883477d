"""One answer, every surface: what one shows, no other hides."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from bot.types import Answer, Block
from connectors.render.text import printable
from knowledge.codes import Codes
from knowledge.library import Library
from tests.render.answers import SHORT_ANSWER, facts_of, real
from tests.render.surfaces import SURFACES


def _bare(text: str) -> str:
    """Words as any surface may lay them out: without blanks, line breaks and the marks of code."""
    return "".join(printable(text).replace("`", "").split())


def _pieces(fact: str) -> Iterator[str]:
    """The parts of a fact that stay whole everywhere: a line, and within it code and the words around it. A command
    to run may be told as one."""
    for line in re.split(r"[`\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", fact):
        piece = _bare(line.removeprefix("Run "))
        if piece:
            yield piece


def _hidden(answer: Answer, surface: str) -> list[str]:
    shown = _bare(SURFACES[surface].shows(answer))
    return [piece for fact in facts_of(answer) for piece in _pieces(fact) if piece not in shown]


@pytest.mark.parametrize("surface", SURFACES)
def test_no_surface_hides_a_fact_of_a_real_answer(surface: str, library: Library, codes: Codes) -> None:
    for name, answer in real(library, codes).items():
        assert not _hidden(answer, surface), name


@pytest.mark.parametrize("surface", SURFACES)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(answer=SHORT_ANSWER)
def test_no_surface_hides_a_fact_of_any_answer(surface: str, answer: Answer) -> None:
    assert not _hidden(answer, surface)


def test_the_real_answers_hold_every_kind_of_block(library: Library, codes: Codes) -> None:
    def kinds(blocks: tuple[Block, ...]) -> Iterator[type]:
        for block in blocks:
            yield type(block)
            yield from kinds(getattr(block, "blocks", ()))

    assert {kind for answer in real(library, codes).values() for kind in kinds(answer.blocks)} == set(Block.__args__)
