"""The placeholders of an answer, filled with the real names of a registered server."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from bot.findings import Server
from bot.types import Block

Told = TypeVar("Told")


def names_of(server: Server) -> dict[str, str]:
    """What is known of a server, by placeholder; what is not registered stays a placeholder."""
    known = {"public-name": server.host, "ndes-fqdn": server.internal_name, "ca-host": server.ca_host}
    return {f"<{name}>": value for name, value in known.items() if value}


def filled(blocks: tuple[Block, ...], names: Mapping[str, str]) -> tuple[Block, ...]:
    """The same blocks with every known placeholder replaced, however deep it stands."""
    return _in(blocks, names)


def _in(told: Told, names: Mapping[str, str]) -> Told:
    if isinstance(told, str):
        for name, value in names.items():
            told = told.replace(name, value)  # type: ignore[assignment]
        return told
    if isinstance(told, tuple):
        return tuple(_in(one, names) for one in told)  # type: ignore[return-value]
    if is_dataclass(told) and not isinstance(told, type):
        return replace(told, **{field.name: _in(getattr(told, field.name), names) for field in fields(told)})
    return told
