"""The questions that can be put to a server: one file each, found by looking into this folder."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from bot.ports import Check

HERE = Path(__file__).parent


class BadCheck(ValueError):
    """A file in the folder of checks is not one."""


def catalogue() -> tuple[Check, ...]:
    """Every check, in the order of the catalogue.

    Raises `BadCheck`, naming the file, where one declares no `CHECK`, its id is not the file's name, or its
    place in the catalogue is not a number like R01.
    """
    return tuple(sorted((_declared(name) for name in _names()), key=lambda check: (check.catalogue, check.id)))


def _names() -> list[str]:
    return sorted(found.name for found in iter_modules([str(HERE)]))


def _declared(name: str) -> Check:
    """The check of one file."""
    file = HERE / f"{name}.py"
    check = getattr(import_module(f"{__name__}.{name}"), "CHECK", None)
    if not isinstance(check, Check):
        raise BadCheck(f"{file}: declares no check. Write CHECK = Check(...) there, or move the file elsewhere.")
    if check.id != name.replace("_", "-"):
        raise BadCheck(f"{file}: the check is called {check.id!r}. Its id must be {name.replace('_', '-')!r}.")
    number = check.catalogue
    if not (len(number) == 3 and number[0] == "R" and number[1:].isdecimal()):
        raise BadCheck(f"{file}: the catalogue number is {number!r}. It must be like R01.")
    return check
