"""Forms as neutral nouns: what they ask, whichever chat draws them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["line", "lines", "choice", "yes"]


@dataclass(frozen=True, slots=True)
class Field:
    """One question. `options` are (value, label) of a choice; `longest` is in characters; `start` is what stands
    there at first. A "yes" is a box to tick, its value "yes" or nothing."""

    name: str
    label: str
    kind: Kind = "line"
    hint: str = ""
    example: str = ""
    start: str = ""
    options: tuple[tuple[str, str], ...] = ()
    required: bool = False
    longest: int = 255


@dataclass(frozen=True, slots=True)
class Form:
    """Questions with one button; `title` and `submit` are at most 24 characters."""

    id: str
    title: str
    submit: str
    fields: tuple[Field, ...]
    intro: str = ""


REGISTER = Form(
    "register",
    "Register a server",
    "Register",
    (
        Field(
            "name", "Name", hint="Small letters, digits, dots and hyphens.", example="ndes01", required=True, longest=63
        ),
        Field(
            "url",
            "SCEP URL of the profile",
            example="https://ndes.example.org/certsrv/mscep/mscep.dll",
            required=True,
            longest=500,
        ),
        Field("internal_name", "Name that NDES itself calls", example="ndes01.corp.example"),
        Field(
            "front",
            "In front of it",
            "choice",
            start="direct",
            options=(("direct", "Nothing"), ("app-proxy", "Application proxy")),
        ),
        Field(
            "module",
            "It asks",
            "choice",
            start="intune",
            options=(("intune", "Intune policy module"), ("plain", "Nobody (plain NDES)"), ("jamf", "Jamf")),
        ),
        Field(
            "connector",
            "Connector",
            "choice",
            hint="Leave it open if you do not know.",
            options=(("new", "Certificate Connector for Microsoft Intune"), ("old", "The one before (svclog files)")),
        ),
        Field(
            "connector_version",
            "Version of the connector",
            hint="So that you hear when its support ends.",
            example="6.2504.2001.8",
        ),
        Field("ca_host", "Computer of the CA", example="ca01.corp.example"),
        Field("site", "Site", example="berlin", longest=60),
        Field("tags", "Tags", hint="Words with commas between them.", example="prod, emea"),
        Field(
            "owner_channel",
            "Channel that is told of changes",
            hint="slack: or teams: and the id of the channel.",
            example="slack:C0123ABCD",
        ),
        Field(
            "trusted_root",
            "Root that the profile gives to devices",
            hint="Its SHA-256 thumbprint, 64 digits.",
            longest=64,
        ),
    ),
    "Only its SCEP URL is asked, and only when somebody wants to know.",
)
"""A server to be checked."""

MISSING = Form(
    "missing",
    "Report a missing answer",
    "Send",
    (
        Field(
            "words",
            "What did you paste?",
            "lines",
            hint="Leave out passwords and challenges.",
            required=True,
            longest=3000,
        ),
        Field("where", "Where did it stand?", hint="Log, event source, page or program.", example="NDESPlugin.log"),
        Field("answer", "What should the answer have been?", "lines", hint="If you know by now.", longest=3000),
    ),
    "It goes to those who look after the knowledge base here.",
)
"""Words that the bot did not know, or knew wrongly."""


def server_fields(said: Mapping[str, str]) -> dict[str, Any]:
    """What `REGISTER` was filled in with, as `bot.servers.server_from` reads it: nothing said is nothing set."""
    fields: dict[str, Any] = {name: value.strip() for name, value in said.items() if value.strip()}
    if "tags" in fields:
        fields["tags"] = [tag.strip() for tag in fields["tags"].split(",") if tag.strip()]
    return fields
