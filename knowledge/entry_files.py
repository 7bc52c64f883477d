"""An entry's YAML file becomes an entry, or an error with file, line and reason."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from knowledge.schema import Entry

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BadEntry(ValueError):
    """An entry file does not say what an entry must say; the message names file, line and reason."""


class _Loader(_Base):  # type: ignore[misc]
    """YAML in which a key written twice is a mistake and a date is a date."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise _refused("found unhashable key", key_node)
            if key in seen:
                raise _refused(f"{key!r} is written twice", key_node)
            seen.add(key)
        return dict(super().construct_mapping(node, deep))

    def construct_day(self, node: yaml.ScalarNode) -> Any:
        try:
            return self.construct_yaml_timestamp(node)
        except ValueError as error:
            raise _refused(str(error), node) from error


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_day)


def _refused(why: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, why, node.start_mark)


def read_entry(path: Path) -> Entry:
    """The entry in one file. Raises `BadEntry`; its id must be the file's name."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadEntry(f"{path.name}:{line}: this is not UTF-8") from error
    try:
        raw = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader underneath
        entry = Entry.model_validate(raw)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadEntry(f"{path.name}:{line}: {error.reason}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise BadEntry(f"{path.name}:{line}: {error.problem or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the entry"
        line = _line_of(text, first["loc"])
        raise BadEntry(f"{path.name}:{line}: {where}: {first['msg']}") from error
    if entry.id != path.stem:
        raise BadEntry(
            f"{path.name}:{_line_of(text, ('id',))}: the id is {entry.id!r}, the file name says {path.stem!r}"
        )
    return entry


def _line_of(text: str, where: tuple[int | str, ...]) -> int:
    """The line (from 1) of the deepest part of `where` that the file has."""
    node = yaml.compose(text, _Base)
    line = 1
    for part in where:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == part), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def read_entries(folder: Path) -> list[Entry]:
    """All entries of a folder, by id. A file that is no entry stops it: `BadEntry`."""
    entries: list[Entry] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.suffix != ".yaml":
            raise BadEntry(f"{path.name}:1: this folder holds entries (*.yaml) and nothing else")
        entries.append(read_entry(path))
    known = {entry.id for entry in entries}
    for entry in entries:
        for other in entry.confused_with:
            if other.entry not in known:
                raise BadEntry(f"{entry.id}.yaml:1: confused_with names {other.entry!r}, which does not exist")
    return entries
