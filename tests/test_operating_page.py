"""The page for whoever runs the bot shows every setting there is, and none that there is not."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from connectors.settings_file import Part, Settings, read

PAGE = Path(__file__).parent.parent / "docs" / "operating.md"
SHOWN = PAGE.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
TABLES = ("checks", "network", "slack", "teams", "web")


def model_of(table: str) -> type[Part]:
    """The model of a table, which may be left out."""
    kinds = getattr(Settings.model_fields[table].annotation, "__args__", (Settings.model_fields[table].annotation,))
    (kind,) = (kind for kind in kinds if kind is not type(None))
    return kind


def test_every_table_is_shown() -> None:
    assert set(tomllib.loads(SHOWN)) == set(Settings.model_fields)
    assert {name for name, said in tomllib.loads(SHOWN).items() if isinstance(said, dict)} == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_every_setting_is_shown_with_what_it_is_unless_said(table: str) -> None:
    shown: dict[str, Any] = tomllib.loads(SHOWN)[table]
    fields = model_of(table).model_fields
    assert set(shown) == set(fields)
    usual = {name: field.default for name, field in fields.items() if not field.is_required()}
    examples = {name for name, default in usual.items() if default is None or (table, name) == ("checks", "allow")}
    said = model_of(table).model_validate(shown)
    assert {name: getattr(said, name) for name in usual.keys() - examples} == {
        name: default for name, default in usual.items() if name not in examples
    }


def test_what_is_shown_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "ndesbot.toml").write_text(SHOWN, encoding="utf-8")
    assert read(tmp_path / "ndesbot.toml").slack
