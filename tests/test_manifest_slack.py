"""What is declared to Slack is what the code does: no command nobody answers, no scope nobody needs."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.chat.slack import CALLBACK, COMMANDS, EVENTS, GLOBAL_SHORTCUT, MESSAGE_SHORTCUT
from connectors.chat.slack.steps import EVENT

ROOT = Path(__file__).parent.parent
CODE = ROOT / "connectors/chat/slack"
KINDS = ("channels", "groups", "im", "mpim")
"""Public channels, private ones, direct messages, group messages."""
SCOPES: dict[str, set[str]] = {
    "apps.connections.open": set(),  # connections:write, of the app-level token
    "assistant.threads.setStatus": {"assistant:write"},
    "assistant.threads.setSuggestedPrompts": {"assistant:write"},
    "auth.test": set(),
    "chat.postEphemeral": {"chat:write"},
    "chat.postMessage": {"chat:write"},
    "chat.unfurl": {"links:write"},
    "chat.update": {"chat:write"},
    "conversations.history": {f"{kind}:history" for kind in KINDS},
    "conversations.info": {f"{kind}:read" for kind in KINDS},
    "conversations.open": {"im:write"},
    "conversations.replies": {f"{kind}:history" for kind in KINDS},
    "files.upload": {"files:write"},  # our name for the three calls that an upload takes
    "functions.completeError": set(),
    "functions.completeSuccess": set(),
    "usergroups.users.list": {"usergroups:read"},
    "users.info": {"users:read"},
    "views.open": set(),
    "views.publish": set(),
}
"""What each method that we call needs, as Slack's pages of the methods say."""
FOR_EVENTS = {
    "app_home_opened": set[str](),
    "app_mention": {"app_mentions:read"},
    "assistant_thread_context_changed": {"assistant:write"},
    "assistant_thread_started": {"assistant:write"},
    "function_executed": set(),
    "link_shared": {"links:read"},
    "message": {f"{kind}:history" for kind in KINDS},
}
FOR_THE_REST = {"commands", "files:read"}
"""For slash commands and shortcuts, and for reading uploaded files."""


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "manifest/slack.yaml").read_text(encoding="utf-8"))
    return read


def called() -> set[str]:
    """Every method of the Web API that the code names."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in CODE.glob("*.py"))
    families = {method.partition(".")[0] for method in SCOPES}
    return set(re.findall(rf'"((?:{"|".join(families)})\.[A-Za-z.]+)(?<!\.com)"', code))


def test_the_commands_are_those_that_are_answered(manifest: dict[str, Any]) -> None:
    assert [one["command"] for one in manifest["features"]["slash_commands"]] == list(COMMANDS)


def test_the_shortcuts_are_those_that_are_answered(manifest: dict[str, Any]) -> None:
    declared = {one["type"]: one["callback_id"] for one in manifest["features"]["shortcuts"]}
    assert declared == {"message": MESSAGE_SHORTCUT, "global": GLOBAL_SHORTCUT}


def test_the_events_are_those_that_are_listened_to(manifest: dict[str, Any]) -> None:
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert events == sorted(events)
    assert {event.partition(".")[0] for event in events} == {*EVENTS, EVENT}
    assert {event.partition(".")[2] for event in events if event.startswith("message.")} == set(KINDS)


def test_the_step_is_the_one_that_is_run(manifest: dict[str, Any]) -> None:
    (step,) = manifest["functions"].items()
    assert step[0] == CALLBACK
    assert step[1]["input_parameters"]["person"]["type"] == "slack#/types/user_context"
    assert set(step[1]["output_parameters"]) == {"title", "verdict", "report"}
    assert manifest["settings"]["function_runtime"] == "remote"


def test_the_code_calls_what_is_known_here() -> None:
    assert called() == set(SCOPES)


def test_every_scope_is_needed_and_none_is_missing(manifest: dict[str, Any]) -> None:
    needed = FOR_THE_REST.union(*(SCOPES[method] for method in called()), *(FOR_EVENTS[event] for event in FOR_EVENTS))
    scopes = manifest["oauth_config"]["scopes"]["bot"]
    assert scopes == sorted(needed)
    assert set(manifest["oauth_config"]["scopes"]) == {"bot"}  # nothing in anybody's name


def test_every_scope_has_its_reason(manifest: dict[str, Any]) -> None:
    page = (ROOT / "manifest/README.md").read_text(encoding="utf-8")
    section = re.search(r"^## Slack$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert section
    reasons = dict(re.findall(r"^\| `([a-z_]+:?[a-z]*)` \| (.+?) \|$", section[1], re.MULTILINE))
    assert set(reasons) == {*manifest["oauth_config"]["scopes"]["bot"], "connections:write"}
    assert all(len(reason) > 20 for reason in reasons.values())


def test_slack_would_take_the_manifest(manifest: dict[str, Any]) -> None:
    """The limits that Slack's page of the manifest names."""
    about = manifest["display_information"]
    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 174 <= len(about["long_description"]) <= 4000
    for one in manifest["features"]["slash_commands"]:
        assert len(one["command"]) <= 32
        assert len(one["description"]) <= 2000
    for one in manifest["features"]["shortcuts"]:
        assert len(one["name"]) <= 24
        assert len(one["description"]) <= 150
    assert len(manifest["features"]["unfurl_domains"]) <= 5
