"""The only reader of the environment."""

import os
import sys
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from bot.errors import BadRequest


def cache_folder() -> Path:
    """Where what can be computed again may be kept: the user's own cache folder."""
    if named := os.environ.get("NDESBOT_CACHE"):
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "ndesbot"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "ndesbot"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ndesbot"


def named_database() -> str | None:
    """The database that `NDESBOT_DATABASE` names, if it names one."""
    return os.environ.get("NDESBOT_DATABASE") or None


def database() -> str:
    """The address of the database: `NDESBOT_DATABASE`, or a SQLite file in the user's data folder."""
    if named := os.environ.get("NDESBOT_DATABASE"):
        return named
    return f"sqlite+aiosqlite:///{_data_folder() / 'ndesbot.db'}"


def _data_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "ndesbot"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "ndesbot"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "ndesbot"


def settings_file() -> Path:
    """Where `ndesbot serve` finds its settings: `NDESBOT_SETTINGS`, or `ndesbot.toml` in the folder it runs in."""
    return Path(os.environ.get("NDESBOT_SETTINGS", "ndesbot.toml"))


def secret(variable: str) -> str:
    """A secret from the environment, or from the file that the same variable with `_FILE` names.

    Raises `BadRequest` where there is neither.
    """
    if said := os.environ.get(variable, "").strip():
        return said
    if named := os.environ.get(f"{variable}_FILE"):
        try:
            return Path(named).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise BadRequest(f"{variable}_FILE names {named}, which cannot be read.") from None
    raise BadRequest(f"{variable} is not set; set it, or {variable}_FILE to a file that holds it.")


def log_form() -> Literal["text", "json"]:
    """How the log of a running program is written: `NDESBOT_LOG`, text unless it says json."""
    match os.environ.get("NDESBOT_LOG", "text").strip().lower():
        case "text" | "":
            return "text"
        case "json":
            return "json"
        case _:
            raise BadRequest("NDESBOT_LOG is text or json.")


def app_service() -> tuple[str, SecretStr] | None:
    """Where Azure App Service gives a managed identity its tokens, and the header that it wants; None elsewhere."""
    endpoint, header = os.environ.get("IDENTITY_ENDPOINT"), os.environ.get("IDENTITY_HEADER")
    return (endpoint, SecretStr(header)) if endpoint and header else None


def calendar_token() -> str | None:
    """What makes the calendar's address: `NDESBOT_CALENDAR_TOKEN`, or none. Raises `BadRequest` for a short one."""
    try:
        said = secret("NDESBOT_CALENDAR_TOKEN")
    except BadRequest:
        if "NDESBOT_CALENDAR_TOKEN_FILE" in os.environ:
            raise
        return None
    if len(said) < 20 or not said.replace("-", "").replace("_", "").isalnum():
        raise BadRequest("NDESBOT_CALENDAR_TOKEN needs 20 letters, digits, - and _ at least: who knows it reads along.")
    return said


def private_ranges() -> tuple[IPv4Network | IPv6Network, ...]:
    """The private address ranges that checks may reach: `NDESBOT_ALLOW`, CIDRs parted by commas."""
    return tuple(_range(word) for word in os.environ.get("NDESBOT_ALLOW", "").replace(",", " ").split())


def _range(word: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(word)
    except ValueError as error:
        raise BadRequest(f"NDESBOT_ALLOW: {error}; write ranges such as 10.8.0.0/16") from None
