"""The apps as the platforms want them declared: Slack's manifest, Teams' package."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from bot.errors import BadRequest

_INSTALLED = Path(__file__).with_name("manifest")
FOLDER = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[1] / "manifest"
"""Where the manifests are: in the wheel beside this file, in the source at the top."""
_DAY = (2026, 1, 1, 0, 0, 0)  # of the files in the package: the same package from the same source


def slack() -> str:
    """Slack's manifest, to be pasted where an app is made from one."""
    return (FOLDER / "slack.yaml").read_text(encoding="utf-8")


def slack_scopes() -> list[str]:
    """The scopes that the bot asks Slack for."""
    scopes: list[str] = yaml.safe_load(slack())["oauth_config"]["scopes"]["bot"]
    return scopes


def teams(app_id: str) -> dict[str, Any]:
    """Teams' manifest for a registration. Raises `BadRequest` for what is no application (client) id."""
    try:
        said = str(UUID(app_id))
    except ValueError:
        raise BadRequest(f"{app_id!r} is no application (client) id; it looks like {UUID(int=0)}.") from None
    text = (FOLDER / "teams" / "manifest.json").read_text(encoding="utf-8")
    manifest: dict[str, Any] = json.loads(text.replace("${{APP_ID}}", said))
    return manifest


def teams_package(app_id: str) -> bytes:
    """The zip that Teams' admin centre takes: the manifest and both icons."""
    manifest = teams(app_id)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        files = {"manifest.json": json.dumps(manifest, indent=2).encode()}
        files |= {name: (FOLDER / "teams" / name).read_bytes() for name in manifest["icons"].values()}
        for name, content in files.items():
            package.writestr(zipfile.ZipInfo(name, _DAY), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
