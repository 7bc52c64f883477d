"""What somebody filled in becomes the words that they could as well have written."""

from collections.abc import Callable, Mapping
from typing import Final

from bot.errors import BadRequest
from bot.servers import server_from
from connectors.render.forms import MISSING, REGISTER, Field, Form, server_fields

DIAGNOSE: Final = Form(
    "diagnose",
    "Diagnose a text",
    "Diagnose",
    (
        Field(
            "words",
            "What do you see?",
            "lines",
            hint="An error, a log line, an event or a page. The answer comes as a direct message.",
            required=True,
            longest=3000,
        ),
    ),
)
"""A text that stands in no chat."""


def _registered(said: Mapping[str, str]) -> str:
    fields = server_fields(said)
    server_from(fields)
    words = {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in fields.items()}
    if spaced := next((name for name, word in words.items() if len(word.split()) > 1), None):
        raise BadRequest(f"{spaced}: write it without spaces.")
    name, url = words.pop("name"), words.pop("url")
    return " ".join(["register", name, url, *(f"{field}={word}" for field, word in words.items())])


def _missing(said: Mapping[str, str]) -> str:
    named = {"where": "It stood in", "answer": "The answer should have been"}
    rest = [f"{start}: {said[name]}" for name, start in named.items() if said.get(name)]
    return "\n".join([f"/missing {said.get('words', '')}", *rest])


FORMS: Final[Mapping[str, tuple[Form, Callable[[Mapping[str, str]], str]]]] = {
    REGISTER.id: (REGISTER, _registered),
    MISSING.id: (MISSING, _missing),
    DIAGNOSE.id: (DIAGNOSE, lambda said: said.get("words", "")),
}
"""Each form, and the words that filling it in stands for; these raise `BadRequest`, beginning with the field."""
