"""A case on its way out of the house: every text redacted once more, every part bounded."""

from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from pydantic import TypeAdapter

from bot.findings import Finding
from bot.keeping import kept
from bot.packet.case import Case
from bot.redaction import redact

_CASE: Final = TypeAdapter(Case)
_LOOKED_AT: Final = 4  # times the characters that are kept: a secret must not go by because its end is cut off
_MOST_BITS: Final = 1024  # of a number: Python refuses to print those of thousands of digits
_ALL: Final = 1_000_000  # characters of all texts together, each value counted as some
_EACH: Final = 10
_CUT: Final = "…"
_REMOVED: Final = "[secret removed]"
_WITH_MARKS: Final = ("evidence", "versions")  # of certificates, or of what we shipped ourselves
_FIELDS: Final = 20  # of a noun, at most: no mapping is cut shorter


def cleaned(case: Case, characters: int) -> Case:
    """The case without secrets and names, no text longer than `characters`."""
    return _CASE.validate_python(_clean(_CASE.dump_python(case), characters))


def bounded(case: Case, characters: int, items: int) -> Case:
    """The case with no text longer than `characters` and no list longer than `items`."""
    return _CASE.validate_python(_Bound(characters, items)(_CASE.dump_python(case)))


def _clean(value: Any, most: int, *, within: str = "") -> Any:
    match value:
        case str():
            return _cut(redact(value[: _LOOKED_AT * most]), most)
        case dict() if within in _WITH_MARKS:
            return {_clean(name, most): _named(name, said, most) for name, said in value.items()}
        case dict():
            return {_clean(name, most): _clean(said, most, within=name) for name, said in value.items()}
        case list() | tuple():
            return [_clean(one, most) for one in value]
        case _:
            return _number(value)


def _named(name: str, value: Any, most: int) -> Any:
    """A value with its name, for that may tell that it is a secret; marks of certificates are none, and stay."""
    if isinstance(value, list):
        return [_named(name, one, most) for one in value]
    if not isinstance(value, str):
        return _number(value)
    before = f"{name}: "
    (looked_at,) = kept([Finding("", "unknown", before + value[: _LOOKED_AT * most])])
    said = looked_at.summary
    return _cut(said.removeprefix(before), most) if said.startswith(before) else _REMOVED


def _number(value: Any) -> Any:
    """A number that JSON can say."""
    if isinstance(value, float) and not isfinite(value):
        return 0.0
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"a number of {value.bit_length()} bits"
    return value


@dataclass(slots=True)
class _Bound:
    """Cuts texts and lists, and leaves out what comes after very much. Fields of a noun all stay."""

    characters: int
    items: int
    left: int = _ALL

    def __call__(self, value: Any) -> Any:
        self.left -= _EACH
        match value:
            case str():
                self.left -= min(len(value), self.characters)
                return _cut(value, self.characters)
            case dict():
                some = list(value.items())[: max(self.items, _FIELDS)]
                return {_cut(name, self.characters): self(said) for name, said in some}
            case list() | tuple():
                return [self(one) for one in value[: self.items] if self.left > 0]
            case _:
                return value


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + _CUT
