"""The registered servers: what a person writes becomes a `Server`, or a sentence that says what is wrong."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from bot.errors import BadRequest
from bot.findings import Server, Thresholds
from bot.forecast import connector_support
from bot.times import many
from bot.types import Answer, Block, Choices, Facts, Text

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?")
_LONGEST_NAME = 63
_NEAREST = 5  # servers that are named to whoever named none of them
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PATH = "/certsrv/mscep/mscep.dll"
_SERVER: TypeAdapter[Server] = TypeAdapter(Server)
_LISTS = {"tags", "nodes"}
_NUMBERS = set(Thresholds.__dataclass_fields__)
_CHANNEL = re.compile(r"slack:[A-Z0-9]{5,}|teams:\S{5,}|[A-Z0-9]{5,}")
FIELDS = tuple(name for name in Server.__dataclass_fields__ if name not in ("name", "url", "roots", "thresholds"))
"""What may be said of a server beside its name and URL."""


def server_from(said: Mapping[str, Any]) -> Server:
    """A server from what a form, a file or a command says. Raises `BadRequest` with the field and the reason."""
    try:
        server = _SERVER.validate_python(dict(said), extra="forbid")
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the server"
        raise BadRequest(f"{field}: {first['msg']}. Known are: name, url, {', '.join(FIELDS)}.") from None
    _check_name(server.name)
    _check_url(server.url)
    if server.internal_name is not None and not _HOST.fullmatch(server.internal_name.lower()):
        raise BadRequest("internal_name: give the full name that NDES itself calls, such as ndes01.corp.example.")
    if server.connector_version and connector_support(server.connector_version) is None:
        raise BadRequest("connector_version: give it as the connector's own page shows it, such as 6.2504.2001.8.")
    if server.owner_channel is not None and not _CHANNEL.fullmatch(server.owner_channel):
        raise BadRequest("owner_channel: say slack:C0123ABCD or teams:19:..., the platform and the id of the channel.")
    return server


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadRequest("name: use small letters, digits, dots and hyphens, at most 63 of them.")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it is the check
    except ValueError:
        raise BadRequest("url: this is no URL.") from None
    if parts.scheme not in ("http", "https") or parts.username is not None or parts.query or parts.fragment:
        raise BadRequest(f"url: give the SCEP URL of the profile, such as https://ndes.example.org{_PATH}.")
    if not parts.hostname or not (_HOST.fullmatch(parts.hostname) or parts.hostname.replace(".", "").isdigit()):
        raise BadRequest("url: its host is no name that DNS could know.")
    if not parts.path.lower().endswith(".dll"):
        raise BadRequest(f"url: it must end at mscep.dll, usually {_PATH}.")


def words_to_fields(words: str) -> dict[str, Any]:
    """`ndes01 https://… front=app-proxy tags=prod,berlin tls_days=14` as fields of a server."""
    name, _, rest = words.strip().partition(" ")
    name = name.lower()
    url, _, more = rest.strip().partition(" ")
    fields: dict[str, Any] = {"name": name, "url": url.strip("<>")}
    limits: dict[str, str] = {}
    for word in more.split():
        key, equals, value = word.partition("=")
        if not equals:
            raise BadRequest(f"{word!r} is not of the form field=value; fields: {', '.join(FIELDS)}.")
        if key in _NUMBERS:
            limits[key] = value
        else:
            fields[key] = value.split(",") if key in _LISTS else value
    if limits:
        fields["thresholds"] = limits
    return fields


def listed(servers: list[Server], *, may_check: bool) -> Answer:
    """All registered servers, each with a button that checks it."""
    if not servers:
        how = "An administrator adds one: `register ndes01 https://ndes.example.org/certsrv/mscep/mscep.dll`."
        return Answer("No server is registered", "info", (Text(how),))
    blocks: list[Block] = [Facts(tuple((server.name, _described(server)) for server in servers))]
    if may_check:
        options = tuple((server.name, f"check {server.name}") for server in servers[:10])
        blocks.append(Choices("Check one of them?", options))
    return Answer(many(len(servers), "registered server"), "info", tuple(blocks))


def not_registered(name: str, servers: Sequence[Server]) -> BadRequest:
    """What to tell whoever named none of the servers: those whose names are most like it."""
    from rapidfuzz import fuzz, process  # rarely needed, so not loaded at every start

    names = [server.name for server in servers]
    if not names:
        known = "No server is registered yet."
    elif len(names) <= _NEAREST:
        known = f"Registered are: {', '.join(names)}."
    else:
        alike = process.extract(name.strip().lower()[:_LONGEST_NAME], names, scorer=fuzz.ratio, limit=_NEAREST)
        known = f"Of {len(names):,} servers these are nearest: {', '.join(found for found, *_ in alike)}."
    return BadRequest(f"That is not a registered server. {known}")


def _described(server: Server) -> str:
    front = "behind application proxy" if server.front == "app-proxy" else "direct"
    module = {"intune": "Intune policy module", "plain": "no policy module", "jamf": "Jamf"}[server.module]
    tags = f", {', '.join(server.tags)}" if server.tags else ""
    return f"{server.url} ({front}, {module}, site {server.site}{tags})"


def as_fields(server: Server) -> dict[str, Any]:
    """A server as a file or a database keeps it; `server_from` reads it back."""
    return asdict(server)
