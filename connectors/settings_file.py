"""The one settings file of `ndesbot serve`: TOML, checked at the start; secrets stay in the environment."""

import tomllib
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from bot.errors import BadRequest
from bot.types import Role
from connectors import settings


def _origin(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ValueError("write an address such as https://host:port")
    return address.rstrip("/")


Origin = Annotated[str, AfterValidator(_origin)]


class Part(BaseModel):
    """A table of the file. What it does not know is an error, for it may be a spelling of what it does."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class People(Part):
    """Who may do more than read: ids of persons and, in Slack, of user groups. Admins are operators too."""

    operators: frozenset[str] = frozenset()
    admins: frozenset[str] = frozenset()
    guests: bool = False

    def role_of(self, ids: frozenset[str]) -> Role:
        """What a person may do who has, or belongs to, these ids."""
        if ids & self.admins:
            return "admin"
        return "operator" if ids & self.operators else "viewer"


class Slack(People):
    """Slack. `workspaces` are the ids of those that may talk to the bot; `overheard` the channels where it
    answers unasked when it is sure; `shared_channels` opens those shared with other companies."""

    mode: Literal["socket", "http"] = "socket"
    workspaces: frozenset[str] = Field(min_length=1)
    overheard: frozenset[str] = frozenset()
    shared_channels: bool = False
    api: Origin = "https://slack.com"


class Teams(People):
    """Teams. `sdk` chooses the library; `tenant` is the directory (tenant) id of the bot's registration, `tenants`
    who may talk to it (empty: that one). `emulator` takes unsigned requests, from this computer alone."""

    sdk: Literal["botbuilder", "agents"] = "botbuilder"
    app_id: str = Field(min_length=1)
    app_type: Literal["single-tenant", "managed-identity"] = "single-tenant"
    tenant: str = Field(min_length=1)
    tenants: frozenset[str] = frozenset()
    overheard: frozenset[str] = frozenset()
    emulator: bool = False

    @property
    def allowed_tenants(self) -> frozenset[str]:
        """The directories whose people may talk to the bot."""
        return self.tenants or frozenset({self.tenant})


class Web(Part):
    """Where the bot listens for Teams, and for Slack in HTTP mode; TLS is the reverse proxy's."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)


class Network(Part):
    """How the bot gets out to the platforms. `ca_file` are further roots (PEM), such as a proxy's own."""

    proxy: Origin | None = None
    ca_file: Path | None = None


class Checks(Part):
    """`allow`: what checks may reach besides public addresses. `sites`: those whose servers this bot looks at
    itself; those of others are looked at by their workers. `every_minutes`: how often servers are checked unasked,
    0 for never."""

    allow: tuple[IPv4Network | IPv6Network, ...] = ()
    sites: frozenset[str] = frozenset({"default"})
    every_minutes: int = Field(default=15, ge=0, le=10_080)


class Settings(Part):
    """The whole file."""

    database: str | None = None
    name: str | None = None
    checks: Checks = Checks()
    web: Web = Web()
    network: Network = Network()
    slack: Slack | None = None
    teams: Teams | None = None


class SlackSecrets(Part):
    """The app-level token is for Socket Mode, the signing secret for HTTP."""

    bot_token: SecretStr
    app_token: SecretStr | None = None
    signing_secret: SecretStr | None = None


T = TypeVar("T", bound=Part)
_WORDS = {
    "extra_forbidden": "there is no such setting; docs/operating.md shows all of them",
    "missing": "this has to be said",
    "frozen_set_type": 'write a list, such as ["T0123ABCD"]',
    "too_short": "name one at least",
    "ip_v4_network": "write a range such as 10.8.0.0/16",
    "ip_v6_network": "write a range such as fd00::/8",
    "value_error": "write a range such as 10.8.0.0/16, or an address such as https://host:port",
}
"""What pydantic's kinds of error mean to whoever writes the file."""


def read(path: Path) -> Settings:
    """The settings of a file. Raises `BadRequest` naming the file and what is wrong where."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise BadRequest(f"There is no settings file {path}; docs/operating.md shows one.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadRequest(f"{path}: {error}") from None
    return _checked(Settings, said, str(path))


def database(path: Path | None = None) -> str:
    """The database: what `NDESBOT_DATABASE` names, else what the settings file does, the usual one unless `path` names
    another; else the one in the user's data folder. Raises `BadRequest` for a file that was named and is not there,
    and as `read` does."""
    file = path or settings.settings_file()
    if path is None and file == Path("ndesbot.toml") and not file.exists():
        return settings.database()
    return database_of(read(file))


def database_of(said: Settings) -> str:
    """The database of a bot with these settings; the environment has the last word, as it has on secrets."""
    return settings.named_database() or said.database or settings.database()


def slack_secrets(mode: str) -> SlackSecrets:
    """What Slack gave the app, from the environment. Raises `BadRequest` naming what is missing."""
    wanted = {"bot_token": "NDESBOT_SLACK_BOT_TOKEN"}
    wanted |= {"app_token": "NDESBOT_SLACK_APP_TOKEN"} if mode == "socket" else {}
    wanted |= {"signing_secret": "NDESBOT_SLACK_SIGNING_SECRET"} if mode == "http" else {}
    return _checked(SlackSecrets, {name: settings.secret(variable) for name, variable in wanted.items()}, "environment")


def teams_secret() -> SecretStr:
    """The client secret of the bot's registration, from the environment. Raises `BadRequest` where it is missing."""
    return SecretStr(settings.secret("NDESBOT_TEAMS_SECRET"))


def _checked(part: type[T], said: dict[str, Any], where: str) -> T:
    try:
        return part.model_validate(said)
    except ValidationError as error:  # its own text would quote the values
        first = error.errors(include_input=False, include_url=False)[0]
        at = ".".join(str(name) for name in first["loc"] if "[" not in str(name) and "-" not in str(name))
        raise BadRequest(f"{where}: {at}: {_WORDS.get(first['type'], first['msg'])}") from None
